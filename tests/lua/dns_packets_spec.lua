-- SPDX-License-Identifier: MIT
-- DNS packets: making and taking them apart.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local packet = require "cqueues.dns.packet"
local equal, values = t.equal, t.values
local u16, domain = d.u16, d.domain

local ENOBUFS, EILLEGAL, EORDER = -1684960064, -1684960063, -1684960062

local function refused(code, value, got)
	values({ nil, code, n = 2 }, value, got)
end

t.plain("records_go_into_all_sections", function()
	local p = d.packet({ "QD", "a.test", "MX" }, { "AN", "a.test", "MX", u16(1) .. domain "mx.a.test" },
		{ "NS", "test", "NS", domain "ns.test" }, { "AR", "ns.test", "A", "\1\2\3\4" }, { 8, "ns.test", 28, ("\1"):rep(16) })
	equal(d.found(p), "a.test. MX, a.test. MX, test. NS, ns.test. A, ns.test. AAAA")
	values({ 5, 1, 1, 1, 2, 2 }, p:count(), p:count(1), p:count(2), p:count(4), p:count(8), p:count(6))
	equal(d.found(packet.new(p:dump())), d.found(p))
end)

t.plain("a_record_can_be_put_into_another_packet", function()
	local p = packet.new()
	for r in d.packet({ "AN", "a.test", "MX", u16(7) .. domain "mx.a.test" }):grep() do
		t.check(p:push("AN", r:name(), r:type(), r:class(), r:ttl(), r), "push")
	end
	equal(p:grep()():host(), "mx.a.test.")
end)

t.plain("sections_are_filled_in_their_order", function()
	local p = d.packet({ "AN", "a.test", "A", "\1\2\3\4" })
	refused(EORDER, p:push("QD", "a.test"))
	equal(p:count(), 1)
end)

t.plain("what_does_not_fit_or_is_no_name_is_refused_and_changes_nothing", function()
	local p = packet.new(30)
	t.check(p:push("QD", "a.test"))
	local before = p:dump()
	refused(ENOBUFS, p:push("QD", "another.example"))
	for _, name in ipairs { "", "a..b", ("x"):rep(64), ("long."):rep(60), "a\0b" } do
		refused(EILLEGAL, p:push("QD", name))
	end
	refused(EILLEGAL, p:push("AN", "x", "MX", "IN", 0, "\1"))
	equal(p:dump(), before)
end)

t.plain("unknown_words_throw_and_numbers_of_16_bits_do_not", function()
	local p = packet.new()
	t.throws("FOO: unknown DNS type", p.push, p, "QD", "a", "FOO")
	t.throws("70000: unknown DNS type", p.push, p, "QD", "a", 70000)
	t.throws("FOO: unknown DNS class", p.push, p, "QD", "a", "A", "FOO")
	t.throws("foo: unknown DNS section", p.push, p, "foo", "a")
	t.throws("3: unknown DNS section", p.push, p, 3, "a")
	t.throws("seconds", p.push, p, "AN", "a", "A", "IN", -1, "\1\2\3\4")
	t.check(p:push("QD", "a", 999, 3))
	values({ 999, 3 }, p:grep()():type(), p:grep()():class())
end)

t.plain("flags_come_as_a_table_and_go_in_as_a_table_or_a_number", function()
	local p = packet.new():setflags { qr = true, opcode = 5, rd = true, z = 5, rcode = 3 }
	local flags = p:flags()
	values({ true, 5, false, false, true, false, 5, 3 }, flags.qr, flags.opcode, flags.aa, flags.tc, flags.rd, flags.ra, flags.z,
		flags.rcode)
	equal(p:setflags({ rd = false, rcode = 0 }):flags().opcode, 5)
	equal(p:setflags(0x0400):flags().aa, true)
	t.throws("rcode", p.setflags, p, { rcode = "x" })
	equal(p:setqid(70000):qid(), 70000 - 65536)
end)

t.plain("the_rcode_has_the_bits_of_an_opt_record", function()
	local p = d.packet({ "AR", ".", "OPT", "", 0x01000000 }):setflags { rcode = 1 }
	values({ 1, 17 }, p:flags().rcode, p:rcode())
end)

t.plain("grep_takes_names_numbers_and_lists", function()
	local p = d.packet({ "QD", "a.test", "A" }, { "AN", "a.test", "A", "\1\2\3\4" }, { "AN", "b.test", "AAAA", ("\0"):rep(16) },
		{ "AR", "a.test", "A", "\1\2\3\4" })
	equal(d.found(p, { section = "AN" }), "a.test. A, b.test. AAAA")
	equal(d.found(p, { section = { "question", 8 } }), "a.test. A, a.test. A")
	equal(d.found(p, { section = "QD|AR" }), "a.test. A, a.test. A")
	equal(d.found(p, { type = "aaaa" }), "b.test. AAAA")
	equal(d.found(p, { name = "A.Test." }), "a.test. A, a.test. A, a.test. A")
	equal(d.found(p, { name = "b.test" }), "b.test. AAAA")
	equal(d.found(p, { name = "..", class = "IN" }), "")
	equal(d.found(p, { section = 16 }), "")
	t.throws("ZZ: unknown DNS type", p.grep, p, { type = "ZZ" })
	t.throws("table expected", p.grep, p, 2)
	local next_record = p:grep { section = "QD" }
	t.check(next_record())
	values({ n = 0 }, next_record())
	values({ n = 0 }, next_record())
end)

t.plain("garbage_is_refused", function()
	local good = d.packet({ "QD", "a.test", "A" }):dump()
	for _, bytes in ipairs { "", "a", ("\0"):rep(11), good:sub(1, -2), good:sub(1, 4) .. "\0\2" .. good:sub(7),
		good:sub(1, 12) .. "\192\12" .. good:sub(-4) } do
		refused(EILLEGAL, packet.new(bytes))
		local p = packet.new(good, 100)
		refused(EILLEGAL, p:load(bytes))
		equal(p:dump(), good)
	end
	t.throws("string expected", packet.new, {})
	t.throws("below 0", packet.new, -1)
end)

t.plain("a_message_cut_by_the_size_says_so", function()
	local whole = d.packet({ "QD", "a.test", "A" }, { "AN", "a.test", "A", "\1\2\3\4" }, { "AN", "a.test", "A", "\1\2\3\5" })
	local p = packet.new(whole:dump(), #whole:dump() - 1)
	values({ true, 3, "a.test. A, a.test. A" }, p:flags().tc, p:count(), d.found(p))
	p = t.check(packet.new(100)):load(whole:dump())
	values({ false, true }, p:flags().tc, p:dump() == whole:dump())
end)

t.plain("a_packet_may_change_or_go_while_it_is_searched", function()
	local p = d.packet({ "AN", "a.test", "A", "\1\2\3\4" }, { "AN", "b.test", "A", "\1\2\3\4" })
	local next_record = p:grep()
	next_record()
	p:load(d.packet({ "QD", "x", "A" }):dump())
	values({ n = 0 }, next_record())
	next_record = d.packet({ "AN", "a.test", "A", "\1\2\3\4" }):grep()
	p = nil
	collectgarbage()
	collectgarbage()
	equal(next_record():addr(), "1.2.3.4")
end)

t.plain("records_of_one_owner_have_its_name_whatever_happens_in_between", function()
	local function two(name)
		return d.packet({ "QD", name, "A" }, { "AN", name, "A", "\1\2\3\4" }, { "AN", name, "A", "\1\2\3\5" },
			{ "AN", name, "MX", u16(1) .. domain "mx.test" }, { "AN", "x." .. name, "AAAA", ("\0"):rep(16) }, { "AN", name, "A", "\1\2\3\6" })
	end
	local p = two "old.test"
	equal(d.found(p, { section = "AN" }), "old.test. A, old.test. A, old.test. MX, x.old.test. AAAA, old.test. A")
	local next_record = p:grep { section = "AN", type = "A" }
	equal(next_record():name(), "old.test.")
	p:load(two "new.test":dump())
	values({ "new.test.", "1.2.3.5" }, (function(r) return r:name(), r:addr() end)(next_record()))
	values({ "new.test.", "1.2.3.6" }, (function(r) return r:name(), r:addr() end)(next_record()))
end)

t.plain("a_name_with_a_nul_inside_is_nobodys", function() -- it found those of the name before the NUL
	local p = d.packet({ "QD", "a.test", "A" })
	equal(d.found(p, { name = "a.test" }), "a.test. A")
	equal(d.found(p, { name = "a.test\0.evil" }), "")
end)

t.plain("a_message_whose_number_begins_like_digits_is_a_message", function()
	for _, start in ipairs { "0", "7", " ", "-", "9" } do
		local p = d.packet({ "QD", "a.test", "A" }):setqid(start:byte() * 256)
		local copy = packet.new(p:dump())
		equal(copy:qid(), start:byte() * 256)
		equal(d.found(copy), "a.test. A")
	end
	equal(packet.new("512"):count(), 0)
end)

t.plain("its_text_is_much_like_that_of_dig", function()
	local text = tostring(d.packet({ "QD", "a.test", "A" }, { "AN", "a.test", "A", "\1\2\3\4" }):setflags(0x8180))
	t.check(text:find("RESPONSE(1)", 1, true) and text:find("\n;; [ANSWER:1]\na.test. 300 IN A 1.2.3.4\n", 1, true), text)
end)

t.finish()

t.plain("luajit_compiles_a_loop_over_records_and_not_once_for_each_packet", function()
	local p = d.packet({ "AN", "a.test", "A", "\1\2\3\4" }, { "AN", "a.test", "A", "\1\2\3\5" })
	local found = 0
	local traces = t.traces(function()
		for _ = 1, 2000 do
			for record in p:grep { type = "A" } do
				found = found + #record:addr()
			end
		end
	end)
	equal(found, 2000 * 14)
	t.check(traces < 50, traces .. " traces")
end)

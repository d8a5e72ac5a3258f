-- SPDX-License-Identifier: MIT
-- DNS packets: the header, questions put into them, what is found in them, their text.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "dns.lua")

local everything = message {
	id = 0x1234, flags = 0x85a3,
	qd = { question("a.test", "MX") },
	an = { rr("a.test", "MX", u16(10) .. "\2mx\192\12"), rr("mx.a.test", "A", "\1\2\3\4"), rr("A.test", 999, "abc") },
	ns = { rr("test", "NS", domain "ns.test") },
	ar = { rr("ns.test", "A", "\5\6\7\8"), rr(".", "OPT", "", 0, 4096) },
}

part("tables", function()
	show("QBUFSIZ", packet.QBUFSIZ)
	for _, name in ipairs { "QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL", "QD", "AN", "NS", "AR" } do
		show(name, packet.section[name], packet.section[packet.section[name]])
	end
	show("opcode", packet.opcode)
	show("rcode", packet.rcode)
	show("none", packet.section.foo, packet.section[3], packet.opcode[3], packet.rcode[11])
	show("type", packet.type(packet.new()), packet.type {}, packet.type "x", packet.type())
end)

part("an empty one", function()
	local p = packet.new()
	say("dump", hex(p:dump()))
	show("qid", p:qid())
	show("flags", p:flags())
	show("count", p:count())
	show("text", tostring(p))
	show_records("records", p)
end)

part("flags", function()
	for _, bits in ipairs { 0, 0xffff, 0x8000, 0x7800, 0x0800, 0x0400, 0x0200, 0x0100, 0x0080, 0x0040, 0x0020, 0x0010, 0x000f, 1,
		2, 3, 5, 10, 11, 0x1000, 0x2000, 0x2800, 0x3000 } do
		local p = packet.new(message { flags = bits })
		show(("%04x"):format(bits), p:flags())
		say("  text", (tostring(p):gsub("\n", " "):gsub(" +", " ")))
	end
end)

part("setting flags", function()
	local p = packet.new()
	for _, flags in ipairs { 0xffff, 0, 0x8180, {}, { qr = false }, { qr = true }, { qr = 0 }, { qr = 1 }, { opcode = 5 }, { rcode = 3 },
		{ aa = true, tc = true, rd = true, ra = true, z = 5 }, { aa = false, rd = false }, { z = 0 }, { nosuch = 1 },
		{ qr = false, opcode = 0, aa = false, tc = false, rd = true, ra = false, z = 0, rcode = 0 } } do
		show("setflags", p:setflags(flags) == p, flags)
		show("  flags", p:flags())
		say("  dump", hex(p:dump()))
	end
	refused("nothing", p.setflags, p)
	refused("opcode as a word", p.setflags, p, { opcode = "x" })
	refused("rcode as a word", p.setflags, p, { rcode = "x" })
end)

part("the identifier", function()
	local p = packet.new()
	for _, id in ipairs { 1, 65535, 256, 0 } do
		show("setqid", p:setqid(id) == p, p:qid())
		say("  dump", hex(p:dump()))
	end
	refused("nothing", p.setqid, p)
	refused("a word", p.setqid, p, "x")
end)

part("questions", function()
	local p = packet.new(512)
	for _, way in ipairs { { "QD", "a.example.test.", "A", "IN" }, { "qd", "b.example.test", "aaaa", "in" },
		{ packet.section.QUESTION, "example.test", record.type.MX, record.class.IN }, { "Question", "A.EXAMPLE.test", "txt" },
		{ "QUESTION", "x.y" }, { 1, ".", "NS" }, { 1, "c.b.example.test.", "ALL", "ANY" }, { 1, "test", "SRV", "any" } } do
		show(way[2], p:push(unpack(way)) == p, p:count())
		say("  dump", hex(p:dump()))
	end
	show_records("records", p)
	say("text", body(p))
end)

part("names", function()
	local function try_name(label, text)
		local p = packet.new(700)
		local result, code = p:push("QD", text, "A")
		show(label, result == p or result, code, p:count())
		for r in p:grep() do
			show("  name", r:name())
		end
	end
	try_name("root", ".")
	try_name("one label", "a")
	try_name("upper case", "Mixed.Case")
	try_name("underscore, hyphen, digits", "_sip._tcp.a-b.1.2")
	try_name("63 bytes in a label", ("a"):rep(63) .. ".x")
	try_name("253 bytes", ("a"):rep(63) .. "." .. ("b"):rep(63) .. "." .. ("c"):rep(63) .. "." .. ("d"):rep(61))
	try_name("nothing", "")
	local labels = {}
	for i = 1, 127 do
		labels[i] = "a"
	end
	try_name("127 labels", table.concat(labels, "."))
end)

part("room", function()
	for _, size in ipairs { 0, 12, 20, 21, 29, 30, 38, 42 } do
		local p = packet.new(size)
		local words = {}
		for i = 1, 3 do
			local result, code = p:push("QD", "a.x", "A")
			words[i] = result == p and "pushed" or tostring(result) .. " " .. tostring(code)
		end
		show(tostring(size), table.concat(words, ", "), p:count(), #p:dump())
	end
end)

part("room behind records of a later section", function()
	local data = message { qd = { question("a.test", "A") }, an = { rr("a.test", "A", "\1\2\3\4") } }
	for _, room in ipairs { 0, 5, 11, 12, 40 } do
		local p = packet.new(#data + room)
		p:load(data)
		show(tostring(room), named(p:push("QD", "test", "A")))
		show("  unchanged", p:count(), #p:dump())
	end
	show("as large as its data", named(packet.new(data):push("QD", "test", "A")))
end)

part("what is refused", function()
	local p = packet.new()
	refused("section", p.push, p, "foo", "a.test", "A")
	refused("section by number", p.push, p, 3, "a.test", "A")
	refused("type", p.push, p, "QD", "a.test", "FOO")
	refused("class", p.push, p, "QD", "a.test", "A", "FOO")
	refused("no name", p.push, p, "QD")
	refused("nothing", p.push, p)
	show("count", p:count())
	refused("new of a table", packet.new, {})
	refused("new of a boolean", packet.new, true)
	refused("size that is none", packet.new, "x", "y")
	refused("load of nothing", p.load, p)
end)

part("all sections", function()
	local p = packet.new(everything)
	show("text", tostring(p))
	show("flags", p:flags())
	show("qid", p:qid())
	show("count", p:count())
	for sections = 0, 16 do
		show("count " .. sections, p:count(sections))
	end
	refused("count of a word", p.count, p, "ANSWER")
end)

part("grep", function()
	local p = packet.new(everything)
	local selectors = {
		{ "nothing", nil }, { "an empty table", {} },
		{ "section 2", { section = 2 } }, { "section 6", { section = 6 } }, { "section 15", { section = 15 } },
		{ "AN", { section = "AN" } }, { "answer", { section = "answer" } }, { "NS", { section = "NS" } },
		{ "Authority", { section = "Authority" } }, { "AR", { section = "AR" } }, { "ADDITIONAL", { section = "ADDITIONAL" } },
		{ "list of names", { section = { "AN", "NS" } } }, { "list of numbers", { section = { 1, 8 } } },
		{ "mixed list", { section = { "question", 8 } } }, { "words", { section = "AN NS" } }, { "words, comma", { section = "QD,ar" } },
		{ "type A", { type = "A" } }, { "type a", { type = "a" } }, { "type 15", { type = 15 } }, { "type OPT", { type = "OPT" } },
		{ "type ALL", { type = "ALL" } }, { "type 255", { type = 255 } }, { "type TXT", { type = "TXT" } },
		{ "class IN", { class = "IN" } }, { "class 1", { class = 1 } }, { "class any", { class = "any" } }, { "class 255", { class = 255 } },
		{ "name", { name = "a.test." } }, { "name, other case", { name = "A.TEST." } }, { "the root", { name = "." } },
		{ "name not there", { name = "b.test." } }, { "half a label", { name = ".test." } }, { "parent", { name = "test." } },
		{ "all together", { section = "AN", type = "A", class = "IN", name = "mx.a.test." } },
		{ "other fields", { nosuch = 1 } },
	}
	for _, selector in ipairs(selectors) do
		show_records(selector[1], p, selector[2])
	end
	refused("section", p.grep, p, { section = "zz" })
	refused("section in a list", p.grep, p, { section = { "AN", "zz" } })
	refused("type", p.grep, p, { type = "ZZ" })
	refused("class", p.grep, p, { class = "ZZ" })
	refused("number", p.grep, p, 2)
	refused("name", p.grep, p, { name = {} })
	local next_record = p:grep { type = "OPT" }
	show("iterator", record.type(next_record()), next_record(), next_record())
	local a, b = p:grep { section = "AN" }, p:grep { section = "AN" }
	show("two at once", a():type(), b():type(), a():type(), a():type(), b():type())
end)

part("dump and load", function()
	local p = packet.new(everything)
	show("the same", p:dump() == everything)
	local q = packet.new(512)
	show("load", q:load(p:dump()) == q, q:dump() == everything, q:qid(), tostring(q) == tostring(p))
	q:push("QD", "x.test", "A")
	local r = packet.new(512)
	r:push("QD", "old.test", "A")
	show("load over another", r:load(p:dump()) == r, r:dump() == everything)
	local s = packet.new(q:dump(), 600)
	show("with room", s:dump() == q:dump())
	local t = packet.new(message { qd = { question("a.test", "A") } }, 600)
	show("push after", t:push("QD", "b.a.test", "A") == t, t:count())
	say("  dump", hex(t:dump()))
	say("  text", body(t))
end)

part("too small for it", function()
	for _, size in ipairs { 12, 30, 60 } do
		local p = packet.new(everything, size)
		show(tostring(size), #p:dump(), p:flags().tc, p:count())
		local q = packet.new(size)
		show("  load", q:load(everything) == q, #q:dump(), q:flags().tc, q:count())
	end
end)

part("cut off", function()
	local n = 0
	-- It says so: bit 0x0200. Ours refuses one that does not.
	local cut = everything:sub(1, 2) .. u16(0x87a3) .. everything:sub(5)
	for length = 12, #cut do
		local p = packet.new(cut:sub(1, length))
		local found = 0
		for r in p:grep() do
			found = found + 1
		end
		if found ~= n then
			show("length " .. length, found, p:count())
			n = found
		end
	end
	local p = packet.new(u16(1) .. u16(0x0200) .. u16(5) .. u32(0) .. u16(0) .. question("a.test", "A"))
	show("fewer than counted", p:count())
	show_records("  records", p)
	say("  text", body(p))
end)

part("interpose", function()
	show("new", packet.interpose("twice", function(self) return self:qid() * 2 end))
	local p = packet.new():setqid(21)
	show("call", p:twice())
	local count
	count = packet.interpose("count", function(self, ...) return count(self, ...) + 100 end)
	show("previous", type(count), p:count())
	show("restored", type(packet.interpose("count", count)), p:count())
end)

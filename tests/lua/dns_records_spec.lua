-- SPDX-License-Identifier: MIT
-- DNS records: members, texts, what they are apart from their packet.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local record = require "cqueues.dns.record"
local packet = require "cqueues.dns.packet"
local equal, values = t.equal, t.values
local u16, u32, domain = d.u16, d.u32, d.domain

t.plain("a_record_tells_owner_type_class_lifetime_and_section", function()
	local r = d.packet({ "NS", "Owner.test", "A", "\1\2\3\4", 77 }):grep()()
	values({ "Owner.test.", 1, 1, 77, packet.section.AUTHORITY }, r:name(), r:type(), r:class(), r:ttl(), r:section())
	equal(record.type(r), "dns record")
end)

t.plain("addresses_are_texts", function()
	equal(d.record("A", "\1\20\200\255"):addr(), "1.20.200.255")
	equal(d.record("A", "\0\0\0\0"):addr(), "0.0.0.0")
	equal(d.record("AAAA", ("\0"):rep(15) .. "\1"):addr(), "::1")
	equal(tostring(d.record("A", "\1\20\200\255")), "1.20.200.255")
end)

t.plain("each_type_tells_its_members_by_the_names_of_its_rfc", function()
	local mx = d.record("MX", u16(10) .. domain "mx.test")
	values({ 10, "mx.test.", "10 mx.test." }, mx:preference(), mx:host(), tostring(mx))
	local srv = d.record("SRV", u16(1) .. u16(2) .. u16(443) .. domain "srv.test")
	values({ 1, 2, 443, "srv.test." }, srv:priority(), srv:weight(), srv:port(), srv:target())
	local soa = d.record("SOA", domain "ns.test" .. domain "admin.test" .. u32(4294967295) .. u32(2) .. u32(3) .. u32(4) .. u32(5))
	values({ "ns.test.", "admin.test.", 4294967295, 2, 3, 4, 5 }, soa:mname(), soa:rname(), soa:serial(), soa:refresh(),
		soa:retry(), soa:expire(), soa:minimum())
	for _, name in ipairs { "NS", "CNAME", "PTR" } do
		equal(d.record(name, domain "host.test"):host(), "host.test.")
	end
	local txt = d.record("TXT", "\3one\0\4 two")
	values({ "one two", '"one two"', "one||" .. " two" }, txt:data(), tostring(txt), table.concat(txt:strings(), "|"))
	equal(d.record("TXT", "\3\" \""):data(), '" "')
	equal(tostring(d.record("TXT", "\3\" \"")), [["\034 \034"]])
	local spf = d.record("SPF", "\11v=spf1 -all")
	values({ "v=spf1 -all", "v=spf1 -all", "v=spf1 -all" }, spf:policy(), spf:data(), tostring(spf))
	local opt = d.packet({ "AR", ".", "OPT", "", 0x01038001 }):grep()()
	values({ 16, 3, 1 }, opt:rcode(), opt:version(), opt:maxsize())
end)

t.plain("an_sshfp_tells_any_digest", function()
	local sha1 = d.record("SSHFP", "\1\1" .. ("\1\255"):rep(10))
	values({ 1, 1, ("01ff"):rep(10) }, sha1:algo(), sha1:digest())
	local sha256 = d.record("SSHFP", "\4\2" .. ("\171"):rep(32))
	values({ 4, 2, ("ab"):rep(32) }, sha256:algo(), sha256:digest())
	values({ 4, 2 }, record.sshfp.ED25519, record.sshfp.SHA256)
end)

t.plain("later_types_have_names_members_and_rdata_too", function()
	local caa = d.record("CAA", "\0\5issueca.test")
	values({ 0, "issue", "ca.test", "\0\5issueca.test" }, caa:flags(), caa:tag(), caa:value(), caa:rdata())
	equal(tostring(d.record("DS", u16(7) .. "\8\2\171\205")), "7 8 2 ABCD")
	equal(tostring(d.record("SSHFP", "\1\1\171\205")), "1 1 ABCD")
	local uri = d.record("URI", u16(1) .. u16(2) .. "ftp://a.test")
	values({ 1, 2, "ftp://a.test", '1 2 "ftp://a.test"' }, uri:priority(), uri:weight(), uri:target(), tostring(uri))
	local hinfo = d.record("HINFO", "\3cpu\2os")
	values({ "cpu", "os" }, hinfo:cpu(), hinfo:os())
	local rp = d.record("RP", domain "me.test" .. domain "text.test")
	values({ "me.test.", "text.test." }, rp:mailbox(), rp:text())
	local loc = d.record("LOC", "\0\18\22\19" .. u32(2147483648) .. u32(2147483648) .. u32(10000000))
	equal(loc:location(), "0 0 0.000 N 0 0 0.000 E 0.00m 1m 10000m 10m")
	equal(tostring(d.record("CDS", "\0\0\0\0\0")), "0 0 0 00")
	equal(d.record("CDNSKEY", u16(256) .. "\3\8key"):public_key(), "key")
	equal(record.type.CAA, 257)
	equal(record.type[65], "HTTPS")
	equal(d.packet({ "QD", "a.test", "TYPE65" }):grep()():type(), 65)
end)

t.plain("data_of_unknown_types_is_bytes", function()
	local r = d.record(65280, "a\0b")
	values({ 65280, "a\0b", "a\0b" }, r:type(), r:rdata(), tostring(r))
	equal(d.record("A", "\1\2\3\4").rdata, nil)
end)

t.plain("names_in_data_are_written_out", function()
	local bytes = d.packet({ "QD", "long.owner.test", "MX" }, { "AN", "long.owner.test", "MX", u16(1) .. domain "mx.long.owner.test" })
	local p = packet.new(bytes:dump())
	t.check(#p:dump() < 60, "compression")
	equal(p:grep { section = "AN" } ():host(), "mx.long.owner.test.")
end)

t.plain("a_record_outlives_its_packet", function()
	local kept = {}
	for i = 1, 50 do
		for r in d.packet({ "AN", "n" .. i .. ".test", "MX", u16(i) .. domain "mx.test" }):grep() do
			kept[i] = r
		end
	end
	collectgarbage()
	collectgarbage()
	for i, r in ipairs(kept) do
		values({ "n" .. i .. ".test.", i, "mx.test." }, r:name(), r:preference(), r:host())
	end
end)

t.plain("a_question_has_the_methods_of_its_type_and_no_data", function()
	for _, name in ipairs { "A", "AAAA", "NS", "MX", "SOA", "TXT", "SRV", "SSHFP", "CAA" } do
		local q = d.packet({ "QD", "a.test", name }):grep()()
		values({ "", 0, record.type[name] }, tostring(q), q:ttl(), q:type())
	end
	local q = d.packet({ "QD", "a.test", "MX" }):grep()()
	values({ 0, "" }, q:preference(), q:host())
	equal(d.packet({ "QD", "a.test", "A" }):grep()():addr(), "")
end)

t.plain("a_method_refuses_what_is_no_record_of_its_type", function()
	local a, mx = d.record("A", "\1\2\3\4"), d.record("MX", u16(1) .. domain "mx.test")
	t.throws("DNS RR A expected", a.addr, mx)
	t.throws("DNS RR MX expected", mx.host, a)
	for _, other in ipairs { 5, "x", {}, packet.new(), io.stdout } do
		t.throws("expected", a.addr, other)
		t.throws("expected", a.name, other)
		equal(record.type(other), nil)
	end
	equal(record.type(), nil)
end)

t.plain("data_that_is_not_of_its_type_ends_the_search_with_an_error", function()
	local bad = { A = "\1\2\3", AAAA = "\1", MX = "\1", NS = "\3abc", TXT = "\10abc", SSHFP = "\1", SOA = domain "x" }
	for name, rdata in pairs(bad) do
		local bytes = u16(1) .. u16(0x8180) .. u16(0) .. u16(1) .. u16(0) .. u16(0) .. domain "a.test"
			.. u16(record.type[name]) .. u16(1) .. u32(1) .. u16(#rdata) .. rdata
		local p = t.check(packet.new(bytes), name)
		t.throws("malformed", p:grep())
		t.check(tostring(p):find("ANSWER:1", 1, true), "its text")
	end
end)

t.finish()

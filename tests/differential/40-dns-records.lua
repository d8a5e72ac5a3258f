-- SPDX-License-Identifier: MIT
-- DNS records: constants, accessors of each type, their texts.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "dns.lua")

part("types and classes", function()
	for _, name in ipairs { "A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "OPT", "SSHFP", "SPF", "ALL" } do
		show(name, record.type[name], record.type[record.type[name]])
	end
	-- Ours knows more classes.
	show("classes", record.class.IN, record.class.ANY, record.class[1], record.class[255])
	show("sshfp", record.sshfp.RSA, record.sshfp.DSA, record.sshfp.SHA1)
	-- Not NS, which is a section and a type.
	for _, name in ipairs { "A", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "OPT", "SSHFP", "SPF", "ALL", "IN", "ANY",
		"QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL", "QD", "AN", "AR" } do
		show(name, record[name])
	end
	show("none", record.type.FOO, record.type.a, record.type[0], record.class.FOO, record.type["1"])
	show("is it a record", record.type "A", record.type(1), record.type {}, record.type(packet.new()))
end)

local samples = {
	{ "A", "\1\2\3\4" },
	{ "A", "\255\0\0\255" },
	{ "AAAA", "\32\1\13\184\0\0\0\0\0\0\0\0\0\0\0\1" },
	{ "AAAA", ("\0"):rep(16) },
	{ "AAAA", ("\0"):rep(15) .. "\1" },
	{ "AAAA", ("\0"):rep(10) .. "\255\255\1\2\3\4" },
	{ "AAAA", "\32\1\0\0\0\0\0\0\0\1\0\0\0\0\255\255" },
	{ "AAAA", "\32\1\13\184\0\0\0\1\0\1\0\1\0\1\0\1" },
	{ "AAAA", ("\254\220"):rep(8) },
	{ "NS", domain "ns1.example.test" },
	{ "NS", domain "." },
	{ "CNAME", domain "Alias.Example.test" },
	{ "PTR", domain "host.test" },
	{ "MX", u16(10) .. domain "mx.test" },
	{ "MX", u16(65535) .. domain "." },
	{ "SOA", domain "ns.test" .. domain "admin.test" .. u32(2020010101) .. u32(3600) .. u32(900) .. u32(604800) .. u32(300) },
	{ "SOA", domain "." .. domain "." .. u32(0) .. u32(0) .. u32(0) .. u32(0) .. u32(0) },
	{ "SRV", u16(1) .. u16(2) .. u16(443) .. domain "srv.test" },
	{ "SRV", u16(65535) .. u16(0) .. u16(65535) .. domain "." },
	{ "TXT", counted "hello" },
	{ "TXT", counted "one" .. counted "two three" },
	{ "TXT", counted "" },
	{ "TXT", "" },
	{ "TXT", counted 'q"uo\\te\t\1\127\255;' },
	{ "TXT", counted "a\0b" },
	{ "SPF", counted "v=spf1 -all" },
	{ "SPF", counted "v=spf1 " .. counted "include:x.test -all" },
	{ "SSHFP", "\1\1" .. ("\1\35\69\103\137"):rep(4) },
	-- Without letters: those are in upper case here, docs/differences.md.
	{ "SSHFP", "\2\1" .. ("\153"):rep(20) },
	{ 999, "abc\0\255" },
	{ 999, "" },
	{ 65280, "\0\5issueca.test" },
}

part("each type", function()
	for _, sample in ipairs(samples) do
		local name = sample[1]
		local p = packet.new(message { an = { rr("owner.test", name, sample[2]) } })
		for r in p:grep() do
			show_record(tostring(name), r)
			show("  is it a record", record.type(r))
		end
		-- Ours has each string of a TXT in quotes there: docs/differences.md.
		say("  in the packet", (body(p):gsub('([^ ])" "', "%1"):gsub(' " "', " ")))
	end
end)

part("a long text", function()
	for r in packet.new(message { an = { rr("a.test", "TXT", counted(("x"):rep(255)) .. counted(("y"):rep(255))) } }):grep() do
		show("data", r:data() == ("x"):rep(255) .. ("y"):rep(255))
	end
end)

part("OPT", function()
	local p = packet.new(message { ar = { rr(".", "OPT", "", 0x01008001, 1232), rr(".", "OPT", u16(10) .. u16(0), 0, 512) } })
	for r in p:grep() do
		show_record("OPT", r)
	end
	say("in the packet", body(p))
end)

part("compressed names", function()
	local data = {
		{ "NS", "\2ns\192\12" }, { "MX", u16(5) .. "\2mx\192\12" }, { "CNAME", "\192\12" },
		{ "SOA", "\192\12" .. "\5admin\192\12" .. u32(1) .. u32(2) .. u32(3) .. u32(4) .. u32(5) },
		{ "SRV", u16(1) .. u16(2) .. u16(3) .. "\3srv\192\12" }, { "PTR", "\1p\192\17" },
	}
	for _, sample in ipairs(data) do
		local p = packet.new(message { qd = { question("Four.test", "A") },
			an = { "\192\12" .. u16(record.type[sample[1]]) .. u16(1) .. u32(7) .. u16(#sample[2]) .. sample[2] } })
		for r in p:grep { section = "AN" } do
			show_record(sample[1], r)
		end
	end
end)

part("questions", function()
	for _, name in ipairs { "A", "AAAA", "NS", "MX", "SOA", "TXT", "SRV", "PTR", "CNAME", "ALL" } do
		local p = packet.new()
		p:push("QD", "owner.test", name)
		for r in p:grep() do
			show(name, r:name(), r:type(), r:class(), r:ttl(), r:section(), tostring(r))
		end
	end
end)

part("classes and times", function()
	local p = packet.new(message { an = { rr("a.test", "A", "\1\2\3\4", 0, 3), rr("a.test", "A", "\1\2\3\4", 2147483647),
		rr("a.test", "A", "\1\2\3\4", 86400, 255) } })
	for r in p:grep() do
		show_record("A", r)
	end
	say("in the packet", body(p))
end)

part("records outlive their packet", function()
	local kept = {}
	for r in packet.new(message { an = { rr("a.test", "A", "\1\2\3\4"), rr("b.test", "TXT", counted "text") } }):grep() do
		kept[#kept + 1] = r
	end
	collectgarbage()
	collectgarbage()
	for _, r in ipairs(kept) do
		show(r:name(), tostring(r))
	end
end)

part("what is not there", function()
	for r in packet.new(message { an = { rr("a.test", "A", "\1\2\3\4") } }):grep() do
		show("fields", r.host, r.nosuch, r.rdata)
		refused("call", function() return r:host() end)
	end
	local bad = {
		{ "A", "\1\2\3" }, { "A", "\1\2\3\4\5" }, { "AAAA", "\1" }, { "MX", "\1" }, { "MX", u16(1) }, { "SOA", domain "x" },
		{ "SRV", "\0\1" }, { "SSHFP", "\1" }, { "TXT", "\10abc" }, { "NS", "" }, { "NS", "\3abc" },
	}
	for _, sample in ipairs(bad) do
		local p = packet.new(message { an = { rr("a.test", sample[1], sample[2]) } })
		refused(sample[1] .. " " .. hex(sample[2]), function()
			for r in p:grep() do
				show_record("taken", r)
			end
		end)
	end
end)

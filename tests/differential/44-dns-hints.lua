-- SPDX-License-Identifier: MIT
-- DNS hints: name servers of zones.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "dns.lua")

local function found(h, zone)
	local words = {}
	for address in h:grep(zone) do
		words[#words + 1] = address
	end
	return table.concat(words, " ")
end

part("entries", function()
	local h = hints.new()
	show("type", hints.type(h), hints.type {}, hints.type "x", hints.type())
	show("text", tostring(h))
	show("insert", h:insert(".", "1.2.3.4", 1))
	show("with a port", h:insert(".", "[1.2.3.5]:55", 2))
	show("IPv6", h:insert(".", "2001:DB8::1", 3))
	show("IPv6 with a port", h:insert(".", "[::1]:56", 4))
	show("text", tostring(h))
	show("grep", found(h, "."))
	show("grep of nothing", found(h))
	show("grep of another zone", found(h, "test."))
	local next_address = h:grep "."
	show("iterator", next_address(), next_address(), next_address(), next_address(), next_address(), next_address())
end)

part("one zone each", function()
	for _, entry in ipairs { { ".", "1.2.3.4" }, { "test.", "1.2.3.4", 5 }, { "b.test.", "[::1]:5300", "3" }, { "test.", "1.2.3.4", 100 } } do
		local h = hints.new()
		show(entry[1], h:insert(unpack(entry)))
		show("  text", tostring(h))
		show("  grep", found(h, entry[1]))
	end
	local h = hints.new()
	h:insert(".", "1.1.1.1")
	h:insert("test.", "2.2.2.2")
	h:insert("b.test.", "3.3.3.3")
	show("three", found(h, "."), found(h, "test."), found(h, "b.test."), found(h, "c.test."))
	local lines = {}
	for line in tostring(h):gmatch "ZONE[^\n]*\n[^\n]*\n" do
		lines[#lines + 1] = line
	end
	table.sort(lines)
	show("text", table.concat(lines))
end)

part("refused", function()
	local h = hints.new()
	refused("address", h.insert, h, ".", "x")
	refused("no address", h.insert, h, ".")
	refused("nothing", h.insert, h)
	refused("a table", h.insert, h, ".", {})
	refused("priority", h.insert, h, ".", "1.2.3.4", "x")
	refused("grep of a table", function() h:grep {} end)
	show("text", tostring(h))
end)

part("of a configuration", function()
	local c = config.new { nameserver = { "1.1.1.1", "[2.2.2.2]:55", "::1" } }
	local h = hints.new()
	show("insert", h:insert("test.", c))
	show("text", tostring(h))
	show("grep", found(h, "test."))
	show("stub", tostring(hints.stub(c)))
	show("new", tostring(hints.new(c)))
	show("stub of the system", hints.type(hints.stub()), #found(hints.stub()) > 0)
	local root = hints.root()
	show("root", hints.type(root), tostring(root):match '^ZONE "%."\n', #found(root, ".") > 0)
	show("root of a configuration", #found(hints.root(c), ".") > 0)
end)

part("interpose", function()
	show("new", hints.interpose("put", function(self, ...) return self:insert(...) end))
	local h = hints.new()
	show("call", h:put(".", "1.2.3.4"), found(h))
end)

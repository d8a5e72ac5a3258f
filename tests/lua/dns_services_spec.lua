-- SPDX-License-Identifier: MIT
-- From an address to its names, and from a service to its addresses.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local dns, resolvers, hosts = require "cqueues.dns", require "cqueues.dns.resolvers", require "cqueues.dns.hosts"
local equal = t.equal

local ENONAME, EFAIL = -1684960054, -1684960053

local function srv(name, priority, weight, port, target)
	return { "AN", name, "SRV", d.u16(priority) .. d.u16(weight) .. d.u16(port) .. d.domain(target) }
end

-- What a server answers to a name and type.
local zone = {
	["1.2.0.192.in-addr.arpa. PTR"] = function(name)
		return { { "AN", name, "PTR", d.domain "one.test" }, { "AN", name, "PTR", d.domain "two.test" } }
	end,
	["_web._tcp.test. SRV"] = function(name)
		return { srv(name, 2, 0, 82, "b.test"), srv(name, 1, 5, 81, "a.test"), srv(name, 1, 0, 83, "gone.test") }
	end,
	["_off._tcp.test. SRV"] = function(name)
		return { srv(name, 0, 0, 0, "") }
	end,
	["a.test. A"] = function(name) return { { "AN", name, "A", "\127\0\0\1" } } end,
	["b.test. A"] = function(name)
		return { { "AN", name, "A", "\240\0\0\1" }, { "AN", name, "A", "\127\0\0\2" } }
	end,
	["fail.test. SRV"] = function() return { flags = { rcode = 2 } } end,
}

local function with_zone(f)
	local port = d.serve(function(name, type)
		local make = zone[name .. " " .. type]
		return make and make(name) or { flags = { rcode = 3 } }
	end)
	local h = hosts.new()
	h:insert("192.0.2.9", "nine.test")
	local before = dns.setpool(resolvers.new(d.options(port, { lookup = { "file", "bind" } }), h))
	f()
	dns.setpool(before or resolvers.stub())
end

t.test("an_address_has_names", function()
	with_zone(function()
		equal(table.concat(t.check(dns.reverse "192.0.2.1"), " "), "one.test. two.test.")
		equal(table.concat(t.check(dns.reverse("192.0.2.9", 5)), " "), "nine.test.")
		local list, code, reason = dns.reverse "2001:db8::1"
		equal(list, nil)
		equal(code, ENONAME)
		equal(type(reason), "string")
		equal(pcall(dns.reverse, "no address"), false)
	end)
end)

t.test("a_service_has_addresses_in_the_order_of_its_priorities", function()
	with_zone(function()
		for _ = 1, 10 do
			local words = {}
			for _, s in ipairs(t.check(dns.services "_web._tcp.test")) do
				words[#words + 1] = ("%s:%d %s %d/%d"):format(s.address, s.port, s.host, s.priority, s.weight)
			end
			equal(table.concat(words, ", "),
				"127.0.0.1:81 a.test. 1/5, 127.0.0.2:82 b.test. 2/0, 240.0.0.1:82 b.test. 2/0")
		end
		for name, wanted in pairs { ["_off._tcp.test"] = ENONAME, ["other.test"] = ENONAME, ["fail.test"] = EFAIL } do
			local list, code, reason = dns.services(name, 5)
			equal(list, nil)
			equal(code, wanted, name)
			equal(type(reason), "string")
		end
	end)
end)

t.finish()

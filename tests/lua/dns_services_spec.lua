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

-- A record of HTTPS: priority, target, and the parameters port and alpn.
local function https(name, priority, target, port, alpn)
	local parameters = alpn and d.u16(1) .. d.u16(#alpn) .. alpn or ""
	parameters = parameters .. (port and d.u16(3) .. d.u16(2) .. d.u16(port) or "")
	return { "AN", name, "HTTPS", d.u16(priority) .. d.domain(target) .. parameters }
end

t.test("a_connect_goes_where_the_records_of_a_service_lead", function()
	local s = t.socket
	local listeners, ports = {}, {}
	for i = 1, 2 do
		listeners[i] = s.listen("127.0.0.1", 0)
		ports[i] = select(3, listeners[i]:localname())
	end
	zone["shop.test. HTTPS"] = function(name)
		return { https(name, 2, "a.test", ports[2], "\2h3"), https(name, 1, "a.test", ports[1], "\2h2") }
	end
	zone["_8443._https.shop.test. HTTPS"] = function(name) return { https(name, 1, "a.test", ports[2]) } end
	zone["_chat.shop.test. SVCB"] = function(name)
		local record = https(name, 1, "a.test", ports[2])
		record[3] = "SVCB"
		return { record }
	end
	zone["off.test. HTTPS"] = function(name) return { https(name, 0, "") } end
	local function port_of(options)
		options.host = options.host or "shop.test"
		local socket = t.check(s.connect(options))
		t.check(socket:connect(5))
		local port = select(3, socket:peername())
		socket:close()
		return port
	end
	with_zone(function()
		equal(port_of { port = 443, service = "https", alpn = { "h2", "http/1.1" } }, ports[1])
		equal(port_of { port = 443, service = "https", alpn = "h3,h2" }, ports[1])
		equal(port_of { port = 443, service = "https", alpn = { "h3" } }, ports[2])
		equal(port_of { port = 8443, service = "https" }, ports[2])
		equal(port_of { port = 0, service = "chat" }, ports[2])
		equal(port_of { host = "a.test", port = ports[1], service = "https" }, ports[1])
		local socket = s.connect { host = "off.test", port = 443, service = "https" }
		socket:onerror(function(_, _, code) return code end)
		local ok, code = socket:connect(5)
		equal(ok, nil)
		equal(code, ENONAME)
		equal(socket:reason(), "off.test: the service is not offered")
	end)
	for _, bad in ipairs { { service = 1 }, { service = "" }, { service = "a.b" }, { service = "https", alpn = 5 },
		{ service = "https", alpn = { 5 } }, { service = "https", alpn = "h2,,h3" } } do
		bad.host, bad.port = "shop.test", 443
		local ok, why = pcall(s.connect, bad)
		equal(ok, false)
		t.check(why:find "field service" or why:find "field alpn", why)
	end
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

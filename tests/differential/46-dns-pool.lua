-- SPDX-License-Identifier: MIT
-- Pools of resolvers, and the functions of cqueues.dns, which use one.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "dns.lua")

local dns = require "cqueues.dns"
local resolvers = require "cqueues.dns.resolvers"

local h = hosts.new()
h:insert("10.0.0.1", "a.test")
h:insert("10.0.0.2", "b.test")
h:insert("::5", "a.test")
local from_hosts = { lookup = { "file" }, nameserver = {} }

local function make()
	return resolvers.new(config.new(from_hosts), h)
end

part("fields", function()
	show("module", resolvers.lowat, resolvers.hiwat, resolvers.querymax, resolvers.lifo, resolvers.timeout)
	local pool = make()
	show("pool", pool.lowat, pool.hiwat, pool.querymax, pool.lifo, pool.timeout)
	show("type", resolvers.type(pool), resolvers.type {}, resolvers.type "x", resolvers.type(resolvers), (resolvers.type()))
	for _, name in ipairs { "query", "get", "put", "signal", "check", "onleak" } do
		show(name, type(pool[name]))
	end
end)

part("making one", function()
	show("new", resolvers.type(resolvers.new()))
	show("of a table", resolvers.type(resolvers.new { ndots = 2 }))
	show("of objects", resolvers.type(resolvers.new(config.new(), hosts.new(), hints.new())))
	show("stub", resolvers.type(resolvers.stub()), resolvers.type(resolvers.stub { ndots = 3 }))
	show("root", resolvers.type(resolvers.root()), resolvers.type(resolvers.root { edns0 = true }))
	refused("bad configuration", resolvers.new, { nameserver = { "x" } })
	refused("stub of a number", resolvers.stub, 5)
end)

part("queries", function()
	with_controller(function()
		local pool = make()
		ask("A", pool, "a.test")
		ask("AAAA", pool, "a.test", "AAAA", "IN")
		ask("small letters", pool, "b.test", "a", "in", 5)
		ask("numbers", pool, "b.test", 1, 1)
		for i = 1, 20 do
			pool:query "b.test"
		end
		ask("again", pool, "b.test")
		refused("type", pool.query, pool, "a.test", "FOO")
		refused("class", pool.query, pool, "a.test", "A", "FOO")
		refused("no name", pool.query, pool)
		ask("after errors", pool, "a.test")
	end)
end)

part("get and put", function()
	with_controller(function()
		local pool = make()
		local one = pool:get()
		show("get", resolver.type(one))
		ask("use", one, "a.test")
		show("put", pool:put(one))
		local first, second = pool:get(), pool:get(1)
		show("two", resolver.type(first), resolver.type(second), first ~= second)
		pool:put(first)
		pool:put(second)
		show("signal", pool:signal())
		show("check", (pool:check()))
		refused("put nothing", pool.put, pool)
		refused("put a number", pool.put, pool, 5)
		local function handler() end
		show("onleak", type(pool:onleak(handler)))
		show("previous", type(pool:onleak(handler)))
	end)
end)

part("many at once", function()
	with_controller(function(controller)
		local pool, done, wait = make(), 0, condition.new()
		for i = 1, 20 do
			controller:wrap(function()
				local p = pool:query(i % 2 == 0 and "a.test" or "b.test")
				done = done + p:count(packet.section.ANSWER)
				wait:signal()
			end)
		end
		while done < 20 do
			wait:wait(5)
		end
		show("done", done)
	end)
end)

part("over the net", function()
	with_controller(function(controller)
		local client = free_port()
		local port = serve(controller, client, function(q)
			return { an = { rr(q.name, "A", "\192\0\2\1") } }
		end)
		local pool = resolvers.new { nameserver = { "[127.0.0.1]:" .. port }, lookup = { "bind" }, tcp = config.TCP_ONLY,
			timeout = 5, attempts = 1 }
		ask("first", pool, "one.test")
		ask("second", pool, "two.test", "A", "IN", 2)
	end)
end)

part("the common pool", function()
	local pool = dns.getpool()
	show("getpool", resolvers.type(pool), dns.getpool() == pool)
	local own = make()
	show("setpool", dns.setpool(own) == pool, dns.getpool() == own)
	refused("setpool of nothing", dns.setpool)
	refused("setpool of a table", dns.setpool, {})
	refused("setpool of a number", dns.setpool, 5)
	show("still", dns.getpool() == own)
	with_controller(function()
		ask("query", { query = function(_, ...) return dns.query(...) end }, "a.test")
		ask("all arguments", { query = function(_, ...) return dns.query(...) end }, "a.test", "AAAA", "IN", 5)
		refused("type", dns.query, "a.test", "FOO")
		refused("no name", dns.query)
	end)
	show("outside of a controller", (dns.query "b.test"):count(packet.section.ANSWER))
	show("back", dns.setpool(pool) == own)
end)

part("random numbers", function()
	local low, high, whole = true, true, true
	for i = 1, 1000 do
		local n = dns.random()
		low, high, whole = low and n >= 0, high and n < 2 ^ 32, whole and n == math.floor(n)
	end
	show("any", low, high, whole)
	local seen = {}
	for i = 1, 1000 do
		seen[dns.random(3)] = true
	end
	show("below 3", seen)
	refused("below 0", dns.random, 0)
	refused("below a word", dns.random, "x")
end)

part("version", function()
	local release, abi, api = dns.version()
	show("numbers", type(release), type(abi), type(api), select("#", dns.version()))
end)

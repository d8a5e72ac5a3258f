-- SPDX-License-Identifier: MIT
--
-- Resolvers and pools of resolvers. Names come from a table of hosts; the only name server is a port of the
-- loopback interface that nobody serves.

local make = require "make"
local config = require "cqueues.dns.config"
local hosts = require "cqueues.dns.hosts"
local hints = require "cqueues.dns.hints"
local packet = require "cqueues.dns.packet"
local resolver = require "cqueues.dns.resolver"
local resolvers = require "cqueues.dns.resolvers"
local dns = require "cqueues.dns"

local list = {}

local function parts()
	local c = config.new { nameserver = { "127.0.0.1" }, lookup = { "file" }, search = {} }
	local h = hosts.new()
	h:insert("127.0.0.9", "nine.test.")
	h:insert("127.0.0.9", "nine.test")
	local t = hints.new()
	t:insert(".", "127.0.0.1")
	return c, h, t
end

local function answer(p, ...)
	if packet.type(p) then
		return "packet", p:flags().rcode, p:count(), ...
	end
	return p, ...
end

local function a_resolver(env, state)
	local r = assert(resolver.new(parts()))
	if state == "closed" then
		r:close()
	elseif state == "submitted" then
		r:submit "nine.test."
	end
	env.closing[#env.closing + 1] = function() r:close() end
	return r
end

local function same(env) return a_resolver(env) end
local function closed(env) return a_resolver(env, "closed") end

local method = make.methods(list, "resolver", { make = a_resolver, same = same, closed = closed,
	states = { "idle", "submitted", "closed" } })

local function query(o, ...)
	return pack(answer(o:query(...)))
end

method("query", { call = query, places = 4, where = "task", base = { "nine.test.", "A", "IN", 1 } })
method("query", { call = query, places = 4, base = { "nine.test.", "A", "IN", 0.01 }, timeout_place = 4 })
method("submit", { places = 3, base = { "nine.test.", "A", "IN" } })
method("fetch", { call = function(o, ...) return pack(answer(o:fetch(...))) end, places = 1 })
method("pollfd", { places = 1, volatile = "descriptor" })
method("events", { places = 1 })
method("timeout", { places = 1, states = { "idle", "closed" } })
method("stat", { places = 1 })
method("close", { places = 1 })

local function made(module)
	return function(name, fields)
		fields.name = module .. "." .. name .. (fields.fields and "{}" or "")
		fields.call = function(env, ...)
			local r, why, code = require("cqueues.dns." .. module)[name](...)
			return pack(require("cqueues.dns." .. module).type(r), r == nil and why or nil, r == nil and code or nil)
		end
		fields.same, fields.closed = fields.same or same, closed
		list[#list + 1] = fields
	end
end

for _, module in ipairs { "resolver", "resolvers" } do
	local maker = made(module)
	maker("new", { places = 3, base = function() return { parts() } end })
	maker("new", { places = 3, same = function() return (parts()) end })
	list[#list].name = module .. ".new()"
	maker("stub", { places = 1, base = { { nameserver = { "127.0.0.1" } } } })
	maker("stub", { fields = { "nameserver", "lookup", "ndots", "timeout", "interface", "options" },
		base = { { nameserver = { "127.0.0.1" } } } })
	maker("root", { places = 1, base = { { nameserver = { "127.0.0.1" } } } })
	list[#list + 1] = { name = module .. ".type", call = ("require 'cqueues.dns.%s'.type"):format(module), places = 1,
		same = same, closed = closed }
end
list[#list + 1] = make.interpose("cqueues.dns.resolver", "resolver", "events", a_resolver)

-- Pools.
local function a_pool(env, state)
	local p = resolvers.new(parts())
	if state == "taken" then
		p.hiwat = 1
		env.taken = p:get()
	end
	return p
end

local of_pool = make.methods(list, "resolvers", { make = a_pool, same = same, closed = closed, states = { "fresh" } })

of_pool("query", { call = query, places = 4, where = "task", base = { "nine.test.", "A", "IN", 1 } })
of_pool("query", { call = query, places = 4, base = { "nine.test.", "A", "IN", 0.01 }, timeout_place = 4 })
of_pool("get", { call = function(o, ...) local r, code = o:get(...) return pack(resolver.type(r), code) end, places = 1,
	where = "task" })
of_pool("put", { places = 1, base = function(env) return { env.object:get() } end })
of_pool("signal", { places = 1 })
of_pool("check", { places = 1, base = function(env) return { env.object:get() } end })

-- The pool of the module.
local function with_pool(env)
	env.pool = resolvers.new(parts())
	dns.setpool(env.pool)
	return env.pool
end

list[#list + 1] = { name = "dns.query", call = function(_, ...) return pack(answer(dns.query(...))) end, places = 4,
	where = "task", base = { "nine.test.", "A", "IN", 1 }, make = with_pool, same = same, closed = closed }
list[#list + 1] = { name = "dns.getpool", call = function(_, ...) return pack(dns.getpool(...)) end, places = 1,
	make = with_pool }
list[#list + 1] = { name = "dns.setpool", call = function(_, ...)
	local r = pack(dns.setpool(...))
	r.n = r.n + 1
	r[r.n] = dns.getpool() == (...)
	return r
end, places = 1, make = with_pool, same = same, closed = closed }

return list

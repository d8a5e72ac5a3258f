-- SPDX-License-Identifier: MIT
--
-- Pools of resolvers: at most so many at once, used again and again. Who finds none free waits for one.
--
-- A resolver is out between `get` and `put`. Its token tells so, and is collected after it: that is how the pool
-- learns of one that was lost.

local core = require "_cqueues.dns.resolver"
local arguments = require "cqueues.arguments"
local monotime = require "_cqueues".monotime
local condition = require "cqueues.condition"
local config = require "cqueues.dns.config"
local resolver = require "cqueues.dns.resolver"
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT
local POLL = require "cqueues"._POLL
local wait, is_end = require "_cqueues"._waiter()

local check_question, release, known = core._check, core._release, core._known

local resolvers = {
	lowat = 1,       -- how many are kept when none is out
	hiwat = 32,      -- how many there are at most
	querymax = 2048, -- how often one is used before it is closed
	lifo = false,    -- who has waited least goes first
}

local pool = {}
pool.__index = pool

-- Throws, for a method, unless the value is a pool, or a table that is made like one.
local function check(self, name)
	if type(self) ~= "table" or not self.alive then
		arguments.refuse_self(self, name, "dns resolver pool")
	end
end

-- A value whose __gc calls f, in every Lua.
local function guard(f)
	if newproxy then
		local proxy = newproxy(true)
		getmetatable(proxy).__gc = f
		return proxy
	end
	return setmetatable({}, { __gc = f })
end

local function make(resconf, hosts, hints)
	local self = setmetatable({
		resconf = resconf,
		hosts = hosts,
		hints = hints,
		lowat = resolvers.lowat,
		hiwat = resolvers.hiwat,
		querymax = resolvers.querymax,
		lifo = resolvers.lifo,
		condvar = condition.new(resolvers.lifo),
		cache = {},                              -- idle resolvers
		alive = setmetatable({}, { __mode = "k" }), -- resolver -> its token
		busy = 0,                                -- how many are out
		waiting = 0,                             -- how many tasks wait, at most: some may have died
		leaked = function() end,
	}, pool)
	return self
end

--- Makes a pool.
--
-- resconf: a configuration, or a table for config.new; nil for the system's. hosts, hints: as for resolver.new.
function resolvers.new(resconf, hosts, hints)
	if type(resconf) == "table" then
		resconf = config.new(resconf)
	end
	return make(resconf, hosts, hints)
end

--- Makes a pool of stub resolvers of the system's configuration, to which the table is applied.
function resolvers.stub(options)
	return make(config.stub(options))
end

--- The same of recursive resolvers.
function resolvers.root(options)
	return make(config.root(options))
end

--- "dns resolver pool" if the value is one, else nothing.
function resolvers.type(value)
	if type(value) == "table" and getmetatable(value) == pool then
		return "dns resolver pool"
	end
end

-- Enter a resolver into the books. The token is collected in the cycle after it, at the earliest.
local function enter(self, one)
	local token = { uses = 0, out = false }
	token.guard = guard(function()
		if token.out then
			self.busy = self.busy - 1
			self.condvar:signal(1)
			self.leaked()
		end
	end)
	self.alive[one] = token
	return token
end

-- Waits until fewer are out than may be. A code if that does not come, nil otherwise.
local function await_one(self, timeout)
	local deadline = timeout and monotime() + timeout
	while self.busy >= self.hiwat do
		local left
		if deadline then
			left = deadline - monotime()
			if left <= 0 then
				return ETIMEDOUT
			end
		end
		self.waiting = self.waiting + 1
		local mark, ended = wait(self.condvar, left)
		self.waiting = self.waiting - 1
		if mark == POLL and is_end(ended) then
			return ended.code
		end
	end
end

-- `get`, when the arguments are known to be right. Returns the resolver, nil and its token, or nil and a code.
local function take(self, timeout)
	local code = self.busy >= self.hiwat and await_one(self, timeout)
	if code then
		return nil, code
	end
	local cache = self.cache
	local count = #cache
	local one = cache[count]
	if one then
		cache[count] = nil
	else
		one, code = resolver.new(self.resconf, self.hosts, self.hints)
		if not one then
			return nil, code
		end
	end
	local token = self.alive[one] or enter(self, one)
	token.out, token.uses = true, token.uses + 1
	self.busy = self.busy + 1
	return one, nil, token
end

--- Takes a resolver out of the pool; waits for one if as many are out as may be.
--
-- timeout: seconds to wait at most; nil for the pool's.
-- Returns the resolver, or nil and a code.
function pool:get(timeout)
	check(self, "get")
	local one, code = take(self, arguments.seconds(timeout, 1, "get") or self.timeout)
	if one then
		return one
	end
	return nil, code
end

-- Keeps a resolver that is back, if it is usable, or closes it, and wakes one who waits.
local function take_in(self, one, token, is_usable)
	local cache = self.cache
	local count = #cache
	if is_usable and token.uses < self.querymax and count < self.hiwat then
		count = count + 1
		cache[count] = one
	else
		one:close()
		self.alive[one] = nil
	end
	while self.busy == 0 and count > self.lowat do
		local idle = table.remove(cache)
		count = count - 1
		self.alive[idle] = nil
		idle:close()
	end
	if self.waiting > 0 then
		self.condvar:signal(1)
	end
end

--- Puts a resolver back. Its question, if it has one, is given up.
function pool:put(one)
	check(self, "put")
	local token = self.alive[one]
	local usable = token and release(one)
	if not usable then
		if not (type(one) == "table" and one.stat or resolver.type(one)) then
			arguments.refuse_type(one, 1, "put", "dns resolver")
		end
		one:stat() -- throws if it is closed
		usable = release(one)
	end
	if not token then
		token = enter(self, one) -- it was made by somebody else
	elseif not token.out then
		error("resolver is in the pool already", 2)
	else
		token.out = false
		self.busy = self.busy - 1
	end
	take_in(self, one, token, usable)
end

local get, put = pool.get, pool.put

--- Lets one who waits look again whether there is a resolver.
function pool:signal()
	check(self, "signal")
	self.condvar:signal(1)
end

--- The addresses of a host that are known without asking anybody, a list of texts: of an address in text, of the
-- hosts file where it comes before the name servers, of local names.
--
-- family: AF_INET, AF_INET6 or AF_UNSPEC. Otherwise nil and a code, EAGAIN if servers have to be asked.
function pool:known(name, family)
	check(self, "known")
	name, family = arguments.text(name, 1, "known"), family and arguments.number(family, 2, "known") or 0
	local code
	if not self.files then
		self.files, code = resolver.new(self.resconf, self.hosts, self.hints)
		if not self.files then
			return nil, code
		end
	end
	return known(self.files, name, family)
end

--- Asks a question; arguments and results are those of resolver:query. The time includes waiting for a resolver.
function pool:query(name, type, class, timeout)
	check(self, "query")
	name = arguments.text(name, 1, "query")
	check_question(name, type, class)
	timeout = timeout and arguments.seconds(timeout, 4, "query") or self.timeout
	local one, token, answer, code
	if self.get == get and self.busy < self.hiwat then
		timeout = timeout and timeout + 0 -- a pool's own may be anything: that throws before a resolver is out
		one, code, token = take(self, timeout) -- at once
	else
		local deadline = timeout and monotime() + timeout
		one, code = self:get(timeout)
		timeout = deadline and deadline - monotime()
	end
	if not one then
		return nil, code
	end
	answer, code = one:query(name, type, class, timeout)
	if token and token.out and self.put == put and release(one) then -- nobody else has put it back, or closed it
		token.out = false
		self.busy = self.busy - 1
		take_in(self, one, token, true)
	else
		self:put(one)
	end
	if answer then
		return answer
	end
	return nil, code
end

--- Whether the books are right: no more resolvers are marked as out than are counted.
function pool:check()
	check(self, "check")
	local out = 0
	for _, token in pairs(self.alive) do
		out = out + (token.out and 1 or 0)
	end
	if out > self.busy then
		return false, "resolver registry corrupt"
	end
	return true
end

--- Sets what is called, without arguments, when a resolver was lost: collected without a `put`. Returns the
-- function before it.
function pool:onleak(f)
	check(self, "onleak")
	if f ~= nil then
		arguments.callable(f, 1, "onleak")
	end
	local before = self.leaked
	self.leaked = f
	return before
end

function resolvers.loader()
	return resolvers
end

return resolvers

-- SPDX-License-Identifier: MIT
--
-- A promise: a value that comes later, or the reason why it never will.
--
-- It is settled once, by the function it was made with or by hand, and then keeps its outcome for
-- all who ask. It obeys the polling protocol with plain fields: `pollfd` is a condition that
-- settling signals, and `timeout` becomes 0 then, so that a settled promise is ready at once.

local arguments = require "cqueues.arguments"
local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local protected = require "cqueues.protected".call

local unpack = table.unpack or unpack

local function loader()
	local promise = {}
	promise.__index = promise

	local can_be_asked = { table = true, userdata = true, string = true }

	-- Throws, for a method, if the value cannot be asked for what a promise has. Programs make tables that can.
	local function check(self, name)
		if not can_be_asked[type(self)] then
			arguments.refuse_self(self, name, "promise")
		end
	end

	-- Make a promise.
	--
	-- f: nil for a promise that is settled by hand, or a function. It runs in a new task of the
	-- running controller, with the values that follow as its arguments; what it returns fulfils
	-- the promise, what it throws rejects it.
	-- Throws when there is a function and no controller runs.
	function promise.new(f, ...)
		local self = setmetatable({ state = "pending", pollfd = condition.new():name "promise" }, promise)
		if f then
			local controller = cqueues.running()
			if not controller then
				error("no controller is running", 2)
			end
			controller:wrap(function(...)
				self:set(protected(f, ...))
			end, ...)
		end
		return self
	end

	-- "promise" when the value is one, else nil.
	function promise.type(value)
		return getmetatable(value) == promise and "promise" or nil
	end

	-- Settle the promise and wake all who wait for it.
	--
	-- ok: true when values follow, false or nil when the reason follows.
	-- Throws when it has been settled before.
	function promise:set(ok, ...)
		check(self, "set")
		if self.outcome then
			error("the promise is settled already", 2)
		end
		self.outcome = { ok = ok and true or false, n = select("#", ...), ... }
		self.state = ok and "fulfilled" or "rejected"
		self.timeout = 0
		self.pollfd:signal()
	end

	-- "pending", "fulfilled" or "rejected".
	function promise:status()
		check(self, "status")
		return self.state
	end

	-- Wait until the promise is settled.
	--
	-- timeout: seconds, or nil for as long as it takes.
	-- Returns the promise, or nil when the time is up.
	function promise:wait(timeout)
		check(self, "wait")
		if self.state == "pending" then
			self.pollfd:wait(timeout)
		end
		return self.state ~= "pending" and self or nil
	end

	-- Wait until the promise is settled, and fetch its values.
	--
	-- timeout: seconds, or nil for as long as it takes.
	-- Returns the values, or nothing when the time is up. Throws the reason of a rejection.
	function promise:get(timeout)
		check(self, "get")
		if not self:wait(timeout) then
			return
		end
		local outcome = self.outcome
		if not outcome.ok then
			error(outcome[1], 2)
		end
		return unpack(outcome, 1, outcome.n)
	end

	-- The values, however long it takes.
	function promise:__call()
		return self:get()
	end

	-- The first value as text; waits for it.
	function promise:__tostring()
		return tostring((self:get()))
	end

	promise.loader = loader

	return promise
end

return loader()

-- SPDX-License-Identifier: MIT
--
-- Mutexes: one task at a time. They know who holds them: the coroutine that has locked, or outside of coroutines the
-- program.

local arguments = require "cqueues.arguments"
local waiters = require "cqueues.waiters"
local protected = require "cqueues.protected"
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT

local call, task = protected.call, protected.task

local mutex = {}
mutex.__index = mutex

local check, seconds = arguments.checker(mutex, "mutex"), arguments.seconds

-- The one that has waited longest holds it now.
local function hand_on(self)
	local next = self.waiters:serve()
	self.holder = next and next.brings
end

--- Makes a mutex that nobody holds.
function mutex.new()
	local self = setmetatable({ holder = nil }, mutex)
	self.waiters = waiters.new("mutex", function() hand_on(self) end)
	return self
end

--- "mutex" when the value is one, else nil.
function mutex.type(value)
	return type(value) == "table" and getmetatable(value) == mutex and "mutex" or nil
end

--- Locks it; waits while another task holds it.
--
-- timeout: seconds, or nil for as long as it takes.
-- Returns true, or nil and ETIMEDOUT. Throws when the task holds it already.
function mutex:lock(timeout)
	check(self, "lock")
	timeout = timeout and seconds(timeout, 1, "lock")
	local me, waiter = task(), nil
	if self.holder == me then
		error("the task holds the mutex already", 2)
	end
	repeat
		if not self.holder then
			self.holder = me
			return true
		end
		waiter = waiter or self.waiters:waiter(timeout, me)
		local goes_on = self.waiters:wait(waiter)
		if waiter.served then
			return true
		end
	until not goes_on
	return nil, ETIMEDOUT
end

--- Unlocks it, and hands it to the task that has waited longest. Throws when the task does not hold it.
function mutex:unlock()
	check(self, "unlock")
	if self.holder ~= task() then
		error("the task does not hold the mutex", 2)
	end
	hand_on(self)
end

local function results(self, ok, ...)
	if self.holder == task() then
		hand_on(self)
	end
	if not ok then
		error((...), 0)
	end
	return ...
end

--- Calls a function while it holds the mutex, for which it waits. Returns what the function returns and throws what it
-- throws.
function mutex:with(f, ...)
	check(self, "with")
	arguments.callable(f, 1, "with")
	self:lock()
	return results(self, call(f, ...))
end

return mutex

-- SPDX-License-Identifier: MIT
--
-- Semaphores: a number of permits that tasks take and give back.

local arguments = require "cqueues.arguments"
local waiters = require "cqueues.waiters"
local protected = require "cqueues.protected".call
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT

local semaphore = {}
semaphore.__index = semaphore

local check, seconds = arguments.checker(semaphore, "semaphore"), arguments.seconds

local function check_count(count, name)
	if count < 0 or count % 1 ~= 0 then
		arguments.refuse(1, name, "a whole number from 0 on expected", 1)
	end
	return count
end

--- Makes a semaphore.
--
-- count: how many permits it has, a whole number; nil for 1.
function semaphore.new(count)
	local self = setmetatable({ permits = check_count(arguments.number(count or 1, 1, "new"), "new") }, semaphore)
	self.waiters = waiters.new("permit of a semaphore", function() self:release() end)
	return self
end

--- "semaphore" when the value is one, else nil.
function semaphore.type(value)
	return type(value) == "table" and getmetatable(value) == semaphore and "semaphore" or nil
end

--- Takes a permit; waits while there is none.
--
-- timeout: seconds, or nil for as long as it takes.
-- Returns true, or nil and ETIMEDOUT.
function semaphore:acquire(timeout)
	check(self, "acquire")
	timeout = timeout and seconds(timeout, 1, "acquire")
	local waiter
	repeat
		if self.permits > 0 then
			self.permits = self.permits - 1
			return true
		end
		waiter = waiter or self.waiters:waiter(timeout)
		local goes_on = self.waiters:wait(waiter)
		if waiter.served then
			return true
		end
	until not goes_on
	return nil, ETIMEDOUT
end

--- Gives permits back, or adds some.
--
-- count: how many; nil for 1.
function semaphore:release(count)
	check(self, "release")
	self.permits = self.permits + (count and check_count(arguments.number(count, 1, "release"), "release") or 1)
	while self.permits > 0 and self.waiters:serve() do
		self.permits = self.permits - 1
	end
end

--- How many permits can be taken without waiting.
function semaphore:count()
	check(self, "count")
	return self.permits
end

local function results(self, ok, ...)
	self:release()
	if not ok then
		error((...), 0)
	end
	return ...
end

--- Calls a function while it has a permit, for which it waits. Returns what the function returns and throws what it
-- throws.
function semaphore:with(f, ...)
	check(self, "with")
	arguments.callable(f, 1, "with")
	self:acquire()
	return results(self, protected(f, ...))
end

return semaphore

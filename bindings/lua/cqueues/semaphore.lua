-- SPDX-License-Identifier: MIT
--
-- Semaphores: a number of permits that tasks take and give back.

local waiters = require "cqueues.waiters"
local protected = require "cqueues.protected".call
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT

local semaphore = {}
semaphore.__index = semaphore

local function check_count(count, least, name)
	if type(count) ~= "number" or count < least or count % 1 ~= 0 then
		error(("bad argument #1 to '%s' (a whole number from %d on expected)"):format(name, least), 3)
	end
	return count
end

--- Makes a semaphore.
--
-- count: how many permits it has, a whole number; nil for 1.
function semaphore.new(count)
	local self = setmetatable({ permits = check_count(count or 1, 0, "new") }, semaphore)
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
	self.permits = self.permits + check_count(count or 1, 0, "release")
	while self.permits > 0 and self.waiters:serve() do
		self.permits = self.permits - 1
	end
end

--- How many permits can be taken without waiting.
function semaphore:count()
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
	self:acquire()
	return results(self, protected(f, ...))
end

return semaphore

-- SPDX-License-Identifier: MIT
--
-- Queues: values on their way from some tasks to others, first in, first out.
--
-- A queue obeys the polling protocol with plain fields: `pollfd` is a condition that is signalled when there is
-- something to get, and `timeout` is 0 while there is.

local arguments = require "cqueues.arguments"
local condition = require "cqueues.condition"
local waiters = require "cqueues.waiters"
local errno = require "_cqueues.errno"

local EPIPE, ETIMEDOUT = errno.EPIPE, errno.ETIMEDOUT

local queue = {}
queue.__index = queue

-- Hands values to those who wait for them, and takes those of whoever waits for room, as far as it goes.
local function settle(self)
	local values, getters, putters = self.values, self.getters, self.putters
	while true do
		while self.size > 0 and getters:serve(values[self.front]) do
			values[self.front] = nil
			self.front, self.size = self.front + 1, self.size - 1
		end
		local putter = self.size < self.limit and putters:serve()
		if not putter then
			break
		end
		values[self.front + self.size] = putter.brings
		self.size = self.size + 1
	end
	local ready = (self.size > 0 or self.closed) and 0 or nil
	if ready and not self.timeout then
		self.timeout = ready
		self.pollfd:signal()
	end
	self.timeout = ready
end

local check, seconds = arguments.checker(queue, "queue"), arguments.seconds

--- Makes a queue.
--
-- limit: how many values it holds at most, a whole number; nil or 0 for any number.
function queue.new(limit)
	limit = arguments.number(limit or 0, 1, "new")
	if limit < 0 or limit % 1 ~= 0 then
		arguments.refuse(1, "new", "a whole number of values expected")
	end
	local self = setmetatable({
		limit = limit > 0 and limit or math.huge,
		values = {}, front = 1, size = 0, -- the values stand from `front` on
		closed = false,
		pollfd = condition.new(),
	}, queue)
	self.getters = waiters.new("item of a queue", function(waiter)
		self.front, self.size = self.front - 1, self.size + 1
		self.values[self.front] = waiter.thing
		settle(self)
	end)
	self.putters = waiters.new("room in a queue", function() end) -- the value is in the queue, or was taken
	return self
end

--- "queue" when the value is one, else nil.
function queue.type(value)
	return type(value) == "table" and getmetatable(value) == queue and "queue" or nil
end

--- Puts one value, which may be nil, at the end; waits while the queue is full.
--
-- timeout: seconds, or nil for as long as it takes.
-- Returns true, or nil and a code: ETIMEDOUT, EPIPE once the queue is closed. The value is then not in the queue.
function queue:put(value, timeout)
	check(self, "put")
	timeout = timeout and seconds(timeout, 2, "put")
	local waiter
	repeat
		if self.closed then
			return nil, EPIPE
		elseif self.size < self.limit then
			self.values[self.front + self.size] = value
			self.size = self.size + 1
			settle(self)
			return true
		end
		waiter = waiter or self.putters:waiter(timeout, value)
		local goes_on = self.putters:wait(waiter)
		if waiter.served then
			return true
		end
	until not goes_on
	return nil, ETIMEDOUT
end

--- Takes the first value; waits while there is none.
--
-- timeout: seconds, or nil for as long as it takes.
-- Returns the value, or nil and a code: ETIMEDOUT, EPIPE once the queue is closed and empty.
function queue:get(timeout)
	check(self, "get")
	timeout = timeout and seconds(timeout, 1, "get")
	local waiter
	repeat
		if self.size > 0 then
			local value = self.values[self.front]
			self.values[self.front] = nil
			self.front, self.size = self.front + 1, self.size - 1
			settle(self)
			return value
		elseif self.closed then
			return nil, EPIPE
		end
		waiter = waiter or self.getters:waiter(timeout)
		local goes_on = self.getters:wait(waiter)
		if waiter.served then
			return waiter.thing
		end
	until not goes_on
	return nil, ETIMEDOUT
end

--- Iterates over the values, until the queue is closed and empty, a value is nil, or none comes in time.
--
-- timeout: seconds for each value, or nil.
function queue:items(timeout)
	check(self, "items")
	timeout = timeout and seconds(timeout, 1, "items")
	return function()
		return (self:get(timeout))
	end
end

--- Lets nothing more in, and wakes all who wait. What is in the queue can still be taken. Closing twice is safe.
function queue:close()
	check(self, "close")
	self.closed = true
	settle(self)
	self.getters:dismiss()
	self.putters:dismiss()
end

--- How many values are in the queue.
function queue:count()
	check(self, "count")
	return self.size
end

return queue

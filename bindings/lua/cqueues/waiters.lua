-- SPDX-License-Identifier: MIT
--
-- For queues, semaphores and mutexes: tasks that wait for their turn, first come, first served.
--
-- Whoever has something to give hands it to the task that has waited longest: it is that task's from then on, in
-- whatever order the tasks run that were woken together. Each task waits for a condition of its own, and by that is
-- seen whether it still waits: signalling the condition of one that is gone wakes nobody. A task whose wait throws gives
-- back what it was handed meanwhile.

local poll, monotime = require "cqueues".poll, require "cqueues".monotime
local condition = require "cqueues.condition"
local protected = require "cqueues.protected".call

local waiters = {}
waiters.__index = waiters

--- Nobody waits. `thing` is what they will wait for, in words. `give_back` is called with a waiter whose wait has thrown
-- after it was served.
function waiters.new(thing, give_back)
	return setmetatable({ thing = thing, give_back = give_back }, waiters)
end

local function append(self, waiter)
	waiter.previous, waiter.next = self.last, nil
	if self.last then
		self.last.next = waiter
	else
		self.first = waiter
	end
	self.last = waiter
end

local function prepend(self, waiter)
	waiter.previous, waiter.next = nil, self.first
	if self.first then
		self.first.previous = waiter
	else
		self.last = waiter
	end
	self.first = waiter
end

local function remove(self, waiter)
	local previous, next = waiter.previous, waiter.next
	if previous then
		previous.next = next
	else
		self.first = next
	end
	if next then
		next.previous = previous
	else
		self.last = previous
	end
	waiter.previous, waiter.next = nil, nil
end

--- A waiter for the running task, which brings something along. It obeys the polling protocol: `timeout` is 0 once the
-- task shall not wait any longer, as it may not have come to waiting yet.
function waiters:waiter(timeout, brings)
	return {
		pollfd = condition.new():name(self.thing),
		deadline = timeout and monotime() + timeout,
		brings = brings,
		queued = false,  -- whether it stands in the list
		served = false,  -- whether it was handed something
		thing = nil,     -- what that is
	}
end

--- Waits until it is served or has to look again, both of which is true, or its time is over, which is false.
--
-- A task that has to look again keeps its place.
function waiters:wait(waiter)
	if waiter.timeout then
		waiter.timeout = nil
		prepend(self, waiter)
	else
		append(self, waiter)
	end
	waiter.queued = true
	local left = waiter.deadline and waiter.deadline - monotime()
	local ok, why = protected(poll, waiter, left and left < 0 and 0 or left)
	if waiter.queued then
		waiter.queued = false
		remove(self, waiter)
	end
	if not ok then
		if waiter.served then
			self.give_back(waiter)
		end
		error(why, 0)
	end
	return waiter.timeout ~= nil
end

-- Takes the first out of the list and wakes it. Whether it waits.
local function wake(self, waiter)
	remove(self, waiter)
	waiter.queued, waiter.timeout = false, 0
	return waiter.pollfd:signal() > 0
end

--- Hands something to the one that has waited longest. Returns that waiter, or nil when nobody waits.
function waiters:serve(thing)
	while self.first do
		local waiter = self.first
		if wake(self, waiter) then
			waiter.served, waiter.thing = true, thing
			return waiter
		end
		-- Its task is gone; or it comes to waiting later, finds that its time is 0, and looks again.
	end
end

--- Has everybody look again.
function waiters:dismiss()
	while self.first do
		wake(self, self.first)
	end
end

return waiters

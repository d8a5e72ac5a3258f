-- SPDX-License-Identifier: MIT
-- cqueues.condition: waiting for a condition variable is polling it.

local core = require "_cqueues.condition"
local cqueues = require "cqueues"

local shim = require "_cqueues"
local condition = shim._public(core)
local check, signal = core._check, condition.new().signal
local POLL = cqueues._POLL
local wait, is_end = shim._waiter()

-- Short ways for those that wait by our poll; see handed.c. In 5.1 C functions cannot go on after a yield.
local is_ours = wait == shim._wait
local HANDED, hand_wait = shim._HANDED, is_ours and shim._hand_wait

-- poll answers in the order of its arguments, so the condition comes first if it was signalled.
local function woken(self, first, ...)
	if first == self then
		return true, ...
	elseif first == nil and select("#", ...) == 0 then
		return false
	elseif first == POLL and is_end(...) then
		error((...), 0)
	end
	return false, first, ...
end

local function wait_for(self, ...)
	if hand_wait then
		local mark, signalled, late = hand_wait(self, ...)
		if mark ~= HANDED then
			return false -- somebody has resumed the task by hand
		elseif signalled == POLL then
			error(late, 0)
		elseif late then
			return signalled, (...)
		elseif signalled ~= HANDED then
			return signalled
		end
	end
	if type(self) ~= "userdata" or self.signal ~= signal then
		check(self)
	end
	return woken(self, wait(self, ...))
end

core._define("wait", is_ours and shim._quick_wait(wait_for, signal) or wait_for)

return condition

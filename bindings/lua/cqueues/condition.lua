-- SPDX-License-Identifier: MIT
-- cqueues.condition: waiting for a condition variable is polling it.

local core = require "_cqueues.condition"
local cqueues = require "cqueues"

local condition = require "_cqueues"._public(core)
local check, signal = core._check, condition.new().signal
local POLL, wait = cqueues._POLL, require "_cqueues"._waiter()

-- poll answers in the order of its arguments, so the condition comes first if it was signalled.
local function woken(self, first, ...)
	if first == self then
		return true, ...
	elseif first == nil and select("#", ...) == 0 then
		return false
	elseif first == POLL then
		error((...), 0)
	end
	return false, first, ...
end

core._define("wait", require "_cqueues"._quick_wait(function(self, ...)
	if type(self) ~= "userdata" or self.signal ~= signal then
		check(self)
	end
	return woken(self, wait(self, ...))
end, signal))

return condition

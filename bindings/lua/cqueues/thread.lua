-- SPDX-License-Identifier: MIT
-- cqueues.thread: joining a thread is polling it until it has ended.

local core = require "_cqueues.thread"
local cqueues = require "cqueues"
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT

local thread = require "_cqueues"._public(core)

local begin, outcome = core._begin, core._outcome
local LOOK = 1 -- seconds
local wait, is_end = require "_cqueues"._waiter()
local POLL, monotime = cqueues._POLL, cqueues.monotime

--- Waits until the thread has ended, at most that many seconds. True, and what went wrong in it: a text, an error number,
-- or nil; false and ETIMEDOUT while it runs. May be called again.
core._define("join", function(self, seconds)
	local left, deadline = begin(self, seconds)
	while true do
		local ended, why = outcome(self)
		if ended ~= nil then
			return ended, why
		end
		left = deadline and deadline - monotime()
		if left and left <= 0 then
			return false, ETIMEDOUT
		end
		-- Now and then it looks for a thread that has vanished, which no descriptor tells.
		local mark, ended = wait(self, left and left < LOOK and left or LOOK)
		if mark == POLL and is_end(ended) then
			return false, ended.code
		end
	end
end)

function thread.loader()
	return thread
end

return thread

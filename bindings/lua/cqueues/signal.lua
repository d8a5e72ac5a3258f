-- SPDX-License-Identifier: MIT
-- cqueues.signal: waiting for a signal is polling its listener.

local core = require "_cqueues.signal"
local cqueues = require "cqueues"

local signal = require "_cqueues"._public(core)

local begin, fetch = core._begin, core._fetch
local wait, is_end = require "_cqueues"._waiter()
local POLL, monotime = cqueues._POLL, cqueues.monotime

--- Waits for a signal of the listener's, at most that many seconds. Its number, or nil.
core._define("wait", function(self, seconds)
	local left, deadline = begin(self, seconds)
	while true do
		local number, code = fetch(self)
		if number then
			return number
		elseif code then
			return nil, code
		end
		left = deadline and deadline - monotime()
		if left and left <= 0 then
			return nil
		end
		local mark, ended = wait(self, left)
		if mark == POLL and is_end(ended) then
			return nil, ended.code
		end
	end
end)

function signal.loader()
	return signal
end

return signal

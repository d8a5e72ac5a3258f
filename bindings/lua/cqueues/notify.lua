-- SPDX-License-Identifier: MIT
-- cqueues.notify: waiting for a change is polling the notifier.

local core = require "_cqueues.notify"
local cqueues = require "cqueues"

local notify = require "_cqueues"._public(core)

local begin, fetch = core._begin, core._fetch
local wait, is_end = require "_cqueues"._waiter()
local POLL, monotime = cqueues._POLL, cqueues.monotime

--- Waits for a change, at most that many seconds. What happened, as bits, and the name that it happened to; nil when
-- the time is over; nil and a code when there is nothing left to watch (ENOENT) or something cannot be watched.
local function get(self, seconds)
	local left, deadline = begin(self, seconds)
	while true do
		local changes, name = fetch(self)
		if changes then
			return changes, name
		elseif name then
			return nil, name
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
end

core._define("get", get)

--- Iterates over the changes; each is waited for that many seconds at most.
core._define("changes", function(self, seconds)
	begin(self, seconds)
	return function()
		return get(self, seconds)
	end
end)

function notify.loader()
	return notify
end

return notify

-- SPDX-License-Identifier: MIT
-- Tasks that each sleep for a random time below a second, twice, on whatever `require "cqueues"` finds: what a wake costs,
-- and how late it comes.
--
--   lua sleepers_cqueues.lua TASKS

local cqueues = require "cqueues"

local tasks, each = tonumber(arg[1]), 2
local sleep, monotime, random = cqueues.sleep, cqueues.monotime, math.random
local controller = cqueues.new()
local late = 0

math.randomseed(1)
local function doze()
	for _ = 1, each do
		local seconds = random()
		local due = monotime() + seconds
		sleep(seconds)
		late = late + monotime() - due
	end
end

for _ = 1, tasks do
	controller:wrap(doze)
end
local begun = os.clock()
assert(controller:loop())
local wakes = tasks * each
print(string.format("operations=%d cpu=%.6f mean=%.6f", wakes, os.clock() - begun, late / wakes * 1e3))
os.exit(0)

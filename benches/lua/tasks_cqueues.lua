-- SPDX-License-Identifier: MIT
-- What a task takes that waits for a condition, or sleeps, on whatever `require "cqueues"` finds.
--
--   lua tasks_cqueues.lua waiting|sleeping TASKS

package.path = arg[0]:gsub("[^/]*$", "") .. "?.lua;" .. package.path
local resident = require "resident"
local cqueues = require "cqueues"
local condition = require "cqueues.condition"

local how, tasks = arg[1], tonumber(arg[2])
local controller, event = cqueues.new(), condition.new()

local function wait()
	event:wait()
end

local function sleep()
	cqueues.sleep(1000)
end

local before = resident()
for _ = 1, tasks do
	controller:wrap(how == "waiting" and wait or sleep)
end
assert(controller:step(0))
assert(controller:count() == tasks)
print(string.format("bytes=%.1f", (resident() - before) / tasks))
os.exit(0)

-- SPDX-License-Identifier: MIT
-- What a coroutine takes that sleeps on a timer of its own.
--
--   lua tasks_luv.lua sleeping TASKS

package.path = arg[0]:gsub("[^/]*$", "") .. "?.lua;" .. package.path
local resident = require "resident"
local uv = require "luv"

local tasks = tonumber(arg[2])
local waiting = {}

local function sleep()
	local co, timer = coroutine.running(), uv.new_timer()
	timer:start(1000000, 0, function()
		coroutine.resume(co)
	end)
	coroutine.yield()
end

local before = resident()
for i = 1, tasks do
	waiting[i] = coroutine.create(sleep)
	assert(coroutine.resume(waiting[i]))
end
uv.run "nowait"
print(string.format("bytes=%.1f", (resident() - before) / tasks))
os.exit(0)

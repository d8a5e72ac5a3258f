-- SPDX-License-Identifier: MIT
-- Coroutines that each sleep for a random time below a second, twice, on a timer of their own: what a wake costs, and how
-- late it comes. Timers of luv count whole milliseconds.
--
--   lua sleepers_luv.lua TASKS

local uv = require "luv"

local tasks, each = tonumber(arg[1]), 2
local random, yield, resume = math.random, coroutine.yield, coroutine.resume
local late = 0

local function monotime()
	return uv.hrtime() / 1e9
end

math.randomseed(1)
local function doze()
	local co, timer = coroutine.running(), uv.new_timer()
	local function wake()
		assert(resume(co))
	end
	for _ = 1, each do
		local seconds = random()
		uv.update_time()
		local due = monotime() + seconds
		timer:start(math.floor(seconds * 1000), 0, wake)
		yield()
		late = late + monotime() - due
	end
	timer:close()
end

local waiting = {}
for i = 1, tasks do
	waiting[i] = coroutine.create(doze)
end
local begun = os.clock()
for i = 1, tasks do
	assert(resume(waiting[i]))
end
uv.run()
local wakes = tasks * each
print(string.format("operations=%d cpu=%.6f mean=%.6f", wakes, os.clock() - begun, late / wakes * 1e3))
os.exit(0)

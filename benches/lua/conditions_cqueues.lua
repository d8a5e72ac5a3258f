-- SPDX-License-Identifier: MIT
-- Tasks that wake each other by conditions, or give up their turn, on whatever `require "cqueues"` finds.
--
--   lua conditions_cqueues.lua pair|crowd|turns TIMES
--
-- pair: two tasks, each of which signals and waits. crowd: one signal wakes 1,000. turns: sleep(0).

local cqueues = require "cqueues"
local condition = require "cqueues.condition"

local how, times = arg[1], tonumber(arg[2])
local controller = cqueues.new()
local woken = 0

local function pair()
	local first, second = condition.new(), condition.new()
	controller:wrap(function()
		for _ = 1, times / 2 do
			first:wait()
			woken = woken + 1
			second:signal()
		end
	end)
	controller:wrap(function()
		cqueues.sleep(0.001) -- until the other one waits
		for _ = 1, times / 2 do
			first:signal()
			second:wait()
			woken = woken + 1
		end
	end)
end

local function crowd()
	local size = 1000
	local all, done = condition.new(), condition.new()
	for _ = 1, size do
		controller:wrap(function()
			for _ = 1, times / size do
				all:wait()
				woken = woken + 1
				if woken % size == 0 then done:signal() end
			end
		end)
	end
	controller:wrap(function()
		for _ = 1, times / size do
			cqueues.sleep(0) -- until they wait
			local goal = woken + size
			all:signal()
			while woken < goal do done:wait() end
		end
	end)
end

local function turns()
	controller:wrap(function()
		for _ = 1, times do
			cqueues.sleep(0)
			woken = woken + 1
		end
	end)
end

local begin = { pair = pair, crowd = crowd, turns = turns }
begin[how]()
local begun = os.clock()
assert(controller:loop())
assert(woken == times)
print(string.format("operations=%d cpu=%.6f", times, os.clock() - begun))
os.exit(0)

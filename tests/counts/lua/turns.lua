-- SPDX-License-Identifier: MIT
-- turns.lua KIND COUNT: tasks that wait for each other, or for their next turn.
--
--   signals   two tasks signal each other so often
--   wakeups   one signal wakes a hundred tasks, until so many have woken
--   sleeps    a task sleeps for no time so often
--   steps     step(0) so often, while a task waits for a descriptor
local cqueues, condition = require "cqueues", require "cqueues.condition"

local kind, count = arg[1], tonumber(arg[2])
local controller = cqueues.new()

if kind == "signals" then
	local one, other = condition.new(), condition.new()
	controller:wrap(function()
		for _ = 1, count / 2 do
			one:wait()
			other:signal()
		end
	end)
	controller:wrap(function()
		cqueues.sleep(0)
		for _ = 1, count / 2 do
			one:signal()
			other:wait()
		end
	end)
elseif kind == "wakeups" then
	local cv = condition.new()
	for _ = 1, 100 do
		controller:wrap(function()
			for _ = 1, count / 100 do
				cv:wait()
			end
		end)
	end
	controller:wrap(function()
		for _ = 1, count / 100 do
			cqueues.sleep(0) -- all of them wait
			cqueues.sleep(0)
			cv:signal()
		end
	end)
elseif kind == "steps" then
	local idle, other = require "cqueues.socket".pair()
	controller:wrap(function() idle:read(1) end)
	for _ = 1, count do
		assert(controller:step(0))
	end
	other:close()
else
	controller:wrap(function()
		for _ = 1, count do
			cqueues.sleep(0)
		end
	end)
end
assert(controller:loop())

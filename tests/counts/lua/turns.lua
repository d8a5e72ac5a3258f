-- SPDX-License-Identifier: MIT
-- turns.lua KIND COUNT: tasks that wait for each other, or for their next turn.
--
--   signals   two tasks signal each other so often
--   wakeups   one signal wakes a hundred tasks, until so many have woken
--   sleeps    a task sleeps for no time so often
--   sleepers  a thousand tasks sleep for a few milliseconds each, until so many have woken
--   steps     step(0) so often, while a task waits for a descriptor
--   active    the same, and each time a byte has come on the descriptor
--   nested    two tasks, four controllers deep, send each other so many bytes
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
elseif kind == "active" then
	local reader, writer = require "cqueues.socket".pair()
	reader:setmode("b", "bn")
	writer:setmode("b", "bn")
	controller:wrap(function()
		for _ = 1, count do
			reader:read(1)
		end
	end)
	for _ = 1, count do
		writer:send("x", 1, 1, "n")
		assert(controller:step(0))
	end
elseif kind == "nested" then
	local innermost = controller
	for _ = 1, 4 do
		local inner = cqueues.new()
		innermost:wrap(function() assert(inner:loop()) end)
		innermost = inner
	end
	local one, other = require "cqueues.socket".pair()
	one:setmode("b", "bn")
	other:setmode("b", "bn")
	innermost:wrap(function()
		for _ = 1, count / 2 do
			one:write "x"
			one:read(1)
		end
	end)
	innermost:wrap(function()
		for _ = 1, count / 2 do
			other:read(1)
			other:write "x"
		end
	end)
elseif kind == "sleepers" then
	for task = 1, 1000 do
		controller:wrap(function()
			for round = 1, count / 1000 do
				cqueues.sleep((task * 37 + round * 11) % 101 / 1e4)
			end
		end)
	end
else
	controller:wrap(function()
		for _ = 1, count do
			cqueues.sleep(0)
		end
	end)
end
assert(controller:loop())

-- SPDX-License-Identifier: MIT
-- condition.lua ROUNDS: two tasks wake each other through two conditions.
local cqueues, condition = require "cqueues", require "cqueues.condition"

local rounds = tonumber(arg[1])
local ping, pong = condition.new(), condition.new()
local controller = cqueues.new()
controller:wrap(function()
	for _ = 1, rounds do
		ping:signal()
		pong:wait()
	end
end)
controller:wrap(function() -- started last, runs first
	for _ = 1, rounds do
		ping:wait()
		pong:signal()
	end
end)
assert(controller:loop())

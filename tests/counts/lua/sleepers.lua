-- SPDX-License-Identifier: MIT
-- sleepers.lua ROUNDS: a thousand tasks sleep so often, each for up to a fifth of a second.
local cqueues = require "cqueues"

local rounds = tonumber(arg[1])
local controller = cqueues.new()
for task = 1, 1000 do
	controller:wrap(function()
		for round = 1, rounds do
			cqueues.sleep((task * 7919 + round * 3571) % 1000 / 5000)
		end
	end)
end
assert(controller:loop())

-- SPDX-License-Identifier: MIT
-- pingpong.lua ROUNDS: 500 pairs of tasks, each pair playing one byte to and fro.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local rounds = tonumber(arg[1])
local controller = cqueues.new()
for _ = 1, 500 do
	local a, b = socket.pair "stream"
	a:setmode("bn", "bn")
	b:setmode("bn", "bn")
	controller:wrap(function()
		for _ = 1, rounds do
			a:write "x"
			a:read(1)
		end
	end)
	controller:wrap(function()
		for _ = 1, rounds do
			b:read(1)
			b:write "x"
		end
	end)
end
assert(controller:loop())

-- SPDX-License-Identifier: MIT
-- A byte to and fro between two tasks of a controller that is looped inside so many others, on whatever
-- `require "cqueues"` finds.
--
--   lua nested_cqueues.lua DEPTH MESSAGES

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local depth, messages = tonumber(arg[1]), tonumber(arg[2])
local outermost = cqueues.new()
local controller = outermost
for _ = 1, depth do
	local inner = cqueues.new()
	controller:wrap(function()
		assert(inner:loop())
	end)
	controller = inner
end

local a, b = socket.pair()
a:setmode("bn", "bn")
b:setmode("bn", "bn")
controller:wrap(function()
	for _ = 1, messages / 2 do
		assert(a:write "x")
		assert(a:read(1) == "x")
	end
end)
controller:wrap(function()
	for _ = 1, messages / 2 do
		assert(b:read(1) == "x")
		assert(b:write "x")
	end
end)

local begun = os.clock()
assert(outermost:loop())
print(string.format("operations=%d cpu=%.6f", messages, os.clock() - begun))
os.exit(0)

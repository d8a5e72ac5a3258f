-- SPDX-License-Identifier: MIT
-- 1,000 tasks on 500 UNIX pairs, one byte bounced in each, on whatever `require "cqueues"` finds.
--
--   lua pairs_cqueues.lua MESSAGES

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local messages = tonumber(arg[1])
local left = messages
local controller = cqueues.new()

local function bounce(stream)
	while left > 0 do
		local byte = stream:read(1)
		if not byte then return end
		left = left - 1
		stream:write(byte)
	end
end

local streams = {}
for i = 1, 500 do
	local a, b = socket.pair()
	for _, stream in ipairs { a, b } do
		stream:setmode("bn", "bn")
		streams[#streams + 1] = stream
		controller:wrap(bounce, stream)
	end
	a:write("x")
end

local begun = os.clock()
while left > 0 do
	assert(controller:step())
end
print(string.format("operations=%d cpu=%.6f", messages, os.clock() - begun))
os.exit(0)

-- SPDX-License-Identifier: MIT
-- 100 tasks on 50 pairs of connected UDP sockets, one datagram of 64 bytes bounced in each, on whatever
-- `require "cqueues"` finds. `udp_pairs` made the sockets: descriptors from 10 on.
--
--   udp_pairs 50 lua datagrams_cqueues.lua MESSAGES

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local messages = tonumber(arg[1])
local left = messages
local controller = cqueues.new()

local function bounce(stream)
	while left > 0 do
		local datagram = stream:read(-64)
		if not datagram then return end
		left = left - 1
		stream:write(datagram)
	end
end

for i = 0, 99 do
	local stream = assert(socket.fdopen(10 + i))
	stream:setmode("bn", "bn")
	controller:wrap(bounce, stream)
	if i % 2 == 0 then stream:write(("d"):rep(64)) end
end

local begun = os.clock()
while left > 0 do
	assert(controller:step())
end
print(string.format("operations=%d cpu=%.6f", messages, os.clock() - begun))
os.exit(0)

-- SPDX-License-Identifier: MIT
-- An answer with 20 addresses parsed on whatever `require "cqueues"` finds: every address and lifetime read.
--
--   lua dns_parse_cqueues.lua TIMES

local packet = require "cqueues.dns.packet"

local times = tonumber(arg[1])
local data = "\18\52\129\128\0\1\0\20\0\0\0\0\3www\5bench\4test\0\0\1\0\1"
for i = 0, 19 do
	data = data .. "\192\12\0\1\0\1\0\0\14\16\0\4\192\0\2" .. string.char(i)
end
local which = { section = packet.section.ANSWER, type = 1 }

local begun = os.clock()
for _ = 1, times do
	local sum = 0
	for record in packet.new(data):grep(which) do
		sum = sum + record:ttl() + #record:addr()
	end
	assert(sum == 20 * 3600 + 10 * #"192.0.2.0" + 10 * #"192.0.2.10")
end
print(string.format("operations=%d cpu=%.6f", times, os.clock() - begun))

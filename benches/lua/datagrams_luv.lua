-- SPDX-License-Identifier: MIT
-- 100 coroutines on 50 pairs of connected UDP sockets, as datagrams_cqueues.lua, on luv.
--
--   udp_pairs 50 lua datagrams_luv.lua MESSAGES

local uv = require "luv"

local messages = tonumber(arg[1])
local left = messages

local function bounce(stream)
	local co = coroutine.running()
	stream:recv_start(function(failure, data)
		-- Now and then libuv only says that there is no more.
		if failure or data then coroutine.resume(co, data) end
	end)
	while left > 0 do
		local datagram = coroutine.yield()
		if not datagram then return end
		left = left - 1
		stream:try_send(datagram, nil, nil)
	end
	uv.stop()
end

for i = 0, 99 do
	local stream = uv.new_udp()
	assert(stream:open(10 + i))
	coroutine.wrap(bounce)(stream)
	if i % 2 == 0 then assert(stream:try_send(("d"):rep(64), nil, nil)) end
end

local begun = os.clock()
uv.run()
print(string.format("operations=%d cpu=%.6f", messages, os.clock() - begun))
os.exit(0)

-- SPDX-License-Identifier: MIT
-- 1,000 coroutines on 500 UNIX pairs, one byte bounced in each, on luv.
--
--   lua pairs_luv.lua MESSAGES

local uv = require "luv"

local messages = tonumber(arg[1])
local left = messages

local function bounce(stream)
	local co = coroutine.running()
	stream:read_start(function(failure, data)
		coroutine.resume(co, not failure and data or nil)
	end)
	while left > 0 do
		local byte = coroutine.yield()
		if not byte then return end
		left = left - 1
		stream:try_write(byte)
	end
	uv.stop()
end

for _ = 1, 500 do
	local ends = uv.socketpair(nil, nil, { nonblock = true }, { nonblock = true })
	for i = 1, 2 do
		local stream = uv.new_pipe(false)
		assert(stream:open(ends[i]))
		coroutine.wrap(bounce)(stream)
		if i == 2 then stream:try_write("x") end
	end
end

local begun = os.clock()
uv.run()
print(string.format("operations=%d cpu=%.6f", messages, os.clock() - begun))
os.exit(0)

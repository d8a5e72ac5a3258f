-- SPDX-License-Identifier: MIT
-- Turns of the loop that do not wait, with 1,000 idle sockets.
--
--   lua steps_luv.lua idle|ready|called STEPS
--
-- ready: before each a byte is written for a coroutine that reads it. called: for a function.

local uv = require "luv"

local how, steps = arg[1], tonumber(arg[2])
local idle, seen = {}, 0

for i = 1, 1000 do
	local udp = uv.new_udp()
	assert(udp:bind("127.0.0.1", 0))
	udp:recv_start(function() end)
	idle[i] = udp
end
local ends = uv.socketpair(nil, nil, { nonblock = true }, { nonblock = true })
local a, b = uv.new_pipe(false), uv.new_pipe(false)
assert(a:open(ends[1]))
assert(b:open(ends[2]))

local function take()
	local co, buffer = coroutine.running(), ""
	b:read_start(function(failure, data)
		assert(coroutine.resume(co, not failure and data or nil))
	end)
	while true do
		while #buffer == 0 do
			local data = coroutine.yield()
			if not data then return end
			buffer = buffer .. data
		end
		buffer = buffer:sub(2)
		seen = seen + 1
	end
end

if how == "called" then
	b:read_start(function(failure, data)
		assert(not failure, failure)
		seen = seen + #data
	end)
else
	coroutine.wrap(take)()
end
uv.run "nowait"

local begun = os.clock()
if how == "idle" then
	for _ = 1, steps do
		uv.run "nowait"
	end
else
	for _ = 1, steps do
		a:try_write "x"
		uv.run "nowait"
	end
	assert(seen == steps)
end
print(string.format("operations=%d cpu=%.6f", steps, os.clock() - begun))
os.exit(0)

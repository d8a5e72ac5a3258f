-- SPDX-License-Identifier: MIT
-- Steps that do not wait, with 1,000 idle sockets, on whatever `require "cqueues"` finds.
--
--   lua steps_cqueues.lua idle|ready STEPS
--
-- ready: before each a byte is written for a task that reads it.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local how, steps = arg[1], tonumber(arg[2])
local controller = cqueues.new()
local idle, seen = {}, 0

local function watch(so)
	while true do
		cqueues.poll(so)
	end
end

for i = 1, 1000 do
	local so = socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }
	assert(so:listen())
	idle[i] = so
	controller:wrap(watch, so)
end
local a, b = socket.pair()
a:setmode("bn", "bn")
b:setmode("bn", "bn")
controller:wrap(function()
	while b:read(1) do
		seen = seen + 1
	end
end)
assert(controller:step(0))

local begun = os.clock()
if how == "ready" then
	for _ = 1, steps do
		a:send("x", 1, 1)
		controller:step(0)
	end
	assert(seen == steps)
else
	for _ = 1, steps do
		controller:step(0)
	end
end
print(string.format("operations=%d cpu=%.6f", steps, os.clock() - begun))
os.exit(0)

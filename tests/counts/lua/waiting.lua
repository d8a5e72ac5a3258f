-- SPDX-License-Identifier: MIT
-- waiting.lua NUMBER [connections]: so many tasks that wait for a condition; or connections, accepted at a port that is
-- printed, that wait for a line. Then the program ends, and leaves its memory as it is.
local cqueues, condition, socket = require "cqueues", require "cqueues.condition", require "cqueues.socket"

local number, controller = tonumber(arg[1]), cqueues.new()

local function leave()
	collectgarbage()
	collectgarbage()
	os.exit(0, false)
end

local function serve(client)
	client:setmode("bl", "bl")
	for line in client:lines "*L" do
		client:write(line)
	end
end

local function accept()
	local listener = socket.listen("127.0.0.1", 0)
	assert(listener:listen())
	print(("%d"):format((select(3, listener:localname()))))
	io.stdout:flush()
	for _ = 1, number do
		controller:wrap(serve, listener:accept())
	end
	cqueues.poll() -- the last one waits for its line by now
	leave()
end

if arg[2] == "connections" then
	controller:wrap(accept)
	assert(controller:loop())
end

local signal = condition.new()
local function wait()
	signal:wait()
end
for _ = 1, number do
	controller:wrap(wait)
end
assert(controller:step(0))
leave()

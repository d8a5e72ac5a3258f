-- SPDX-License-Identifier: MIT
-- connections.lua NUMBER...: accepts so many connections, which stay idle, and prints the memory
-- in use, in bytes; then so many more, and again.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local function resident()
	collectgarbage()
	collectgarbage()
	for line in io.lines "/proc/self/status" do
		local kilobytes = line:match "^VmRSS:%s*(%d+)"
		if kilobytes then
			return kilobytes * 1024
		end
	end
end

local function say(what)
	print(("%d"):format(what))
	io.stdout:flush()
end

local function serve(client)
	client:setmode("bl", "bl")
	for line in client:lines "*L" do
		client:write(line)
	end
	client:close()
end

local listener = socket.listen("127.0.0.1", 0)
assert(listener:listen())
say(select(3, listener:localname()))

local controller = cqueues.new()
controller:wrap(function()
	for _, number in ipairs(arg) do
		for _ = 1, tonumber(number) do
			controller:wrap(serve, listener:accept())
		end
		cqueues.poll() -- the last one waits for its line by now
		say(resident())
	end
	os.exit(0, false)
end)
assert(controller:loop())

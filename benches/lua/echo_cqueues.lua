-- SPDX-License-Identifier: MIT
-- A line echo server on whatever `require "cqueues"` finds. The load generator reads where it listens.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local server = assert(socket.listen("127.0.0.1", 0))
assert(server:listen())
local _, address, port = server:localname()
print("listening on " .. address .. " " .. port)
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	for client in server:clients() do
		client:setmode("b", "bl")
		controller:wrap(function()
			for line in client:lines "*L" do
				client:write(line)
			end
			client:close()
		end)
	end
end)
assert(controller:loop())

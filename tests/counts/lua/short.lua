-- SPDX-License-Identifier: MIT
-- short.lua CONNECTIONS: answers one line on each of so many connections.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local listener = socket.listen("127.0.0.1", 0)
assert(listener:listen())
print((select(3, listener:localname())))
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	for _ = 1, tonumber(arg[1]) do
		local client = listener:accept()
		controller:wrap(function()
			client:setmode("bl", "bl")
			for line in client:lines "*L" do
				client:write(line)
			end
			client:close()
		end)
	end
end)
assert(controller:loop())

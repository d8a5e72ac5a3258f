-- SPDX-License-Identifier: MIT
-- echo.lua CONNECTIONS [WHICH]: sends lines back, until as many connections have come and gone; WHICH may be held.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local connections = tonumber(arg[1])
socket.sethold(arg[2])
local listener = socket.listen("127.0.0.1", 0)
assert(listener:listen())
print((select(3, listener:localname())))
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	for _ = 1, connections do
		local client = listener:accept()
		client:setmode("bl", "bl")
		controller:wrap(function()
			for line in client:lines "*L" do
				client:write(line)
			end
			client:close()
		end)
	end
end)
assert(controller:loop())

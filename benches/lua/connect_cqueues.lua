-- SPDX-License-Identifier: MIT
-- Short connections made on whatever `require "cqueues"` finds: connect, one line there and back, close.
--
--   lua connect_cqueues.lua PORT CONNECTIONS PARALLEL

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local port, connections, parallel = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local line = ("x"):rep(63) .. "\n"
local left = connections
local controller = cqueues.new()

local begun = os.clock()
for _ = 1, parallel do
	controller:wrap(function()
		while left > 0 do
			left = left - 1
			local client = socket.connect("127.0.0.1", port)
			client:setmode("b", "bl")
			client:write(line)
			assert(client:read "*L" == line)
			client:close()
		end
	end)
end
assert(controller:loop())
print(string.format("operations=%d cpu=%.6f", connections, os.clock() - begun))

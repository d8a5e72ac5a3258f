-- SPDX-License-Identifier: MIT
-- connect.lua PORT CONNECTIONS: makes so many connections, 16 at a time, with one line to and fro on each.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local port, count = tonumber(arg[1]), tonumber(arg[2])
local line = ("x"):rep(63) .. "\n"
local controller = cqueues.new()
for _ = 1, 16 do
	controller:wrap(function()
		for _ = 1, count / 16 do
			local s = socket.connect { host = "127.0.0.1", port = port }
			s:setmode("bl", "bl")
			s:write(line)
			assert(s:read "*L" == line)
			s:close()
		end
	end)
end
assert(controller:loop())

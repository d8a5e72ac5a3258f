-- SPDX-License-Identifier: MIT
-- Short TLS 1.3 connections made on whatever `require "cqueues"` finds: connect, handshake, one line there
-- and back, close, one after the other. The context is the library's own; one that can resume sessions does.
--
--   lua handshakes_cqueues.lua PORT CONNECTIONS

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local port, connections = tonumber(arg[1]), tonumber(arg[2])
local line = ("x"):rep(63) .. "\n"
local controller = cqueues.new()

local begun = os.clock()
controller:wrap(function()
	for _ = 1, connections do
		local client = socket.connect { host = "127.0.0.1", port = port, nodelay = true }
		client:setmode("b", "bl")
		assert(client:starttls())
		client:write(line)
		assert(client:read "*L" == line)
		client:close()
	end
end)
assert(controller:loop())
print(string.format("operations=%d cpu=%.6f", connections, os.clock() - begun))

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A server whose connections are tasks of one scope: they end with it, and it ends after them.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local listener = assert(socket.listen("127.0.0.1", 0))
assert(listener:listen())
local _, address, port = listener:localname()
local cq = cqueues.new()

local function serve(client)
	local line = client:read "*l"
	while line do
		client:write(line, "\n")
		line = client:read "*l" -- nil and ECANCELED when the scope ends
	end
	client:close()
end

cq:wrap(function()
	cqueues.scope(function(server)
		for client in listener:clients() do -- until the scope ends
			server:wrap(serve, client)
			if server:count() == 3 then
				server:cancel "three are enough"
			end
		end
	end) -- returns when the last connection has ended
	print "The server has stopped."
end)

for number = 1, 3 do
	cq:wrap(function()
		local connection = socket.connect(address, port)
		connection:write("Client ", number, " is served.\n")
		print(connection:read "*l")
		print(connection:read "*l" or "Client " .. number .. " has lost its server.")
	end)
end

assert(cq:loop())

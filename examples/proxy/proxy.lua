#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A TCP proxy: each connection is connected to another server.
--
--   lua proxy.lua HOST PORT [ADDRESS [PORT]]      where the server is, and where to listen; port 0 lets the system choose one
--
-- A side that takes nothing makes the other one wait. The end of one direction is passed on while the other goes on, and a reset
-- is passed on as a reset.

package.path = (arg[0]:match "^.*/" or "./") .. "?.lua;" .. package.path

local errno = require "cqueues.errno"
local relay = require "relay"

local host, port, address, own_port = ...

relay.run(address, own_port or 8081, function(client)
	local server, code = relay.connect(host, tonumber(port), 10)
	if not server then
		io.stderr:write(host, ": ", errno.strerror(code), "\n")
		return client:abort()
	end
	relay.join(client, server)
end)

-- SPDX-License-Identifier: MIT
-- The echo server for Lua 5.1 too, where a task cannot wait in a `for` loop: it asks for each client and each line itself.
--
--   lua echo51.lua [ADDRESS [PORT]]       port 0 lets the system choose a free one

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local bind, port = ...
local server = assert(socket.listen(bind or "127.0.0.1", tonumber(port or 8000)))
assert(server:listen())

local _, address, number = server:localname()
print("listening on " .. address .. " " .. number)
io.stdout:flush()

local function echo(client)
	client:setmode("b", "b") -- bytes as they are: no LF to CRLF
	local line = client:read "*L"
	while line do
		client:write(line)
		line = client:read "*L"
	end
	client:shutdown "w"
	client:close()
end

local controller = cqueues.new()
controller:wrap(function()
	while true do
		controller:wrap(echo, server:accept())
	end
end)

-- A client that fails, by a reset say, ends only its own coroutine.
for message in controller:errors() do
	io.stderr:write(tostring(message), "\n")
end

-- SPDX-License-Identifier: MIT
-- An echo server: every line that a client sends comes back to it, and all
-- clients are served at once, each by a coroutine that reads as if it were alone.
--
--   lua echo.lua [ADDRESS [PORT]]       port 0 lets the system choose a free one

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local bind, port = ...
local server = assert(socket.listen(bind or "127.0.0.1", tonumber(port or 8000)))
assert(server:listen())

local _, address, number = server:localname()
print("listening on " .. address .. " " .. number)
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	for client in server:clients() do
		controller:wrap(function()
			client:setmode("b", "b") -- bytes as they are: no LF to CRLF
			for line in client:lines "*L" do
				client:write(line)
			end
			client:shutdown "w"
			client:close()
		end)
	end
end)

-- A client that fails, by a reset say, ends only its own coroutine.
for message in controller:errors() do
	io.stderr:write(tostring(message), "\n")
end

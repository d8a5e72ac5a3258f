-- SPDX-License-Identifier: MIT
-- Bulk data over TCP on luv, as bulk_cqueues.lua.
--
--   lua bulk_luv.lua recv|send MEBIBYTES

local uv = require "luv"

local direction, total = arg[1], tonumber(arg[2]) * 2 ^ 20
local CHUNK = 65536

local letters = {}
for i = 0, CHUNK - 1 do
	letters[i + 1] = string.char(97 + i % 251 % 26)
end
local chunk = table.concat(letters)

local function receive(client)
	local co, done = coroutine.running(), 0
	client:read_start(function(failure, data)
		coroutine.resume(co, not failure and data or nil)
	end)
	while done < total do
		local data = coroutine.yield()
		if not data then return client:close() end
		done = done + #data
	end
	client:write "k\n"
	coroutine.yield()
	client:close()
end

local function send(client)
	local co = coroutine.running()
	client:read_start(function(failure, data)
		coroutine.resume(co, not failure and data or nil)
	end)
	coroutine.yield()
	client:read_stop()
	local function resume()
		coroutine.resume(co)
	end
	for _ = 1, total / CHUNK do
		client:write(chunk, resume)
		coroutine.yield()
	end
	client:close()
end

local server = uv.new_tcp()
assert(server:bind("127.0.0.1", 0))
assert(server:listen(4096, function()
	local client = uv.new_tcp()
	server:accept(client)
	coroutine.wrap(direction == "recv" and receive or send)(client)
end))
print("listening on 127.0.0.1 " .. server:getsockname().port)
io.stdout:flush()
uv.run()

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- luv inside of cqueues: a server whose tasks read files through luv, whose threads wait for the disk while other tasks run.
--
--   lua files.lua [ADDRESS [PORT]]      port 0 lets the system choose a free one
--
-- A client sends the path of a file in a line, and gets the size in a line and the bytes, or "error: " and why not; then it may
-- send the next one. SIGTERM and SIGINT stop the server.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local promise = require "cqueues.promise"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"
local uv = require "luv"

local address, port = ...

local PIECE, GRACE = 65536, 5 -- bytes at a time; seconds for connections that are left when the server stops

local controller = cqueues.new()

-- The loop of luv as something to poll: cqueues asks for these three. The descriptor becomes readable when there is something to do.
local loop = {
	pollfd = function() return uv.backend_fd() end,
	events = function() return "r" end,
	timeout = function()
		local milliseconds = uv.loop_alive() and uv.backend_timeout() or -1 -- a loop with nothing to wait for says 0
		return milliseconds >= 0 and milliseconds / 1000 or nil
	end,
}

-- Signalled when a task has started something in luv: only `uv.run` has the kernel watch what is new.
local started = condition.new()

local function run_luv()
	while true do
		uv.run "nowait"
		cqueues.poll(loop, started)
	end
end

-- Calls a function of luv whose last argument is a callback f(error, value), and waits for that: value; or nil and the error.
local function await(f, ...)
	local outcome, arguments = promise.new(), { ... }
	arguments[#arguments + 1] = function(failure, value)
		outcome:set(true, value, failure)
	end
	f((table.unpack or unpack)(arguments))
	started:signal()
	return outcome:get()
end

local function send_file(client, path)
	local file, failure = await(uv.fs_open, path, "r", 0)
	if not file then
		return client:write("error: ", failure, "\n")
	end
	local size = await(uv.fs_fstat, file).size
	client:write(("%d\n"):format(size))
	local place, sent = 0, true
	while place < size and sent do
		local piece = await(uv.fs_read, file, math.min(PIECE, size - place), place)
		sent = piece and piece ~= "" and client:write(piece) -- it may have become shorter
		place = place + #(piece or "")
	end
	await(uv.fs_close, file)
	return sent and client:flush()
end

local function serve(client)
	client:onerror(function(_, _, code) return code end) -- whatever happens, methods return it
	client:setmode("t", "bf")
	cqueues.scope(function(scope)
		repeat
			scope:idle() -- a stop ends the wait for a path at once
			local path = client:read "*l"
			scope:idle(false)
		until not path or not send_file(client, path)
	end)
	client:finish(1)
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local listener = assert(socket.listen(address or "127.0.0.1", tonumber(port or 8082)))
assert(listener:listen())
print(("listening on %s %d"):format(select(2, listener:localname())))
io.stdout:flush()

controller:wrap(function()
	cqueues.scope(function(scope)
		local luv = scope:wrap(run_luv)
		cqueues.scope(function(connections)
			local client = listener:accept()
			while client do
				connections:wrap(serve, client)
				client = listener:accept()
			end
		end) -- returns when the last connection has ended
		luv:cancel()
	end)
end)
controller:wrap(function()
	stop:wait()
	controller:shutdown(GRACE)
end)
for message in controller:errors() do
	io.stderr:write(tostring(message), "\n")
end

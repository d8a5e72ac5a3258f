#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- cqueues inside of luv: luv takes connections with callbacks, and a task of cqueues asks another server for each line that comes.
--
--   lua ask.lua HOST PORT SECONDS [ADDRESS [PORT]]      where that server is, and where to listen; port 0: a free one
--
-- The line goes to the server, and what it answers within SECONDS goes back, or "error: " and why not. Answers come in the order
-- in which they are there. SIGTERM and SIGINT stop the program.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local socket = require "cqueues.socket"
local uv = require "luv"

local host, port, seconds, address, own_port = ...

local controller = cqueues.new()

-- -- The controller as a part of the loop: its descriptor is readable when a task can go on, and a timer stands for its deadlines ----

local watch, timer, before = uv.new_poll(controller:pollfd()), uv.new_timer(), uv.new_prepare()

local function step()
	local ok, message = controller:step(0)
	while not ok do -- a task has failed, and the others go on
		io.stderr:write(tostring(message), "\n")
		ok, message = controller:step(0)
	end
end

watch:start("r", step)
before:start(function() -- each time before the loop waits
	local left = controller:timeout()
	if left then
		timer:start(math.ceil(left * 1000), 0, step)
	else
		timer:stop()
	end
end)

-- -- cqueues: a task for each line ----------------------------------------------------------------------------------------

-- Asks the server: a line; or nil and why not.
local function ask(line)
	local server = socket.connect(host, tonumber(port))
	server:onerror(function(_, _, code) return code end)
	server:setmode("t", "b") -- lines as they are, and without the end that they come with
	local answer, code = cqueues.timeout(tonumber(seconds), function()
		local ok, why = server:write(line, "\n")
		if ok then ok, why = server:flush() end
		if not ok then return nil, why end
		return server:read "*l"
	end)
	server:close()
	return answer, answer or code and errno.strerror(code) or "the server says nothing"
end

-- -- luv: connections -----------------------------------------------------------------------------------------------------

local function serve(client)
	local rest = ""
	client:read_start(function(failure, bytes)
		if failure or not bytes then
			return client:close()
		end
		rest = rest .. bytes
		rest = rest:gsub("([^\n]*)\n", function(line)
			controller:wrap(function()
				local answer, why = ask(line)
				if not client:is_closing() then
					client:write((answer or "error: " .. why) .. "\n")
				end
			end)
			return ""
		end)
	end)
end

local listener = uv.new_tcp()
assert(listener:bind(address or "127.0.0.1", tonumber(own_port or 8083)))
assert(listener:listen(128, function(failure)
	if failure then return end
	local client = uv.new_tcp()
	listener:accept(client)
	serve(client)
end))

local signals = { uv.new_signal(), uv.new_signal() } -- the garbage collector would close them
signals[1]:start("sigterm", function() uv.stop() end)
signals[2]:start("sigint", function() uv.stop() end)

local name = listener:getsockname()
print(("listening on %s %d"):format(name.ip, name.port))
io.stdout:flush()
uv.run()
controller:close()

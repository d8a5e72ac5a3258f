#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A Lua prompt inside of a running program, on a UNIX socket that only the program's user can open.
--
--   lua repl.lua PATH                        the program, here one that counts
--   socat READLINE UNIX-CONNECT:PATH         the prompt
--
-- What is typed is an expression, whose values are printed, or a statement. It runs in a task of the program, so it may wait, and
-- the program goes on meanwhile; a loop that never waits holds it up. `program` is the program's state; globals are those of the
-- whole Lua state.

local cqueues = require "cqueues"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"

local path = ...
local program = { count = 0, step = 1 }
local environment = setmetatable({ program = program, cqueues = cqueues }, { __index = _G, __newindex = _G })

-- Makes a function of what was typed; nil and why not.
local function compile(text)
	if setfenv then -- LuaJIT
		local f, why = loadstring("return " .. text, "=repl")
		if not f then f, why = loadstring(text, "=repl") end
		return f and setfenv(f, environment), why
	end
	local f = load("return " .. text, "=repl", "t", environment)
	if f then return f end
	return load(text, "=repl", "t", environment)
end

local function show(client, ok, ...)
	local values = {}
	for i = 1, select("#", ...) do
		values[i] = tostring((select(i, ...)))
	end
	if not ok or #values > 0 then
		client:write(ok and "" or "error: ", table.concat(values, "\t"), "\n")
	end
end

local function converse(client)
	client:onerror(function(_, _, code) return code end) -- whatever happens, methods return it
	client:setmode("t", "bn")
	cqueues.scope(function(scope)
		scope:idle() -- ends at once when the program stops
		local line = client:write "> " and client:read "*l"
		while line do
			local f, why = compile(line)
			if f then
				show(client, pcall(f))
			else
				show(client, false, why)
			end
			line = client:write "> " and client:read "*l"
		end
	end)
	client:finish(1)
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local listener = assert(socket.listen { path = path, mode = "0600", unlink = true })
assert(listener:listen())
print("listening on " .. path)
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	local client = listener:accept()
	while client do
		controller:wrap(converse, client)
		client = listener:accept()
	end
	listener:close()
	os.remove(path)
end)
controller:wrap(function() -- what the program does
	cqueues.scope(function(scope)
		scope:idle()
		while true do
			program.count = program.count + program.step
			cqueues.sleep(0.01)
		end
	end)
end)
controller:wrap(function()
	stop:wait()
	controller:shutdown(1)
end)
for message in controller:errors() do
	io.stderr:write(tostring(message), "\n")
end

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Starts commands and keeps them running: each line of their output is printed with the command's name before it, and a
-- command that ends is started again, after a pause that grows while it does not last.
--
--   lua supervisor.lua [-g GRACE] [-p PAUSE] NAME=COMMAND...      each COMMAND is for sh -c
--
-- The first pause is PAUSE (0.5) seconds, each further one is twice as long, up to a minute; a command that ran for ten
-- seconds begins anew. SIGTERM and SIGINT stop the supervisor: it sends SIGTERM to every command, and SIGKILL to those that
-- are left after GRACE (5) seconds.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local process = require "cqueues.process"
local signal = require "cqueues.signal"

local LONGEST, LASTS = 60, 10

local grace, pause, commands = 5, 0.5, {}
local running, stopping = {}, false

local function say(name, ...)
	io.stdout:write(name, " | ", string.format(...), "\n")
	io.stdout:flush()
end

-- Prints what comes from a stream, line by line.
local function show(name, stream)
	local line = stream:read "*l"
	while line do
		say(name, "%s", line)
		line = stream:read "*l"
	end
end

-- Runs a command until it has ended and all of its output is printed.
local function run(name, command)
	local child, code = process.spawn { "sh", "-c", command, stdin = "null", stdout = "pipe", stderr = "pipe", group = true }
	if not child then
		return say(name, "cannot start: %s", errno.strerror(code))
	end
	running[child] = true
	say(name, "started as process %d", child:pid())
	local ok, why = pcall(cqueues.scope, function(scope)
		scope:wrap(show, name, child.stdout)
		scope:wrap(show, name, child.stderr)
		local how, number = child:wait()
		if how then
			say(name, "%s %d", how, number)
		end
	end)
	running[child] = nil
	if not child:wait(0) then -- the task is cancelled: the grace is over
		child:kill(signal.SIGKILL)
		cqueues.shield(1, function() say(name, "%s %d", child:wait()) end)
	end
	child:close()
	if not ok then
		error(why, 0)
	end
end

-- Waits before the next start, unless the supervisor stops meanwhile.
local function rest(seconds)
	cqueues.scope(function(scope)
		scope:idle()
		cqueues.sleep(seconds)
	end)
end

local function supervise(name, command)
	local wait = pause
	while not stopping do
		local began = cqueues.monotime()
		run(name, command)
		if cqueues.monotime() - began >= LASTS then
			wait = pause
		end
		if not stopping then
			say(name, "starts again in %g s", wait)
			rest(wait)
			wait = math.min(2 * wait, LONGEST)
		end
	end
end

local arguments = { ... }
while arguments[1] == "-g" or arguments[1] == "-p" do
	local option, value = table.remove(arguments, 1), tonumber(table.remove(arguments, 1))
	if option == "-g" then grace = value else pause = value end
end
for i, argument in ipairs(arguments) do
	local name, command = argument:match "^([%w_-]+)=(.+)$"
	commands[i] = { name or error("not NAME=COMMAND: " .. argument, 0), command }
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local controller = cqueues.new()
for _, command in ipairs(commands) do
	controller:wrap(supervise, command[1], command[2])
end
controller:wrap(function()
	stop:wait()
	stopping = true
	for child in pairs(running) do
		child:kill(signal.SIGTERM)
	end
	controller:shutdown(grace) -- ends pauses now, and the rest after the grace
end)
assert(controller:loop())

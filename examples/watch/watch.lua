#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Tells what happens to files, until it is interrupted.
--
--   watch.lua [-r] [-n COUNT] [-p PATTERN]... DIRECTORY [NAME...]
--
-- -r watches the whole tree, -p names that fit a pattern ("*.c"), -n ends after so many changes. Without
-- names and patterns it tells of the directory itself, or with -r of everything.

local cqueues = require "cqueues"
local notify = require "cqueues.notify"
local signal = require "cqueues.signal"
local strerror = require "cqueues.errno".strerror

local directory, names, patterns = nil, {}, {}
local recursive, left = false, math.huge

local at = 1
while arg[at] do
	if arg[at] == "-r" then
		recursive = true
	elseif arg[at] == "-n" or arg[at] == "-p" then
		at = at + 1
		if arg[at - 1] == "-n" then
			left = assert(tonumber(arg[at]), "-n: a number is missing")
		else
			patterns[#patterns + 1] = assert(arg[at], "-p: a pattern is missing")
		end
	elseif not directory then
		directory = arg[at]
	else
		names[#names + 1] = arg[at]
	end
	at = at + 1
end
if not directory then
	io.stderr:write "usage: watch.lua [-r] [-n COUNT] [-p PATTERN]... DIRECTORY [NAME...]\n"
	os.exit(2)
end

local function fail(what, why)
	io.stderr:write("watch: ", what, ": ", type(why) == "number" and strerror(why) or tostring(why), "\n")
	os.exit(1)
end

local watcher, why = notify.opendir { path = directory, recursive = recursive, pattern = patterns }
if not watcher then
	fail(directory, why)
end
for _, name in ipairs(names) do
	watcher:add(name)
end

-- A signal that is blocked waits until it is asked for.
signal.block(signal.SIGINT, signal.SIGTERM)
local interrupts = signal.listen(signal.SIGINT, signal.SIGTERM)

io.stderr:write("watching ", directory, "\n")
local controller = cqueues.new()

controller:wrap(function()
	while left > 0 do
		local changes, name = watcher:get()
		if not changes then
			fail(directory, name)
		end
		for bit in notify.flags(changes) do
			io.stdout:write(notify[bit], " ")
		end
		print(name)
		io.stdout:flush()
		left = left - 1
	end
	os.exit(0)
end)

controller:wrap(function()
	io.stderr:write("watch: ", signal.strsignal(interrupts:wait()), "\n")
	os.exit(0)
end)

fail("loop", select(2, controller:loop()))

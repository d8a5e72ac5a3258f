#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A service that is told what to do by signals: HUP reads its configuration again, USR1 tells how it is, INT
-- and TERM end it in good order. Between them it goes about its work.

local cqueues = require "cqueues"
local signal = require "cqueues.signal"

-- Before any thread is started, so that all of them leave the signals to the listener.
local numbers = { signal.SIGHUP, signal.SIGUSR1, signal.SIGINT, signal.SIGTERM }
local unpack = table.unpack or unpack
signal.block(unpack(numbers))
local listener = signal.listen(unpack(numbers))

local controller = cqueues.new()
local rounds = 0

controller:wrap(function()
	while true do
		cqueues.sleep(0.01)
		rounds = rounds + 1
	end
end)

controller:wrap(function()
	while true do
		local number = listener:wait()
		io.stdout:write(signal[number], ": ")
		if number == signal.SIGHUP then
			print "reading the configuration again"
		elseif number == signal.SIGUSR1 then
			print((rounds > 0 and "worked" or "did nothing") .. " so far")
		else
			print "ending in good order"
			os.exit(0)
		end
		io.stdout:flush()
	end
end)

print "waiting for signals"
io.stdout:flush()
assert(controller:loop())

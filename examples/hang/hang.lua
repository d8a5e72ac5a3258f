-- SPDX-License-Identifier: MIT
--
-- A program that hangs, as programs do: two tasks wait for each other. Who looks from outside sees why, by `cq ps`; on
-- SIGUSR1 it also tells by itself where each task stands, and on SIGTERM it ends.
--
--   CQUEUES_INSPECT=DIRECTORY lua hang.lua

local cqueues = require "cqueues"
local queue = require "cqueues.queue"
local signal = require "cqueues.signal"

signal.block(signal.SIGUSR1, signal.SIGTERM)

local controller = cqueues.new()

controller:wrap(function()
	cqueues.scope(function(scope)
		scope:name "shop"
		local orders, receipts = queue.new(), queue.new()
		scope:wrap(function()
			local order = orders:get() -- nobody has ordered yet
			receipts:put(order)
		end):name "kitchen"
		scope:wrap(function()
			receipts:get() -- paid before it is cooked
			orders:put "soup"
		end):name "guest"
		scope:wrap(function()
			local listener = signal.listen(signal.SIGUSR1, signal.SIGTERM)
			print "hanging"
			io.flush()
			while listener:wait() == signal.SIGUSR1 do
				cqueues.dump(io.stdout)
				io.flush()
			end
			scope:cancel "SIGTERM"
		end):name "signals"
	end)
end)

assert(controller:loop())
print "ended"

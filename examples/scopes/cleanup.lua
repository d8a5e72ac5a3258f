#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Cleaning up under a shield: a worker that is ended in the middle still says good-bye, which takes time.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local worker, partner = socket.pair()
local cq = cqueues.new()

local function work()
	local _, why = pcall(function()
		while true do
			worker:write "working\n"
			cqueues.sleep(0.02)
		end
	end)
	-- Here each wait would end at once. Within the shield it does not, for at most a second.
	cqueues.shield(1, function()
		worker:write("bye: ", tostring(why), "\n")
		print("answer: " .. worker:read "*l")
	end)
	error(why, 0) -- ends the task as what it is: cancelled
end

cq:wrap(function()
	cqueues.scope(function(scope)
		local task = scope:wrap(work)
		cqueues.sleep(0.05)
		task:cancel "the shift is over"
		task:join()
		print("the task is " .. task:status())
	end)
end)

cq:wrap(function()
	local line
	repeat
		line = partner:read "*l"
	until line ~= "working"
	print(line)
	cqueues.sleep(0.05)
	partner:write "bye\n"
end)

assert(cq:loop())

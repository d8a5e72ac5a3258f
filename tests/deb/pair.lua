-- SPDX-License-Identifier: MIT
-- What a user of the packages runs: two coroutines, and a line between them. Waits for its end if it gets an argument.

local waits = ...
local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local controller = cqueues.new()
local left, right = assert(socket.pair())
controller:wrap(function()
	left:write "from coroutine to coroutine\n"
	left:flush()
	if waits then
		left:read "*l"
	end
end)
controller:wrap(function()
	print((assert(right:read "*l")))
	io.stdout:flush()
	if waits then
		right:read "*l"
	end
end)
assert(controller:loop())

-- SPDX-License-Identifier: MIT
-- lines_cqueues.lua thread|sockets LINES: a thread sends lines to another one, each line by itself; or one task
-- to another in the same thread.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local how, lines = arg[1], tonumber(arg[2])
local line = ("x"):rep(63) .. "\n"

local function receive(con)
	for _ = 1, lines do
		assert(#con:read "*l" == #line - 1)
	end
end

local begun = os.clock()
local controller = cqueues.new()
if how == "thread" then
	local thread = require "cqueues.thread"
	local sender, con = thread.start(function(con, lines, line)
		for _ = 1, lines do
			assert(con:write(line))
		end
		con:flush()
	end, lines, line)
	controller:wrap(function()
		receive(con)
		local ok, why = sender:join()
		assert(ok and not why, why)
	end)
else
	local a, b = socket.pair()
	controller:wrap(function() receive(a) end)
	controller:wrap(function()
		for _ = 1, lines do
			assert(b:write(line))
		end
		b:flush()
	end)
end
assert(controller:loop())
print(string.format("operations=%d cpu=%.6f", lines, os.clock() - begun))

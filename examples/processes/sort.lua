#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Has sort(1) sort numbers: writes to its input, reads its output, waits for its end.

local cqueues = require "cqueues"
local process = require "cqueues.process"

local cq = cqueues.new()

cq:wrap(function()
	local sort = assert(process.spawn { "sort", "-n", stdin = "pipe", stdout = "pipe" })
	sort.stdin:write("10\n", "9\n", "8\n")
	sort.stdin:close() -- sort reads end of file
	for line in sort.stdout:lines() do
		print(line)
	end
	print(sort:wait())
end)

assert(cq:loop())

-- SPDX-License-Identifier: MIT
-- tasks.lua NUMBER: starts tasks, each of which starts the next and ends.
local cqueues = require "cqueues"

local left = tonumber(arg[1])
local controller = cqueues.new()
local function task()
	left = left - 1
	if left > 0 then
		controller:wrap(task)
	end
end
controller:wrap(task)
assert(controller:loop())
assert(left == 0)

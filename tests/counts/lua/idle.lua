-- SPDX-License-Identifier: MIT
-- idle.lua DESCRIPTORS STEPS: steps a controller whose tasks poll descriptors that stay silent.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local descriptors, steps = tonumber(arg[1]), tonumber(arg[2])
local controller = cqueues.new()
local kept = {}
local prefix = ("\0cqueues-idle-%s-%.9f-"):format(tostring(kept):match "0x%x+", cqueues.monotime())
for i = 1, descriptors do
	local listener = socket.listen { path = prefix .. i }
	assert(listener:listen())
	kept[i] = listener
	controller:wrap(function()
		cqueues.poll { pollfd = listener:pollfd(), events = "r" }
		error "nobody has connected"
	end)
end
for _ = 1, 3 + steps do
	assert(controller:step(0))
end
os.exit(0, false)

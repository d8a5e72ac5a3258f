-- SPDX-License-Identifier: MIT
--
-- Functions that take descriptors over. What takes one of the process's own needs a process of its own.

local make = require "make"

local list = {}

local descriptors = { zero = true, one = true, fraction = true }

-- Which descriptors are open besides the first is the library's own affair.
local not_kinds = { digits = true }

local function same(env) return (make.pair(env)) end

for _, name in ipairs { "dup", "fdopen" } do
	list[#list + 1] = { name = "socket." .. name, call = "socket." .. name, places = 1, class = "socket",
		alone = descriptors, not_kinds = not_kinds, same = same, closed = make.closed_socket }
	list[#list + 1] = { name = "socket." .. name .. "{}", call = "socket." .. name, fields = { "fd", "1", "type" },
		base = { {} }, class = "socket", alone = descriptors, not_kinds = not_kinds, same = same, closed = make.closed_socket }
end

list[#list + 1] = make.interpose("cqueues.socket", "socket", "events", function(env) return (make.pair(env)) end)

return list

-- SPDX-License-Identifier: MIT
--
-- Functions that take descriptors over. A process for each case, as descriptors of the process may be closed.

local make = require "make"

local list = {}

local function same(env) return (make.pair(env)) end

for _, name in ipairs { "dup", "fdopen" } do
	list[#list + 1] = { name = "socket." .. name, call = "socket." .. name, places = 1, class = "socket", alone = true,
		same = same, closed = make.closed_socket }
	list[#list + 1] = { name = "socket." .. name .. "{}", call = "socket." .. name, fields = { "fd", "1", "type" },
		base = { {} }, class = "socket", alone = true, same = same, closed = make.closed_socket }
end

list[#list + 1] = { name = "socket.interpose", call = "socket.interpose", places = 2, alone = true, class = "socket",
	base = { "read", function() return "interposed" end }, same = same, closed = make.closed_socket,
	after = function(env)
		local s = make.pair(env)
		s:settimeout(0)
		return outcome_of(pcall(function() return s:read() end))
	end }

return list

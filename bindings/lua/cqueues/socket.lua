-- SPDX-License-Identifier: MIT
-- cqueues.socket: everything is in C; see the notes on waiting there.

local core = require "_cqueues.socket"

local socket = {}
for name, value in pairs(core) do
	socket[name] = value
end

function socket.loader()
	return socket
end

return socket

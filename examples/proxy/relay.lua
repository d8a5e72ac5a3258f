-- SPDX-License-Identifier: MIT
-- What the two proxies share: bytes go both ways between two connections, and a server that runs until SIGTERM or SIGINT.

local cqueues = require "cqueues"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"

local relay = {}

local PIECE, GRACE = 65536, 5 -- bytes at a time; seconds for connections that are left when the proxy stops

-- Has the methods of a socket return errors, and take bytes as they are. Writes wait until the kernel has taken all: that is the
-- back pressure, as nothing is read meanwhile.
function relay.prepare(s)
	s:onerror(function(_, _, code) return code end)
	s:setmode("b", "bn")
	return s
end

-- Connects: a socket that is prepared; or nil and a code.
function relay.connect(host, port, seconds)
	local server = relay.prepare(socket.connect { host = host, port = port, nodelay = true, keepalive = true })
	local ok, code = server:connect(seconds)
	if ok then return server end
	server:close()
	return nil, code
end

-- Sends on what comes, and then the end. The code of an error, of either side; nothing after an end.
local function copy(from, to)
	local piece, code = from:read(-PIECE)
	while piece do
		local ok
		ok, code = to:write(piece)
		if not ok then return code end
		piece, code = from:read(-PIECE)
	end
	if not code then
		to:shutdown "w" -- the other direction goes on
	end
	return code
end

-- Copies both ways until both have ended. After an error, such as a reset, both connections are reset: a peer must not take what
-- it has got for the whole.
function relay.join(client, server)
	local failed = false
	cqueues.scope(function(scope)
		for from, to in pairs { [client] = server, [server] = client } do
			scope:wrap(function()
				if copy(from, to) then
					failed = true
					scope:cancel()
				end
			end)
		end
	end)
	for _, s in ipairs { client, server } do
		if failed then s:abort() else s:close() end
	end
end

-- Runs a task for each connection until a signal comes; those that are left after the grace are reset.
function relay.run(address, port, connection)
	signal.block(signal.SIGTERM, signal.SIGINT)
	local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
	local listener = assert(socket.listen(address or "127.0.0.1", tonumber(port)))
	assert(listener:listen())
	print(("listening on %s %d"):format(select(2, listener:localname())))
	io.stdout:flush()

	local controller = cqueues.new()
	controller:wrap(function()
		local client = listener:accept { nodelay = true, keepalive = true }
		while client do
			controller:wrap(connection, relay.prepare(client))
			client = listener:accept { nodelay = true, keepalive = true }
		end
		listener:close()
	end)
	controller:wrap(function()
		stop:wait()
		controller:shutdown(GRACE)
	end)
	for message in controller:errors() do
		io.stderr:write(tostring(message), "\n")
	end
end

return relay

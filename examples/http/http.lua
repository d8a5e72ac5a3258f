#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- An HTTP/1.1 server with three pages and a WebSocket.
--
--   lua http.lua [ADDRESS [PORT [SECONDS]]]      port 0 lets the system choose a free one
--
-- GET / is a text, GET /count a body in pieces, POST /echo sends its body back, and /ws is a WebSocket that sends back what it
-- gets. A request has SECONDS (30), and so has a connection until its next request or message comes. SIGTERM and SIGINT stop the
-- server: requests under way end, WebSockets are closed.

package.path = (arg[0]:match "^.*/" or "./") .. "?.lua;" .. package.path

local cqueues = require "cqueues"
local message = require "message"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"
local websocket = require "websocket"

local address, port, seconds = ...
seconds = tonumber(seconds or 30)

local GRACE = 5 -- seconds for requests under way when the server stops
local REASONS = { [101] = "Switching Protocols", [200] = "OK", [400] = "Bad Request", [404] = "Not Found",
	[405] = "Method Not Allowed", [408] = "Request Timeout", [413] = "Content Too Large", [426] = "Upgrade Required",
	[431] = "Request Header Fields Too Large", [501] = "Not Implemented" }

-- Calls a function, of which each wait ends when the server stops.
local function idle(f, ...)
	return cqueues.scope(function(scope, ...)
		scope:idle()
		return f(...)
	end, ...)
end

-- Each returns a status and a body: a text, or a function that returns the next piece.
local pages = {}

pages["/"] = { GET = function() return 200, "Hello.\n" end }
pages["/echo"] = { POST = function(request) return 200, request.body end }
pages["/count"] = { GET = function()
	local count = 0
	return 200, function()
		count = count + 1
		return count <= 10 and count .. "\n" or nil
	end
end }

-- Section 4.2 of RFC 6455. Returns nothing when the connection has become a WebSocket, and has ended.
pages["/ws"] = { GET = function(request, client)
	local headers = request.headers
	local key = headers["sec-websocket-key"]
	if not key or not message.has(headers, "upgrade", "websocket") or headers["sec-websocket-version"] ~= "13" then
		return 426, REASONS[426] .. "\n", "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
	end
	client:write("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n",
		"Sec-WebSocket-Accept: ", websocket.accept(key), "\r\n\r\n")
	client:flush()
	client:setmode("b", "bf")
	request.scope:deadline() -- a WebSocket may last
	client:settimeout(seconds)
	local opcode, text = idle(websocket.read, client)
	while opcode do
		websocket.write(client, opcode, text)
		opcode, text = idle(websocket.read, client)
	end
	if not text then websocket.close(client, 1001) end -- going away: too long silent, or the server stops
end }

local function send(client, request, status, body, more)
	local chunked = type(body) == "function"
	client:write(("HTTP/1.1 %d %s\r\n"):format(status, REASONS[status]), "Content-Type: text/plain\r\n", more or "",
		chunked and "Transfer-Encoding: chunked\r\n" or ("Content-Length: %d\r\n"):format(#body),
		request.keep and "\r\n" or "Connection: close\r\n\r\n")
	if chunked then
		for piece in body do message.write_chunk(client, piece) end
		message.write_chunk(client, "")
	else
		client:write(body)
	end
	return client:flush() and request.keep
end

-- Answers a request. Whether the connection goes on.
local function answer(scope, client)
	scope:deadline(seconds)
	local request = { scope = scope }
	local line, headers = message.read_head(client)
	if not line then
		return headers and send(client, request, headers, REASONS[headers] .. "\n")
	end
	local method, path, version = line:match "^(%u+) (/[^%s?]*)%S* HTTP/1%.(%d)$"
	if not method or version == "0" or not headers.host then
		return send(client, request, 400, REASONS[400] .. "\n")
	end
	if message.has(headers, "expect", "100-continue") then
		client:write "HTTP/1.1 100 Continue\r\n\r\n"
		client:flush()
	end
	local status
	request.headers = headers
	request.body, status = message.read_body(client, headers)
	if not request.body then
		return status and send(client, request, status, REASONS[status] .. "\n")
	end
	request.keep = not message.has(headers, "connection", "close") and not cqueues.running():closing()
	local page = pages[path]
	local handler = page and page[method]
	if not handler then
		status = page and 405 or 404
		local allow = page and "Allow: " .. next(page) .. "\r\n"
		return send(client, request, status, REASONS[status] .. "\n", allow)
	end
	local body, more
	status, body, more = handler(request, client)
	return status and send(client, request, status, body, more)
end

local function connection(client)
	client:onerror(function(_, _, code) return code end) -- whatever happens, methods return it
	client:setmode("t", "bf") -- heads in lines; bytes as they are, many at a time
	client:setmaxline(message.HEAD)
	local ready = true
	while ready and idle(client.fill, client, 1, seconds) do
		ready = cqueues.scope(answer, client)
	end
	client:shutdown "w" -- and waits for the client to close: what it still sends would make TCP take the answer back
	cqueues.timeout(1, function() repeat until not client:read(-4096) end)
	client:close()
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local listener = assert(socket.listen(address or "127.0.0.1", tonumber(port or 8080)))
assert(listener:listen())
print(("listening on %s %d"):format(select(2, listener:localname())))
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	local client = listener:accept { nodelay = true }
	while client do
		controller:wrap(connection, client)
		client = listener:accept { nodelay = true }
	end
	listener:close()
end)
controller:wrap(function()
	stop:wait()
	controller:shutdown(GRACE)
end)

-- A task that fails ends only itself.
for failure in controller:errors() do
	io.stderr:write(tostring(failure), "\n")
end

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- An HTTP/1.1 server for the files below a directory: GET and HEAD, connections that stay open.
--
--   lua server.lua DIRECTORY [ADDRESS [PORT [SECONDS [GRACE [LIMIT]]]]]      port 0 lets the system choose a free one
--
-- A client has SECONDS (30) to begin a request, as many to send its head, and as many to take each 64 KiB of the file.
-- LIMIT (100) connections are served at once; others wait in the kernel until one of those ends. SIGTERM and SIGINT stop
-- the server: it accepts no more, ends the connections that wait for their next request, gives the requests under way
-- GRACE (5) seconds to end, and cancels those that are left then.
--
-- Reading a file blocks, so the directory is on a disk that answers, and holds no FIFO.

local cqueues = require "cqueues"
local semaphore = require "cqueues.semaphore"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"

local root, address, port, seconds, grace, limit = ...
seconds, grace = tonumber(seconds or 30), tonumber(grace or 5)

local PIECE, HEADERS = 65536, 100
local REASONS = { [200] = "OK", [400] = "Bad Request", [404] = "Not Found", [405] = "Method Not Allowed" }
local TYPES = { html = "text/html", txt = "text/plain", css = "text/css", js = "text/javascript", png = "image/png" }

local permits = semaphore.new(tonumber(limit or 100))
local stopping = false

-- Reads the head of a request. Returns method, path and headers; or false and why not, a status; or nothing if it does not come.
local function read_head(client)
	local line = client:read "*l"
	if not line then return end
	local method, target, version = line:match "^(%u+) (%S+) HTTP/1%.(%d)$"
	local headers, count = {}, 0
	local header, why = client:read "*h"
	while header and count < HEADERS do
		local name, value = header:match "^([^%s:]+):%s*(.-)%s*$"
		headers[(name or ""):lower()] = value
		count = count + 1
		header, why = client:read "*h"
	end
	line = not why and client:read "*l"
	if not line then return end
	if line ~= "" or not method or version == "1" and not headers.host then
		return false, 400
	end
	headers.connection = headers.connection or version == "0" and "close" or "keep-alive"
	return method, target, headers
end

-- The path of what a request means, below the directory; nil if it is not there or leads out.
local function path_of(target)
	local path = target:gsub("^http://[^/]*", ""):match "^/[^?#]*"
	path = path and path:gsub("%%(%x%x)", function(code) return string.char(tonumber(code, 16)) end)
	if not path or path:find("\0", 1, true) or ("/" .. path .. "/"):find("/../", 1, true) then
		return nil
	end
	return root .. path .. (path:sub(-1) == "/" and "index.html" or "")
end

-- Opens a file: the file and its size; nil if there is none.
local function open(path)
	local file = path and io.open(path, "rb")
	if not file then return end
	local _, why = file:read(0)
	if why then return end -- a directory
	return file, file:seek "end", file:seek "set"
end

local function send_head(client, status, size, keep, type)
	return client:write(("HTTP/1.1 %d %s\r\n"):format(status, REASONS[status]),
		"Date: ", os.date "!%a, %d %b %Y %H:%M:%S GMT", "\r\n",
		"Content-Type: ", type or "application/octet-stream", "\r\n",
		("Content-Length: %d\r\n"):format(size),
		status == 405 and "Allow: GET, HEAD\r\n" or "",
		keep and "\r\n" or "Connection: close\r\n\r\n")
end

local function refuse(client, status, keep, method)
	local body = REASONS[status] .. "\n"
	send_head(client, status, #body, keep, "text/plain")
	return client:write(method == "HEAD" and "" or body) and client:flush() and keep
end

-- Sends so much of the file. Each piece has its time.
local function send_file(client, file, size, scope)
	while size > 0 do
		scope:deadline(seconds)
		local piece = file:read(math.min(size, PIECE))
		if not piece or not client:write(piece) then
			return false
		end
		size = size - #piece
	end
	return client:flush()
end

-- Answers a request. Whether the connection goes on.
local function answer(scope, client)
	scope:name "request"
	scope:deadline(seconds)
	local method, target, headers = read_head(client)
	if not method then
		return method == false and refuse(client, target, false)
	end
	local has_body = headers["transfer-encoding"] or (headers["content-length"] or "0") ~= "0"
	local keep = headers.connection:lower() ~= "close" and not has_body and not stopping
	if method ~= "GET" and method ~= "HEAD" then
		return refuse(client, 405, keep)
	end
	local path = path_of(target)
	local file, size = open(path)
	if not file then
		return refuse(client, 404, keep, method)
	end
	send_head(client, 200, size, keep, TYPES[path:match "%.(%w+)$"])
	local sent = send_file(client, file, method == "GET" and size or 0, scope)
	file:close()
	return sent and keep
end

-- Waits for the next request, in a scope that ends when the server stops. Whether there is one; one that has come by then is
-- still answered.
local function await_request(client)
	return cqueues.scope(function(wait)
		wait:name "next request"
		wait:idle()
		return client:fill(1, seconds)
	end) or stopping and client:fill(1, 0)
end

local function serve(client)
	client:onerror(function(_, _, code) return code end) -- whatever happens, methods return it
	client:setmode("t", "bf") -- heads in lines; bytes as they are, many at a time
	while await_request(client) do
		if not cqueues.scope(answer, client) then
			client:shutdown "w" -- and waits for the client to close: what it still sends would make TCP take the answer back
			return cqueues.timeout(1, function() repeat until not client:read(-PIECE) end)
		end
	end
end

local function connection(client)
	local ok, why = pcall(serve, client)
	client:close()
	permits:release()
	if not ok and cqueues.type(why) ~= "cancellation" then
		io.stderr:write(tostring(why), "\n")
	end
end

-- Starts a task for each connection, until the server stops.
local function welcome(listener, connections)
	cqueues.scope(function(accepting)
		accepting:name "accepting"
		accepting:idle()
		while permits:acquire() do
			local client = listener:accept { nodelay = true }
			if not client then return end
			connections:wrap(connection, client):name "connection"
		end
	end)
	listener:close()
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local listener = assert(socket.listen(address or "127.0.0.1", tonumber(port or 8080)))
assert(listener:listen())
print(("listening on %s %d"):format(select(2, listener:localname())))
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	cqueues.scope(function(connections)
		connections:name "connections"
		welcome(listener, connections)
	end) -- returns when the last connection has ended
end)
controller:wrap(function()
	stop:wait()
	stopping = true
	controller:shutdown(grace) -- ends what is idle now, and the rest after the grace
end)
assert(controller:loop())

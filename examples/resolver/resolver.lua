#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A DNS resolver for clients that speak UDP and TCP. It asks other servers, and keeps their answers as long as those allow.
--
--   lua resolver.lua ADDRESS PORT SECONDS SERVER...      port 0 lets the system choose a free one
--
-- ADDRESS is 127.0.0.1, ::1 or another one of this machine's; a SERVER is "192.0.2.1", "[2001:db8::1]:5353" or
-- "tls://192.0.2.1#dns.example". At most three are asked, and no file of the system counts. A query has SECONDS; the answer is
-- SERVFAIL if none has come by then. LIMIT queries are under way at once, others wait in the kernel. SIGTERM and SIGINT stop the
-- server: it takes no more queries, answers those under way, and ends.

package.path = (arg[0]:match "^.*/" or "./") .. "?.lua;" .. package.path

local config = require "cqueues.dns.config"
local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local hosts = require "cqueues.dns.hosts"
local message = require "message"
local resolvers = require "cqueues.dns.resolvers"
local semaphore = require "cqueues.semaphore"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"

local address, port, seconds = ...
port, seconds = tonumber(port), tonumber(seconds)

local LIMIT, CONNECTIONS, PIPELINE = 64, 50, 16 -- queries, connections, and queries of one connection at once
local IDLE, GRACE = 10, 5 -- seconds that a connection may say nothing, and for queries under way when the server stops

local controller = cqueues.new()
local permits, connections = semaphore.new(LIMIT), semaphore.new(CONNECTIONS)
local pool = resolvers.new(config.new { nameserver = { select(4, ...) }, lookup = { "bind" },
	options = { timeout = math.max(1, math.floor(seconds / 2)), attempts = 2, edns0 = true } }, hosts.new())
pool.hiwat = LIMIT

-- Calls a function, of which each wait ends when the server stops.
local function idle(f, ...)
	return cqueues.scope(function(scope, ...)
		scope:idle()
		return f(...)
	end, ...)
end

-- The response to a query that was read.
local function resolve(query)
	if query.rcode then
		return message.refuse(query, query.rcode)
	end
	local answer = pool:query(query.name, query.type, query.class, seconds)
	if not answer then
		return message.refuse(query, 2) -- SERVFAIL
	end
	return message.respond(query, answer)
end

-- Has the methods of a socket return errors, and take bytes as they are.
local function prepare(s)
	s:onerror(function(_, _, code) return code end)
	s:setmode("b", "bn")
	return s
end

-- Says why nothing could be taken from a socket, and gives that time to pass, as when there are no descriptors.
local function complain(what, code)
	io.stderr:write(what, ": ", errno.strerror(code), "\n")
	cqueues.sleep(0.1)
end

-- Runs what has taken a permit. An error is told by the controller.
local function give_back(semaphore, f, ...)
	local ok, why = pcall(f, ...)
	semaphore:release()
	if not ok and cqueues.type(why) ~= "cancellation" then error(why, 0) end
end

-- -- UDP ------------------------------------------------------------------------------------

local function answer_datagram(udp, bytes, host, from)
	local query = message.read(bytes)
	if query then
		udp:sendto(message.datagram(query, resolve(query)), host, from)
	end
end

local function serve_datagrams(udp)
	while permits:acquire() do
		local bytes, host, from = udp:recvfrom()
		if bytes then
			controller:wrap(give_back, permits, answer_datagram, udp, bytes, host, from)
		else
			permits:release()
			if controller:closing() then return end
			udp:clearerr()
			complain("UDP", host)
		end
	end
end

-- -- TCP: each message has its length in front, and answers come as they are ready (RFC 7766) ----------------------------

local function read_frame(client)
	local head = client:read(2)
	if head and #head == 2 then
		local size = head:byte(1) * 256 + head:byte(2)
		local bytes = size > 0 and client:read(size) or ""
		return #bytes == size and bytes
	end
end

local function answer_frame(client, query)
	local bytes = permits:with(resolve, query)
	client:write(string.char(math.floor(#bytes / 256), #bytes % 256), bytes)
end

local function answer_frames(client)
	local pending = semaphore.new(PIPELINE) -- a client that takes no answers is read no more
	cqueues.scope(function(scope)
		while pending:acquire() do
			local bytes = idle(read_frame, client)
			local query = bytes and message.read(bytes)
			if not query then return end
			scope:wrap(give_back, pending, answer_frame, client, query)
		end
	end) -- returns when what was asked is answered
end

local function serve_client(client)
	local ok, why = pcall(answer_frames, client)
	client:close()
	if not ok then error(why, 0) end
end

local function serve_connections(tcp)
	while connections:acquire() do
		local client, code = tcp:accept { nodelay = true }
		if client then
			prepare(client):settimeout(IDLE)
			controller:wrap(give_back, connections, serve_client, client)
		else
			connections:release()
			if controller:closing() then return end
			complain("TCP", code)
		end
	end
end

-- -- The server -----------------------------------------------------------------------------

-- Opens both sockets at one port. Throws if it is taken; the system may choose one over TCP that is taken over UDP.
local function open(tries)
	local tcp = assert(socket.listen { host = address, port = port, reuseaddr = true })
	assert(tcp:listen())
	local number = select(3, tcp:localname())
	local udp = prepare(assert(socket.listen { host = address, port = number, type = socket.SOCK_DGRAM }))
	local ok, code = udp:listen()
	if not ok then
		tcp:close()
		udp:close()
		assert(port == 0 and tries > 1, errno.strerror(code))
		return open(tries - 1)
	end
	return tcp, udp
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local tcp, udp = open(10)
print(("listening on %s %d"):format(select(2, tcp:localname())))
io.stdout:flush()

controller:wrap(idle, serve_datagrams, udp)
controller:wrap(idle, serve_connections, tcp)
controller:wrap(function()
	stop:wait()
	controller:shutdown(GRACE)
end)
for failure in controller:errors() do
	io.stderr:write(tostring(failure), "\n")
end

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A server of mail (SMTP, RFC 5321) that takes messages only over TLS, which begins in the middle: STARTTLS, RFC 3207.
--
--   lua starttls.lua CERTIFICATE KEY [ADDRESS [PORT]]      two PEM files; port 0 lets the system choose a free one
--
-- It prints who sent what to whom, and keeps nothing. What a client said before STARTTLS is forgotten, and what stands in the
-- same packet behind STARTTLS makes the handshake fail: whoever is between could have said it.

local cqueues = require "cqueues"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"
local tls = require "cqueues.tls"

local certificate, key, address, port = ...

local SECONDS, GRACE, LONGEST, MESSAGE = 60, 5, 1000, 1024 * 1024 -- of silence; at the stop; bytes of a line, of a message

local config = assert(tls.new { role = "server", certificate = certificate, key = key })

local function report(...)
	print(string.format(...))
	io.stdout:flush()
end

-- Reads a line without its CR LF; nil at the end. A line that ends in LF alone is refused, since servers disagree about what
-- such a line is, and messages could be smuggled in.
local function read_line(client)
	local line = client:read "*L"
	if line and line:sub(-2) ~= "\r\n" then
		client:write "500 lines are short, and end in CR LF\r\n"
		return nil
	end
	return line and line:sub(1, -3)
end

-- The text of a message: the lines up to a dot; of others a dot in front is taken away. Nil if it does not come, or is too long.
local function read_message(client)
	local lines, size = {}, 0
	local line = read_line(client)
	while line and line ~= "." and size <= MESSAGE do
		lines[#lines + 1] = line:gsub("^%.", "")
		size = size + #line + 2
		line = read_line(client)
	end
	return line == "." and table.concat(lines, "\n") or nil
end

-- Each takes a session and an argument, and returns the answer; nothing if the connection ends.
local commands = {}

function commands.EHLO(session, name)
	session.name, session.from, session.to = name, nil, nil
	return session.encrypted and "250 hello" or "250-hello\r\n250 STARTTLS"
end

function commands.STARTTLS(session)
	if session.encrypted then return "503 it is encrypted" end
	session.client:write "220 go on\r\n"
	if session.client:starttls(config) then
		session.encrypted, session.name, session.from, session.to = true, nil, nil, nil
		return "" -- the client speaks next
	end
	report("no TLS: %s", tostring(session.client:reason()))
end

function commands.MAIL(session, argument)
	if not session.encrypted then return "530 STARTTLS comes first" end
	if not session.name then return "503 EHLO comes first" end
	session.from, session.to = argument:match "^[Ff][Rr][Oo][Mm]:<(.-)>", {}
	return session.from and "250 ok" or "501 MAIL FROM:<address>"
end

function commands.RCPT(session, argument)
	local to = argument:match "^[Tt][Oo]:<(.+)>$"
	if not session.from then return "503 MAIL comes first" end
	if not to then return "501 RCPT TO:<address>" end
	if #session.to >= 100 then return "452 too many" end
	table.insert(session.to, to)
	return "250 ok"
end

function commands.DATA(session)
	if not session.from or #session.to == 0 then return "503 MAIL and RCPT come first" end
	session.client:write "354 a dot ends it\r\n"
	local message = read_message(session.client)
	if not message then return end
	report("from %s to %s: %d bytes", session.from, table.concat(session.to, ", "), #message)
	session.from, session.to = nil, nil
	return "250 ok"
end

function commands.RSET(session)
	session.from, session.to = nil, nil
	return "250 ok"
end

function commands.NOOP() return "250 ok" end

function commands.QUIT(session)
	session.over = true
	return "221 bye"
end

local function converse(client)
	local session = { client = client }
	client:write "220 ready\r\n"
	repeat
		local line = cqueues.scope(function(scope)
			scope:idle() -- ends at once when the server stops
			return read_line(client)
		end)
		local word, argument = (line or ""):match "^(%a+) ?(.*)$"
		local command = commands[(word or ""):upper()]
		local answer = line and (not command and "500 what?" or command(session, argument))
		if answer and answer ~= "" then
			client:write(answer, "\r\n")
		end
	until not answer or session.over
end

local function connection(client)
	client:onerror(function(_, _, code) return code end) -- whatever happens, methods return it
	client:setmode("b", "bl")
	client:setmaxline(LONGEST)
	client:settimeout(SECONDS)
	converse(client)
	client:finish(1)
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local listener = assert(socket.listen(address or "127.0.0.1", tonumber(port or 2525)))
assert(listener:listen())
report("listening on %s %d", select(2, listener:localname()))

local controller = cqueues.new()
controller:wrap(function()
	local client = listener:accept()
	while client do
		controller:wrap(connection, client)
		client = listener:accept()
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

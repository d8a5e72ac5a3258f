#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A client of HTTP/1.1 and of WebSocket.
--
--   lua client.lua http://HOST[:PORT]/PATH [PATH...]      gets pages over one connection, and prints them
--   lua client.lua ws://HOST[:PORT]/PATH MESSAGE...       sends each message, and prints its answer

package.path = (arg[0]:match "^.*/" or "./") .. "?.lua;" .. package.path

local cqueues = require "cqueues"
local message = require "message"
local socket = require "cqueues.socket"
local websocket = require "websocket"
local check = require("cqueues.auxlib").assert -- turns numbers into texts

local SECONDS = 30

-- Sends a request, and reads the head of its answer: status and headers.
local function ask(server, host, path, more)
	server:write("GET ", path, " HTTP/1.1\r\nHost: ", host, "\r\n", more or "", "\r\n")
	check(server:flush())
	local line, headers
	repeat
		line, headers = message.read_head(server)
		local status = tonumber((line or ""):match "^HTTP/1%.%d (%d%d%d)")
		if not status then error "no answer of HTTP" end
		if status == 101 or status >= 200 then return status, headers end
	until false -- 1xx: the answer proper follows
end

local function get(server, host, paths)
	for _, path in ipairs(paths) do
		local status, headers = ask(server, host, path)
		local body = status ~= 204 and status ~= 304 and message.read_body(server, headers, true) or ""
		if status ~= 200 then error(path .. ": status " .. status, 0) end
		io.stdout:write(body)
		if message.has(headers, "connection", "close") then return end
	end
end

local function talk(server, host, path, messages)
	local key = websocket.key()
	local status, headers = ask(server, host, path,
		"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " .. key .. "\r\n")
	if status ~= 101 or headers["sec-websocket-accept"] ~= websocket.accept(key) then
		error("no WebSocket, status " .. status, 0)
	end
	server:setmode("b", "bf")
	for _, text in ipairs(messages) do
		check(websocket.write(server, websocket.TEXT, text, true))
		local opcode, answer = websocket.read(server, true)
		if not opcode then error("closed: " .. tostring(answer), 0) end
		print(answer)
	end
	websocket.close(server, 1000, true)
	repeat until not websocket.read(server, true) -- the server's close
end

local url = ...
local scheme, authority, path = url:match "^(%w+)://([^/]+)(/?.*)$"
local host, port = (authority or ""):match "^(.-):(%d+)$"
local rest = { select(2, ...) }

local controller = cqueues.new()
controller:wrap(function()
	local server = socket.connect(host or authority, tonumber(port or 80))
	server:settimeout(SECONDS)
	server:onerror(function(_, _, code) return code end)
	server:setmode("t", "bf")
	server:setmaxline(message.HEAD)
	check(server:connect())
	if scheme == "ws" then
		talk(server, authority, path, rest)
	else
		table.insert(rest, 1, path)
		get(server, authority, rest)
	end
	server:close()
end)

local ok, why = controller:loop()
if not ok then
	io.stderr:write(tostring(why), "\n")
	os.exit(1)
end

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Sends a message, which it reads from its input, over SMTP with STARTTLS (RFC 3207). Without TLS, or to a server whose
-- certificate is not valid for its name, it sends nothing.
--
--   lua client.lua FROM TO HOST [PORT [AUTHORITIES]]      a PEM file of whom to trust, instead of the system's authorities

local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local tls = require "cqueues.tls"
local check = require("cqueues.auxlib").assert -- turns numbers into texts

local from, to, host, port, authorities = ...

-- Sends a line, if there is one, and reads the answer, whose lines but the last have a "-" behind the code. Throws what is not
-- wanted; returns the lines in one.
local function ask(server, wanted, ...)
	if ... then
		check(server:write(...))
		check(server:write "\r\n")
	end
	local lines = {}
	repeat
		local line = server:read "*l"
		if not line or #lines == 100 or not line:match("^" .. wanted) then
			error(tostring(line or "the server has gone"), 0)
		end
		lines[#lines + 1] = line
	until line:sub(4, 4) ~= "-"
	return table.concat(lines, "\n")
end

local function send(server, text)
	ask(server, 220)
	if not ask(server, 250, "EHLO localhost"):find "STARTTLS" then
		error("the server has no STARTTLS", 0)
	end
	ask(server, 220, "STARTTLS")
	-- What came in plain text behind that answer is not believed: the handshake fails.
	local ok = server:starttls(check(tls.new { role = "client", authorities = authorities, verify = true }))
	if not ok then error(server:reason() or "no TLS", 0) end
	ask(server, 250, "EHLO localhost") -- again, as whoever is between may have changed the first answer
	ask(server, 250, "MAIL FROM:<", from, ">")
	ask(server, 250, "RCPT TO:<", to, ">")
	ask(server, 354, "DATA")
	text = ("\n" .. text:gsub("\r?\n$", "")):gsub("\r?\n", "\r\n"):gsub("\n%.", "\n.."):sub(3)
	ask(server, 250, text, "\r\n.")
	ask(server, 221, "QUIT")
end

local controller = cqueues.new()
controller:wrap(function()
	local server = socket.connect { host = host, port = tonumber(port or 25), verify = true }
	server:onerror(function(_, _, code) return code end)
	server:setmode("t", "bf") -- answers end in CR LF or LF
	server:settimeout(30)
	check(server:connect())
	send(server, io.read "*a")
	server:finish()
end)

local ok, why = controller:loop()
if not ok then
	io.stderr:write(tostring(why), "\n")
	os.exit(1)
end

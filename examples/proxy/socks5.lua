#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A SOCKS5 proxy (RFC 1928) that connects, to names and to addresses of IPv4 and IPv6. It asks nobody who he is, so it listens
-- where only friends are.
--
--   lua socks5.lua [ADDRESS [PORT]]      port 0 lets the system choose a free one

package.path = (arg[0]:match "^.*/" or "./") .. "?.lua;" .. package.path

local errno = require "cqueues.errno"
local relay = require "relay"

local address, port = ...

local SECONDS = 10 -- for the request, and for the connection to the server

-- What section 6 calls the outcomes.
local GENERAL, COMMAND, ADDRESS_TYPE = 1, 7, 8
local REPLIES = { [errno.ENETUNREACH] = 3, [errno.EHOSTUNREACH] = 4, [errno.ETIMEDOUT] = 4, [errno.ECONNREFUSED] = 5 }

-- Reads exactly so many bytes; throws if they do not come.
local function read(client, size)
	local bytes = client:read(size)
	if not bytes or #bytes < size then error("no request", 0) end
	return bytes
end

-- The address is for the commands that are not here; 0.0.0.0, port 0 stands for none.
local function reply(client, outcome)
	return client:write("\5", string.char(outcome), "\0\1\0\0\0\0\0\0")
end

-- Section 3: the client offers ways to tell who it is, of which "nobody" (0) is taken.
local function greet(client)
	local version, count = read(client, 2):byte(1, 2)
	local offers = version == 5 and read(client, count) or ""
	local fits = offers:find("\0", 1, true) ~= nil
	client:write("\5", fits and "\0" or "\255")
	return fits
end

-- Section 5: an address or a name, by its type; nil for other types.
local function read_host(client, kind)
	if kind == 1 then
		return ("%d.%d.%d.%d"):format(read(client, 4):byte(1, 4))
	elseif kind == 3 then
		return read(client, read(client, 1):byte())
	elseif kind == 4 then
		local groups = {}
		for i = 1, 8 do
			local high, low = read(client, 2):byte(1, 2)
			groups[i] = ("%x"):format(high * 256 + low)
		end
		return table.concat(groups, ":")
	end
end

-- Section 4: where the client wants to go. Host and port; or nil and the outcome.
local function read_request(client)
	local _, command, _, kind = read(client, 4):byte(1, 4)
	local host = read_host(client, kind)
	if not host then return nil, ADDRESS_TYPE end
	local high, low = read(client, 2):byte(1, 2)
	if command ~= 1 then return nil, COMMAND end
	return host, high * 256 + low
end

relay.run(address, port or 1080, function(client)
	client:settimeout(SECONDS)
	local ok, host, number = pcall(function()
		if greet(client) then return read_request(client) end
	end)
	if not ok or not host then
		if ok and number then reply(client, number) end
		return client:finish(1)
	end
	local server, code = relay.connect(host, number, SECONDS)
	reply(client, server and 0 or REPLIES[code] or GENERAL)
	if not server then
		return client:finish(1)
	end
	client:settimeout()
	relay.join(client, server)
end)

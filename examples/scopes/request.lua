#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A time limit around a request, whatever it consists of. What comes too late is not lost.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local socket = require "cqueues.socket"

local client, server = socket.pair()
local cq = cqueues.new()

cq:wrap(function() -- answers the first question late
	server:read "*l"
	cqueues.sleep(0.2)
	server:write "half past nine\n"
end)

cq:wrap(function()
	local answer, why = cqueues.timeout(0.1, function()
		client:write "What is the time?\n"
		return client:read "*l"
	end)
	print(answer or errno.strerror(why))
	print("later: " .. client:read "*l")
end)

assert(cq:loop())

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Two threads that talk over a socket pair: one counts, the other prints what it hears.
--
--   messages.lua [FROM [TO]]

local cqueues = require "cqueues"
local thread = require "cqueues.thread"

local from, to = ...

-- The function runs in a Lua of its own: nothing of this file is there but what is passed.
local counter, con, code = thread.start(function(con, from, to)
	local cqueues = require "cqueues"
	local cq = cqueues.new()

	cq:wrap(function()
		for n = from, to do
			con:write("number ", n, "\n")
			cqueues.sleep(0.1)
		end
	end)
	assert(cq:loop())
end, tonumber(from or 0), tonumber(to or 9))

if not counter then
	error(require "cqueues.errno".strerror(code))
end

local cq = cqueues.new()

cq:wrap(function()
	local line = con:read()
	while line do
		print("heard " .. line)
		line = con:read()
	end

	local joined, why = counter:join()
	if joined then
		print(why or "The other thread ended well.")
	else
		error(require "cqueues.errno".strerror(why))
	end
end)

assert(cq:loop())

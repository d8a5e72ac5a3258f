#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- Asks the DNS, much as dig(1) does.
--
--   dig.lua [OPTION...] NAME [TYPE [CLASS]]
--
--   @ADDRESS          ask this server, "127.0.0.1", "[::1]:5300" or "tls://127.0.0.1#NAME"; up to three
--   --root FILE       ask from the top: FILE has a root server a line, "ZONE ADDRESS"
--   --timeout SECONDS, --attempts N, --deadline SECONDS
--   --tcp=enable|only|disable, --edns, --smart
--   --short           print the data only, a record a line
--
-- Ends with 0 if there was an answer ("no such name" is one), with 1 if there was none, with 2 if it was
-- not understood.
local config = require "cqueues.dns.config"
local hints = require "cqueues.dns.hints"
local packet = require "cqueues.dns.packet"
local resolver = require "cqueues.dns.resolver"
local strerror = require "cqueues.errno".strerror

local function fail(code, ...)
	io.stderr:write("dig: ", table.concat({ ... }, ": "), "\n")
	os.exit(code)
end

-- What is asked, and how: words, and settings for config.new.
local words, servers, roots, short, deadline = {}, {}, nil, false, nil
local options = {}
local settings = { nameserver = servers, search = {}, lookup = { "bind" }, options = options }

local takes = {
	["--root"] = function(value) roots = value end,
	["--timeout"] = function(value) options.timeout = tonumber(value) end,
	["--attempts"] = function(value) options.attempts = tonumber(value) end,
	["--deadline"] = function(value) deadline = tonumber(value) end,
}
local switches = {
	["--edns"] = function() options.edns0 = true end,
	["--smart"] = function() options.smart = true end,
	["--short"] = function() short = true end,
	["--tcp=enable"] = function() options.tcp = config.TCP_ENABLE end,
	["--tcp=only"] = function() options.tcp = config.TCP_ONLY end,
	["--tcp=disable"] = function() options.tcp = config.TCP_DISABLE end,
}

local index = 1
while arg[index] do
	local word = arg[index]
	if takes[word] then
		index = index + 1
		takes[word](arg[index] or fail(2, word, "its value is missing"))
	elseif switches[word] then
		switches[word]()
	elseif word:sub(1, 1) == "@" then
		servers[#servers + 1] = word:sub(2)
	elseif word:sub(1, 2) == "--" then
		fail(2, word, "unknown option")
	else
		words[#words + 1] = word
	end
	index = index + 1
end
if not words[1] then
	fail(2, "usage", "dig.lua [@ADDRESS] [--root FILE] NAME [TYPE [CLASS]]")
end

-- Whom to ask: the root servers of a file, the servers that were named, or the system's.
local function make()
	if roots then
		options.recurse = true
		local known = hints.new()
		for line in io.lines(roots) do
			local zone, address = line:match "^([^#%s]+)%s+(%S+)"
			if zone then
				known:insert(zone, address)
			end
		end
		return resolver.new(config.new(settings), nil, known)
	elseif servers[1] then
		return resolver.new(config.new(settings))
	end
	return resolver.stub { options = options }
end

local made, asking = pcall(make)
if not made then
	fail(2, tostring(asking))
end
local understood, answer, code = pcall(asking.query, asking, words[1], words[2] or "A", words[3] or "IN", deadline)
if not understood then
	fail(2, tostring(answer))
elseif not answer then
	fail(1, words[1] .. " " .. (words[2] or "A"), asking:reason() ~= "" and asking:reason() or strerror(code))
end

---@cast answer cqueues.dns.Packet

if short then
	for record in answer:grep { section = packet.section.ANSWER } do
		print(tostring(record))
	end
else
	io.write(tostring(answer))
end
if answer:flags().rcode == packet.rcode.SERVFAIL and asking:reason() ~= "" then
	fail(1, asking:reason())
end

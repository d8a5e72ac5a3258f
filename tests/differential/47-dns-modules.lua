-- SPDX-License-Identifier: MIT
-- Modules of DNS: what they hold, loaded in any order and again.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local functions = {
	["cqueues.dns"] = { "version", "random", "query", "getpool", "setpool", "loader" },
	["cqueues.dns.record"] = {},
	["cqueues.dns.packet"] = { "new", "type", "interpose" },
	["cqueues.dns.config"] = { "new", "stub", "root", "type", "interpose", "loadfile", "loadpath", "loader" },
	["cqueues.dns.hosts"] = { "new", "stub", "root", "type", "interpose", "loadfile", "loadpath" },
	["cqueues.dns.hints"] = { "new", "stub", "root", "type", "interpose" },
	["cqueues.dns.resolver"] = { "new", "stub", "root", "type", "interpose", "loader" },
	["cqueues.dns.resolvers"] = { "new", "stub", "root", "type", "loader" },
}

local methods = {
	packet = { "qid", "setqid", "flags", "setflags", "count", "grep", "push", "load", "dump" },
	config = { "get", "set", "getns", "setns", "getsearch", "setsearch", "getlookup", "setlookup", "getopts", "setopts", "getiface",
		"setiface", "loadfile", "loadpath", "search" },
	hosts = { "insert", "loadfile", "loadpath" },
	hints = { "insert", "grep" },
	resolver = { "query", "submit", "fetch", "stat", "close", "pollfd", "events", "timeout" },
	resolvers = { "query", "get", "put", "signal", "check", "onleak" },
}

local names = {}
for name in pairs(functions) do
	names[#names + 1] = name
end
table.sort(names)

local function check(label)
	section(label)
	for _, name in ipairs(names) do
		local module = require(name)
		local words = {}
		for _, field in ipairs(functions[name]) do
			words[#words + 1] = field .. "=" .. type(module[field])
		end
		say(name, table.concat(words, " "))
	end
	for _, name in ipairs { "packet", "config", "hosts", "hints", "resolver", "resolvers" } do
		local object = require("cqueues.dns." .. name).new()
		local words = {}
		for _, field in ipairs(methods[name]) do
			words[#words + 1] = field .. "=" .. type(object[field])
		end
		say("methods of " .. name, table.concat(words, " "))
		say("  type", type(object) .. ", " .. tostring(require("cqueues.dns." .. name).type(object)))
		say("  no such method", tostring(object.nosuch))
	end
end

local function forget()
	for name in pairs(package.loaded) do
		if name:match "cqueues" then
			package.loaded[name] = nil
		end
	end
end

check "loaded in order"

for first = 1, #names do
	forget()
	for i = 0, #names - 1 do
		require(names[(first + i - 1) % #names + 1])
	end
	if first == 1 or first == #names then
		check("loaded again, " .. names[first] .. " first")
	end
end

-- Objects of one loading go into those of another.
section "mixed"
local config, hosts = require "cqueues.dns.config", require "cqueues.dns.hosts"
local c, h = config.new { lookup = { "file" }, nameserver = {} }, hosts.new()
h:insert("10.0.0.1", "a.test")
forget()
local resolver, packet = require "cqueues.dns.resolver", require "cqueues.dns.packet"
local p = resolver.new(c, h):query "a.test"
show("packet", packet.type(p), p:count(packet.section.ANSWER))
show("config", require("cqueues.dns.config").type(c))
show("hosts", require("cqueues.dns.hosts").type(h))

section "each alone"
for _, name in ipairs(names) do
	forget()
	local module = require(name)
	say(name, type(module))
end

section "errors are known"
local errno = require "cqueues.errno"
local base = -1684960064
for code = base, base + 11 do
	local text = errno.strerror(code)
	show(tostring(code - base), type(text), not text:match "^Unknown error")
end

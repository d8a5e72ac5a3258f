-- SPDX-License-Identifier: MIT
--
-- What the modules of DNS keep: records, packets, configurations, hosts, hints.

local make = require "make"
local record = require "cqueues.dns.record"
local packet = require "cqueues.dns.packet"
local config = require "cqueues.dns.config"
local hosts = require "cqueues.dns.hosts"
local hints = require "cqueues.dns.hints"
local dns = require "cqueues.dns"

local list = {}

local modules = { record = record, packet = packet, config = config, hosts = hosts, hints = hints }

-- `object` may be left out for functions of a module.
local function call(class, name, fields)
	local method = name:sub(1, 1) == ":"
	fields.class = class
	fields.name = class .. (method and "" or ".") .. name .. (fields.fields and "{}" or "")
	fields.call = fields.call or (method and "o" .. name or ("require 'cqueues.dns.%s'.%s"):format(class, name))
	if class ~= "record" then
		fields.same = fields.same or function() return modules[class].new() end
	end
	list[#list + 1] = fields
end

local function body(p)
	return (tostring(p):gsub("^.-\n\n", "", 1))
end

-- Records and packets.
local message = "\18\52\132\0\0\1\0\4\0\0\0\0" .. "\1a\4test\0\0\1\0\1" .. "\192\12\0\1\0\1\0\0\1\44\0\4\127\0\0\9"
	.. "\192\12\0\15\0\1\0\0\1\44\0\9\0\10\4mail\192\12" .. "\192\12\0\16\0\1\0\0\1\44\0\6\5hello"
	.. "\192\12\0\5\0\1\0\0\1\44\0\2\192\12"

local function a_packet(_, state)
	if state == "empty" then
		return packet.new(512)
	elseif state == "question" then
		local p = packet.new(512)
		p:push("QD", "a.test.", "A", "IN")
		return p
	end
	local p = packet.new(512)
	p:load(message)
	return p
end

local function packet_left(env)
	local p = env.object
	return outcome_of(pcall(function() return p:count(), body(p), p:flags() end))
end

local function of_packet(name, fields)
	fields.make, fields.after, fields.states = a_packet, packet_left, fields.states or { "empty", "question", "message" }
	call("packet", name, fields)
end

of_packet(":qid", { places = 1, states = { "message" } })
of_packet(":setqid", { places = 1, base = { 7 } })
list[#list].after = function(env) return tostring(env.object:qid()) end
of_packet(":flags", { places = 1 })
of_packet(":setflags", { places = 1, base = { { rd = true } } })
of_packet(":setflags", { fields = { "qr", "opcode", "aa", "tc", "rd", "ra", "z", "rcode" }, base = { {} },
	states = { "question" } })
of_packet(":count", { places = 1 })
of_packet(":push", { places = 5, base = { "QD", "b.test.", "A", "IN" }, states = { "empty" } })
of_packet(":push", { places = 2, base = { "QD", "b.test.", "A", "IN" }, states = { "question" } })
list[#list].name = "packet:push(again)"
of_packet(":load", { places = 1, base = { message }, states = { "empty", "message" } })
of_packet(":dump", { places = 1, states = { "message" } })
list[#list].not_kinds, list[#list].after = { file = true, ["closed-file"] = true }, nil
list[#list].volatile = "text"
local function grep(o, ...)
	local r = pack()
	for rr in o:grep(...) do
		r.n = r.n + 1
		r[r.n] = tostring(rr:name()) .. " " .. tostring(rr)
	end
	return r
end
of_packet(":grep", { call = grep, places = 1, states = { "message" } })
of_packet(":grep", { call = grep, fields = { "section", "type", "class", "name" }, base = { {} },
	states = { "message" } })
call("packet", "new", { places = 2, base = { 512 } })
call("packet", "new", { places = 2, base = { message, 600 } })
list[#list].name = "packet.new(message)"
call("packet", "type", { places = 1 })
list[#list + 1] = make.interpose("cqueues.dns.packet", "packet", "qid", function() return packet.new() end)
for _, name in ipairs { "section", "opcode", "rcode" } do
	call("packet", name .. "[]", { call = function(_, key) return pack(packet[name][key]) end, places = 1,
		not_kinds = { absent = true } })
end
for _, name in ipairs { "class", "sshfp" } do
	call("record", name .. "[]", { call = function(_, key) return pack(record[name][key]) end, places = 1,
		not_kinds = { absent = true } })
end
call("record", "type[]", { call = function(_, key) return pack(record.type[key]) end, places = 1,
	not_kinds = { absent = true } })
call("record", "type", { places = 1 })

local function a_record(_, state)
	for rr in a_packet(nil, "message"):grep { section = "AN", type = state } do
		return rr
	end
end
for _, name in ipairs { "section", "name", "type", "class", "ttl", "addr", "host", "preference", "data", "rdata" } do
	call("record", ":" .. name, { make = a_record, states = { "A", "MX", "TXT", "CNAME" } })
end
call("record", ":name", { make = a_record, states = { "A" }, places = 1 })

-- Configurations.
local function configuration(_, state)
	return config.new(state == "filled" and { nameserver = { "127.0.0.1" }, search = { "example.test" },
		lookup = { "file", "bind" }, options = { ndots = 2 } } or nil)
end

local function config_left(env)
	return outcome_of(pcall(function() return env.object:get() end))
end

local function of_config(name, fields)
	fields.make, fields.after = configuration, config_left
	fields.states = fields.states or { "fresh", "filled" }
	call("config", name, fields)
end

local settings = { "nameserver", "search", "lookup", "options", "edns0", "ndots", "timeout", "attempts", "rotate",
	"recurse", "smart", "tcp", "interface" }
local options = { "edns0", "ndots", "timeout", "attempts", "rotate", "recurse", "smart", "tcp" }

for _, name in ipairs { "get", "getns", "getsearch", "getlookup", "getopts", "getiface" } do
	of_config(":" .. name, { places = 1 })
end
of_config(":set", { places = 1, base = { {} } })
of_config(":set", { fields = settings, base = { {} } })
of_config(":set", { call = function(o, given) return pack(o:set { options = given }) end, fields = options,
	base = { {} } })
list[#list].name = "config:set{options{}}"
for _, name in ipairs { "setns", "setsearch", "setlookup" } do
	of_config(":" .. name, { places = 1, base = { {} } })
	of_config(":" .. name, { fields = { "1", "2" }, base = { { "127.0.0.2" } } })
end
of_config(":setopts", { places = 1, base = { {} } })
of_config(":setopts", { fields = options, base = { {} } })
of_config(":setiface", { places = 1, base = { "127.0.0.1" } })
of_config(":search", { places = 1, base = { "www" }, iterate = 4 })
of_config(":loadpath", { places = 2, base = { "/etc/resolv.conf" } })
of_config(":loadfile", { places = 2, base = function(env)
	local file = io.open "/etc/resolv.conf"
	env.closing[#env.closing + 1] = function() file:close() end
	return { file }
end })
of_config(":tostring", { call = function(o) return pack(tostring(o)) end })
for _, name in ipairs { "new", "stub", "root" } do
	call("config", name, { places = 1 })
	call("config", name, { fields = settings, base = { {} } })
	for i = #list - 1, #list do
		local expression = list[i].call
		list[i].call = function(_, ...) return pack(config[name](...):get()) end
	end
end
for _, name in ipairs { "loadpath", "loadfile" } do
	call("config", name, { places = 2, base = { "/etc/resolv.conf" } })
end
call("config", "type", { places = 1 })
list[#list + 1] = make.interpose("cqueues.dns.config", "config", "getiface", function() return config.new() end)
call("config", "[]", { call = function(_, key) return pack(config[key]) end, places = 1,
	not_kinds = { absent = true } })

-- Hosts.
local function text_left(env)
	return outcome_of(pcall(function() return tostring(env.object) end))
end

local function of_hosts(name, fields)
	fields.make, fields.after = function() return hosts.new() end, text_left
	call("hosts", name, fields)
end

-- With an empty name the original tells what happens to be in its memory.
of_hosts(":insert", { places = 3, base = { "127.0.0.3", "three.test", true }, not_kinds = { empty = true } })
of_hosts(":loadpath", { places = 1, base = { "/etc/hosts" } })
of_hosts(":loadfile", { places = 1, base = function(env)
	local file = io.open "/etc/hosts"
	env.closing[#env.closing + 1] = function() file:close() end
	return { file }
end })
for _, name in ipairs { "new", "stub", "root", "loadpath", "loadfile" } do
	call("hosts", name, { places = 1 })
end
call("hosts", "type", { places = 1 })
list[#list + 1] = make.interpose("cqueues.dns.hosts", "hosts", "insert", function() return hosts.new() end)

-- Hints.
local function some_hints(_, state)
	local h = hints.new()
	if state == "filled" then
		h:insert(".", "127.0.0.1", 1)
		h:insert("test.", "[127.0.0.2]:5353", 2)
	end
	return h
end

local function of_hints(name, fields)
	fields.make, fields.after, fields.states = some_hints, text_left, { "fresh", "filled" }
	call("hints", name, fields)
end

of_hints(":insert", { places = 3, base = { "zone.test.", "127.0.0.3", 1 } })
of_hints(":insert", { places = 3, base = function() return { "zone.test.", configuration(nil, "filled"), 1 } end })
list[#list].name = "hints:insert(configuration)"
of_hints(":grep", { places = 1, iterate = 4 })
for _, name in ipairs { "new", "stub", "root" } do
	call("hints", name, { places = 1, same = function() return configuration(nil, "filled") end })
	list[#list].call = function(_, ...)
		local h = hints[name](...)
		return pack(hints.type(h), name == "root" or tostring(h))
	end
end
call("hints", "type", { places = 1 })
list[#list + 1] = make.interpose("cqueues.dns.hints", "hints", "grep", function() return hints.new() end)

list[#list + 1] = { name = "dns.version", call = "require 'cqueues.dns'.version", places = 1, volatile = "number" }
list[#list + 1] = { name = "dns.random", call = "require 'cqueues.dns'.random", places = 1, volatile = "number" }

return list

-- SPDX-License-Identifier: MIT
--
-- DNS without a network: messages that are read and printed, questions put into them, configurations, hosts and hints of random
-- fields and of random lines.

dofile((arg[0]:gsub("[^/]*$", "")) .. "../differential/dns.lua")

local catalogue = new_catalogue()
local LABELS = { "a", "b", "WWW", "test", "x-1", "_tcp", "0", "example", ("l"):rep(63), "com" }
local ADDRESSES = { "127.0.0.1", "10.1.2.3", "255.255.255.255", "0.0.0.0", "::1", "2001:db8::1", "::ffff:1.2.3.4", "fe80::", "::" }
local BAD_ADDRESSES = { "x.y", "1.2.3", "300.1.1.1", "::g", "1.2.3.4.5", "" }
-- Records whose text is the same in both; see docs/differences.md for CAA, DS, SSHFP, HTTPS, and for TXT of several strings.
local TYPES = { "A", "AAAA", "NS", "CNAME", "MX", "PTR", "SRV", "TXT", "SOA", 999 }

local function random_name(g)
	local labels = {}
	for i = 1, g:number(3) do
		labels[i] = g:choose(LABELS)
	end
	return table.concat(labels, ".")
end

-- A name of which no label stands in it twice: of others the original compresses less.
local function plain_name(g)
	local labels, seen = {}, {}
	for label in random_name(g):gmatch "[^.]+" do
		if not seen[label] then
			labels[#labels + 1], seen[label] = label, true
		end
	end
	return table.concat(labels, ".")
end

local function bytes(g, count)
	local list = {}
	for i = 1, count do
		list[i] = string.char(g:number(256) - 1)
	end
	return table.concat(list)
end

local RDATA = {
	A = function(g) return bytes(g, 4) end,
	AAAA = function(g) return bytes(g, 16) end,
	NS = function(g) return domain(random_name(g)) end,
	MX = function(g) return bytes(g, 2) .. domain(random_name(g)) end,
	SRV = function(g) return bytes(g, 6) .. domain(random_name(g)) end,
	TXT = function(g) return counted(g:choose { "", "text", "with \"quotes\"", "a\\b", ("t"):rep(255) }) end,
	SOA = function(g) return domain(random_name(g)) .. domain(random_name(g)) .. bytes(g, 20) end,
	[999] = function(g) return bytes(g, g:number(9) - 1) end,
}
RDATA.CNAME, RDATA.PTR = RDATA.NS, RDATA.NS

-- Names are in plain or, half of them, end in a pointer to the first question's.
local function random_record(g)
	local kind = g:choose(TYPES)
	local owner = g:chance(50) and domain(random_name(g)) or counted(g:choose { "a", "b", "ns" }) .. "\192\12"
	local ttl = g:choose { 0, 1, 300, 2147483647 }
	local data = RDATA[kind](g)
	return owner .. u16(record.type[kind] or kind) .. u16(record.class.IN) .. u32(ttl) .. u16(#data) .. data
end

local function random_message(g)
	local fields = { id = g:number(65536) - 1, flags = g:number(65536) - 1, an = {}, ns = {}, ar = {} }
	local kind = g:choose(TYPES)
	fields.qd = { question(random_name(g), kind) }
	for _, section_name in ipairs { "an", "ns", "ar" } do
		for i = 1, g:number(4) - 1 do
			fields[section_name][i] = random_record(g)
		end
	end
	return message(fields)
end

-- Packets.

catalogue:add("read message", 6, random_message, function(world, data)
	world.packet = packet.new(data)
	return world.packet and world.packet:count()
end)
-- There is room for all of it: one that was cut is printed differently (docs/differences.md: "A record that does not fit its type").
catalogue:add("load message", 2, random_message, function(world, data)
	world.packet = packet.new(4096)
	return world.packet:load(data)
end)
catalogue:add("new packet", 1, function(g) return g:choose { 512, 64, 1500 } end, function(world, size)
	world.packet = packet.new(size)
	world.packet:setqid(7)
end)
catalogue:add("print packet", 5, nil, function(world) return tostring(world.packet) end)
catalogue:add("dump packet", 3, nil, function(world) return hex(world.packet:dump()) end)
catalogue:add("header", 3, nil, function(world) return world.packet:flags(), world.packet:qid(), world.packet:count() end)
catalogue:add("count", 1, function(g) return g:number(15) end, function(world, sections) return world.packet:count(sections) end)
catalogue:add("push question", 3, function(g) return plain_name(g), g:choose(TYPES) end, function(world, owner, kind)
	return world.packet:push(packet.section.QUESTION, owner, record.type[kind] or record.type.A, 1)
end)
local FLAGS = { "qr", "aa", "tc", "rd", "ra", "z" }
catalogue:add("set flags", 2, function(g) return g:choose(FLAGS), g:chance(50), g:number(16) - 1 end, function(world, flag, value, code)
	return world.packet:setflags { [flag] = flag == "z" and code % 8 or value, rcode = code }
end)
catalogue:add("set id", 1, function(g) return g:number(65536) - 1 end, function(world, id) return world.packet:setqid(id) end)
local function fields_of(r)
	local list = { tostring(r) }
	for _, field in ipairs { "addr", "host", "preference", "mname", "rname", "serial", "refresh", "retry", "expire", "minimum", "data",
		"priority", "weight", "port", "target" } do
		if r[field] then
			list[#list + 1] = field .. " " .. tostring(r[field](r))
		end
	end
	return table.concat(list, ", ")
end
-- docs/differences.md: "Numbers of types and classes from 1 to 65535 are taken", so no type is asked for that has no name.
catalogue:add("grep", 6, function(g)
	return g:maybe(g:choose { "QUESTION", "ANSWER", "AUTHORITY", "ADDITIONAL" }), g:maybe(TYPES[g:number(#TYPES - 1)], 30)
end, function(world, section_name, kind)
	local list = {}
	for r in world.packet:grep { section = section_name and packet.section[section_name], type = kind and (record.type[kind] or kind) } do
		list[#list + 1] = ("%d %s %d %d %d"):format(r:section(), r:name(), r:type(), r:class(), r:ttl())
		if r:section() ~= packet.section.QUESTION then
			list[#list] = list[#list] .. ": " .. fields_of(r)
		end
	end
	for _, text in ipairs(list) do
		line("records", text)
	end
	return #list
end)

-- Configurations.

local function addresses(g)
	local list = {}
	for i = 1, g:number(4) - 1 do
		local address = g:choose(g:chance(10) and BAD_ADDRESSES or ADDRESSES)
		list[i] = g:chance(30) and ("[%s]:%d"):format(address, g:choose { 53, 5300, 65535 }) or address
	end
	return list
end

local function domains(g)
	local list = {}
	for i = 1, g:number(5) - 1 do
		list[i] = random_name(g) .. "."
	end
	return list
end

local function lookup(g)
	local list = {}
	for i = 1, g:number(4) - 1 do
		list[i] = g:choose { "file", "bind", "cache" }
	end
	return list
end

local function options(g)
	return {
		edns0 = g:maybe(g:chance(50)), ndots = g:maybe(g:number(16) - 1), timeout = g:maybe(g:number(30)),
		attempts = g:maybe(g:number(5)), rotate = g:maybe(g:chance(50)), recurse = g:maybe(g:chance(50)),
		smart = g:maybe(g:chance(50)), tcp = g:maybe(g:choose { 0, 1, 2 }),
	}
end

-- docs/differences.md: "A port in `interface`", so there is one.
catalogue:add("new configuration", 3, function(g)
	return { nameserver = addresses(g), search = domains(g), lookup = lookup(g), options = options(g),
		interface = g:maybe(g:choose { "[127.0.0.1]:77", "[::1]:99" }) }
end, function(world, fields)
	world.config = config.new(fields)
	return world.config ~= nil
end)
catalogue:add("set servers", 1, addresses, function(world, list) return world.config:setns(list) end)
catalogue:add("set search", 1, domains, function(world, list) return world.config:setsearch(list) end)
catalogue:add("set lookup", 1, lookup, function(world, list) return world.config:setlookup(list) end)
catalogue:add("set options", 2, options, function(world, list) return world.config:setopts(list) end)
catalogue:add("configuration", 4, nil, function(world) return world.config:get() end)
catalogue:add("print configuration", 3, nil, function(world) return tostring(world.config) end)
catalogue:add("search", 3, random_name, function(world, some)
	local list = {}
	for domain_name in world.config:search(some) do
		list[#list + 1] = domain_name
	end
	return list
end)

local function resolv_conf(g)
	local lines = {}
	for i = 1, g:number(5) do
		lines[i] = g:choose {
			"nameserver " .. g:choose(ADDRESSES), "nameserver " .. g:choose(BAD_ADDRESSES), "search " .. table.concat(domains(g), " "),
			"domain " .. random_name(g), "options ndots:" .. g:number(15) .. " rotate", "options timeout:" .. g:number(9),
			"options edns0 attempts:" .. g:number(5), "lookup file bind", "# nameserver 9.9.9.9", "", "unknown words", "search",
			"options debug", "nameserver", "\tnameserver  " .. g:choose(ADDRESSES) .. " ; more",
		}
	end
	return table.concat(lines, "\n") .. g:choose { "\n", "" }
end
-- docs/differences.md: "Servers that a file names replace those before", so there are none.
catalogue:add("read resolv.conf", 4, resolv_conf, function(world, text)
	world.config = config.new()
	return world.config:loadpath(path_of(text))
end)

-- Hosts and hints.

local function hosts_lines(g)
	local lines = {}
	for i = 1, g:number(4) do
		lines[i] = g:choose { g:choose(ADDRESSES) .. " " .. random_name(g), g:choose(ADDRESSES) .. "\t" .. random_name(g) .. " alias other",
			g:choose(BAD_ADDRESSES) .. " " .. random_name(g), "# " .. random_name(g), "", g:choose(ADDRESSES),
			" " .. g:choose(ADDRESSES) .. " " .. random_name(g) .. " # end" }
	end
	return table.concat(lines, "\n") .. g:choose { "\n", "" }
end
catalogue:add("read hosts", 3, hosts_lines, function(world, text) return world.hosts:loadpath(path_of(text)) end)
catalogue:add("insert host", 2, function(g) return g:choose(ADDRESSES), random_name(g), g:maybe(g:chance(50)) end,
	function(world, ...) return world.hosts:insert(...) end)
catalogue:add("print hosts", 4, nil, function(world) return tostring(world.hosts) end)
-- docs/differences.md: `"com" and "com." are one zone in hints`, and `grep` of both tells servers in another order.
catalogue:add("insert hint", 2, function(g) return g:choose(ADDRESSES) end, function(world, address)
	return world.hints:insert(".", address, 1)
end)
catalogue:add("print hints", 1, nil, function(world) return tostring(world.hints) end)
catalogue:add("hints", 1, one_of { ".", "test." }, function(world, zone)
	local list = {}
	for address in world.hints:grep(zone) do
		list[#list + 1] = address
	end
	table.sort(list)
	return table.concat(list, " ")
end)

local family = { catalogue = catalogue }

function family.make(g)
	return { options = {}, tasks = { { name = "t1", operations = g:list(catalogue, 5 + g:number(14)) } } }
end

-- docs/differences.md: "`packet.new()` has room for QBUFSIZ bytes", so a size is given.
function family.run(program)
	local world = { packet = packet.new(512), config = config.new(), hosts = hosts.new(), hints = hints.new() }
	world.packet:setqid(1)
	perform_alone(world, program)
	remove_files()
end

return family

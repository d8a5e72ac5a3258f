-- SPDX-License-Identifier: MIT
--
-- For the scripts about DNS: messages put together byte by byte, a name server that runs as tasks
-- of the same controller, and ways to print what differs only in what does not matter.

packet = require "cqueues.dns.packet"
record = require "cqueues.dns.record"
config = require "cqueues.dns.config"
hosts = require "cqueues.dns.hosts"
hints = require "cqueues.dns.hints"
resolver = require "cqueues.dns.resolver"

local floor = math.floor

function u16(n)
	return string.char(floor(n / 256) % 256, n % 256)
end

function u32(n)
	return u16(floor(n / 65536)) .. u16(n % 65536)
end

-- A character string: its length, then itself.
function counted(text)
	return string.char(#text) .. text
end

-- A domain name, not compressed.
function domain(text)
	local labels = {}
	for label in text:gmatch "[^.]+" do
		labels[#labels + 1] = counted(label)
	end
	return table.concat(labels) .. "\0"
end

function question(name, type, class)
	return domain(name) .. u16(tonumber(type) or record.type[type]) .. u16(class or 1)
end

function rr(name, type, data, ttl, class)
	return question(name, type, class) .. u32(ttl or 300) .. u16(#data) .. data
end

function soa(name)
	return rr(name, "SOA", domain "ns.test" .. domain "admin.test" .. u32(1) .. u32(2) .. u32(3) .. u32(4) .. u32(5))
end

-- A message of lists of records: { id =, flags =, qd =, an =, ns =, ar = }.
function message(fields)
	local parts = { u16(fields.id or 0), u16(fields.flags or 0x8180) }
	local sections = { fields.qd or {}, fields.an or {}, fields.ns or {}, fields.ar or {} }
	for i = 1, 4 do
		parts[#parts + 1] = u16(#sections[i])
	end
	for i = 1, 4 do
		parts[#parts + 1] = table.concat(sections[i])
	end
	return table.concat(parts)
end

function hex(bytes)
	return (bytes:gsub(".", function(c) return ("%02x "):format(c:byte()) end))
end

-- Names of errors in a list of results.
function named(...)
	local list = pack(...)
	for i = 2, list.n do
		list[i] = type(list[i]) == "number" and error_name(list[i]) or list[i]
	end
	return unpack(list, 1, list.n)
end

-- Is the call refused? Where a text is part of the interface it is shown, without position.
function refused(label, f, ...)
	local ok, why = pcall(f, ...)
	if ok then
		return show(label, "taken")
	end
	local text = tostring(why):match "[^:]*: unknown DNS %l+" or tostring(why):match "not dns resolver pool"
	show(label, "thrown", text and text:match "^%s*(.*)")
end

-- A fresh file with the given contents; its path.
local files = {}

function path_of(text)
	local path = os.tmpname()
	local file = assert(io.open(path, "w"))
	file:write(text)
	file:close()
	files[#files + 1] = path
	return path
end

function remove_files()
	for _, path in ipairs(files) do
		os.remove(path)
	end
end

-- What a record has to say. The accessors in the order given.
local accessors = { "addr", "host", "preference", "mname", "rname", "serial", "refresh", "retry", "expire", "minimum",
	"data", "priority", "weight", "port", "target", "algo", "digest", "policy", "rcode", "version", "maxsize", "rdata" }

function show_record(label, r)
	show(label, r:name(), r:type(), r:class(), r:ttl(), r:section(), tostring(r))
	for _, field in ipairs(accessors) do
		if r[field] then
			show("  " .. field, r[field](r))
		end
	end
end

-- Records of a packet, a line each.
function show_records(label, p, selector)
	local words = {}
	for r in p:grep(selector) do
		words[#words + 1] = ("%d/%s/%d"):format(r:section(), r:name(), r:type())
	end
	say(label, table.concat(words, " "))
end

-- The text of a packet without its header, which has a random number.
function body(p)
	return (tostring(p):gsub("^.-\n\n", "", 1):gsub("\n+", " | "))
end

-- Ask, and show what comes of it: the code of the answer, question and records.
function ask(label, r, ...)
	local p, code = r:query(...)
	if not p then
		return show(label, p, error_name(code))
	end
	say(label, (packet.rcode[p:flags().rcode] or "?") .. ", " .. body(p))
	return p
end

-- Name servers.

local function parse(bytes)
	local labels, at = {}, 13
	while bytes:byte(at) ~= 0 do
		local n = bytes:byte(at)
		labels[#labels + 1] = bytes:sub(at + 1, at + n):lower()
		at = at + n + 1
	end
	local function number(i)
		return bytes:byte(i) * 256 + bytes:byte(i + 1)
	end
	return {
		id = number(1), flags = number(3), name = table.concat(labels, "."),
		type = number(at + 1), class = number(at + 3), question = bytes:sub(13, at + 4),
	}
end

-- A port that is free, for UDP.
function free_port()
	local s = socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }
	s:listen(5)
	local port = select(3, s:localname())
	s:close()
	return port
end

-- A server of UDP and TCP at one port. It serves one resolver at a time, whose socket is bound to the port
-- `client`: datagrams are exchanged over a connected socket. `answer(query)` returns nil or the fields of a
-- message, or a list of messages, bytes, and seconds to wait. Every query is shown unless `quiet`. Returns the server's port.
function serve(controller, client, answer, options)
	options = options or {}
	local host = options.host or "127.0.0.1"
	local tcp = socket.listen { host = host, port = 0 }
	tcp:listen(5)
	local port = select(3, tcp:localname())
	local udp = socket.connect { host = "127.0.0.1", port = client, type = socket.SOCK_DGRAM,
		bind = { addr = host, port = port } }
	udp:connect(5)
	returns_errors(udp):setmode("bn", "bn")
	local function act(bytes, protocol, send)
		local q = parse(bytes)
		q.protocol = protocol
		if not options.quiet then
			say("  " .. (options.label or "asked"), ("%s %s %d %d, recursion %s"):format(protocol, q.name, q.type, q.class,
				floor(q.flags / 256) % 2 == 1 and "desired" or "not desired"))
		end
		local answers = answer(q)
		if answers and not answers[1] then
			answers = { answers }
		end
		for _, fields in ipairs(answers or {}) do
			if type(fields) == "table" then
				fields.id, fields.qd = fields.id or q.id, fields.qd or { q.question }
				fields = message(fields)
			end
			if type(fields) == "number" then
				cqueues.sleep(fields)
			else
				send(fields)
			end
		end
	end
	controller:wrap(function()
		while true do
			local bytes = udp:read(-65535)
			if bytes then
				act(bytes, "udp", function(reply)
					udp:write(reply)
					udp:flush()
				end)
			else -- nobody there yet or any more
				udp:clearerr()
				cqueues.sleep(0.01)
			end
		end
	end)
	controller:wrap(function()
		while true do
			local c = tcp:accept()
			controller:wrap(function()
				returns_errors(c):setmode("bn", "bn")
				while true do
					local size = c:read(2)
					if not size or #size < 2 then
						break
					end
					act(c:read(size:byte(1) * 256 + size:byte(2)), "tcp", function(reply)
						c:write(u16(#reply), reply)
						c:flush()
					end)
				end
				c:close()
			end)
		end
	end)
	return port
end

-- Run f as a task; servers that it starts end with it.
function with_controller(f)
	local controller = cqueues.new()
	local ended
	controller:wrap(function()
		local ok, why = protect(f, controller)
		if not ok then
			show("stopped", why)
		end
		ended = true
	end)
	local deadline = cqueues.monotime() + 15
	while not ended and cqueues.monotime() < deadline do
		local ok, why = controller:step(0.5)
		if not ok then
			show("step", why)
			break
		end
	end
	if not ended then
		show("step", "not finished")
	end
	controller:close()
end

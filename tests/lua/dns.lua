-- SPDX-License-Identifier: MIT
--
-- For the specs about DNS: messages put together from records, and a name server that runs as tasks of the
-- same controller.
--
--   local d = dofile(... "dns.lua")(t)

return function(t)
	local packet = require "cqueues.dns.packet"
	local record = require "cqueues.dns.record"
	local resolver = require "cqueues.dns.resolver"
	local d = {}

	function d.u16(n)
		return string.char(math.floor(n / 256) % 256, n % 256)
	end

	function d.u32(n)
		return d.u16(math.floor(n / 65536)) .. d.u16(n % 65536)
	end

	-- A domain name in wire form.
	function d.domain(text)
		return (text:gsub("([^.]+)%.?", function(label) return string.char(#label) .. label end)) .. "\0"
	end

	-- A packet with these records: { section, name, type, rdata[, ttl] }.
	function d.packet(...)
		local p = packet.new(4000)
		for _, fields in ipairs { ... } do
			local section, name, type, rdata, ttl = t.unpack(fields, 1, 5)
			t.check(p:push(section, name, type, "IN", ttl or 300, rdata), name)
		end
		return p
	end

	-- The only record of a packet with one of this type and data.
	function d.record(type, rdata)
		return d.packet({ "AN", "owner.test", type, rdata }):grep()()
	end

	-- What is found in a packet, as "name type".
	function d.found(p, selector)
		local words = {}
		for r in p:grep(selector) do
			words[#words + 1] = r:name() .. " " .. (record.type[r:type()] or r:type())
		end
		return table.concat(words, ", ")
	end

	-- The first record of the question section: name and type in letters.
	local function question_of(p)
		local r = p:grep { section = "QD" } ()
		return r:name():lower(), record.type[r:type()] or r:type()
	end

	-- The answer to a query: what `answer(name, type, protocol, query)` returns, records as for d.packet, with
	-- flags = a table for setflags; nil: none, a string: as it is.
	local function reply(bytes, answer, protocol)
		local query = t.check(packet.new(bytes), "query")
		local name, type = question_of(query)
		local records = answer(name, type, protocol, query)
		if records == nil or _G.type(records) == "string" then
			return records
		end
		local p = d.packet({ "QD", name, type }, t.unpack(records)):setqid(query:qid())
		return p:setflags { qr = true, rd = true, ra = true } :setflags(records.flags or {}):dump()
	end

	-- Starts a server of UDP and TCP at one port of 127.0.0.1; its port, and a table with a count of queries.
	function d.serve(answer)
		local controller, seen = t.cqueues.running(), { udp = 0, tcp = 0 }
		local tcp, udp, port = t.both()
		controller:wrap(function()
			while true do
				local bytes, address, from = udp:recvfrom()
				if bytes then
					seen.udp = seen.udp + 1
					local answered = reply(bytes, answer, "udp")
					if answered then
						udp:sendto(answered, address, from)
					end
				end
			end
		end)
		local function talk(c)
			while true do
				local size = c:read(2)
				if not size then
					return c:close()
				end
				seen.tcp = seen.tcp + 1
				local answered = reply(c:read(size:byte(1) * 256 + size:byte(2)), answer, "tcp")
				if answered then
					c:write(d.u16(#answered), answered)
					c:flush()
				end
			end
		end
		controller:wrap(function()
			while true do
				local c = t.bare(tcp:accept())
				controller:wrap(function() talk(c) end)
			end
		end)
		return port, seen
	end

	-- The answer to a query over a connection, with its length in front: one address.
	function d.framed(bytes)
		local answered = reply(bytes, function(name) return { { "AN", name, "A", "\192\0\2\1" } } end)
		return d.u16(#answered) .. answered
	end

	-- Starts a server of connections at 127.0.0.1: its port, and a table with counts. Each connection runs
	-- script(connection, number), where connection.query() is the next query or nil at the end, and connection.say(text)
	-- sends it. With `tls` the server shakes hands first; connections on which that fails are counted, and end.
	function d.connections(script, tls)
		local controller, seen = t.cqueues.running(), { connections = 0, queries = 0, refused = 0, sizes = {} }
		local listener, port = t.listener()
		local function talk(c, number)
			if tls and not c:starttls(tls, 5) then
				seen.refused = seen.refused + 1
				return c:close()
			end
			local connection = { socket = c }
			function connection.query()
				local size = c:read(2)
				local bytes = size and c:read(size:byte(1) * 256 + size:byte(2))
				if bytes then
					seen.queries = seen.queries + 1
					seen.sizes[#seen.sizes + 1] = #bytes
				end
				return bytes
			end
			function connection.say(text)
				c:write(text)
				c:flush()
			end
			seen.resumed = (seen.resumed or 0) + (tls and c:tlsinfo().resumed and 1 or 0)
			script(connection, number)
			c:close()
		end
		controller:wrap(function()
			while true do
				local c = listener:accept()
				if not c then
					return
				end
				c = t.bare(c)
				seen.connections = seen.connections + 1
				local number = seen.connections
				controller:wrap(function() talk(c, number) end)
			end
		end)
		function seen.stop()
			listener:close()
		end
		return port, seen
	end

	-- A script that answers each query at once.
	function d.answer_all(connection)
		while true do
			local query = connection.query()
			if not query then
				return
			end
			connection.say(d.framed(query))
		end
	end

	-- What a resolver that asks such a server is made of.
	function d.options(port, more)
		local options = { nameserver = { ("[127.0.0.1]:%d"):format(port) }, lookup = { "bind" }, cache = false,
			timeout = 5, attempts = 1 }
		for name, value in pairs(more or {}) do
			options[name] = value
		end
		return options
	end

	function d.resolver(port, more, ...)
		return resolver.new(d.options(port, more), ...)
	end

	-- A list of addresses as one text, in an order that does not depend on what this host reaches.
	function d.set(list)
		local copy = { t.unpack(list) }
		table.sort(copy)
		return table.concat(copy, " ")
	end

	-- The addresses in an answer, or the failure.
	function d.addresses(p, code)
		if not p then
			return t.errno[code] or code
		end
		local words = {}
		for r in p:grep { section = "AN" } do
			words[#words + 1] = tostring(r)
		end
		return table.concat(words, " ")
	end

	-- A file with a text, which goes with the others of t.directory.
	local directory, files = nil, 0
	function d.file(text)
		directory, files = directory or t.directory(), files + 1
		local path = directory .. "/" .. files
		local file = t.check(io.open(path, "w"), "file")
		file:write(text)
		file:close()
		return path
	end

	return d
end

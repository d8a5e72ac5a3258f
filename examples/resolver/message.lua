-- SPDX-License-Identifier: MIT
-- Queries as clients send them, and the responses to them (RFC 1035, section 4; EDNS is RFC 6891).

local packet = require "cqueues.dns.packet"
local record = require "cqueues.dns.record"

local message = {}

local DATAGRAM, EDNS_DATAGRAM, STREAM = 512, 1232, 65535 -- bytes; datagrams of the second size pass everywhere in one piece
local RCODES, NOTIMP_TYPES = packet.rcode, { [251] = true, [252] = true } -- IXFR and AXFR
local QUERY, BADVERS = packet.opcode.QUERY, 16

-- Reads the bytes of a query: a table with what a response needs. A table with `rcode` is answered with it and nothing else. Returns
-- nil for what gets no answer: less than a header, and responses, as two servers could send those to each other for ever.
function message.read(bytes)
	if #bytes < 12 or bytes:byte(3) >= 128 then
		return nil
	end
	local header = packet.new(bytes:sub(1, 4) .. ("\0"):rep(8))
	local query = { id = header:qid(), flags = header:flags(), datagram = DATAGRAM }
	if query.flags.opcode ~= QUERY then
		query.rcode = RCODES.NOTIMP
		return query
	end
	local content = packet.new(bytes)
	if not content or content:count(packet.section.QUESTION) ~= 1 or not pcall(message.examine, query, content) then
		query.rcode = RCODES.FORMERR
	elseif query.version and query.version > 0 then
		query.rcode = BADVERS
	elseif NOTIMP_TYPES[query.type] then
		query.rcode = RCODES.NOTIMP
	end
	return query
end

-- Notes question and EDNS of a query. Throws if they make no sense.
function message.examine(query, content)
	local question = content:grep { section = "QUESTION" } ()
	query.name, query.type, query.class = question:name(), question:type(), question:class()
	for opt in content:grep { section = "ADDITIONAL", type = "OPT" } do
		query.version = opt:version()
		query.datagram = math.max(DATAGRAM, math.min(opt:maxsize(), EDNS_DATAGRAM))
	end
end

-- Appends a record; throws if there is no room.
local function push(response, ...)
	return assert(response:push(...))
end

local function begin(query, rcode, truncated)
	local response = packet.new(STREAM):setqid(query.id)
	response:setflags { qr = true, opcode = query.flags.opcode, tc = truncated, rd = query.flags.rd, ra = true, rcode = rcode % 16 }
	if query.name then
		push(response, "QUESTION", query.name, query.type, query.class)
	end
	return response
end

-- The OPT record, if the client has sent one: the size of datagrams in place of the class, more bits of the rcode in that of the TTL.
local function finish(query, response, rcode)
	if query.version then
		push(response, "ADDITIONAL", ".", "OPT", EDNS_DATAGRAM, math.floor(rcode / 16) * 2 ^ 24, "")
	end
	return response:dump()
end

-- A response without records.
function message.refuse(query, rcode, truncated)
	return finish(query, begin(query, rcode, truncated), rcode)
end

local function compose(query, answer)
	local response = begin(query, answer:flags().rcode)
	for _, section in ipairs { "ANSWER", "AUTHORITY", "ADDITIONAL" } do
		for found in answer:grep { section = section } do
			if found:type() ~= record.OPT then -- that one was about the way to the other server
				push(response, section, found:name(), found:type(), found:class(), found:ttl(), found)
			end
		end
	end
	return finish(query, response, answer:flags().rcode)
end

-- The response that tells what another server has answered; SERVFAIL if it has not, or if its records make no sense.
function message.respond(query, answer)
	local ok, bytes = pcall(compose, query, answer)
	return ok and bytes or message.refuse(query, RCODES.SERVFAIL)
end

-- What of a response goes into a datagram: all of it, or that it is too long (TC), whereupon the client asks over TCP.
function message.datagram(query, bytes)
	return #bytes <= query.datagram and bytes or message.refuse(query, bytes:byte(4) % 16, true)
end

return message

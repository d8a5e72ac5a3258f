-- SPDX-License-Identifier: MIT
-- Heads and bodies of HTTP/1.1 messages (RFC 9112), for the server and for the client. A socket that is given is in text mode
-- for input, so that lines may end in CR LF or LF, and its methods return errors.

local errno = require "cqueues.errno"

local message = { HEAD = 8192, BODY = 1024 * 1024 } -- how many bytes are accepted

-- Reads a head. Returns its first line and a table of headers with names in lower case; or nil and a status that says what is
-- wrong with it, or nil alone if the peer has gone.
function message.read_head(socket)
	local left, first, headers = message.HEAD, nil, {}
	while true do
		local line, code = socket:read "*L"
		if not line then
			return nil, code == errno.ETIMEDOUT and 408 or nil
		end
		left = left - #line
		if left < 0 or line:sub(-1) ~= "\n" then
			return nil, 431
		end
		line = line:sub(1, -2)
		if not first then
			first = line
		elseif line == "" then
			return first, headers
		else
			local name, value = line:match "^([^%s:]+):%s*(.-)%s*$"
			name = name and name:lower()
			-- Two lengths, of which others may believe the other one, are how requests are smuggled (section 11.2).
			if not name or headers[name] and (name == "content-length" or name == "transfer-encoding" or name == "host") then
				return nil, 400
			end
			headers[name] = headers[name] and headers[name] .. ", " .. value or value
		end
	end
end

-- Whether a header has the word in its list.
function message.has(headers, name, word)
	local words = (headers[name] or ""):lower():gsub("%s", "")
	return ("," .. words .. ","):find("," .. word .. ",", 1, true) ~= nil
end

-- Reads exactly so many bytes as they are; nil if they do not come.
local function read_bytes(socket, size)
	if size == 0 then return "" end
	local data = socket:xread(size, "b")
	return data and #data == size and data or nil
end

-- Section 7.1. Extensions and trailers are passed over.
local function read_chunks(socket)
	local chunks, total = {}, 0
	while true do
		local digits = (socket:read "*l" or ""):match "^(%x+)[ \t]*;?"
		local size = digits and #digits <= 8 and tonumber(digits, 16)
		if not size then return nil, 400 end
		total = total + size
		if total > message.BODY then return nil, 413 end
		if size == 0 then break end
		chunks[#chunks + 1] = read_bytes(socket, size)
		if socket:read "*l" ~= "" then return nil, 400 end
	end
	for _ = 1, 100 do
		local line = socket:read "*l"
		if line == "" then return table.concat(chunks) end
		if not line then break end
	end
	return nil, 400
end

-- Reads the body that a head announces; nil and a status if it does not come or is too long. That of an answer may end with
-- the connection (section 6.3).
function message.read_body(socket, headers, is_answer)
	local length = headers["content-length"]
	if headers["transfer-encoding"] then
		if length then return nil, 400 end
		if headers["transfer-encoding"]:lower() ~= "chunked" then return nil, 501 end
		return read_chunks(socket)
	elseif length then
		if not length:match "^%d+$" then return nil, 400 end
		if tonumber(length) > message.BODY then return nil, 413 end
		local body = read_bytes(socket, tonumber(length))
		return body, not body and 400 or nil
	end
	return is_answer and socket:xread("*a", "b") or ""
end

-- Writes a piece of a body in chunks; the empty piece ends it.
function message.write_chunk(socket, piece)
	return socket:write(("%x\r\n"):format(#piece), piece, "\r\n")
end

return message

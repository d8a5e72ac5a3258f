-- SPDX-License-Identifier: MIT
-- Messages of WebSocket (RFC 6455) on a socket whose methods return errors and which is in binary mode. Whether texts are UTF-8
-- is not looked at.

local digest = require "digest"
local random = require("cqueues.dns").random -- from the kernel's generator

local websocket = { TEXT = 1, BINARY = 2, LONGEST = 65536 } -- opcodes; bytes of a message that is accepted
local CLOSE, PING, PONG = 8, 9, 10

-- What a client sends as Sec-WebSocket-Key.
function websocket.key()
	local words = {}
	for i = 1, 4 do words[i] = digest.bytes(random(), 4) end
	return digest.base64(table.concat(words))
end

-- What a server answers to it as Sec-WebSocket-Accept (section 4.2.2).
function websocket.accept(key)
	return digest.base64(digest.sha1(key .. "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
end

local function mask(payload, key)
	local bytes = {}
	for i = 1, #payload do
		bytes[i] = string.char(digest.bxor(payload:byte(i), key:byte((i - 1) % 4 + 1)))
	end
	return table.concat(bytes)
end

-- Sends a message in one frame. A client masks it (section 5.3).
function websocket.write(socket, opcode, payload, is_client)
	local size, bit = #payload, is_client and 128 or 0
	local key = is_client and digest.bytes(random(), 4) or ""
	local length = size < 126 and string.char(bit + size)
		or size < 65536 and string.char(bit + 126) .. digest.bytes(size, 2)
		or string.char(bit + 127) .. digest.bytes(size, 8)
	return socket:write(string.char(128 + opcode), length, key, is_client and mask(payload, key) or payload) and socket:flush()
end

-- Says why the connection ends; 1000 is an end without a fault (section 7.4.1).
function websocket.close(socket, status, is_client)
	return websocket.write(socket, CLOSE, digest.bytes(status, 2), is_client)
end

-- Reads a frame: its opcode, its payload and whether it is the last of its message; or nil and the status of a close.
local function read_frame(socket, is_client, room)
	local head = socket:read(2)
	if not head or #head < 2 then return nil end
	local first, second = head:byte(1, 2)
	local opcode, size, masked, final = first % 16, second % 128, second >= 128, first >= 128
	-- No extension was agreed on, so no reserved bit is set; only clients mask; control frames are short and whole.
	if first % 128 >= 16 or masked == is_client or opcode >= 8 and (size > 125 or not final) then
		return nil, 1002
	end
	if size >= 126 then size = socket:unpack(size == 126 and 16 or 64) end
	if not size then return nil end
	if size < 0 or size > room then return nil, 1009 end
	local key = masked and socket:read(4)
	local payload = size == 0 and "" or socket:read(size)
	if not payload or #payload < size or masked and not key then return nil end
	return opcode, key and mask(payload, key) or payload, final
end

-- Reads a message: its opcode and text. Answers pings and the close of the peer; nil once the connection has ended.
function websocket.read(socket, is_client)
	local kind, pieces, room = nil, {}, websocket.LONGEST
	while true do
		local opcode, payload, final = read_frame(socket, is_client or false, room)
		if not opcode then
			if payload then websocket.close(socket, payload, is_client) end
			return nil, payload
		elseif opcode == CLOSE then
			websocket.write(socket, CLOSE, payload:sub(1, 2), is_client)
			return nil, #payload >= 2 and payload:byte(1) * 256 + payload:byte(2) or 1005
		elseif opcode == PING then
			websocket.write(socket, PONG, payload, is_client)
		elseif opcode ~= PONG then
			-- The first frame says what the message is, the others continue it.
			if opcode > 2 or (opcode == 0) ~= (kind ~= nil) then
				websocket.close(socket, 1002, is_client)
				return nil, 1002
			end
			kind = kind or opcode
			pieces[#pieces + 1] = payload
			room = room - #payload
			if final then return kind, table.concat(pieces) end
		end
	end
end

return websocket

-- SPDX-License-Identifier: MIT
-- Bulk data over TCP or TLS 1.3 on whatever `require "cqueues"` finds, 64 KiB a call.
--
--   lua bulk_cqueues.lua recv|send MEBIBYTES [CERTIFICATE KEY]

local cqueues = require "cqueues"
local socket = require "cqueues.socket"

local direction, total, certificate, key = arg[1], tonumber(arg[2]) * 2 ^ 20, arg[3], arg[4]
local CHUNK = 65536

local function contents(path)
	local file = assert(io.open(path))
	local text = file:read "*a"
	file:close()
	return text
end

local context
if certificate then
	context = require "openssl.ssl.context".new("TLS", true)
	context:setCertificate(require "openssl.x509".new(contents(certificate)))
	context:setPrivateKey(require "openssl.pkey".new(contents(key)))
end

-- The load generator's chunk.
local letters = {}
for i = 0, CHUNK - 1 do
	letters[i + 1] = string.char(97 + i % 251 % 26)
end
local chunk = table.concat(letters)

local function receive(client)
	local done = 0
	while done < total do
		local data = client:read(-CHUNK)
		if not data then return end
		done = done + #data
	end
	client:write "k\n"
	client:flush()
end

local function send(client)
	client:read "*l"
	for _ = 1, total / CHUNK do
		if not client:write(chunk) then return end
	end
	client:flush()
end

local server = assert(socket.listen("127.0.0.1", 0))
assert(server:listen())
local _, address, port = server:localname()
print("listening on " .. address .. " " .. port)
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	for client in server:clients() do
		client:setmode("b", "bf")
		client:setbufsiz(CHUNK, CHUNK)
		client:onerror(function(_, _, code) return code end)
		if not context or client:starttls(context) then
			(direction == "recv" and receive or send)(client)
			client:read(1) -- the client closes first
		end
		client:close()
	end
end)
assert(controller:loop())

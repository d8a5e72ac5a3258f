-- SPDX-License-Identifier: MIT
-- bulk.lua receive|send MEBIBYTES [CERTIFICATE KEY]: accepts one connection and receives, or sends, so
-- much in pieces of 64 KiB; with a certificate, over TLS.
local cqueues, socket = require "cqueues", require "cqueues.socket"

local what, mebibytes, certificate, key = arg[1], tonumber(arg[2]), arg[3], arg[4]
local piece, pieces = ("x"):rep(65536), mebibytes * 16

local function slurp(path)
	local file = assert(io.open(path))
	local text = file:read "*a"
	file:close()
	return text
end

local function context()
	local made = require("openssl.ssl.context").new("TLS", true)
	made:setCertificate(require("openssl.x509").new(slurp(certificate)))
	made:setPrivateKey(require("openssl.pkey").new(slurp(key)))
	return made
end

local listener = socket.listen("127.0.0.1", 0)
assert(listener:listen())
print((select(3, listener:localname())))
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	local client = listener:accept()
	client:setmode("b", "bf")
	client:setvbuf("full", 65536)
	if certificate then
		assert(client:starttls(context()))
	end
	local count = 0
	if what == "receive" then
		local ahead = 0
		for data in client:lines(-65536) do
			count = count + #data
			-- The sender is to be ahead: what is counted is receiving what is there, not waiting.
			if count - ahead >= 2097152 then
				ahead = count
				cqueues.sleep(0.05)
			end
		end
		assert(count == pieces * #piece)
	else
		for _ = 1, pieces do
			assert(client:write(piece))
		end
		assert(client:flush())
		client:shutdown "w"
	end
	client:close()
end)
assert(controller:loop())

-- SPDX-License-Identifier: MIT
-- Gets a page over HTTPS: the server's certificate must be valid and name the host.
--
--   lua get.lua [HOST [PORT [PATH]]]
--
-- Authorities are those of the system; SSL_CERT_FILE in the environment names a file with others.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local assert = require "cqueues.auxlib".assert -- turns numbers into texts

local host, port, path = ...

local controller = cqueues.new()
controller:wrap(function()
	local http = socket.connect { host = host or "localhost", port = port or 443,
		verify = true, strict = true }
	http:settimeout(30)
	assert(http:starttls())
	http:write("GET ", path or "/", " HTTP/1.0\n")
	http:write("Host: ", host or "localhost", "\n\n")

	print(assert(http:read "*l"))
	local header = http:read "*h"
	while header do
		print(header)
		header = http:read "*h"
	end
	print(http:read "*l") -- the empty line

	http:setmode "b" -- the body as it is
	local piece, why = http:read(-65536)
	while piece do
		io.stdout:write(piece)
		piece, why = http:read(-65536)
	end
	assert(not why, why) -- cut short, unless it ended as TLS streams should
	http:close()
end)

local ok, why = controller:loop()
if not ok then
	io.stderr:write(tostring(why), "\n")
	os.exit(1)
end

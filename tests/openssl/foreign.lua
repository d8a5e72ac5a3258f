-- SPDX-License-Identifier: MIT
-- foreign.lua PORT: a library with an OpenSSL of its own takes no object of another OpenSSL, and gives none away. Either
-- would end the program.

local cqueues = require "cqueues"
local context = require "openssl.ssl.context"
local socket = require "cqueues.socket"

local port = tonumber((...))
local controller = cqueues.new()
controller:wrap(function()
	local foreign = socket.connect("127.0.0.1", port)
	local ok, why = pcall(foreign.starttls, foreign, context.new "TLS")
	assert(not ok and why:find "OpenSSL of its own", "took a context of luaossl: " .. tostring(why))
	foreign:close()

	local own = socket.connect("127.0.0.1", port)
	assert(own:starttls())
	local object, text = own:checktls()
	assert(object == nil and text:find "OpenSSL of its own", "gave " .. tostring(object))
	own:close()
end)
assert(controller:loop(10))

-- SPDX-License-Identifier: MIT
-- The program of the guide's section 4.1, but for the server's name and port.
local cqueues = require"cqueues"
local socket = require"cqueues.socket"

local http = socket.connect("127.0.0.1", ...)

local cq = cqueues.new()

cq:wrap(function()
	http:starttls()

	http:write("GET / HTTP/1.0\n")
	http:write("Host: google.com:443\n\n")

	local status = http:read()
	print("!", status)

	for ln in http:lines"*h" do
		print("|", ln)
	end

	local empty = http:read"*L"
	print"~"

	for ln in http:lines"*L" do
		io.stdout:write(ln)
	end

	http:close()
end)

assert(cq:loop())

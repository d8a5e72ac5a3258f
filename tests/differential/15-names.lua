-- SPDX-License-Identifier: MIT
-- Names of both ends, and what else is known of a connection.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

-- Ports differ from run to run: say only whether it is the expected one.
local function inet(label, expected, family, address, port, ...)
	show(label, family, address, type(port), port == expected or expected == nil and (port or 0) > 0, ...)
end

local function tcp(label, address, family)
	section(label)
	local l = socket.listen { host = address, port = 0, family = family }
	show("listen", l:listen(5) == l)
	inet("listener localname", nil, l:localname())
	show("listener peername", l:peername())
	local port = select(3, l:localname())
	local c = socket.connect { host = address, port = port, family = family }
	show("connect", c:connect(5) == c)
	local s = l:accept(5)
	inet("client peername", port, c:peername())
	inet("client localname", nil, c:localname())
	inet("server localname", port, s:localname())
	inet("server peername", (select(3, c:localname())), s:peername())
	show("shut down", s:shutdown "rw")
	show("error text", (select(2, pcall(function() c:seterror("r", errno.EIO) c:read() end)):gsub(":%d+%]", ":PORT]"):gsub("^%S+:%d+: ", ""):gsub(tostring(port), "PORT")))
	c:close()
	s:close()
	l:close()
end
tcp("TCP over IPv4", "127.0.0.1", socket.AF_INET)
tcp("TCP over IPv6", "::1", socket.AF_INET6)
tcp("TCP, family not given", "127.0.0.1")

section "UNIX"
local directory = new_directory()
local path = directory .. "/socket"
local l = socket.listen { path = path }
show("listen", l:listen(5) == l)
show("listener localname", l:localname())
show("listener peername", l:peername())
local c = socket.connect { path = path }
show("connect", c:connect(5) == c)
local s = l:accept(5)
show("client peername", c:peername())
show("client localname", c:localname())
show("server localname", s:localname())
show("server peername", s:peername())
try("error text", function() c:seterror("r", errno.EIO) c:read() end)
try("error text", function() s:seterror("r", errno.EIO) s:read() end)
try("error text", function() l:seterror("r", errno.EIO) l:read() end)
remove_directory(directory)

section "abstract UNIX"
local abstract = "\0cqueues-differential-" .. tostring({}):match "0x%x+"
l = socket.listen { path = abstract }
show("listen", l:listen(5) == l)
local family, name = l:localname()
show("localname", family, name == abstract, #tostring(name) >= #abstract)
c = socket.connect { path = abstract }
show("connect", c:connect(5) == c)
s = l:accept(5)
family, name = c:peername()
show("peername", family, name == abstract)
show("server peername", s:peername())

section "pair"
local a, b = socket.pair()
show("localname", a:localname())
show("peername", a:peername())

section "not connected"
l = socket.listen("127.0.0.1", 0)
l:listen(5)
local port = select(3, l:localname())
l:close()
c = socket.connect("127.0.0.1", port)
local refused, code
repeat
	refused, code = c:peername()
until refused ~= 0
show("peername when refused", refused, error_name(code))
refused, code = c:localname()
show("localname when refused", refused, error_name(code))

section "stat"
a, b = pair()
local function counts(s)
	local stat = s:stat()
	show("sent", stat.sent.count, stat.sent.eof, type(stat.sent.time))
	show("rcvd", stat.rcvd.count, stat.rcvd.eof, type(stat.rcvd.time))
end
counts(a)
a:write "hello"
b:read(2)
counts(a)
counts(b)
a:shutdown "w"
b:read "*a"
counts(a)
counts(b)
a:setmode("b", "tf")
local fields = {}
for k, v in pairs(a:stat()) do
	fields[#fields + 1] = k .. " " .. type(v)
end
table.sort(fields)
show("fields", unpack(fields))
fields = {}
for k, v in pairs(a:stat().sent) do
	fields[#fields + 1] = k .. " " .. type(v)
end
table.sort(fields)
show("fields of sent", unpack(fields))

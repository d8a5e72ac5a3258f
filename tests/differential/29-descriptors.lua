-- SPDX-License-Identifier: MIT
-- Sockets made of descriptors, and what is known of the peer's process.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "fdopen and dup refuse what is no descriptor"
local function named(value, code)
	return value, error_name(code)
end
try("fdopen x", socket.fdopen, "x")
try("fdopen -1", function() return named(socket.fdopen(-1)) end)
try("dup -1", function() return named(socket.dup(-1)) end)
try("dup nil", function() return named(socket.dup(nil)) end)

section "dup makes a second socket of the same stream"
local a, b = pair()
local c = socket.dup(a)
show("type", socket.type(c))
show("another number", c:pollfd() ~= a:pollfd())
show("modes", c:setmode())
c:write "through the copy\n"
show("read", b:read "*l")
a:close()
c:write "still\n"
show("read", b:read "*l")
c:close()
show("end", b:read "*l")

section "dup of a number and of a table"
a, b = pair()
c = socket.dup(a:pollfd())
c:write "number\n"
show("read", b:read "*l")
c = socket.dup { fd = a:pollfd() }
c:write "table\n"
show("read", b:read "*l")

section "identity of the peer"
show("peereid", (function(...) return select("#", ...), type((...)), type((select(2, ...))) end)(a:peereid()))
show("peerpid", type(a:peerpid()))
show("both the same", a:peerpid() == b:peerpid())
local l = socket.listen("127.0.0.1", 0)
l:listen(5)
local t = socket.connect("127.0.0.1", (select(3, l:localname())))
t:connect(5)
show("peereid over TCP", named(t:peereid()))
show("peerpid over TCP", named(t:peerpid()))

section "TLS not begun"
show("checktls", (a:checktls()))
for _, method in ipairs { "checktls", "peereid", "peerpid" } do
	show(method, type(a[method]))
end

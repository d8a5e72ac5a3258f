-- SPDX-License-Identifier: MIT
-- The two calls that never wait.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function code(value, number)
	return value, error_name(number)
end

section "recv with nothing there"
local a, b = pair()
for _, format in ipairs { "*l", "*L", "*a", "*h", "*H", 1, -1, 0 } do
	show("recv " .. text_of(format), code(b:recv(format)))
end
show("error", b:error())
try("recv()", b.recv, b)
try("recv nil", b.recv, b, nil)
try("recv x", b.recv, b, "x")
try("recv *n", b.recv, b, "*n")
try("recv true", b.recv, b, true)

section "recv with a part"
a:write "one"
for _, format in ipairs { "*l", "*L", "*a", "*h", "*H", 4, 3 } do
	show("recv " .. text_of(format), code(b:recv(format)))
	show("    pending", b:pending())
end
a:write "two\nthr"
show("recv *l", code(b:recv "*l"))
show("recv *l", code(b:recv "*l"))
show("recv -2", code(b:recv(-2)))
show("recv -2", code(b:recv(-2)))
show("recv -2", code(b:recv(-2)))

section "recv *a"
a:write "one\ntwo"
show("recv *a", code(b:recv "*a"))
show("pending", b:pending())
a:shutdown "w"
show("recv *a", code(b:recv "*a"))
show("recv *a", code(b:recv "*a"))

section "recv at the end"
for _, format in ipairs { "*l", "*L", "*a", "*h", "*H", 1, -1, 0, "--x" } do
	show("recv " .. text_of(format), code(b:recv(format)))
end
show("error", b:error())
show("eof", b:eof())

section "recv of the last line"
for _, format in ipairs { "*l", "*L", "*h", "*H", 8, -8, "--x" } do
	local a, b = pair()
	a:write "one"
	a:shutdown "w"
	show("recv " .. text_of(format), code(b:recv(format)))
	show("recv " .. text_of(format), code(b:recv(format)))
end

section "recv modes"
a, b = pair()
b:setmode("t", "bn")
a:write "one\r\ntwo\r\nthree\r\nfour\r\n"
show("t", b:recv("*L", "t"))
show("b", b:recv("*L", "b"))
show("none", b:recv "*L")
show("-20", b:recv(-20))
show("setmode", b:setmode())

section "send slices"
local function slice(...)
	local a, b = pair()
	local ok, count, number = pcall(a.send, a, ...)
	show("send " .. text_of({ ... }), ok, count, error_name(number))
	show("    pending", a:pending())
	a:flush()
	a:shutdown "w"
	show("    sent", b:read "*a")
end
slice("hello", 1, 5)
slice("hello", 2, 4)
slice("hello", 1, 50)
slice("hello", 0, 2)
slice("hello", 3, 2)
slice("hello", -3, -1)
slice("hello", -30, -4)
slice("hello", 6, 6)
slice("hello", 1, 0)
slice("", 1, 0)
slice("hello", 1, 5, "bf")
slice("hello", 1, 5, "bn")
slice("hello\nthere", 1, 9, "tl")
slice("hello", 1)
slice("hello")
a, b = pair()
try("no string", a.send, a)
try("a table", a.send, a, {}, 1, 2)
try("nil string", a.send, a, nil, 1, 2)
try("number", a.send, a, 12345, 2, 3)
try("string index", a.send, a, "hello", "x", 2)
try("mode", a.send, a, "hello", 1, 5, true)
show("send with a line", a:send("one\ntwo", 1, 7, "bl"))
show("pending", a:pending())

section "send until full"
a, b = pair()
local chunk = ("x"):rep(65536)
local sent, number
for _ = 1, 1000 do
	sent, number = a:send(chunk, 1, #chunk, "bn")
	if number then
		break
	end
end
show("number", error_name(number), sent < #chunk)
show("again", error_name(select(2, a:send("y", 1, 1, "bn"))))
show("error", a:error())

section "send to a closed peer"
a, b = pair()
b:close()
show("send", code(a:send("x", 1, 1, "bn")))
show("send", code(a:send("x", 1, 1, "bn")))
show("error", a:error())
show("eof", a:eof())
show("recv", code(a:recv "*l"))
show("eof", a:eof())

section "send after shutdown"
a, b = pair()
a:shutdown "w"
show("send", code(a:send("x", 1, 1, "bn")))
show("eof", a:eof())
b:shutdown "r"
show("recv", code(b:recv "*l"))
show("eof", b:eof())

-- SPDX-License-Identifier: MIT
-- What each read format returns, with data, at the end of input, and in both input modes.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

-- A socket whose peer has written `data` and shut its side down.
local function input(data, mode)
	local a, b = pair()
	b:setmode(mode or "b", "bn")
	a:write(data)
	a:shutdown "w"
	return b
end

local text = "one\ntwo\r\nthree\n\nfour"

for _, mode in ipairs { "b", "t" } do
	section("one format again and again, input mode " .. mode)
	for _, format in ipairs { "*l", "*L", "*a", 4, 1, 100, -4, -100, "*h", "*H" } do
		local s = input(text, mode)
		local results = {}
		for i = 1, 8 do
			results[i] = text_of((s:read(format)))
		end
		say("read " .. text_of(format), table.concat(results, " "))
	end
end

section "no format"
local s = input "one\ntwo"
show("first", s:read())
show("second", s:read())
show("third", s:read())
show("error", s:error())
show("eof", s:eof())

section "several formats in one read"
s = input("one\ntwo\nthree\nfour\nfive")
show("*l *L 3", s:read("*l", "*L", 3))
show("*l 0 *a", s:read("*l", 0, "*a"))
show("*l *l", s:read("*l", "*l"))
s = input "one\n"
show("stops at the first that fails", s:read("*l", "*l", "*l", "*a"))
s = input "one\n"
show("*a *a *l", s:read("*a", "*a", "*l"))

section "zero and negative counts"
s = input "abc"
show("0 with data", s:read(0))
show("-0", s:read(-0))
show("-2", s:read(-2))
show("1.0", s:read(1.0))
show("0 at eof", s:read(0))
show("-1 at eof", s:read(-1))
show("5 at eof", s:read(5))
show("*a at eof", s:read "*a")
show("*l at eof", s:read "*l")
show("*L at eof", s:read "*L")
show("*h at eof", s:read "*h")
show("*H at eof", s:read "*H")
show("--b at eof", s:read "--b")

section "formats without the star"
for _, format in ipairs { "l", "L", "a", "h", "H", "n", "*n", "all", "*all", "line", "*line", "", "*", "x", "*x", "-", "--" } do
	s = input "one: 1\n two\n\nthree"
	try("read " .. text_of(format), s.read, s, format)
	show("    then", s:pending())
end

section "formats that are no formats"
for _, format in ipairs { false, true } do
	s = input "one"
	try("read " .. text_of(format), s.read, s, format)
end
s = input "one"
try("a table", s.read, s, {})
s = input "12345"
try("a numeric string", s.read, s, "3")
try("nil", s.read, s, nil)

section "an empty stream"
for _, format in ipairs { "*l", "*L", "*a", "*h", "*H", 0, 1, -1, "--b" } do
	show("read " .. text_of(format), input "":read(format))
end

section "a line feed only"
for _, format in ipairs { "*l", "*L", "*a", "*h", "*H", 0, 1, -1, "--b" } do
	show("read " .. text_of(format), input "\n":read(format))
end

section "zero bytes and all byte values"
s = input("a\0b\nc\0")
show("*l", s:read "*l")
show("*a", s:read "*a")

section "a number larger than the buffer"
s = input(("x"):rep(20000))
show("length", #s:read(10000), #s:read(10000), s:read(1))

-- SPDX-License-Identifier: MIT
-- Writing: what it returns, when it flushes, what stays pending.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "returns"
local a, b = pair()
show("one", a:write "x")
show("many", a:write("x", 1, 2.5, "y"))
show("none", a:write())
show("empty", a:write "")
show("chained", a:write "x":write "y")
try("nil", a.write, a, nil)
try("false", a.write, a, false)
try("true", a.write, a, true)
try("an object", a.write, a, setmetatable({}, { __tostring = function() return "object" end }))
try("good, then nil", a.write, a, "good", nil)
a:shutdown "w"
show("sent", b:read "*a")

section "pending after each write"
for _, mode in ipairs { "bn", "bl", "bf", "tn", "tl", "tf" } do
	local a, b = pair()
	a:setmode("b", mode)
	local counts = {}
	for i, piece in ipairs { "one", "\n", "two\nthree", "four\n", "five" } do
		a:write(piece)
		counts[i] = select(2, a:pending())
	end
	show("mode " .. mode, unpack(counts))
	show("arrived", b:recv(-100))
	show("flush", a:flush())
	show("pending", a:pending())
	show("arrived", b:recv(-100))
end

section "setvbuf does the same"
for _, word in ipairs { "no", "line", "full" } do
	local a, b = pair()
	a:setmode("b", "bl")
	show(word, a:setvbuf(word))
	a:write "one\ntwo"
	show("pending", a:pending())
	show("setmode", a:setmode())
end

section "flush when the buffer size is reached"
for _, mode in ipairs { "bl", "bf" } do
	local a, b = pair()
	a:setmode("b", mode)
	a:setbufsiz(nil, 8)
	local counts = {}
	for i, piece in ipairs { "1234567", "8", "9", "0123456789abcdef", "ghi", "1\n2", "345678901", "\n" } do
		a:write(piece)
		counts[i] = select(2, a:pending())
	end
	show("mode " .. mode, unpack(counts))
end

section "a large write under each mode"
for _, mode in ipairs { "bn", "bl", "bf" } do
	local a, b = pair()
	a:setmode("b", mode)
	local text = ("0123456789abcdef"):rep(625)
	a:write(text)
	show("pending in mode " .. mode, a:pending())
	a:flush()
	a:shutdown "w"
	show("arrived", b:read "*a" == text)
end

section "unlimited"
a, b = pair()
show("setvbuf", a:setvbuf("full", math.huge))
a:write(("x"):rep(100000))
show("pending", a:pending())
show("setvbuf", a:setvbuf("full", math.huge))

section "flush modes"
for _, mode in ipairs { "n", "l", "f", "", "bl", "x" } do
	local a, b = pair()
	a:setmode("b", "bf")
	a:write "one\ntwo\nthree"
	try("flush " .. text_of(mode), a.flush, a, mode)
	show("pending", a:pending())
	show("arrived", b:recv(-100))
end
a, b = pair()
a:setmode("b", "bf")
a:write "one\ntwo"
show("flush()", a:flush())
show("pending", a:pending())
show("flush(nil)", a:flush(nil))
show("flush nil 1", a:flush(nil, 1))
show("flush n 1", a:flush("n", 1))
try("flush 1", a.flush, a, 1)
try("flush true", a.flush, a, true)
a:setmode("b", "bl")
a:write "one\ntwo"
show("pending", a:pending())
show("flush ''", a:flush "")
show("pending", a:pending())
show("flush", a:flush())
show("pending", a:pending())

section "reading flushes output"
a, b = pair()
a:setmode("b", "bf")
b:write "answer\n"
a:write "question"
show("pending", a:pending())
show("read", a:read "*l")
show("pending", a:pending())
show("arrived", b:recv(-100))

section "reading does not flush with flag A"
a, b = pair()
a:setmode("b", "bfA")
b:write "answer\n"
a:write "question"
show("read", a:read "*l")
show("pending", a:pending())
show("arrived", error_name(select(2, b:recv(-100))))

section "reading flushes in line mode too"
a, b = pair()
a:setmode("b", "bl")
b:write "answer\nanswer\n"
a:write "line\nquestion"
show("read", a:read "*l")
show("pending", a:pending())
a:write "more"
show("read buffered", a:read "*l")
show("pending", a:pending())

section "shutdown and close with output pending"
a, b = pair()
a:setmode("b", "bf")
a:write "lost"
show("shutdown", a:shutdown "w")
show("pending", a:pending())
show("read", b:read "*a")
a, b = pair()
a:setmode("b", "bf")
a:write "lost"
show("close", a:close())
show("read", b:read "*a")

section "write waits for the reader"
a, b = pair()
a:setmode("b", "bn")
local text = ("0123456789abcdef"):rep(65536)
local received
run(function()
	show("write", a:write(text) == a)
	a:shutdown "w"
end, function()
	received = b:read "*a"
end)
show("all arrived", received == text)

section "uncork"
show("uncork", a:uncork())

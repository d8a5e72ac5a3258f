-- SPDX-License-Identifier: MIT
-- Translation of line ends, on input and on output.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "input: CR LF over two writes"
local function split(mode, format, ...)
	local list = { ... }
	local a, b = pair()
	b:setmode(mode, "bn")
	local results = {}
	run(function()
		for _, piece in ipairs(list) do
			a:write(piece)
			cqueues.sleep(0.02)
		end
		a:shutdown "w"
	end, function()
		repeat
			local data = b:read(format)
			results[#results + 1] = text_of(data)
		until data == nil
	end)
	say(mode .. " " .. text_of(format), table.concat(results, " "))
end
for _, mode in ipairs { "t", "b" } do
	for _, format in ipairs { "*l", "*L", "*a", 3, 5, -3, -100 } do
		split(mode, format, "one\r", "\ntwo\r\n")
	end
	split(mode, "*a", "one\r", "two")
	split(mode, -10, "one\r", "two")
	split(mode, "*l", "one\r", "two\n")
	split(mode, "*a", "one\r\r", "\ntwo")
	split(mode, "*a", "one\r")
	split(mode, "*l", "one\r")
	split(mode, "*L", "one\r")
	split(mode, -4, "one\r")
end

section "input: lone CR, doubled CR, LF CR"
local function all(mode, data, ...)
	local a, b = pair()
	b:setmode(mode, "bn")
	a:write(data)
	a:shutdown "w"
	show(mode .. " " .. text_of(data), b:read(...))
end
for _, mode in ipairs { "t", "b" } do
	for _, data in ipairs { "a\rb\n", "a\r\r\nb\n", "a\n\rb\n", "\r\n\r\n", "\r", "\r\n", "a\r\n\nb", "a\r\0\r\n" } do
		all(mode, data, "*a")
		all(mode, data, "*l", "*l")
		all(mode, data, "*L", "*L")
		all(mode, data, -100)
	end
end

section "input: the mode given with a call"
local function call(f)
	local a, b = pair()
	b:setmode("t", "bn")
	a:write "one\r\ntwo\r\nthree\r\nfour\r\n"
	a:shutdown "w"
	f(b)
end
call(function(s)
	show("xread *L b", s:xread("*L", "b"))
	show("xread *L t", s:xread("*L", "t"))
	show("xread *L", s:xread "*L")
	show("setmode", s:setmode())
	show("recv *L b", s:recv("*L", "b"))
end)

section "output: line ends"
local function output(mode, ...)
	local a, b = pair()
	a:setmode("b", mode)
	for i = 1, select("#", ...) do
		a:write((select(i, ...)))
	end
	a:flush()
	a:shutdown "w"
	show(mode .. " " .. text_of(table.concat({ ... }, "|")), b:read "*a")
end
for _, mode in ipairs { "tn", "tl", "tf", "bn", "bl", "bf" } do
	output(mode, "one\ntwo\n")
	output(mode, "one\r\ntwo\r\n")
	output(mode, "one\r", "\ntwo")
	output(mode, "one", "\n", "two")
	output(mode, "\n\n\r\r\n")
	output(mode, "one\rtwo")
	output(mode, "a\0b\n")
end

section "output: the mode given with a call"
local a, b = pair()
a:setmode("b", "tn")
show("xwrite b", a:xwrite("one\n", "bn") == a)
show("xwrite t", a:xwrite("two\n", "tn") == a)
show("xwrite", a:xwrite "three\n" == a)
show("send b", a:send("four\n", 1, 5, "bn"))
show("send t", a:send("five\n", 1, 5, "tn"))
show("send", a:send("six\n", 1, 4))
show("flush", a:flush())
a:shutdown "w"
show("sent", b:read "*a")

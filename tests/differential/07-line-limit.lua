-- SPDX-License-Identifier: MIT
-- Limits on the length of lines, on input and on output.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function results(data, mode, limit, ...)
	local a, b = pair()
	b:setmode(mode, "bn")
	b:setmaxline(limit)
	a:write(data)
	a:shutdown "w"
	local list = {}
	for i = 1, 12 do
		local value = b:read(...)
		list[i] = text_of(value)
		if value == nil then
			break
		end
	end
	return table.concat(list, " ") .. " | rest " .. text_of((b:read "*a"))
end

for _, mode in ipairs { "b", "t" } do
	section("input mode " .. mode)
	for _, format in ipairs { "*l", "*L", "*h", "*H", 7, -7, "*a" } do
		say("limit 4 " .. text_of(format), results("abcdefghij\nkl\nmnop\nqrst\r\nu\n", mode, 4, format))
	end
	for _, format in ipairs { "*l", "*L" } do
		for limit = 1, 5 do
			say("exact " .. limit .. " " .. format, results("abc\nabcd\r\n\r\n", mode, limit, format))
		end
	end
	for _, format in ipairs { "*h", "*H" } do
		say("headers " .. format, results("A: 1\nB: 2\nLong: 123456789\n\n", mode, 8, format))
		say("folded " .. format, results("A: 1\n 2\n 3\n 4\n\n", mode, 8, format))
	end
	say("boundary", results("abcdefghij\r\n--x", mode, 4, "--x"))
end

section "the default limit"
local long = ("x"):rep(10000)
local a, b = pair()
a:setmode("b", "bf")
a:setvbuf("full", math.huge)
a:write(long, "\n", long, "\n")
a:flush()
a:shutdown "w"
local lengths = {}
for i = 1, 8 do
	local line = b:read "*l"
	lengths[i] = line and #line or "nil"
end
show("lengths", unpack(lengths))

section "output: a line longer than the limit is flushed at the limit"
for _, mode in ipairs { "bl", "tl", "bf", "bn" } do
	local a, b = pair()
	a:setmode("b", mode)
	a:setmaxline(nil, 4)
	local counts = {}
	for i, piece in ipairs { "a", "bc", "d", "efghij", "k\nl", "\n", "012" } do
		a:write(piece)
		counts[i] = select(2, a:pending())
	end
	show("pending in mode " .. mode, unpack(counts))
	a:flush()
	a:shutdown "w"
	show("sent", b:read "*a")
end

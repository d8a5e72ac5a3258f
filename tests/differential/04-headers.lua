-- SPDX-License-Identifier: MIT
-- Reading of MIME headers: folding, what ends them, what is left behind.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function input(data, mode)
	local a, b = pair()
	b:setmode(mode or "t", "bn")
	a:write(data)
	a:shutdown "w"
	return b
end

local cases = {
	{ "two headers and a body", "A: 1\nB: 2\n\nbody" },
	{ "CR LF", "A: 1\r\nB: 2\r\n\r\nbody" },
	{ "folded with a space", "A: 1\n 2\nB: 3\n\nbody" },
	{ "folded with a tab", "A: 1\n\t2\nB: 3\n\nbody" },
	{ "folded twice, much space", "A: 1   \n    2 \n \t 3\nB: 3\n\nbody" },
	{ "folded with CR LF", "A: 1\r\n 2\r\n\r\nbody" },
	{ "fold of spaces only", "A: 1\n   \nB: 2\n\nbody" },
	{ "a line that is no header", "A: 1\nno header\nB: 2\n\nbody" },
	{ "no header at all", "GET / HTTP/1.0\nB: 2\n\n" },
	{ "blank first", "\nA: 1\n" },
	{ "a fold first", " A: 1\nB: 2\n\n" },
	{ "no blank line at the end", "A: 1\nB: 2\n" },
	{ "no line feed at the end", "A: 1\nB: 2" },
	{ "folded at the end", "A: 1\n 2" },
	{ "empty name", ": 1\nB: 2\n\n" },
	{ "space before the colon", "A : 1\nB\t: 2\n\n" },
	{ "space in the name", "A B: 1\nC: 2\n\n" },
	{ "no value", "A:\nB:\n\n" },
	{ "a lone CR in the value", "A: 1\r2\nB: 3\n\n" },
	{ "a control character in the name", "A\1: 1\nB: 2\n\n" },
	{ "a high byte in the name", "\195\164: 1\nB: 2\n\n" },
	{ "two CR before the LF", "A: 1\r\r\nB: 2\n\n" },
	{ "CR only lines", "A: 1\rB: 2\r\rbody" },
	{ "body directly after", "A: 1\n\n\n\nbody" },
}

for _, format in ipairs { "*h", "*H" } do
	for _, mode in ipairs { "t", "b" } do
		section(format .. " in input mode " .. mode)
		for _, case in ipairs(cases) do
			local s = input(case[2], mode)
			local results = {}
			for i = 1, 10 do
				local header = s:read(format)
				results[i] = text_of(header)
				if header == nil then
					break
				end
			end
			say(case[1], table.concat(results, " ") .. " | rest " .. text_of((s:read "*a")))
		end
	end
end

section "in two pieces"
local function pieces(...)
	local list, controller = { ... }, cqueues.new()
	local a, b = pair()
	b:setmode("t", "bn")
	controller:wrap(function()
		for _, piece in ipairs(list) do
			a:write(piece)
			cqueues.sleep(0.02)
		end
		a:shutdown "w"
	end)
	controller:wrap(function()
		local header = b:read "*h"
		while header do
			show("header", header)
			header = b:read "*h"
		end
		show("rest", b:read "*a")
	end)
	show("loop", controller:loop(10))
end
pieces("A: 1\n", "B: 2\n\nbody")
pieces("A: 1\n", " 2\n\nbody")
pieces("A: ", "1\r\nB: 2\r\n\r\nbody")
pieces("A", ": 1\nB", ": 2\n\n", "body")
pieces("A: 1\r", "\n 2\n\n", "body")
pieces("A: 1\n\n", "body")

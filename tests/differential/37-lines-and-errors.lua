-- SPDX-License-Identifier: MIT
-- Which lines a flush sends, what leaves when nothing is sent, how often an error may be the answer, and bytes that begin no
-- header: found by random programs.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function quiet_pair(input, output)
	local a, b = pair(input, output)
	returns_errors(a):settimeout(0.02)
	returns_errors(b):settimeout(0.02)
	return a, b
end

section "a flush by lines"
for _, base in ipairs { "bf", "bl", "tf", "tl", "bn", "tn" } do
	for _, written in ipairs { "f", "bf", "tf" } do
		for _, data in ipairs { "one\ntwo", "one", "\n" } do
			local a, b = quiet_pair("bn", base)
			a:xwrite(data, written)
			show("base " .. base .. ", written " .. written, a:flush "l")
			show("    buffered, received", select(2, a:pending()), b:recv(-20))
		end
	end
end

section "of a line that has only begun nothing leaves"
for _, base in ipairs { "bl", "tl", "bf" } do
	for _, texts in ipairs { { "\nrest", "more" }, { "a\nb", "c\nd", "e" }, { "x", "\ny", "z" }, { "ab", "\n" } } do
		local a, b = quiet_pair("bn", base)
		a:write(unpack(texts))
		show("write in " .. base, select(2, a:pending()), b:recv(-20))
	end
end

section "sending nothing"
for _, mode in ipairs { "n", "l", "f", "" } do
	local a, b = quiet_pair("bn", "bl")
	a:xwrite("line\nrest", "f")
	show("send " .. mode, a:send("abc", 3, 2, mode))
	show("    buffered, received", select(2, a:pending()), b:recv(-20))
end

section "how often an error is the answer"
local function seconds(f)
	local told = {}
	for i = 1, 4 do
		local results = pack(pcall(f))
		told[i] = results[1] and text_of(results[3] or results[2]) or "thrown"
	end
	return table.concat(told, " ")
end
for limit = 0, 2 do
	for _, call in ipairs { { "recv", "r" }, { "read", "r" }, { "fill", "r", 1 }, { "unpack", "r", 8 }, { "write", "w", "x" },
		{ "xwrite", "w", "x" }, { "send", "w", "x", 1, 1 }, { "flush", "w" }, { "pack", "w", 1, 8 } } do
		local a, b = quiet_pair()
		a:setmaxerrs(call[2], limit)
		a:seterror(call[2], errno.EIO)
		say(call[1] .. " with " .. limit, (seconds(function() return a[call[1]](a, unpack(call, 3)) end):gsub("%d+", "EIO")))
		b:close()
	end
	local a, b = quiet_pair()
	a:setmaxerrs("r", limit)
	say("a read that fails by itself, with " .. limit, (seconds(function() return a:read(1) end):gsub("%d+", "ETIMEDOUT")))
	b:close()
end

section "EPIPE that a program has set is told, also in text mode"
for _, mode in ipairs { "bn", "tn" } do
	local a, b = quiet_pair(mode)
	a:seterror("r", errno.EPIPE)
	show("recv", a:recv(2) == nil, error_name(select(2, a:recv(2))))
	show("read", select("#", a:read(2)), a:read(2))
	b:close()
end

section "a blank begins no header"
for _, text in ipairs { " ", "\t", " \t", " x", " \n", "K", "K ", "K  ", "Kk \t \t", ":" } do
	local a, b = quiet_pair()
	a:write(text)
	show(text, b:recv "*h")
	show("    left", b:recv(-20))
end

section "packed numbers and lines"
for _, base in ipairs { "bl", "tl", "bf", "tf", "bn", "tn" } do
	for _, mode in ipairs { "l", "f", "n", "b" } do
		local a, b = quiet_pair("bn", base)
		show("newlines in " .. base .. ", packed " .. mode, a:pack(0x0a0a, 16, mode), a:flush "l")
		show("    buffered, received", select(2, a:pending()), b:recv(-20))
		a:xwrite("line\nrest", "f")
		show("after a line", a:pack(10, 8, mode))
		show("    buffered, received", select(2, a:pending()), b:recv(-20))
	end
end

-- SPDX-License-Identifier: MIT
-- What leaves, and what stays, of random texts that are sent in random modes, over streams and as messages.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local state
local function random(count)
	state = (state * 1103515245 + 12345) % 2147483648
	return math.floor(state / 65536) % count + 1
end

local function one_of(list, count)
	return list[random(count or #list)]
end

local TEXTS = { "", "a", "b\n", "cd\nef", "\n", "ghi\n\njk", "x\r\ny", "\r", ("p"):rep(20), "qqq\nrrr", "k\nm\nn" }
local MODES = { "n", "l", "f", "bl", "bf", "bn", "tl", "tf", "tn", "t", "b", "la", "fa" }

-- A text; now and then one that may fill the buffer, but as a message, which we do not cut.
local function text_for(kind)
	if kind == socket.SOCK_STREAM and random(4) == 1 then
		return ("w"):rep(random(3000)) .. "\n" .. ("v"):rep(random(3000))
	end
	return one_of(TEXTS)
end

local acts = {
	function(a, text, mode) return "send", a:send(text, 1, #text, mode) end,
	function(a, text, mode) return "xwrite", (a:xwrite(text, mode, 0)) == a end,
	function(a, text, _, more) return "write", (a:write(text, more)) == a end,
	function(a) return "flush", a:flush(one_of { "l", "f", "n", "" }, 0) end,
	function(a, _, mode) return "setmode", a:setmode(nil, mode) end,
	function(a) return "pack", a:pack(one_of { 10, 1, 2570, 65 }, one_of { 8, 16, 4 }, one_of { "l", "f", "n" }) end,
	function(a) return "recv", a:recv "*l" end,
}
local OFTEN = { 1, 1, 1, 2, 2, 3, 4, 4, 5, 6, 7 }

-- What has arrived: how much, and its ends.
local function arrived(b)
	local all = {}
	while true do
		local some = b:recv(-10000)
		if not some then
			break
		end
		all[#all + 1] = some
	end
	local text = table.concat(all, "|")
	return #text, text:sub(1, 30), text:sub(-30)
end

for _, kind in ipairs { socket.SOCK_STREAM, socket.SOCK_DGRAM } do
	for seed = 1, 40 do
		state = seed
		section((kind == socket.SOCK_DGRAM and "messages " or "bytes ") .. seed)
		local a, b = socket.pair(kind)
		returns_errors(a):settimeout(0)
		returns_errors(b):settimeout(0)
		b:setmode("bn", "bn")
		a:setmode("bn", one_of { "bl", "bf", "bn", "tl", "tf", "tn", "blA", "bfA" })
		for _ = 1, 30 do
			local more = kind == socket.SOCK_STREAM and one_of(TEXTS) or nil -- what one write sends is one message of ours
			show(acts[one_of(OFTEN)](a, text_for(kind), one_of(MODES, #MODES + 1), more))
			show("    output", select(2, a:pending()), arrived(b))
		end
		a:close()
		b:close()
	end
end

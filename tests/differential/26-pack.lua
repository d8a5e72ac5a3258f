-- SPDX-License-Identifier: MIT
-- pack and unpack: big-endian numbers of any count of bits.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function bytes(text)
	return text and (text:gsub(".", function(c) return ("%02x "):format(c:byte()) end)) or tostring(text)
end

section "pack"
local function packed(...)
	local a, b = pair()
	local results = pack(pcall(a.pack, a, ...))
	a:flush()
	a:shutdown "w"
	say("pack " .. text_of({ ... }), bytes(b:read "*a"))
	show("    answers", results[1], results[2])
end
packed(0, 8)
packed(1, 8)
packed(255, 8)
packed(0x1234, 16)
packed(0x123456, 24)
packed(0x12345678, 32)
packed(0x123456789a, 40)
packed(5, 64)

section "pack in a row"
local a, b = pair()
a:setmode("b", "bf")
show("pack", a:pack(1, 8), a:pack(2, 16), a:pack(3, 32))
show("pending", a:pending())
a:flush()
a:shutdown "w"
say("bytes", bytes(b:read "*a"))

section "pack and its mode"
a, b = pair()
a:setmode("b", "bf")
show("pack bn", a:pack(10, 8, "bn"))
show("pending", a:pending())
show("pack bf", a:pack(11, 8, "bf"))
show("pending", a:pending())
a:flush()
a:shutdown "w"
say("bytes", bytes(b:read "*a"))

section "unpack"
local function unpacked(data, ...)
	local a, b = pair()
	a:write(data)
	a:shutdown "w"
	local list = { ... }
	local results = {}
	for i, bits in ipairs(list) do
		results[i] = text_of((b:unpack(bits)))
	end
	say("unpack " .. text_of(list), table.concat(results, " "))
	show("    rest", b:read "*a")
end
unpacked("\1\2\3\4\5\6\7\8", 8, 16, 32)
unpacked("\255\254", 16)
unpacked("\1\2\3", 24)
unpacked("\18\52\86\120\154", 40)
unpacked("\0\0\0\0\0\0\0\5", 64)
unpacked("\1", 16)

section "wrong arguments"
a, b = pair()
try("pack()", a.pack, a)
try("pack x", a.pack, a, "x", 8)
try("pack no bits", a.pack, a, 1)

section "round trip"
a, b = pair()
for _, bits in ipairs { 8, 16, 24, 32, 40, 48 } do
	local number = 2 ^ (bits - 1) + 3
	if math.tointeger then
		number = math.tointeger(number)
	end
	a:pack(number, bits, "bn")
	show("bits " .. bits, b:unpack(bits) == number)
end

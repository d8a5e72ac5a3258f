-- SPDX-License-Identifier: MIT
-- SHA-1 and Base64 for the handshake of WebSocket, on LuaJIT and on Lua from 5.2 on. A program that has luaossl takes its digests.

local digest = {}

-- Operators on bits are functions of a module in LuaJIT and Lua 5.2, and syntax since Lua 5.3.
local bits = rawget(_G, "bit32") or package.loaded.bit or load [[
	return { bxor = function(a, b) return a ~ b end, band = function(a, b) return a & b end,
		bor = function(a, b) return a | b end, bnot = function(a) return ~a & 0xffffffff end,
		rol = function(a, n) return (a << n | a >> 32 - n) & 0xffffffff end }]]()
local band, bor, bxor, bnot, rol = bits.band, bits.bor, bits.bxor, bits.bnot, bits.rol or bits.lrotate
digest.bxor = bxor

-- A number as so many bytes, the highest first.
function digest.bytes(number, count)
	local bytes = {}
	for i = count, 1, -1 do
		bytes[i] = string.char(number % 256)
		number = math.floor(number / 256)
	end
	return table.concat(bytes)
end

-- What a step of round t mixes in, with its constant (FIPS 180-4, section 4.1.1).
local function mix(t, b, c, d)
	if t < 20 then return bor(band(b, c), band(bnot(b), d)), 0x5a827999 end
	if t < 40 then return bxor(bxor(b, c), d), 0x6ed9eba1 end
	if t < 60 then return bor(bor(band(b, c), band(b, d)), band(c, d)), 0x8f1bbcdc end
	return bxor(bxor(b, c), d), 0xca62c1d6
end

-- The digest of a text: 20 bytes.
function digest.sha1(text)
	local h = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0 }
	local message = text .. "\128" .. ("\0"):rep((55 - #text) % 64) .. digest.bytes(#text * 8, 8)
	for first = 1, #message, 64 do
		local w = {}
		for t = 0, 15 do
			local b1, b2, b3, b4 = message:byte(first + 4 * t, first + 4 * t + 3)
			w[t] = ((b1 * 256 + b2) * 256 + b3) * 256 + b4
		end
		for t = 16, 79 do
			w[t] = rol(bxor(bxor(w[t - 3], w[t - 8]), bxor(w[t - 14], w[t - 16])), 1)
		end
		local a, b, c, d, e = h[1], h[2], h[3], h[4], h[5]
		for t = 0, 79 do
			local mixed, constant = mix(t, b, c, d)
			local sum = (rol(a, 5) % 2 ^ 32 + mixed % 2 ^ 32 + e % 2 ^ 32 + w[t] % 2 ^ 32 + constant) % 2 ^ 32
			a, b, c, d, e = math.floor(sum), a, rol(b, 30), c, d
		end
		for i, value in ipairs { a, b, c, d, e } do
			h[i] = math.floor((h[i] + value) % 2 ^ 32)
		end
	end
	for i = 1, 5 do h[i] = digest.bytes(h[i], 4) end
	return table.concat(h)
end

local LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

-- A text in Base64 (RFC 4648).
function digest.base64(text)
	local encoded = text:gsub("..?.?", function(group)
		local b1, b2, b3 = group:byte(1, 3)
		local number, letters = (b1 * 256 + (b2 or 0)) * 256 + (b3 or 0), ""
		for shift = 18, 18 - 6 * #group, -6 do
			local index = math.floor(number / 2 ^ shift) % 64 + 1
			letters = letters .. LETTERS:sub(index, index)
		end
		return letters .. ("="):rep(3 - #group)
	end)
	return encoded
end

return digest

-- SPDX-License-Identifier: MIT
-- Reading a MIME entity up to its boundary.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function input(data, mode)
	local a, b = pair()
	b:setmode(mode, "bn")
	a:write(data)
	a:shutdown "w"
	return b
end

local cases = {
	{ "one part", "--x", "text\r\n--x\r\nmore" },
	{ "line feeds only", "--x", "text\n--x\nmore" },
	{ "last boundary", "--x", "text\r\n--x--\r\nmore" },
	{ "at the start", "--x", "--x\r\nmore" },
	{ "several lines", "--x", "one\r\ntwo\r\nthree\r\n--x\r\nmore" },
	{ "no boundary", "--x", "text\r\nmore" },
	{ "something like it", "--x", "text\r\n--y\r\n--xy\r\n--x\r\nmore" },
	{ "in the middle of a line", "--x", "text --x\r\n--x\r\nmore" },
	{ "empty part", "--x", "\r\n--x\r\nmore" },
	{ "two empty lines", "--x", "\r\n\r\n--x\r\nmore" },
	{ "a lone CR", "--x", "te\rxt\r\n--x\r\nmore" },
	{ "space after", "--x", "text\r\n--x  \r\nmore" },
	{ "end without a line feed", "--x", "text\r\n--x" },
}

for _, mode in ipairs { "b", "t" } do
	section("input mode " .. mode)
	for _, case in ipairs(cases) do
		local s = input(case[3], mode)
		local results = {}
		for i = 1, 12 do
			local chunk = s:read(case[2])
			results[i] = text_of(chunk)
			if chunk == nil then
				break
			end
		end
		say(case[1], table.concat(results, " ") .. " | rest " .. text_of((s:read "*a")))
	end
end

section "longer than the line limit: in pieces of any size"
do
	local s = input(("0123456789"):rep(1000) .. "\r\n--x\r\nmore", "b")
	local chunks = {}
	for chunk in s:lines "--x" do
		chunks[#chunks + 1] = chunk
	end
	show("together", #table.concat(chunks))
	show("rest", s:read "*a")
end

section "by iterator"
local s = input("one\r\ntwo\r\n--x\r\nthree\r\n--x--\r\n", "t")
for chunk in s:lines "--x" do
	show("chunk", chunk)
end
show("boundary", s:read "*l")
for chunk in s:lines "--x" do
	show("chunk", chunk)
end
show("rest", s:read "*a")

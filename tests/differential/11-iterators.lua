-- SPDX-License-Identifier: MIT
-- lines, xlines, xread, xwrite.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function input(data)
	local a, b = pair()
	b:setmode("t", "bn")
	a:write(data)
	a:shutdown "w"
	return b
end

local function list(label, ...)
	local results = {}
	for x, y in ... do
		results[#results + 1] = text_of(x) .. (y ~= nil and "/" .. text_of(y) or "")
		if #results == 20 then
			break
		end
	end
	say(label, table.concat(results, " "))
end

section "lines"
local text = "A: 1\r\n\r\nC: 3"
list("none", input(text):lines())
for _, format in ipairs { "*l", "*L", "*a", "*h", "*H", 3, -3, "--C" } do
	list("lines " .. text_of(format), input(text):lines(format))
end
list("two formats", input(text):lines("*l", 2))
try("a format that is none", function() return input(text):lines "x" () end)
try("made", function() return type(input(text):lines "x") end)
show("returned", select("#", input(text):lines()))

section "xlines"
list("none", input(text):xlines())
list("*L", input(text):xlines "*L")
list("*L b", input(text):xlines("*L", "b"))
list("*L b 1", input(text):xlines("*L", "b", 1))
list("*L 1 b", input(text):xlines("*L", 1, "b"))
list("*L 1", input(text):xlines("*L", 1))
list("*L nil 1", input(text):xlines("*L", nil, 1))

section "xread"
show("none", input(text):xread())
show("*L", input(text):xread "*L")
show("*L b", input(text):xread("*L", "b"))
show("*L b 1", input(text):xread("*L", "b", 1))
show("*L 1 b", input(text):xread("*L", 1, "b"))
show("*L 1", input(text):xread("*L", 1))
show("*a b", input(text):xread("*a", "b"))
show("at the end", input "":xread "*l")
show("at the end", input "":xread "*a")
try("no format", input(text).xread, input(text), "x")
try("two formats", input(text).xread, input(text), "*l", "*l")

section "xread with a timeout of its own"
local a, b = pair()
b:settimeout()
a:write "part"
local before = cqueues.monotime()
local value, code = b:xread("*l", nil, 0.05)
show("xread", value, error_name(code))
show("took", cqueues.monotime() - before >= 0.05, cqueues.monotime() - before < 2)
show("pending", b:pending())
show("error", error_name(b:error()))
b:clearerr()
a:write " and rest\n"
show("xread", b:xread("*l", 1))
value, code = b:xread("*l", 0)
show("timeout 0", value, error_name(code))
b:clearerr()
value, code = b:xread("*l", "t", 0.01)
show("mode and timeout", value, error_name(code))
b:clearerr()
list("xlines ends at the timeout", b:xlines("*l", 0.01))
show("error", error_name(b:error()))

section "xwrite"
a, b = pair()
a:setmode("b", "tf")
show("xwrite", a:xwrite "one\n")
show("pending", a:pending())
show("xwrite bn", a:xwrite("two\n", "bn"))
show("pending", a:pending())
show("xwrite bl 1", a:xwrite("three\nfour", "bl", 1))
show("pending", a:pending())
show("xwrite 1 bn", a:xwrite("five", 1, "bn"))
show("pending", a:pending())
show("xwrite nil 1", a:xwrite("six\n", nil, 1))
show("pending", a:pending())
a:flush()
a:shutdown "w"
show("sent", b:read "*a")

section "xwrite with a timeout of its own"
a, b = pair()
a:settimeout()
local big = ("x"):rep(4 * 1024 * 1024)
value, code = a:xwrite(big, "bn", 0.05)
show("xwrite", value, error_name(code))
show("error", error_name((a:error "w")))

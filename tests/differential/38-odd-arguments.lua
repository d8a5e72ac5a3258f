-- SPDX-License-Identifier: MIT
-- Numbers as text, very large ones, NaN and the like where a number, a name or a mode is meant.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local packet = require "cqueues.dns.packet"

local NAN, HUGE = 0 / 0, math.huge

-- The same in all versions of Lua.
local function label(value)
	return type(value) == "number" and (("%.14g"):format(value):gsub("-?nan", "nan")) or tostring(value)
end

local kind = math.type or function(value) return type(value) == "number" and "integer" or nil end

section "numbers as names of methods"
for _, number in ipairs { 1, -1, 1.5, 2 ^ 53 } do
	show("before", cqueues.interpose(number, print))
	show("is a method", cqueues.new()[number] == print, cqueues.new()[tostring(number)])
	show("replaced", cqueues.interpose(number, nil) == print)
end
try("NaN", cqueues.interpose, NAN, print)
show("text", cqueues.interpose("1.5", print), cqueues.new()["1.5"] == print, cqueues.new()[1.5])
cqueues.interpose("1.5", nil)

section "buffering, and sizes that go with it"
local a, b = pair()
a:setvbuf("full", 100)
show("none, with a size", a:setvbuf("no", 7))
show("kept", a:setvbuf("no"))
show("unlimited", a:setvbuf("full", HUGE))
local mode, size = a:setvbuf("full", -1)
show("told", mode, size, kind(size))
show("class", socket.setvbuf("no", 7))
show("kept", socket.setvbuf("line", 4096))

section "counts of bytes"
for _, count in ipairs { 2 ^ 62, 2 ^ 63, 2 ^ 64, NAN, -2 ^ 62, -2 ^ 63, -2 ^ 64, "0x3", " 2 ", "1e0", "-2" } do
	a, b = pair()
	a:write "some bytes"
	show("recv " .. label(count), b:recv(count))
	show("    left", b:pending())
end

section "packed numbers"
for _, number in ipairs { 2 ^ 63, 2 ^ 64, 2 ^ 65, 1e300, HUGE, -2 ^ 63, -1, "0x10", " 7 ", "1e2" } do
	a, b = pair()
	a:pack(number, 64, "bn")
	show("pack " .. label(number), b:recv(-8))
end
for _, bytes in ipairs { "\255\255\255\255\255\255\255\255", "\128\0\0\0\0\0\0\0", "\127\0\0\0\0\0\0\0" } do
	a, b = pair()
	a:write(bytes)
	local number = b:unpack(64)
	show("unpack", number < 0, math.floor(number / 2 ^ 56))
end

section "flags of DNS packets"
for _, value in ipairs { "0", "1", "-0", "2", "1.5", "text", "", -2 ^ 63, 2 ^ 62, 2 ^ 64, 1.5, HUGE } do
	show("tc " .. label(value), packet.new():setflags({ tc = value }):flags().tc)
end

section "names of DNS types with a zero byte"
try("type", packet.new().push, packet.new(), "qd", "a.", "A\0", "IN")
try("class", packet.new().push, packet.new(), "qd", "a.", "A", "IN\0x")

section "ports"
for _, port in ipairs { "0x10", " 7", "7 ", "1e2", "+5", "-0", "7\n", "", "5.0", "http", 70000, -1, 1.5, NAN, HUGE } do
	try("port " .. label(port), socket.connect, "127.0.0.1", port)
	try("    in a table", socket.listen, { host = "127.0.0.1", port = port })
end
show("leading zeros", socket.connect("127.0.0.1", "00007"))

section "times of loops"
local function failing()
	local controller = cqueues.new()
	controller:wrap(function() error("first", 0) end)
	controller:wrap(function()
		cqueues.poll()
		error("later", 0)
	end)
	return controller
end
for _, seconds in ipairs { 0, -1, NAN, -HUGE } do
	local told = {}
	for message in failing():errors(seconds) do
		told[#told + 1] = message
	end
	show("errors", told)
	if seconds > -HUGE then
		local controller, turns = cqueues.new(), 0
		controller:wrap(function()
			while turns < 5 do
				turns = turns + 1
				cqueues.poll()
			end
		end)
		show("loop", controller:loop(seconds))
		show("    turns", turns)
	end
end

section "a step behind one that has failed does not wait"
local controller = cqueues.new()
controller:wrap(function() error("it fails", 0) end)
controller:wrap(function() cqueues.sleep(0.1) end)
local begun = cqueues.monotime()
show("step", controller:step(5))
show("step", controller:step(5))
show("at once", cqueues.monotime() - begun < 0.05)
show("step", controller:step(5))
show("then it waits", cqueues.monotime() - begun > 0.05)

section "no time at all, for the system"
local loaded, debug = pcall(require, "_cqueues.debug")
if loaded then
	for _, seconds in ipairs { HUGE, -HUGE, NAN } do
		show("f2ms", debug.f2ms(seconds))
		show("f2ts", debug.f2ts(seconds))
	end
end

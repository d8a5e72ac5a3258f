-- SPDX-License-Identifier: MIT
-- Defaults and the values returned by the setters of modes, buffers, limits and timeouts.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function new()
	return (socket.pair())
end

section "setmode answers the modes before"
local s = new()
for _, modes in ipairs {
	{ n = 0 }, { n = 2, "b", "bf" }, { n = 2, "t", "tn" }, { n = 2, "tfap", "a" }, { n = 2, "AP", "AP" },
	{ n = 0 }, { n = 2, "", "" }, { n = 2, "xyz", "lnf" }, { n = 2, "bt", "nlf" }, { n = 2, "tb", "fln" },
	{ n = 2, nil, "b" }, { n = 2, "b", nil }, { n = 2, nil, nil }, { n = 1, "bn" }, { n = 1, "bl" }, { n = 2, "p", "p" },
	{ n = 2, "aA", "Aa" }, { n = 2, "pP", "Pp" }, { n = 0 },
	{ n = 2, "t\0b", "a\0b" }, { n = 2, "\0b", "b\0l" }, { n = 0 },
} do
	show("setmode " .. text_of(modes[1]) .. " " .. text_of(modes[2]), s:setmode(unpack(modes, 1, modes.n)))
end
try("a boolean", s.setmode, s, false)
try("a table", s.setmode, s, nil, {})
try("a number", s.setmode, s, 1, 2)
show("after", s:setmode())

section "setvbuf answers the output mode and size before"
s = new()
try("none", s.setvbuf, s)
for _, arguments in ipairs {
	{ "full", 10 }, { "line" }, { "no" }, { "n" }, { "f" }, { "l", 20 }, { "full", 0 }, { "full", math.huge },
	{ "line", nil }, { "full", 1.5 }, { "b" }, { "" }, { "bogus" }, { "t" }, { "tf" }, { "line", "12" }, { "line" },
} do
	try("setvbuf " .. text_of(arguments[1]) .. " " .. text_of(arguments[2]), s.setvbuf, s, unpack(arguments, 1, 2))
end
show("setmode after", s:setmode())
try("negative", s.setvbuf, s, "line", -1)
try("a table", s.setvbuf, s, "line", {})
try("nil", s.setvbuf, s, nil)
show("after", s:setvbuf "line")

section "setbufsiz answers the sizes before"
s = new()
show("none", s:setbufsiz())
for _, sizes in ipairs { { 1, 2 }, { nil, 3 }, { 4, nil }, { 1.5, "7" }, { 0, 0 }, { 4096, 4096 } } do
	try("setbufsiz " .. text_of(sizes[1]) .. " " .. text_of(sizes[2]), s.setbufsiz, s, sizes[1], sizes[2])
end
try("a string", s.setbufsiz, s, "x")
try("a boolean", s.setbufsiz, s, false)
show("after", s:setbufsiz())

section "setmaxline answers the limits before"
s = new()
show("none", s:setmaxline())
for _, sizes in ipairs { { 1, 2 }, { nil, 3 }, { 4, nil }, { 1.5, "7" }, { 0, 0 }, { 4096, 4096 } } do
	try("setmaxline " .. text_of(sizes[1]) .. " " .. text_of(sizes[2]), s.setmaxline, s, sizes[1], sizes[2])
end
try("a string", s.setmaxline, s, "x")
show("after", s:setmaxline())

section "settimeout answers the timeout before"
s = new()
for _, seconds in ipairs { 1.5, 0, 2, 3 } do
	show("settimeout " .. text_of(seconds), s:settimeout(seconds))
end
show("nil", s:settimeout(nil))
show("none", s:settimeout())
show("again", s:settimeout(4))
show("none", s:settimeout())
show("none again", s:settimeout())
try("a string", s.settimeout, s, "x")
try("a numeric string", s.settimeout, s, "1")
show("after", s:settimeout())

section "unusual timeouts"
for _, seconds in ipairs { math.huge } do
	try("settimeout " .. tostring(seconds), s.settimeout, s, seconds)
end
show("after", s:settimeout())

section "setmaxerrs answers the limits before"
s = new()
try("none", s.setmaxerrs, s)
for _, arguments in ipairs { { 5 }, { "r", 6 }, { "wr", 7 }, { "w", 8 }, { "rw", 9 }, { "rw" }, { "r" }, { "w" }, { "wr" } } do
	try("setmaxerrs " .. text_of(arguments[1]) .. " " .. text_of(arguments[2]), s.setmaxerrs, s, unpack(arguments))
end
try("unknown channel", s.setmaxerrs, s, "x", 3)
try("empty channel", s.setmaxerrs, s, "", 3)

section "onerror answers the handler before"
s = new()
local handler = name(function() end, "handler")
show("first", s:onerror(handler))
show("second", s:onerror(nil))
show("third", s:onerror())
show("fourth", s:onerror(handler))
try("a number", s.onerror, s, 3)
try("a string", s.onerror, s, "x")

section "state of a new socket"
s = new()
show("pending", s:pending())
show("eof", s:eof())
show("error", s:error())
show("events", s:events())
show("timeout", s:timeout())
show("pollfd", type(s:pollfd()))

-- SPDX-License-Identifier: MIT
-- Settings for all new sockets: what they return and whom they concern.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function new()
	return (socket.pair())
end
local old = new()

section "setmode"
show("answers", socket.setmode("b", "bf"))
show("new", new():setmode())
show("old", old:setmode())
show("none", socket.setmode())
show("flags not given", new():setmode("", ""))
local s = new()
s:setmode("p", "n")
show("flags not given fall back to", s:setmode())
show("one", socket.setmode("t"))
show("new", new():setmode())
show("nil and one", socket.setmode(nil, "tl"))
show("new", new():setmode())
try("wrong", socket.setmode, true)

section "setvbuf"
show("answers", socket.setvbuf("full", 10))
show("new", new():setvbuf "line")
show("again", socket.setvbuf("no"))
show("new", new():setvbuf "line")
show("back", socket.setvbuf("line", 4096))
show("new", new():setvbuf "line")
try("wrong", socket.setvbuf, "bogus")
show("new", new():setmode())

section "setbufsiz"
show("answers", socket.setbufsiz(100, 200))
show("new", new():setbufsiz())
show("setvbuf shows the same size", new():setvbuf "line")
show("none", socket.setbufsiz())
show("back", socket.setbufsiz(4096, 4096))
show("new", new():setbufsiz())

section "setmaxline"
show("answers", socket.setmaxline(100, 200))
show("new", new():setmaxline())
show("none", socket.setmaxline())
show("back", socket.setmaxline(4096, 4096))
show("new", new():setmaxline())

section "settimeout"
show("answers", socket.settimeout(1.5))
show("new", new():settimeout(1))
show("old", old:settimeout())
show("again", socket.settimeout(2))
show("back", socket.settimeout(nil))
show("new", new():settimeout())

section "setmaxerrs"
show("answers", socket.setmaxerrs(5))
show("new", new():setmaxerrs())
show("old", old:setmaxerrs())
show("one", socket.setmaxerrs("r", 6))
show("new", new():setmaxerrs())
show("back", socket.setmaxerrs("rw", 100))
show("new", new():setmaxerrs())

section "accepted sockets follow"
socket.setmode("b", "bf")
local l = socket.listen("127.0.0.1", 0)
l:listen(5)
local c = socket.connect("127.0.0.1", (select(3, l:localname())))
c:connect(5)
local a = l:accept(5)
show("client", c:setmode())
show("server", a:setmode())
socket.setmode("t", "tl")
local l2 = socket.listen("127.0.0.1", 0)
l2:setmode("b", "bf")
l2:settimeout(3)
l2:listen(5)
c = socket.connect("127.0.0.1", (select(3, l2:localname())))
c:connect(5)
a = l2:accept(5)
show("not those of the listener: modes", a:setmode())
show("not those of the listener: timeout", a:settimeout())

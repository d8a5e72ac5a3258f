-- SPDX-License-Identifier: MIT
-- Timeouts of sockets within a controller: other tasks go on, bytes are kept.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "a reader times out while another task goes on"
local a, b = pair()
b:settimeout(0.03)
local ticks = 0
run(function()
	local value, code = b:read(10)
	show("read", value, error_name(code))
	show("pending", b:pending())
	b:clearerr()
	show("other task went on", ticks >= 2)
	show("read", b:read(5))
end, function()
	a:write "01234"
	for _ = 1, 4 do
		cqueues.sleep(0.005)
		ticks = ticks + 1
	end
end)

section "the timeout is for the whole of a read"
a, b = pair()
b:settimeout(0.05)
run(function()
	local before = cqueues.monotime()
	local value, code = b:read "*l"
	show("read", value, error_name(code))
	show("in time", cqueues.monotime() - before < 0.2)
end, function()
	for _ = 1, 30 do
		a:write "x"
		cqueues.sleep(0.01)
	end
end)

section "accept times out, a later one succeeds"
local l = socket.listen("127.0.0.1", 0)
l:listen(5)
local port = select(3, l:localname())
run(function()
	local value, code = l:accept(0.01)
	show("accept", value, error_name(code))
	show("accept", socket.type(l:accept(5)))
end, function()
	cqueues.sleep(0.03)
	socket.connect("127.0.0.1", port):connect(5)
end)

section "a writer times out, its bytes go on later"
a, b = pair()
a:settimeout(0.02)
local text = ("0123456789abcdef"):rep(131072)
run(function()
	a:setvbuf("full", math.huge)
	a:write(text)
	local value, code = a:flush()
	show("flush", value, error_name(code))
	show("error", error_name((a:error "w")))
	a:clearerr()
	a:settimeout(5)
	local waiting = select(2, a:pending())
	show("something waits", waiting > 0)
	b:settimeout(5)
	local cq = cqueues.running()
	cq:wrap(function()
		show("flush", a:flush())
		a:shutdown "w"
	end)
	local received = b:read "*a"
	show("all arrived", text == received)
end)

section "flush, fill with a timeout"
a, b = pair()
a:settimeout()
b:settimeout()
run(function()
	local value, code = b:fill(1, 0.01)
	show("fill", value, error_name(code))
	a:setvbuf("full", math.huge)
	a:write(text)
	value, code = a:flush("n", 0.01)
	show("flush", value, error_name(code))
end)

section "connect with a timeout to a listener succeeds"
run(function()
	local c = socket.connect("127.0.0.1", port)
	show("connect", c:connect(5) == c)
end)

section "settimeout 0 within a controller"
a, b = pair()
b:settimeout(0)
run(function()
	local value, code = b:read "*l"
	show("read", value, error_name(code))
	b:clearerr()
	a:write "line\n"
	show("read", b:read "*l")
end)

section "two tasks read in turn"
a, b = pair()
local got = {}
run(function()
	for _ = 1, 2 do
		local line = b:read "*l"
		got[#got + 1] = line
	end
end, function()
	for _ = 1, 2 do
		local line = b:read "*l"
		got[#got + 1] = line
	end
end, function()
	for i = 1, 4 do
		cqueues.sleep(0.005)
		a:write("line " .. i .. "\n")
	end
end)
table.sort(got)
show("got", unpack(got))

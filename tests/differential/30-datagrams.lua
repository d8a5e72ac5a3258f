-- SPDX-License-Identifier: MIT
-- Datagrams: UNIX pairs and UDP. A read takes from one datagram, a flush makes one.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function unix()
	local a, b = socket.pair "dgram"
	return prepare(a), prepare(b)
end

-- Two UDP sockets connected to each other.
local function udp()
	local finder = socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }
	finder:listen(5)
	local port = select(3, finder:localname())
	local a = socket.connect { host = "127.0.0.1", port = port, type = socket.SOCK_DGRAM }
	a:connect(5)
	finder:close()
	local b = socket.connect { host = "127.0.0.1", port = select(3, a:localname()),
		type = socket.SOCK_DGRAM, bind = { addr = "127.0.0.1", port = port } }
	b:connect(5)
	return prepare(a), prepare(b)
end

local function state(s)
	show("  pending, eof, error", (s:pending()), select(2, s:pending()), (s:eof()), select(2, s:eof()), named(s:error()))
end

local formats = { "*l", "*L", "*a", 5, -5, 100, -100, 0, "--x" }

for _, kind in ipairs { { "UNIX", unix }, { "UDP", udp } } do
	part("each format, two datagrams, " .. kind[1], function()
		for _, format in ipairs(formats) do
			local a, b = kind[2]()
			a:write "one\ntwo\n"
			a:write "three"
			for i = 1, format == "--x" and 2 or 3 do
				show(tostring(format) .. " " .. i, named(b:read(format)))
				state(b)
			end
		end
	end)
end

part("no datagram there", function()
	local a, b = unix()
	for _, format in ipairs { "*l", "*L", "*a", 5, -5 } do
		show(tostring(format), named(b:read(format)))
		show("error", named(b:clearerr()))
		show("recv", named(b:recv(format)))
	end
	show("fill", named(b:fill(1)))
end)

part("several formats in one read", function()
	local a, b = unix()
	a:write "one\ntwo\n"
	a:write "three\nfour\n"
	show("three lines", named(b:read("*l", "*l", "*l")))
	show("two more", named(b:read("*l", "*l")))
	b:clearerr()
	a:write "one\ntwo\n"
	a:write "three\nfour\n"
	show("all thrice", named(b:read("*a", "*a", "*a")))
	b:clearerr()
	a:write "123"
	a:write "4567"
	show("two bytes thrice", named(b:read(2, 2, 2)))
	show("two bytes twice", named(b:read(2, 2)))
end)

part("headers and MIME parts", function()
	local a, b = unix()
	a:write "A: 1\nB: 2\n\n"
	a:write "C: 3\n\n"
	for i = 1, 3 do
		show("header " .. i, b:read "*h")
	end
	show("rest", b:read "*a")
	show("header of the next", b:read "*h")
	show("rest", b:read "*a")
	a:write "part1\n--x"
	a:write "part2"
	show("part", b:read "--x")
	show("the boundary", b:read "*l")
	show("part", b:read "--x")
end)

part("fill, unget and pending", function()
	local a, b = unix()
	a:write "ab"
	show("fill 1", b:fill(1))
	show("pending", b:pending())
	show("unget", b:unget "XY")
	show("pending", b:pending())
	a:write "next\n"
	show("read", b:read "*l")
	show("read", b:read "*l")
	a:write "abc"
	show("fill 3", b:fill(3))
	show("read -1", b:read(-1))
	show("read *a", b:read "*a")
end)

part("lines and recv", function()
	local a, b = unix()
	a:write "one\ntwo"
	a:write "three"
	local count = 0
	for line in b:lines() do
		count = count + 1
		show("line", line)
	end
	show("count", count)
	b:clearerr()
	a:write "one\ntwo"
	a:write "three"
	show("recv", b:recv())
	show("recv", b:recv())
	show("recv", b:recv(2))
	show("recv", b:recv(-9))
	show("recv", named(b:recv()))
end)

part("text mode", function()
	local a, b = unix()
	b:setmode "tn"
	a:write "a\r\nb\r"
	a:write "\nc\r\n"
	for i = 1, 4 do
		show("line " .. i, b:read "*l")
	end
	a:write "a\r\nb\r"
	a:write "\nc\r\n"
	show("all", b:read "*a")
	show("all", b:read "*a")
end)

part("what makes a datagram", function()
	for _, mode in ipairs { "bn", "bl", "bf", "tn", "tl", "tf" } do
		local a, b = unix()
		a:setmode("b", mode)
		local function arrived(label)
			local text, list = b:recv "*a", {}
			while text do
				list[#list + 1] = text
				text = b:recv "*a"
			end
			show(mode .. " " .. label, select(2, a:pending()), unpack(list))
		end
		a:write "one"
		arrived "no line"
		a:write "\n"
		arrived "end of line"
		a:write "two\nthree\n"
		arrived "two lines"
		a:write "four\nfive"
		arrived "line and more"
		a:write("a", "b\n", "c")
		arrived "several values"
		show("flush", a:flush())
		arrived "flush"
		a:write ""
		arrived "empty"
		show("send", a:send("abcdef\n", 2, 4, "bn"))
		arrived "send"
		show("pack", a:pack(0x4142, 16, "bn"))
		arrived "pack"
	end
end)

part("reading flushes output as one datagram", function()
	local a, b = unix()
	a:setmode("b", "bf")
	a:write "q1\n"
	a:write "q2\n"
	show("read", named(a:read "*a"))
	show("arrived", b:recv "*a")
end)

part("large datagrams", function()
	local a, b = udp()
	a:setvbuf("full", math.huge)
	local function send(count)
		a:write(("x"):rep(count))
		show("flush", a:flush())
	end
	send(20000)
	show("*a", #b:read "*a")
	send(20000)
	show("20000", #b:read(20000))
	send(20000)
	send(5)
	b:setbufsiz(32768)
	b:setmaxline(32768)
	show("*l", #b:read "*l")
	show("next", #b:read "*l")
end)

part("truncation by the input buffer", function()
	local a, b = udp()
	a:setvbuf("full", math.huge)
	a:write(("x"):rep(10000))
	a:flush()
	a:write "next"
	a:flush()
	show("ten", #b:read(10))
	show("pending", b:pending())
	show("rest", #b:read(-10000))
	show("next", b:read "*a")
end)

part("a listener receives from anyone", function()
	local l = prepare(socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM })
	show("listen", l:listen(5) == l)
	show("peername", l:peername())
	local port = select(3, l:localname())
	for i = 1, 3 do
		local c = prepare(socket.connect("127.0.0.1", port, socket.AF_INET, socket.SOCK_DGRAM))
		show("write", c:write("from " .. i) == c)
		show("peer", (c:peername()), select(2, c:peername()), select(3, c:peername()) == port)
	end
	for _ = 1, 4 do
		show("read", named(l:read "*a"))
	end
	l:clearerr()
	show("accept", named(l:accept(0)))
	show("write", named(l:write "x"))
	show("error", named(l:error "w"))
end)

part("nobody listens", function()
	local l = socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }
	l:listen(5)
	local port = select(3, l:localname())
	l:close()
	local c = prepare(socket.connect { host = "127.0.0.1", port = port, type = socket.SOCK_DGRAM })
	show("connect", c:connect(5) == c)
	show("write", c:write "x" == c)
	cqueues.sleep(0.02)
	show("read", named(c:read "*a"))
	show("error", named(c:clearerr()))
	show("read", named(c:read "*a"))
	show("eof", c:eof())
end)

part("the peer of a pair goes", function()
	local a, b = unix()
	a:write "last"
	a:close()
	show("read", b:read "*a")
	show("read", named(b:read "*a"))
	show("eof", b:eof())
	b:clearerr()
	show("write", named(b:write "x"))
	show("eof", b:eof())
	a, b = unix()
	show("shutdown", a:shutdown "w")
	show("write", named(a:write "x"))
	show("eof", a:eof())
end)

part("paths", function()
	local directory = new_directory()
	local path = directory .. "/s"
	local l = prepare(socket.listen { path = path, type = socket.SOCK_DGRAM })
	show("listen", l:listen(5) == l)
	local c = prepare(socket.connect { path = path, type = socket.SOCK_DGRAM })
	show("connect", c:connect(5) == c)
	c:write "hello"
	show("read", l:read "*a")
	show("peername", (c:peername()))
	c = prepare(socket.connect { path = directory .. "/none", type = socket.SOCK_DGRAM })
	show("connect to nothing", named(c:connect(1)))
	remove_directory(directory)
end)

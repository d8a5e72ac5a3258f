-- SPDX-License-Identifier: MIT
-- Descriptors passed over UNIX sockets, and who the peer is.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function make(kind)
	local a, b = socket.pair(kind or "stream")
	for _, s in ipairs { a, b } do
		returns_errors(s)
		s:setmode("bn", "bn")
		s:settimeout(0.02)
	end
	return a, b
end

local kinds = { { "stream", socket.SOCK_STREAM }, { "dgram", socket.SOCK_DGRAM }, { "seqpacket", socket.SOCK_SEQPACKET } }

for _, kind in ipairs(kinds) do
	part("a socket over " .. kind[1], function()
		local a, b = make(kind[2])
		local x, y = make()
		show("sendfd", a:sendfd("message", x))
		local message, s, code = b:recvfd()
		show("recvfd", message, s, code)
		show("modes", s:setmode())
		show("timeout", s:settimeout())
		show("another descriptor", s:pollfd() ~= x:pollfd())
		x:close()
		s:settimeout(1)
		s:write "through the passed one\n"
		show("read", y:read "*l")
		y:write "back\n"
		show("read", s:read "*l")
		s:close()
		show("end", y:read "*l")
	end)
end

part("a file", function()
	local a, b = make()
	local file = io.tmpfile()
	file:write "contents of a file\n"
	file:flush()
	file:seek "set"
	show("sendfd", a:sendfd("file", file))
	local message, s = b:recvfd()
	show("recvfd", message, s)
	file:close()
	show("read", s:read "*l")
	show("peername", s:peername())
end)

part("a number", function()
	local a, b = make()
	local x, y = make()
	show("sendfd", a:sendfd("number", x:pollfd()))
	local message, s = b:recvfd()
	show("recvfd", message, s)
	s:write "by number\n"
	s:flush()
	show("read", y:read "*l")
	show("sendfd", a:sendfd("number as a string", tostring(x:pollfd())))
	show("recvfd", (b:recvfd()))
	show("message as a number", a:sendfd(5, x))
	show("recvfd", (b:recvfd()))
end)

part("what is no descriptor", function()
	local _, x = make()
	local closed = io.tmpfile()
	closed:close()
	local wrong = { "x", true, {}, print, -1, closed, cqueues.new(), condition.new() }
	for i = 1, #wrong do
		local a, b = make()
		show("sendfd " .. type(wrong[i]), named(a:sendfd("m", wrong[i])))
		show("error", named(a:error()))
		show("recvfd", named(b:recvfd()))
	end
	local a = make()
	try("message nil", a.sendfd, a, nil, x)
	try("message true", a.sendfd, a, true, x)
	try("message a table", a.sendfd, a, {}, x)
	try("nothing", a.sendfd, a)
end)

part("recvfd with nothing there", function()
	local a, b = make()
	show("recvfd", named(b:recvfd()))
	show("error", named(b:error()))
	show("kept", named(b:recvfd()))
	a:sendfd("late", a)
	show("kept with data there", named(b:recvfd()))
	show("clearerr", named(b:clearerr()))
	show("recvfd", b:recvfd())
	show("timeout argument", named(b:recvfd(nil, 0)))
	b:clearerr()
	show("both arguments", named(b:recvfd(100, 0.01)))
	b:clearerr()
	try("size x", b.recvfd, b, "x")
	try("size true", b.recvfd, b, true)
	try("size table", b.recvfd, b, {})
end)

part("messages without descriptor", function()
	for _, kind in ipairs(kinds) do
		local a, b = make(kind[2])
		a:write "plain"
		show(kind[1], select("#", b:recvfd()))
		a:write "plain"
		show("recvfd", b:recvfd())
	end
end)

part("a descriptor where data are read", function()
	local a, b = make()
	a:sendfd("text", a)
	show("read", b:read(-10))
	a:sendfd("text\n", a)
	show("recv", b:recv "*l")
end)

part("buffers are passed by", function()
	local a, b = make()
	a:write "buffered"
	b:fill(8)
	show("sendfd", a:sendfd("message", a))
	show("recvfd", b:recvfd())
	show("pending", b:pending())
	show("read", b:read(8))
	a, b = make()
	a:setmode("b", "bf")
	a:write "pending"
	show("sendfd", a:sendfd("message", a))
	show("pending", a:pending())
	show("recvfd", b:recvfd())
	show("flush", a:flush())
	show("read", b:read(7))
	show("counts", a:stat().sent.count, b:stat().rcvd.count)
end)

part("two in a row", function()
	for _, kind in ipairs(kinds) do
		local a, b = make(kind[2])
		local x = make()
		a:sendfd("one", x)
		a:sendfd("two", x)
		show(kind[1], b:recvfd())
		show(kind[1], b:recvfd())
		show(kind[1], named(b:recvfd()))
	end
end)

part("message size", function()
	for _, kind in ipairs(kinds) do
		local a, b = make(kind[2])
		a:sendfd(("x"):rep(4096), a)
		local message, s = b:recvfd()
		show(kind[1] .. " 4096, default", message and #message, s)
		a:sendfd(("x"):rep(20000), a)
		message, s = b:recvfd(20000)
		show(kind[1] .. " 20000, asked for", message and #message, s)
	end
	for i = 2, 3 do
		local a, b = make(kinds[i][2])
		a:sendfd(("x"):rep(20000), a)
		show(kinds[i][1] .. " 20000, default", named(b:recvfd()))
		show("error", named(b:error()))
		b:clearerr()
		a:sendfd("next", a)
		show("next", b:recvfd())
	end
end)

part("the end", function()
	local a, b = make()
	a:close()
	show("recvfd", b:recvfd())
	show("error", b:error())
	show("sendfd", named(b:sendfd("x", b)))
	show("error", named(b:error()))
	a, b = make(socket.SOCK_SEQPACKET)
	a:close()
	show("recvfd of packets", b:recvfd())
	a, b = make "dgram"
	a:close()
	show("recvfd of datagrams", named(b:recvfd()))
	show("sendfd of datagrams", named(b:sendfd("x", b)))
end)

part("errors", function()
	local a, b = make()
	local calls = {}
	for _, s in ipairs { a, b } do
		s:onerror(function(_, method, code)
			calls[#calls + 1] = method .. " " .. error_name(code)
			return code
		end)
	end
	a:sendfd("m", -1)
	b:recvfd()
	show("handler", unpack(calls))
	a:clearerr()
	a:seterror("w", errno.EIO)
	show("kept", named(a:sendfd("m", a)))
	b:clearerr()
	b:seterror("r", errno.EIO)
	show("kept", named(b:recvfd()))
	a, b = socket.pair()
	try("thrown", a.sendfd, a, "m", -1)
	show("not thrown", named(b:recvfd(nil, 0)))
	a:close()
	for _, method in ipairs { "sendfd", "recvfd", "peereid", "peerpid" } do
		local ok, why = pcall(a[method], a, unpack(method == "sendfd" and { "m", b } or {}))
		show("closed " .. method, ok, tostring(why):find("socket closed", 1, true) ~= nil)
	end
end)

part("waiting", function()
	local a, b = make()
	b:settimeout(5)
	run(function()
		show("recvfd", b:recvfd())
	end, function()
		cqueues.sleep(0.01)
		show("sendfd", a:sendfd("later", a))
	end)
end)

part("identity of the peer", function()
	for _, kind in ipairs(kinds) do
		local a, b = make(kind[2])
		local uid, gid = a:peereid()
		show(kind[1], type(uid), type(gid), select("#", a:peereid()))
		show("pid", a:peerpid() == b:peerpid(), a:peerpid() > 0, select("#", a:peerpid()))
	end
	local directory = new_directory()
	local l = socket.listen { path = directory .. "/s" }
	l:listen(5)
	local c = socket.connect { path = directory .. "/s" }
	c:connect(5)
	local s = l:accept(5)
	local a = make()
	show("of a connection", c:peereid() == a:peereid(), c:peerpid() == a:peerpid())
	show("of an accepted one", s:peereid() == a:peereid(), s:peerpid() == a:peerpid())
	remove_directory(directory)
end)

-- SPDX-License-Identifier: MIT
-- Sequenced packets: datagrams with connections and an end.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function make()
	local a, b = socket.pair(socket.SOCK_SEQPACKET)
	return prepare(a), prepare(b)
end

part("ways to make a pair", function()
	show("constant", socket.SOCK_SEQPACKET ~= socket.SOCK_STREAM, socket.SOCK_SEQPACKET ~= socket.SOCK_DGRAM)
	show("number", socket.pair(socket.SOCK_SEQPACKET))
	show("as a string", socket.pair(tostring(socket.SOCK_SEQPACKET)))
	show("table", socket.pair { type = socket.SOCK_SEQPACKET })
	try("name", socket.pair, "nosuch")
	show("modes", socket.pair(socket.SOCK_SEQPACKET):setmode())
end)

part("each format", function()
	for _, format in ipairs { "*l", "*L", "*a", 5, -5, 100, -100 } do
		local a, b = make()
		a:write "one\ntwo\n"
		a:write "three"
		for i = 1, 4 do
			show(tostring(format) .. " " .. i, named(b:read(format)))
			show("  pending", b:pending())
		end
		show("eof", b:eof())
	end
end)

part("what makes a packet", function()
	for _, mode in ipairs { "bn", "bl", "bf" } do
		local a, b = make()
		a:setmode("b", mode)
		a:write "one\ntwo\nthree"
		a:write "four\nfive"
		show(mode .. " flush", a:flush())
		local text = b:recv "*a"
		while text do
			show(mode .. " packet", text)
			text = b:recv "*a"
		end
	end
end)

part("the end", function()
	local a, b = make()
	a:write "last\nwords"
	a:close()
	show("read", b:read "*l")
	show("eof", b:eof())
	show("read", b:read "*l")
	show("read", b:read "*l")
	show("eof", b:eof())
	show("read *a", b:read "*a")
	show("read 5", b:read(5))
	show("recv", named(b:recv "*l"))
	show("error", b:error())
	show("write", named(b:write "x"))
	show("error", named(b:error()))
	show("eof", b:eof())
end)

part("shutdown", function()
	local a, b = make()
	show("shutdown", a:shutdown "w")
	show("read", b:read "*a")
	show("eof", b:eof())
	show("the other way", b:write "still" == b)
	show("read", a:read "*a")
	show("write", named(a:write "x"))
	show("eof", a:eof())
end)

part("lines until the end", function()
	local a, b = make()
	a:write "one\ntwo\n"
	a:write "three"
	a:write "four\n"
	a:shutdown "w"
	for line in b:lines() do
		show("line", line)
	end
	show("eof", b:eof())
end)

part("names and peers", function()
	local a, b = make()
	show("peername", a:peername())
	show("localname", a:localname())
	show("peerpid", a:peerpid() == b:peerpid())
end)

part("listen, connect and accept", function()
	local directory = new_directory()
	local path = directory .. "/s"
	local l = prepare(socket.listen { path = path, type = socket.SOCK_SEQPACKET })
	show("listen", l:listen(5) == l)
	show("accept with nobody there", named(l:accept(0)))
	local c = prepare(socket.connect { path = path, type = socket.SOCK_SEQPACKET })
	show("connect", c:connect(5) == c)
	local s = prepare(l:accept(5))
	c:write "one"
	c:write "two"
	show("read", s:read "*a")
	show("read", s:read "*a")
	s:write "back"
	show("read", c:read "*a")
	show("peername", (c:peername()), select(2, c:peername()) == path)
	s:close()
	show("end", c:read "*l")
	c = prepare(socket.connect { path = path })
	show("a stream to it", named(c:connect(1)))
	c = prepare(socket.connect { path = path, type = socket.SOCK_DGRAM })
	show("datagrams to it", named(c:connect(1)))
	remove_directory(directory)
end)

part("tasks", function()
	local a, b = make()
	a:settimeout(5)
	b:settimeout(5)
	local count, bytes = 0, 0
	run(function()
		for i = 1, 200 do
			a:write(("x"):rep(i * 10))
		end
		a:shutdown "w"
	end, function()
		local text = b:read(-4000)
		while text do
			count, bytes = count + 1, bytes + #text
			text = b:read(-4000)
		end
	end)
	show("packets and bytes", count, bytes)
end)

part("reader gone while writing", function()
	local a, b = make()
	b:close()
	show("write", named(a:write "x"))
	show("flush", named(a:flush()))
	show("clearerr", named(a:clearerr()))
	show("eof", a:eof())
end)

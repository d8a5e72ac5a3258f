-- SPDX-License-Identifier: MIT
-- TLS: what a stream, and datagrams, do once in it. Needs luaossl.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "tls.lua")

part("what was buffered", function()
	local c, s = make()
	s:setmode "bP"
	c:write "one\ntwo\n"
	show("plain", s:read "*l")
	local results = handshake(c, s)
	result("P, server", results.server, s)
	show("pending", s:pending())
	c:write "three\n"
	show("read", s:read "*l")
	show("read", s:read "*l")
	c, s = make()
	c:write "start\n"
	run(function()
		show("client", c:starttls() == c)
		c:write "secret\n"
	end, function()
		cqueues.sleep(0.05)
		show("plain", s:read "*l")
		show("handshake buffered", (s:pending()) > 0)
		show("server", s:starttls(server_context()) == s)
		show("read", s:read "*l")
	end)
	for _, mode in ipairs { "bfa", "bfA" } do
		c, s = make()
		c:setmode("b", mode)
		c:write "early\n"
		run(function()
			show(mode, c:starttls() == c)
			show("pending", c:pending())
			c:write "late\n"
			c:flush()
		end, function()
			if mode == "bfa" then
				show("plain", s:read "*l")
			end
			s:starttls(server_context())
			show("read", s:read "*l")
		end)
	end
end)

part("the end", function()
	local c, s = secure()
	c:write "last"
	show("shutdown", c:shutdown "w")
	show("read", s:read "*l")
	show("read", named(s:read "*l"))
	show("recv", named(s:recv "*l"))
	show("eof", s:eof())
	show("error", s:error())
	show("the other way", s:write "still\n" == s)
	show("read", c:read "*l")
	show("write", named(c:write "x"))
	show("eof", c:eof())
	c, s = secure()
	c:write "last"
	c:close()
	show("closed: read", s:read "*a")
	show("read", s:read "*l")
	show("eof", s:eof())
	c, s = secure()
	local raw = socket.dup(c)
	raw:shutdown "w"
	show("cut off: read", (s:read "*l"))
	show("eof", s:eof())
end)

part("text instead of records", function()
	local c, s = secure()
	local raw = socket.dup(c)
	raw:setmode("bn", "bn")
	raw:write "this is no record, just text\n"
	show("read", named(s:read "*l"))
	show("kept", named(s:error()))
	show("handler", unpack(calls))
	show("recv", named(s:recv "*l"))
end)

part("data", function()
	local c, s = secure()
	show("recv", named(s:recv "*l"))
	show("send", c:send("abcdef\n", 2, 7))
	show("read", s:read "*l")
	c:setmode("t", "tl")
	c:write "one\ntwo\nthree"
	show("pending", c:pending())
	show("read", s:read(10))
	show("flush", c:flush())
	show("read", s:read(-5))
	show("timeout", named(s:xread("*l", 0.01)))
	show("clearerr", named(s:clearerr()))
	show("unget", s:unget "back\n")
	show("read", s:read "*l")
	show("counts", s:stat().rcvd.count, c:stat().sent.count)
	local text = ("0123456789abcdef"):rep(65536)
	c, s = secure()
	local there, back
	run(function()
		c:write(text)
		c:shutdown "w"
		back = c:read(#text)
	end, function()
		there = s:read "*a"
		s:write(there)
	end)
	show("1 MB there and back", there == text, back == text)
end)

part("DTLS", function()
	calls = {}
	local a, b = socket.pair "dgram"
	prepare(a, "client")
	prepare(b, "server")
	local results = handshake(a, b, context.new("DTLS", false), server_context "DTLS")
	result("client", results.client, a)
	result("server", results.server, b)
	show("checktls", checked(a))
	a:write "one\ntwo\n"
	a:write "three"
	show("read", b:read "*l")
	show("read", b:read "*l")
	show("read", b:read "*a")
	b:write "back"
	show("read", a:read "*a")
	show("nothing more", named(b:xread("*l", 0.01)))
end)

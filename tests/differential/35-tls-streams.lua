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

-- `starttls` that cannot send what is pending before it: nothing else leaves or comes in plain text.
for _, how in ipairs { "the peer does not read", "the peer does not read any more" } do
	for _, what in ipairs { "write", "read" } do
		part(how .. ", then " .. what, function()
			calls = {}
			local c, s = socket.pair()
			prepare(c, "client")
			prepare(s, "server")
			local plain = ("p"):rep(1000000)
			c:setmode("bn", "bf")
			c:setvbuf("full", 2 * #plain)
			c:send(plain, 1, #plain, "f")
			if how == "the peer does not read" then
				c:settimeout(0.03)
				result("starttls", pack(c:starttls(client_context())), c)
				s:write "plain"
			else
				s:write "plain"
				s:shutdown "r"
				result("starttls", pack(c:starttls(client_context())), c)
			end
			if what == "read" then
				show("read", named(c:xread(-10, "bn", 0.05)))
				return
			end
			local arrived = ""
			run(function()
				result("write", pack(c:xwrite("secret", "bn", 0.1)), c)
				c:close()
			end, function()
				repeat
					local piece = s:xread(-100000, "bn", 0.5)
					arrived = arrived .. (piece or "")
				until not piece
			end)
			show("has arrived in plain text", arrived:sub(1, #plain) == plain, arrived:find("secret", 1, true) ~= nil)
		end)
	end
end

-- The same where what is pending is a message that is too long.
for _, kind in ipairs { "SEQPACKET", "DGRAM" } do
	part("a " .. kind .. " that is too long", function()
		calls = {}
		local c, s = socket.pair(socket["SOCK_" .. kind])
		local long = ("p"):rep(4000000)
		for end_, name in pairs { [c] = "client", [s] = "server" } do
			prepare(end_, name)
			end_:setmode("bf", "bf")
			end_:setbufsiz(2 * #long, 2 * #long)
		end
		show("taken", c:send(long, 1, #long, "f"))
		result("starttls", pack(c:starttls(client_context())), c)
		result("write", pack(c:xwrite("secret", "bn")), c)
		show("has arrived", named(s:xread(-100, "bn", 0.02)))
	end)
end

-- The tickets that a server of TLS 1.3 sends last reach nobody then.
for _, how in ipairs { "close", "shutdown r", "shutdown rw" } do
	part("the client has sent all and gone: " .. how, function()
		calls = {}
		local c, s = socket.pair()
		prepare(c, "client")
		prepare(s, "server")
		run(function()
			show("client", c:starttls(client_context()) == c)
			c:write "all it had to say"
			if how == "close" then
				c:close()
			else
				c:shutdown(how:match "%w+$")
			end
		end, function()
			result("server", pack(s:starttls(server_context())), s)
			show("read", s:read(17))
		end)
	end)
end

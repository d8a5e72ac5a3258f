-- SPDX-License-Identifier: MIT
-- TLS: starttls and checktls, how handshakes end. Needs luaossl.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "tls.lua")

part("handshakes", function()
	local ways = {
		{ "without context", nil, server_context() },
		{ "with contexts", client_context(false), server_context() },
		{ "verifying", client_context(true, true), server_context() },
		{ "with objects", ssl.new(client_context(false), false), ssl.new(server_context(), true) },
		{ "TLS 1.2", client_context(false, false, "TLSv1_2"), server_context "TLSv1_2" },
	}
	for _, way in ipairs(ways) do
		local c, s = make()
		show(way[1], checked(c))
		local results = handshake(c, s, way[2], way[3])
		result("client", results.client, c)
		result("server", results.server, s)
		show("checktls", checked(c))
		show("checktls", checked(s))
		c:write "question\n"
		show("read", s:read "*l")
		s:write "answer\n"
		show("read", c:read "*l")
		show("again", c:starttls() == c, s:starttls(server_context()) == s)
		show("modes", c:setmode())
		show("errors", #calls)
	end
end)

part("the object tells of the connection", function()
	local c, s = secure()
	local version = c:checktls():getVersion()
	show("versions alike", version == s:checktls():getVersion())
	show("certificate", tostring(c:checktls():getPeerCertificate():getSubject()))
	show("none of the client", s:checktls():getPeerCertificate())
end)

part("over a UNIX pair", function()
	calls = {}
	local a, b = socket.pair()
	prepare(a, "client")
	prepare(b, "server")
	local results = handshake(a, b)
	result("client", results.client, a)
	result("server", results.server, b)
	a:write "line\n"
	show("read", b:read "*l")
end)

part("verification", function()
	local ways = {
		{ "VERIFY_PEER, not trusted", nil, client_context(false, true) },
		{ "verify, no context", { verify = true }, nil },
		{ "verify, second name", { tls_verify = true }, nil },
		-- Ours compares the name, too.
		{ "verify, trusted", { verify = true, sendname = "localhost" }, client_context(true, false) },
		{ "verify=false, VERIFY_PEER", { verify = false }, client_context(false, true) },
		{ "verify=false", { verify = false }, client_context(false, false) },
	}
	for _, way in ipairs(ways) do
		local c, s = make(way[2])
		local results = handshake(c, s, way[3])
		result(way[1], results.client, c)
		-- With the option, ours refuses within the handshake, so that the server knows; the original after it.
		if not (way[2] and (way[2].verify or way[2].tls_verify)) then
			result("server", results.server, s)
			table.sort(calls)
			show("handlers", unpack(calls))
		end
		show("kept", named(c:error()))
		show("checktls", checked(c))
	end
end)

part("time", function()
	local c, s = make()
	show("alone", named(c:starttls(0.01)))
	show("handler", unpack(calls))
	show("nil and time", named(c:starttls(nil, 0.01)))
	show("context and time", named(c:starttls(client_context(), 0.01)))
	c:settimeout(0.01)
	show("of the socket", named(c:starttls()))
	show("kept", c:error())
	show("checktls", checked(c))
	c:settimeout(5)
	local results = handshake(c, s)
	result("client goes on", results.client, c)
	result("server", results.server, s)
end)

part("failures", function()
	local c, s = make()
	s:close()
	show("peer closed", named(c:starttls()))
	show("read", named(c:read "*l"))
	c, s = make()
	s:shutdown "w"
	show("peer shut down", named(c:starttls()))
	c, s = make()
	s:write "no handshake, just text\n"
	show("text", named(c:starttls()))
	show("handler", unpack(calls))
	show("kept", c:error())
	show("read then", c:read "*l" == nil, c:write "x" == nil)
	c, s = make()
	c:write "GET / HTTP/1.0\r\n\r\n"
	show("text to a server", named(s:starttls(server_context())))
	local l = socket.listen("127.0.0.1", 0)
	l:listen(5)
	local port = select(3, l:localname())
	l:close()
	calls = {}
	c = prepare(socket.connect("127.0.0.1", port), "client")
	show("refused", named(c:starttls()))
	c = socket.connect("127.0.0.1", port)
	try("refused, thrown", c.starttls, c)
	c:close()
	local ok, why = pcall(c.starttls, c)
	show("closed", ok, tostring(why):find("socket closed", 1, true) ~= nil)
end)

part("while connecting", function()
	calls = {}
	local l = socket.listen("127.0.0.1", 0)
	l:listen(5)
	local c = prepare(socket.connect("127.0.0.1", (select(3, l:localname()))), "client")
	run(function()
		show("read", c:starttls():read "*l")
	end, function()
		local s = prepare(l:accept(5), "server")
		s:starttls(server_context()):write "hello\n"
	end)
end)

part("the name sent", function()
	for _, name in ipairs { "nothing", true, false, "example.org" } do
		for _, host in ipairs { "localhost", "127.0.0.1" } do
			local options = { host = host, family = socket.AF_INET }
			if name ~= "nothing" then
				options.sendname = name
			end
			local _, s = secure(options)
			show(host .. " " .. tostring(name), s:checktls():getHostName())
		end
	end
	local _, s = secure { tls_sendname = "second.example" }
	show("second name", s:checktls():getHostName())
end)

part("thrown", function()
	local c, s = make { verify = true }
	c:onerror(nil)
	local results = handshake(c, s)
	show("client", results.client[1], (tostring(results.client[2]):match ":starttls: "))
	show("server", results.server[1])
end)

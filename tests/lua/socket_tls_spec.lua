-- SPDX-License-Identifier: MIT
-- TLS: how a connection begins, what is demanded of the peer, what both agree on. Needs luaossl.
local directory = arg[0]:gsub("[^/]*$", "")
local t = dofile(directory .. "harness.lua")
local tls = dofile(directory .. "tls.lua")(t)
local socket, errno = t.socket, t.errno
local equal, values = t.equal, t.values

-- Beginning.

tls.test("starttls_takes_nothing_a_context_or_a_connection_and_returns_the_socket", function()
	for _, way in ipairs {
		{ nil, tls.server() }, { tls.client(), tls.server() },
		{ tls.ssl.new(tls.client(), false), tls.ssl.new(tls.server(), true) },
	} do
		local c, s = tls.tcp()
		local mine, theirs = tls.handshake(c, s, way[1], way[2])
		values({ c }, t.unpack(mine, 1, mine.n))
		values({ s }, t.unpack(theirs, 1, theirs.n))
		tls.exchange(c, s)
		equal(c:starttls(), c, "it is done")
		equal(s:starttls(tls.client()), s, "it is done")
		values({ nil, nil, n = 2 }, c:error())
		equal((c:reason()), nil)
	end
end)

tls.test("starttls_refuses_objects_that_are_no_context", function()
	-- the original takes them for nothing: whoever passes one believes that it counts
	local c, s = tls.tcp()
	for _, wrong in ipairs { tls.authority.certificate, s } do
		t.throws("expected, got", c.starttls, c, wrong)
	end
	-- those of other bindings are named
	for class, binding in pairs { ["SSL:Context"] = "LuaSec", ["SSL:Connection"] = "LuaSec", ["openssl.ssl_ctx"] = "lua-openssl",
		["openssl.ssl"] = "lua-openssl" } do
		local registry, object = debug.getregistry(), io.tmpfile()
		local known, plain = registry[class], debug.getmetatable(object)
		registry[class] = known or {}
		debug.setmetatable(object, registry[class])
		for _, argument in ipairs { object, { context = object } } do
			t.throws("openssl.ssl.context or cqueues.tls expected, got " .. class .. " of " .. binding, c.starttls, c, argument)
		end
		registry[class] = known
		debug.setmetatable(object, plain)
	end
	equal(c:write "still in plain text\n", c)
	equal(s:read "*l", "still in plain text")
end)

tls.test("starttls_works_over_every_kind_of_stream", function()
	local a, b = t.pair()
	tls.shake(a, b)
	tls.exchange(a, b)
	local path = t.directory() .. "/socket"
	local l = socket.listen { path = path }
	t.check(l:listen(5), "listen")
	local c = t.bare(socket.connect { path = path })
	tls.shake(c, t.bare(l:accept(5)))
end)

tls.test("starttls_waits_for_the_connection_first", function()
	local l, port = t.listener()
	local line
	t.together(function()
		line = t.returns_errors(socket.connect("127.0.0.1", port)):starttls(nil, 5):read "*l"
	end, function()
		l:accept(5):starttls(tls.server(), 5):write "first\n"
	end)
	equal(line, "first")
	l:close()
	local c = t.returns_errors(socket.connect("127.0.0.1", port))
	t.fails(errno.ECONNREFUSED, c:starttls())
	c = socket.connect("127.0.0.1", port)
	t.throws("socket:starttls: " .. errno.strerror(errno.ECONNREFUSED), c.starttls, c)
end)

tls.test("the_context_says_which_end_a_socket_is", function()
	-- the one that connects is the server here
	local s, c = tls.tcp()
	tls.shake(c, s, tls.client(), tls.server())
	tls.exchange(c, s)
	equal(tostring(c:checktls():getPeerCertificate():getSubject()), tostring(tls.localhost.certificate:getSubject()))
end)

tls.test("a_timeout_ends_starttls_and_the_next_one_goes_on", function()
	local c, s = tls.tcp()
	values({ nil, errno.ETIMEDOUT, n = 2 }, c:starttls(0.01))
	values({ nil, errno.ETIMEDOUT, n = 2 }, c:starttls(nil, 0.01))
	values({ nil, errno.ETIMEDOUT, n = 2 }, c:starttls(tls.client(), 0.01))
	c:settimeout(0.01)
	values({ nil, errno.ETIMEDOUT, n = 2 }, c:starttls())
	values({ nil, nil, n = 2 }, c:error())
	c:settimeout(5)
	tls.shake(c, s)
	tls.exchange(c, s)
end)

tls.test("handlers_get_the_name_starttls_and_the_level_of_the_caller", function()
	local c, s = tls.tcp()
	local seen
	c:onerror(function(...) seen = t.pack(...) return "answer" end)
	values({ nil, "answer", n = 2 }, c:starttls(0))
	equal(seen[1], c)
	values({ "starttls", errno.ETIMEDOUT }, seen[2], seen[3])
	equal(type(seen[4]), "number")
	s:close()
end)

tls.test("a_listener_cannot_begin_tls", function()
	local l = t.listener()
	t.fails(errno.EPIPE, l:starttls(tls.server(), 5))
end)

-- The object.

tls.test("checktls_gives_an_object_of_luaossl_that_tells_of_the_connection", function()
	local c, s = tls.tcp()
	values({ n = 0 }, c:checktls())
	t.fails(errno.ETIMEDOUT, c:starttls(0.01))
	t.check(c:checktls(), "in the handshake")
	tls.shake(c, s)
	local object = c:checktls()
	equal(object:getVersion(), s:checktls():getVersion())
	equal(tostring(object:getPeerCertificate():getSubject()), tostring(tls.localhost.certificate:getSubject()))
	equal(s:checktls():getPeerCertificate(), nil)
	c:close()
	s:close()
	equal(type(object:getVersion()), "number", "it outlives its socket")
end)

tls.test("checktls_without_luaossl_says_so", function()
	local c, s = tls.connection()
	local kept, path, cpath = {}, package.path, package.cpath
	for name in pairs(package.loaded) do
		if name:find "openssl" then
			kept[name], package.loaded[name] = package.loaded[name], nil
		end
	end
	package.path, package.cpath = "", ""
	local results = t.pack(c:checktls())
	package.path, package.cpath = path, cpath
	for name, module in pairs(kept) do
		package.loaded[name] = module
	end
	equal(results[1], nil)
	t.check(type(results[2]) == "string" and results[2]:find "openssl", "the text: " .. tostring(results[2]))
	tls.exchange(c, s)
end)

-- What is demanded of the peer.

-- A connection whose client demands verification, with what else is given; how it ended for the client.
local function verified(options, certificate, authority)
	options.verify = options.verify == nil and not options.tls_verify or options.verify
	local c, s = tls.tcp(options)
	local mine = tls.handshake(c, s, tls.client(authority), tls.server(certificate))
	return mine[1] == c or mine[2], c, s
end

tls.test("verify_demands_a_chain_to_an_authority", function()
	equal(verified { host = "localhost" }, true)
	local code, c, s = verified({ host = "localhost" }, nil, tls.stranger)
	equal(code, tls.ENOTVERIFIED)
	tls.reason(c, "certificate verify failed")
	tls.reason(c, "unable to get local issuer certificate, peer localhost:")
	tls.reason(s, "unknown ca, peer 127.0.0.1:") -- the client has told it why
	equal((verified({ host = "localhost", tls_verify = true }, nil, tls.stranger)), tls.ENOTVERIFIED)
	equal((verified({ host = "localhost" }, nil, false)), tls.ENOTVERIFIED)
	local alone = tls.certificate { name = "localhost", names = { "localhost" } }
	code, c = verified({ host = "localhost" }, alone)
	equal(code, tls.ENOTVERIFIED)
	tls.reason(c, "self-signed certificate")
end)

tls.test("a_chain_over_an_intermediate_authority_is_verified", function()
	local middle = tls.certificate { name = "Middle", authority = true, by = tls.authority }
	local below = tls.certificate { name = "localhost", names = { "localhost" }, by = middle }
	for _, shows in ipairs { true, false } do
		local c, s = tls.tcp { host = "localhost", verify = true }
		local server = tls.server(below)
		if shows then
			tls.show_chain(server, middle)
		end
		local mine = tls.handshake(c, s, tls.client(), server)
		equal(mine[1] == c, shows)
	end
end)

tls.test("verify_demands_that_the_certificate_names_the_host", function()
	-- the original compares no names
	local other = tls.certificate { name = "localhost", names = { "other.test", "127.0.0.2" }, by = tls.authority }
	local cases = {
		{ { host = "localhost" }, tls.localhost, true }, { { host = "127.0.0.1" }, tls.localhost, true },
		{ { host = "localhost." }, tls.localhost, true }, { { host = "localhost" }, other, "hostname mismatch" },
		{ { host = "127.0.0.1" }, other, "IP address mismatch" },
		{ { host = "127.0.0.1", sendname = "other.test" }, other, true },
		{ { host = "localhost", tls_sendname = "other.test" }, other, true },
		{ { host = "localhost", sendname = "other.test" }, tls.localhost, "hostname mismatch" },
		{ { host = "localhost", sendname = "127.0.0.2" }, other, true },
		{ { host = "localhost", sendname = false }, tls.localhost, true },
		{ { host = "localhost", sendname = false }, other, "hostname mismatch" },
	}
	for i, case in ipairs(cases) do
		local result, c = verified(case[1], case[2])
		if case[3] == true then
			equal(result, true, i)
		else
			equal(result, tls.ENOTVERIFIED, i)
			tls.reason(c, case[3])
		end
	end
end)

tls.test("wildcards_stand_for_one_whole_label", function()
	local wild = tls.certificate { name = "wild", names = { "*.wild.test", "part*.test" }, by = tls.authority }
	for name, fits in pairs { ["a.wild.test"] = true, ["a.b.wild.test"] = false, ["wild.test"] = false,
		["party.test"] = false } do
		equal(verified({ sendname = name }, wild), fits or tls.ENOTVERIFIED, name)
	end
end)

tls.test("times_of_certificates_are_verified", function()
	for text, span in pairs { ["certificate has expired"] = { -172800, -86400 },
		["certificate is not yet valid"] = { 86400, 172800 } } do
		local certificate = tls.certificate {
			name = "localhost", names = { "localhost" }, by = tls.authority, from = span[1], to = span[2],
		}
		local code, c = verified({ host = "localhost" }, certificate)
		equal(code, tls.ENOTVERIFIED)
		tls.reason(c, text)
	end
end)

tls.test("verify_needs_a_name", function()
	local a, b = socket.pair { verify = true }
	t.bare(a)
	b:send("one\ntwo\n", 1, 8, "bn")
	equal(a:read "*l", "one")
	t.fails(tls.ENOTVERIFIED, a:starttls(tls.client()))
	equal(a:reason(), "the name to verify is not known")
	-- nothing goes or comes in plain text instead, for who has not looked
	t.fails(tls.ENOTVERIFIED, a:recv "*l")
	equal(select(2, a:send("secret\n", 1, 7)), tls.ENOTVERIFIED)
	a:close()
	equal(t.bare(b):read "*l", nil)
end)

tls.test("without_verify_the_context_alone_demands", function()
	local stranger = tls.client(tls.stranger)
	local c, s, mine
	for _, demanded in ipairs { "VERIFY_NONE", "VERIFY_PEER" } do
		stranger:setVerify(tls.context[demanded])
		c, s = tls.tcp { verify = false }
		mine = tls.handshake(c, s, stranger)
		equal(mine[1] == c, demanded == "VERIFY_NONE")
	end
	equal(mine[2], tls.ETLS)
	tls.reason(c, "certificate verify failed: unable to get local issuer certificate")
	c, s = tls.tcp()
	tls.shake(c, s) -- with nothing, nothing is demanded
end)

tls.test("a_refusal_is_thrown_with_its_reason", function()
	local c, s = tls.tcp { host = "localhost", verify = true }
	c:onerror(nil)
	local ok, why
	t.together(function()
		ok, why = t.protect(c.starttls, c, tls.client(tls.stranger))
	end, function() s:starttls(tls.server()) end)
	equal(ok, false)
	local name = ("[127.0.0.1.%d]:starttls: certificate verify failed: "):format((select(3, c:peername())))
	t.check(why:find(name, 1, true) and why:find "unable to get local issuer certificate, peer localhost:%d+$", why)
	t.check(#errno.strerror(tls.ENOTVERIFIED) > 0) -- as in the original: what TLS complained about last
end)

tls.test("a_server_may_demand_a_certificate_of_the_client", function()
	local mine = tls.certificate { name = "client", by = tls.authority }
	local theirs = tls.certificate { name = "client", by = tls.stranger }
	local function server()
		local c = tls.server()
		tls.trust(c, tls.authority)
		c:setVerify(tls.context.VERIFY_PEER + tls.context.VERIFY_FAIL_IF_NO_PEER_CERT)
		return c
	end
	local _, s = tls.connection(nil, tls.client(nil, nil, mine), server())
	equal(tostring(s:checktls():getPeerCertificate():getSubject()), tostring(mine.certificate:getSubject()))
	for text, client in pairs { ["unable to get local issuer certificate"] = tls.client(nil, nil, theirs),
		["peer did not return a certificate"] = tls.client() } do
		local c
		c, s = tls.tcp()
		local _, refused = tls.handshake(c, s, client, server())
		values({ nil, tls.ETLS, n = 2 }, t.unpack(refused, 1, refused.n))
		tls.reason(s, text)
		-- In TLS 1.3 the client learns it when it reads.
		t.fails(tls.ETLS, c:read "*l")
	end
end)

-- What both agree on.

tls.test("a_client_tells_the_name_of_its_host", function()
	for _, case in ipairs {
		{ { host = "localhost" }, "localhost" }, { { host = "localhost", sendname = true }, "localhost" },
		{ { host = "localhost." }, "localhost" }, { { host = "localhost", sendname = false }, nil },
		{ { host = "localhost", sendname = "other.test" }, "other.test" }, { { host = "127.0.0.1" }, nil },
		{ { tls_sendname = "other.test" }, "other.test" },
		{ { sendname = "127.0.0.9" }, nil }, -- an address is none, RFC 6066; the original sends it
	} do
		local _, s = tls.connection(case[1])
		equal(s:checktls():getHostName(), case[2])
	end
end)

tls.test("the_application_protocol_is_what_both_know", function()
	local function client(list)
		local c = tls.client()
		c:setAlpnProtos(list)
		return c
	end
	local server = tls.server()
	server:setAlpnSelect(function(_, offered)
		for _, name in ipairs(offered) do
			if name == "h2" or name == "http/1.1" then
				return name
			end
		end
	end)
	local c, s = tls.connection(nil, client { "spdy", "http/1.1", "h2" }, server)
	values({ "http/1.1" }, c:alpn())
	values({ "http/1.1" }, s:alpn())
	c, s = tls.connection(nil, tls.client(), server)
	equal((c:alpn()), nil)
	equal((s:alpn()), nil)
	equal((t.pair():alpn()), nil)
end)

tls.test("tls_1_2_serves_and_no_version_in_common_is_told", function()
	local c = tls.connection(nil, tls.client(nil, "TLSv1_2"), tls.server(nil, "TLSv1_2"))
	equal(c:checktls():getVersion(), tls.ssl.TLS1_2_VERSION)
	local newest = tls.client()
	newest:setOptions(tls.context.OP_NO_TLSv1 + tls.context.OP_NO_TLSv1_1 + tls.context.OP_NO_TLSv1_2)
	local s
	c, s = tls.tcp()
	local mine, theirs = tls.handshake(c, s, newest, tls.server(nil, "TLSv1_2"))
	values({ tls.ETLS, tls.ETLS }, mine[2], theirs[2])
	tls.reason(c, "protocol version")
	tls.reason(s, "unsupported protocol")
end)

t.finish()

-- SPDX-License-Identifier: MIT
--
-- What the specs on TLS share: certificates made on the spot, contexts, connections that have shaken
-- hands. All of it takes luaossl; where that is missing, each test is a skip.
--
--   local tls = dofile(... "tls.lua")(t)

return function(t)
	local socket = t.socket
	local tls = {}

	local context = t.system_module "openssl.ssl.context"
	local ssl = t.system_module "openssl.ssl"
	local here = context and ssl
	local pkey, x509, names, altname, store, chain
	if here then
		pkey, x509 = t.system_module "openssl.pkey", t.system_module "openssl.x509"
		names, altname = t.system_module "openssl.x509.name", t.system_module "openssl.x509.altname"
		store, chain = t.system_module "openssl.x509.store", t.system_module "openssl.x509.chain"
	end
	tls.context, tls.ssl = context, ssl

	tls.ETLS, tls.ENOTVERIFIED, tls.ETRUNCATED = -1935895353, -1935895351, -1935895336

	-- A test as a task.
	function tls.test(name, f)
		if here then
			return t.test(name, f)
		end
		t.plain(name, function() t.skip "no luaossl" end)
	end

	-- Certificates.

	local serial = 0

	-- { name = common name, names = { DNS names and addresses }, by = signer, authority = true,
	-- from = seconds, to = seconds }: a table with certificate and key. Without `by` it signs itself.
	function tls.certificate(how)
		local made = { key = pkey.new { type = "EC", curve = "prime256v1" }, certificate = x509.new() }
		local subject, certificate = names.new(), made.certificate
		serial = serial + 1
		subject:add("CN", how.name)
		certificate:setVersion(3)
		certificate:setSerial(serial)
		certificate:setSubject(subject)
		certificate:setIssuer(how.by and how.by.certificate:getSubject() or subject)
		local now = os.time()
		certificate:setLifetime(now + (how.from or -3600), now + (how.to or 86400))
		if how.names then
			local alternative = altname.new()
			for _, name in ipairs(how.names) do
				alternative:add(name:find "^[%d.:]+$" and "IP" or "DNS", name)
			end
			certificate:setSubjectAlt(alternative)
		end
		certificate:setBasicConstraints { CA = how.authority or false }
		certificate:setPublicKey(made.key)
		certificate:sign((how.by or made).key, "sha256")
		return made
	end

	if here then
		tls.authority = tls.certificate { name = "Test authority", authority = true }
		tls.stranger = tls.certificate { name = "Another authority", authority = true }
		tls.localhost = tls.certificate {
			name = "localhost", names = { "localhost", "127.0.0.1", "::1" }, by = tls.authority,
		}
	end

	-- Contexts.

	-- A server's, which shows a certificate, by default that of localhost.
	function tls.server(certificate, protocol)
		local c = context.new(protocol or "TLS", true)
		certificate = certificate or tls.localhost
		c:setCertificate(certificate.certificate)
		c:setPrivateKey(certificate.key)
		return c
	end

	-- A client's, which trusts an authority (none: false) and shows a certificate, if any.
	function tls.client(authority, protocol, certificate)
		local c = context.new(protocol or "TLS", false)
		tls.trust(c, authority == nil and tls.authority or authority)
		if certificate then
			c:setCertificate(certificate.certificate)
			c:setPrivateKey(certificate.key)
		end
		return c
	end

	function tls.trust(c, authority)
		if authority then
			local trusted = store.new()
			trusted:add(tls.file(authority)) -- given the object, luaossl forgets a copy of it
			c:setStore(trusted)
		end
	end

	-- The name of a file with a certificate.
	local directory
	function tls.file(made)
		if not made.file then
			directory = directory or t.directory()
			made.file = directory .. "/" .. tostring(made.certificate:getSerial()) .. ".pem"
			local file = t.check(io.open(made.file, "w"), "a file for a certificate")
			file:write(made.certificate:toPEM())
			file:close()
		end
		return made.file
	end

	function tls.show_chain(c, ...)
		local certificates = chain.new()
		for _, made in ipairs { ... } do
			certificates:add(made.certificate)
		end
		c:setCertificateChain(certificates)
	end

	-- Connections.

	-- Both ends of a TCP connection, made with these options; nothing of TLS yet.
	function tls.tcp(options)
		local l, port = t.listener()
		options = options or {}
		options.host, options.port = options.host or "127.0.0.1", port
		local c = t.bare(socket.connect(options))
		t.check(c:connect(5), "connect")
		local s = t.bare(t.check(l:accept(5), "accept"))
		l:close()
		c:settimeout(5)
		s:settimeout(5)
		return c, s
	end

	-- Both handshakes at once, the client's with `client`, the server's with `server`, each a context,
	-- an SSL object or nothing. Returns what both calls of starttls returned, in tables.
	function tls.handshake(c, s, client, server)
		local mine, theirs
		t.together(function()
			mine = t.pack(c:starttls(client))
		end, function()
			theirs = t.pack(s:starttls(server or tls.server()))
		end)
		return mine, theirs
	end

	-- The same, which must succeed.
	function tls.shake(c, s, client, server)
		local mine, theirs = tls.handshake(c, s, client, server)
		t.check(mine[1] == c, "the client's handshake: " .. tostring(mine[2]) .. " " .. tostring((c:reason())))
		t.check(theirs[1] == s, "the server's handshake: " .. tostring(theirs[2]) .. " " .. tostring((s:reason())))
		return c, s
	end

	-- A connection over TCP that has shaken hands. The client has read what came with it, or closing
	-- it would reset the connection.
	function tls.connection(options, client, server)
		local c, s = tls.tcp(options)
		tls.shake(c, s, client, server)
		tls.exchange(c, s)
		return c, s
	end

	-- A line there, and one back.
	function tls.exchange(c, s)
		local text = "line of " .. tostring {}
		c:write(text, "\n")
		t.check(c:flush(), "flush")
		t.equal(s:xread("*l", "b"), text)
		s:write(text, " came\n")
		t.check(s:flush(), "flush")
		t.equal(c:xread("*l", "b"), text .. " came")
	end

	-- Passes on at most `limit` bytes and then says that it is the end; returns how many passed.
	function tls.forward(from, to, limit)
		local passed = 0
		while passed < limit do
			local bytes = from:read(-math.min(limit - passed, 65536))
			if not bytes or not to:write(bytes) then
				break
			end
			passed = passed + #bytes
		end
		to:shutdown "w"
		return passed
	end

	-- A client and a server with a relay between them, which passes so many bytes on each way.
	-- Returns both, and two functions to run as tasks.
	function tls.relayed(to_server, to_client)
		local c, near = t.pair()
		local far, s = t.pair()
		c:settimeout(5)
		s:settimeout(5)
		return c, s, function() return tls.forward(near, far, to_server) end,
			function() return tls.forward(far, near, to_client) end
	end

	-- Ends the connection under TLS, which says nothing about it.
	function tls.cut(s)
		s:flush()
		socket.dup(s):shutdown "w"
	end

	-- The reason of a failure contains a text.
	function tls.reason(s, text)
		local reason = s:reason()
		t.check(reason and reason:find(text, 1, true), ("the reason %s with %q"):format(tostring(reason), text))
	end

	return tls
end

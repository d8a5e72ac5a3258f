-- SPDX-License-Identifier: MIT
-- TLS without luaossl: configurations of cqueues.tls, and what a connection tells of itself. The certificates are made by
-- the openssl program.
local directory = arg[0]:gsub("[^/]*$", "")
local t = dofile(directory .. "harness.lua")
local socket, equal, check = t.socket, t.equal, t.check
local tls = require "cqueues.tls"

local ETLS, ENOTVERIFIED = -1935895353, -1935895351

local folder
local function file(name)
	if not folder then
		folder = t.directory() .. "/certificates"
		local script = directory == "" and "../certificates.sh" or directory .. "../certificates.sh"
		local done = os.execute(("sh %q %q >/dev/null 2>&1"):format(script, folder))
		if done ~= true and done ~= 0 then
			t.skip "no certificates: the openssl program is needed"
		end
	end
	return folder .. "/" .. name
end

local function read(name)
	local stream = check(io.open(file(name), "rb"))
	local bytes = stream:read "*a"
	stream:close()
	return bytes
end

local function server(settings)
	settings = settings or {}
	settings.role = "server"
	settings.certificate = settings.certificate or file "server.pem"
	settings.key = settings.key or file "server.key"
	return check(tls.new(settings))
end

local function client(settings)
	settings = settings or {}
	settings.authorities = settings.authorities or file "ca.pem"
	settings.name = settings.name or "localhost"
	return check(tls.new(settings))
end

-- Both ends of a pair, with what both calls of starttls returned, in tables.
local function shake(mine, theirs)
	local c, s = t.pair()
	local here, there
	t.together(function() here = t.pack(c:starttls(mine, 5)) end, function() there = t.pack(s:starttls(theirs, 5)) end)
	return c, s, here, there
end

t.test("a_client_and_a_server_need_no_luaossl", function()
	local c, s, here, there = shake(client(), server())
	equal(here[1], c)
	equal(there[1], s)
	c:write "hello\n"
	c:flush()
	equal(s:read "*l", "hello")
end)

t.test("a_client_verifies_unless_told_otherwise", function()
	local _, _, here = shake(client { name = "other.test" }, server())
	equal(here[2], ENOTVERIFIED)
	for _, how in ipairs { "none", false } do
		local c, _, fine = shake(client { name = "other.test", verify = how }, server())
		equal(fine[1], c)
	end
	local _, _, _, there = shake(client(), server { verify = true, authorities = file "ca.pem" })
	equal(there[2], ENOTVERIFIED)
	local _, s, _, fine = shake(client { certificate = file "client.pem", key = file "client.key" },
		server { verify = "require", authorities = file "ca.pem" })
	equal(fine[1], s)
	equal(s:tlsinfo().subject, "CN=client")
end)

t.test("settings_are_given_in_a_table_for_starttls_too", function()
	local c, s = t.pair()
	t.together(function() check(c:starttls { context = client(), timeout = 5 }) end, function()
		check(s:starttls { context = server(), timeout = 5 })
	end)
end)

t.test("keys_certificates_and_authorities_come_from_memory", function()
	local mine = tls.new { authorities_pem = { read "stranger.pem", read "ca.pem" }, name = "localhost" }
	local theirs = check(tls.new { role = "server", certificate_pem = read "server.pem", key_pem = read "locked.key",
		password = "secret" })
	local c, _, here = shake(mine, theirs)
	equal(here[1], c)
	local both = check(tls.new { role = "server", certificate_pem = read "server.key" .. read "server.pem" })
	c, _, here = shake(mine, both)
	equal(here[1], c)
end)

t.test("what_is_refused_is_told_with_its_reason", function()
	local made, why, code = tls.new { certificate = file "server.pem", key = file "other.key" }
	equal(made, nil)
	check(why:find("other.key: key does not match the certificate ", 1, true), why)
	equal(code, ETLS)
	made, why = tls.new { certificate = file "server.pem", key = file "locked.key" }
	check(not made and why:find("encrypted, and no password is known", 1, true), why)
	made, why = tls.new { authorities = file "missing.pem" }
	check(not made and why:find("missing.pem: No such file", 1, true), why)
	made, why = tls.new { ciphers = "NONESUCH" }
	check(not made and why:find("NONESUCH", 1, true), why)
end)

t.test("mistakes_throw", function()
	local function throws(text, settings)
		local ok, why = pcall(tls.new, settings)
		check(not ok and tostring(why):find(text, 1, true), tostring(why))
	end
	throws("no setting has the name 'authoritys'", { authoritys = "x" })
	throws("table expected", "server")
	throws("", { role = "king" })
	throws("", { verify = "maybe" })
	throws("", { min_version = "1.1" })
	throws("", { names = { ["a.test"] = {} } })
	throws("", { ciphers = "a\0b" })
	equal(tls.type(tls.new {}), "tls")
	equal(tls.type {}, nil)
	local c = t.pair()
	check(not pcall(c.starttls, c, io.stdout))
end)

t.test("versions_ciphers_groups_and_protocols_are_kept_to", function()
	local c = shake(client { max_version = "1.2", ciphers = "ECDHE-ECDSA-CHACHA20-POLY1305",
		alpn = { "one", "two" } }, server { alpn = "two", groups = "P-256" })
	local info = c:tlsinfo()
	equal(info.version, "TLSv1.2")
	equal(info.cipher, "ECDHE-ECDSA-CHACHA20-POLY1305")
	equal(info.group, "prime256v1")
	equal(info.alpn, "two")
	c = shake(client { min_version = "1.3", suites = "TLS_CHACHA20_POLY1305_SHA256" }, server())
	equal(c:tlsinfo().cipher, "TLS_CHACHA20_POLY1305_SHA256")
end)

t.test("a_connection_tells_about_its_peer", function()
	local c, s = shake(client(), server { certificate = file "chain.pem", key = file "chain.key" })
	local info = c:tlsinfo()
	equal(info.version, "TLSv1.3")
	equal(info.subject, "CN=localhost")
	equal(info.issuer, "CN=Intermediate authority")
	equal(table.concat(info.names, " "), "DNS:localhost IP:127.0.0.1 IP:::1")
	equal(#info.der, 2)
	equal(info.pem[1] .. info.pem[2], read "chain.pem")
	equal(info.resumed, false)
	check(info.expiry > os.time() + 29 * 86400 and info.expiry < os.time() + 31 * 86400)
	equal(s:tlsinfo().der, nil)
	local plain = t.pair()
	equal(plain:tlsinfo(), nil)
end)

t.test("names_have_configurations_of_their_own", function()
	local many = server { names = {
		["other.test"] = server { certificate = file "other.pem", key = file "other.key" },
		["*.wild.test"] = server { certificate = file "wild.pem", key = file "wild.key" },
	} }
	collectgarbage()
	for _, name in ipairs { "localhost", "other.test", "a.wild.test" } do
		local c, _, here = shake(client { name = name }, many)
		equal(here[1], c)
	end
	local _, _, here = shake(client { name = "wild.test" }, many)
	equal(here[2], ENOTVERIFIED)
end)

t.test("revoked_certificates_and_missing_staples_are_refused", function()
	local _, _, here = shake(client { revoked = file "crl.pem" },
		server { certificate = file "revoked.pem", key = file "revoked.key" })
	equal(here[2], ENOTVERIFIED)
	local c
	c, _, here = shake(client { staples = "demanded", revoked = { file "crl.pem" }, revoked_chain = true },
		server { staple = file "server.der" })
	equal(here[1], c)
	c, _, here = shake(client { staples = "demanded" }, server { staple_der = read "server.der" })
	equal(here[1], c)
	c, _, here = shake(client { staples = "demanded" }, server())
	equal(here[2], ENOTVERIFIED)
	check(c:reason():find("no answer is stapled", 1, true), c:reason())
end)

t.test("keys_are_logged_where_that_is_asked_for", function()
	local path = t.directory() .. "/keys"
	shake(client { keylog = path }, server())
	local stream = check(io.open(path))
	check(stream:read "*a":find "CLIENT_HANDSHAKE_TRAFFIC_SECRET ")
	stream:close()
end)

t.test("one_datagram_socket_serves_many_peers", function()
	local l, port = t.receiver()
	equal(l:listentls(server(), 50), l)
	local served = 0
	local function serve()
		for _ = 1, 20 do
			local s = t.bare(check(l:accept(5)))
			t.cqueues.running():wrap(function()
				check(s:starttls(5))
				s:write(s:read(-100), " came\n")
				s:flush()
				served = served + 1
			end)
		end
	end
	local tasks = { serve }
	for i = 1, 20 do
		tasks[#tasks + 1] = function()
			local c = t.bare(socket.connect { host = "localhost", port = port, type = socket.SOCK_DGRAM })
			check(c:starttls(client(), 10))
			c:write("peer ", tostring(i))
			c:flush()
			c:settimeout(5)
			equal(c:read(-100), ("peer %d came\n"):format(i))
			equal(c:tlsinfo().version, "DTLSv1.2")
		end
	end
	t.together(t.unpack(tasks))
	equal(served, 20)
	check(not pcall(l.listentls, l, {}))
	check(not pcall(l.listentls, l, server(), 0))
end)

t.test("a_configuration_can_be_changed_while_it_is_used", function()
	local mine, theirs = client { staples = "demanded" }, server()
	local c, _, here = shake(mine, theirs)
	equal(here[2], ENOTVERIFIED)
	check(theirs:staple(file "server.der"))
	c, _, here = shake(mine, theirs)
	equal(here[1], c)
end)

t.finish()

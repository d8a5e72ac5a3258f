-- SPDX-License-Identifier: MIT
-- TLS over datagrams: DTLS. Needs luaossl.
local directory = arg[0]:gsub("[^/]*$", "")
local t = dofile(directory .. "harness.lua")
local tls = dofile(directory .. "tls.lua")(t)
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- A server's socket, and a client's that is connected to it.
local function udp(options)
	local s, port = t.receiver()
	options = options or {}
	options.host, options.port, options.type = options.host or "localhost", port, socket.SOCK_DGRAM
	local c = t.bare(socket.connect(options))
	t.check(c:connect(5), "connect")
	c:settimeout(5)
	s:settimeout(5)
	return c, s
end

local function server(certificate)
	return tls.server(certificate, "DTLS")
end

local function client(authority)
	return tls.client(authority, "DTLS")
end

local function secure(options)
	local c, s = udp(options)
	return tls.shake(c, s, client(), server())
end

tls.test("each_message_passes_whole_both_ways", function()
	for _, make in ipairs { secure, function()
		local a, b = t.pair "dgram"
		return tls.shake(a, b, client(), server())
	end } do
		local c, s = make()
		for _, text in ipairs { "one", "two\nlines\n", ("x"):rep(10000), "\0" } do
			c:write(text)
			t.check(s:read "*a" == text, "there: " .. #text)
			s:write(text)
			t.check(c:read "*a" == text, "and back: " .. #text)
		end
		c:write("one ", 2)
		c:write "three"
		equal(s:read "*a", "one 2")
		equal(s:read(3), "thr")
		equal(s:read "*l", "ee")
	end
end)

tls.test("starttls_without_a_context_is_a_client_of_dtls", function()
	-- the original speaks TLS, which no server of DTLS understands
	local c, s = udp()
	tls.shake(c, s, nil, server())
	c:write "line\n"
	equal(s:read "*l", "line")
	t.check(c:checktls() and s:checktls(), "the objects")
end)

tls.test("a_server_gets_the_first_that_speaks_as_its_peer", function()
	local c, s = secure()
	local stranger = t.sender((select(3, s:localname())))
	stranger:write "no DTLS at all"
	c:write "from the client"
	equal(s:read "*a", "from the client")
	values({ socket.AF_INET, "127.0.0.1", (select(3, c:localname())) }, s:peername())
end)

tls.test("verify_demands_a_valid_certificate_that_names_the_host", function()
	local other = tls.certificate { name = "other", names = { "other.test" }, by = tls.authority }
	for text, case in pairs {
		["unable to get local issuer certificate"] = { tls.stranger, tls.localhost },
		["hostname mismatch"] = { tls.authority, other },
	} do
		local c, s = udp { verify = true }
		local mine = tls.handshake(c, s, client(case[1]), server(case[2]))
		values({ nil, tls.ENOTVERIFIED, n = 2 }, t.unpack(mine, 1, mine.n))
		tls.reason(c, text)
	end
	local c, s = udp { verify = true }
	tls.shake(c, s, client(), server())
	equal(s:checktls():getHostName(), "localhost")
end)

-- The first datagram of each way is lost; DTLS sends it again.
tls.test("a_handshake_survives_lost_datagrams", function()
	local s, behind = t.receiver()
	local middle, port = t.receiver()
	local far = t.sender(behind)
	local c = t.sender(port)
	local lost_up, lost_down, peer_host, peer_port = false, false, nil, nil
	local finished = false
	t.deadline = 20
	t.together(function()
		t.check(c:starttls(client(), 15), "the client's handshake: " .. tostring((c:reason())))
		c:write "made it"
	end, function()
		t.check(s:starttls(server(), 15), "the server's handshake: " .. tostring((s:reason())))
		equal(s:read "*a", "made it")
		finished = true
	end, function()
		middle:settimeout(0.1)
		while not finished do
			local text, host, from = middle:recvfrom()
			middle:clearerr()
			if text then
				peer_host, peer_port = host, from
				if lost_up then
					far:sendto(text, "127.0.0.1", behind)
				end
				lost_up = true
			end
		end
	end, function()
		far:settimeout(0.1)
		while not finished do
			local text = far:recvfrom()
			far:clearerr()
			if text then
				if lost_down then
					middle:sendto(text, peer_host, peer_port)
				end
				lost_down = true
			end
		end
	end)
	t.check(lost_up and lost_down, "something was lost on each way")
end)

tls.test("a_peer_that_does_not_answer_ends_at_the_timeout", function()
	local c, s = udp()
	local before = cqueues.monotime()
	values({ nil, errno.ETIMEDOUT, n = 2 }, c:starttls(client(), 0.05))
	t.check(cqueues.monotime() - before < 2, "seconds")
	s:close()
	local _, elsewhere = t.receiver()
	local deaf = t.sender(elsewhere) -- takes nothing that is sent from another port, and nobody else gets its own
	c = t.sender((select(3, deaf:localname())))
	values({ nil, errno.ECONNREFUSED, n = 2 }, c:starttls(client(), 5))
end)

tls.test("garbage_is_dropped_and_the_connection_lives", function()
	local c, s = secure()
	local raw = socket.dup(s)
	raw:setmode("bn", "bn")
	for _, garbage in ipairs { "x", ("y"):rep(1000), "\23\254\253" .. ("\0"):rep(50) } do
		raw:write(garbage)
	end
	s:write "genuine"
	equal(c:read "*a", "genuine")
end)

tls.test("a_read_ends_at_its_timeout_under_dtls", function()
	local c, s = secure()
	t.fails(errno.ETIMEDOUT, c:xread("*a", 0.01))
	c:clearerr()
	t.fails(errno.EAGAIN, c:recv "*a")
	s:write "late"
	equal(c:read "*a", "late")
	t.fails(errno.EOPNOTSUPP, c:recvfrom())
end)

tls.test("a_message_over_the_largest_record_is_refused_and_the_next_passes", function()
	local c, s = secure()
	t.fails(errno.EMSGSIZE, c:write(("x"):rep(20000)))
	equal((select(2, c:pending())), 0, "left of it")
	c:clearerr()
	c:write "small"
	equal(s:read "*a", "small")
	c:write(("x"):rep(16384))
	equal(#s:read "*a", 16384)
end)

t.finish()

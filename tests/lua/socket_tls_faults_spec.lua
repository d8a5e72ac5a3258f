-- SPDX-License-Identifier: MIT
-- TLS when things go wrong: peers that go away, that speak something else, that tamper. Needs luaossl.
local directory = arg[0]:gsub("[^/]*$", "")
local t = dofile(directory .. "harness.lua")
local tls = dofile(directory .. "tls.lua")(t)
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- A handshake with a relay that passes so many bytes; what each end's starttls returned.
local function relayed(to_server, to_client, client, server)
	local c, s, up, down = tls.relayed(to_server, to_client)
	local mine, theirs
	t.together(function()
		mine = t.pack(c:starttls(client))
		if not mine[1] then
			c:close()
		else
			c:xread(1, 0.001) -- takes what comes behind the handshake
			c:shutdown "w"
		end
	end, function()
		theirs = t.pack(s:starttls(server))
		if not theirs[1] then
			s:close()
		else
			s:shutdown "w"
		end
	end, up, down)
	return mine, theirs
end

-- Every place in a handshake of `size` bytes; where a handshake takes long, as under valgrind, some.
local function each_place(size, f)
	local finish, place = cqueues.monotime() + 3, 0
	local before = cqueues.monotime()
	f(place)
	local step = math.max(1, math.ceil((cqueues.monotime() - before) * size / 3))
	while place + step < size do
		place = place + step
		f(place)
		if cqueues.monotime() > finish then
			step = step * 2
			finish = finish + 1
		end
	end
end

-- The bytes of a whole handshake: those that the client sends until it is done, those that it needs.
local function sizes(client, server)
	local c, s, up, down = tls.relayed(math.huge, math.huge)
	local sent, needed
	t.together(function()
		t.check(c:starttls(client), "the client's handshake")
		c:close()
	end, function()
		t.check(s:starttls(server), "the server's handshake")
		s:close()
	end, function() sent = up() end, function() needed = down() end)
	return sent, needed
end

-- Cuts a handshake of about `size` bytes at each place. `cut` returns what starttls returned, which must
-- tell that the peer went away, or the socket from some place on. Handshakes differ by the few bytes that
-- a signature may be shorter.
local function every_cut_is_told(size, cut)
	local failed, longest, shortest = 0, 0, math.huge
	each_place(size, function(limit)
		local started = cut(limit)
		if started[1] then
			shortest = math.min(shortest, limit)
		else
			failed, longest = failed + 1, limit
			values({ nil, errno.EPIPE, n = 2 }, t.unpack(started, 1, started.n))
		end
	end)
	t.check(failed > (t.deadline > 10 and 5 or 20), "places tried: " .. failed) -- under a tool there is time for few
	t.check(longest < shortest + 10, ("%s bytes were too few, %s enough"):format(longest, shortest))
end

for _, protocol in ipairs { "TLS", "TLSv1_2" } do
	local name = protocol:lower():gsub("v", "_")
	tls.test("a_client_whose_server_goes_away_at_any_byte_of_the_handshake_says_so_" .. name, function()
		local client, server = tls.client(nil, protocol), tls.server(nil, protocol)
		local _, needed = sizes(client, server)
		every_cut_is_told(needed, function(limit) return (relayed(math.huge, limit, client, server)) end)
	end)

	tls.test("a_server_whose_client_goes_away_at_any_byte_of_the_handshake_says_so_" .. name, function()
		local client, server = tls.client(nil, protocol), tls.server(nil, protocol)
		local sent = sizes(client, server)
		every_cut_is_told(sent, function(limit) return (select(2, relayed(limit, math.huge, client, server))) end)
	end)
end

tls.test("after_a_handshake_that_failed_everything_says_so_again", function()
	local c, s = tls.tcp()
	s:shutdown "w"
	values({ nil, errno.EPIPE, n = 2 }, c:starttls())
	tls.reason(c, "closed by the peer during the handshake, peer 127.0.0.1:")
	values({ nil, errno.EPIPE, n = 2 }, c:starttls())
	values({ nil, n = 1 }, c:read "*l")
	t.fails(errno.EPIPE, c:write "x")
	c, s = tls.tcp()
	s:write "220 hello, this is no TLS\r\n"
	values({ nil, tls.ETLS, n = 2 }, c:starttls())
	values({ nil, nil, n = 2 }, c:error())
	tls.reason(c, "wrong version number, peer 127.0.0.1:")
	local reason = c:reason()
	values({ nil, tls.ETLS, n = 2 }, c:starttls())
	values({ nil, tls.ETLS, n = 2 }, c:read "*l")
	t.fails(tls.ETLS, c:write "x")
	equal(c:recv "*l", nil)
	equal(c:reason(), reason)
	t.check(c:checktls(), "the object")
	equal((c:peername()), socket.AF_INET)
end)

tls.test("what_is_no_tls_is_refused_by_servers_too", function()
	for text, reason in pairs { ["GET / HTTP/1.0\r\n\r\n"] = "http request", ["EHLO somebody\r\n"] = "wrong version number",
		[("\0"):rep(100)] = "", ["\22\3\1\0\5hello"] = "", ["\128\9\1\3\1" .. ("x"):rep(20)] = "" } do
		local c, s = tls.tcp()
		c:write(text)
		c:shutdown "w"
		local started = t.pack(s:starttls(tls.server()))
		equal(started[1], nil)
		t.check(started[2] == tls.ETLS or started[2] == errno.EPIPE, "the code " .. tostring(started[2]))
		tls.reason(s, reason)
	end
end)

tls.test("garbage_of_any_kind_makes_a_handshake_fail_and_nothing_else", function()
	-- The same bytes each time: a generator of one's own.
	local seed = 1
	local function random(limit)
		seed = (seed * 16807) % 2147483647
		return seed % limit
	end
	for i = 1, 100 do
		local bytes = {}
		for j = 1, 5 + random(300) do
			bytes[j] = string.char(random(256))
		end
		local garbage = table.concat(bytes)
		if i % 2 == 0 then
			garbage = "\22\3\3" .. string.char(math.floor(#garbage / 256), #garbage % 256) .. garbage
		end
		local a, b = t.pair()
		a:write(garbage)
		a:shutdown "w"
		local started = t.pack(b:starttls(i % 4 < 2 and tls.server() or nil, 5))
		equal(started[1], nil)
		t.check(started[2] == tls.ETLS or started[2] == errno.EPIPE, "the code " .. tostring(started[2]))
	end
end)

-- A connection with a relay, and a function that is given each piece that goes to the client.
local function tampered(change)
	local c, near = t.pair()
	local far, s = t.pair()
	c:settimeout(5)
	s:settimeout(5)
	return c, s, function() tls.forward(near, far, math.huge) end, function()
		local bytes = far:read(-65536)
		while bytes do
			near:write(change(bytes))
			bytes = far:read(-65536)
		end
		near:shutdown "w"
	end
end

tls.test("a_bit_that_was_changed_is_noticed_and_what_came_before_is_delivered", function()
	local changing = false
	local c, s, up, down = tampered(function(bytes)
		if changing then
			local last = bytes:byte(-1)
			return bytes:sub(1, -2) .. string.char(last % 2 == 0 and last + 1 or last - 1)
		end
		return bytes
	end)
	t.together(function()
		t.check(c:starttls(), "the client's handshake")
		equal(c:read "*l", "good")
		c:write "now\n"
		values({ nil, tls.ETLS, n = 2 }, c:read "*l")
		equal((c:error "r"), tls.ETLS)
		tls.reason(c, "bad record mac")
		c:clearerr()
		values({ nil, tls.ETLS, n = 2 }, c:read "*l")
		c:close()
	end, function()
		t.check(s:starttls(tls.server()), "the server's handshake")
		s:write "good\n"
		equal(s:read "*l", "now")
		changing = true
		s:write "evil\n"
		t.fails(tls.ETLS, s:read "*l") -- the client has said why
		s:close()
	end, up, down)
end)

tls.test("plain_text_within_the_stream_is_refused", function()
	local c, s = tls.connection()
	local raw = socket.dup(s)
	raw:setmode("bn", "bn")
	raw:write "220 trust me\r\n"
	t.fails(tls.ETLS, c:read "*l")
	t.fails(tls.ETLS, c:write "x")
	t.fails(tls.ETLS, c:recv "*l")
end)

tls.test("a_connection_that_is_reset_is_an_error_and_its_bytes_stay", function()
	local c, near = t.pair()
	local far, s = t.pair()
	local stop = false
	t.together(function()
		t.check(c:starttls(nil, 5), "the client's handshake")
		equal(c:fill(4, 5), true)
		stop = true
		c:write "never read"
		t.fails(errno.ECONNRESET, c:read "*l")
		equal((c:error "r"), errno.ECONNRESET)
		c:clearerr()
		equal(c:recv(-10), "part")
	end, function()
		t.check(s:starttls(tls.server(), 5), "the server's handshake")
		s:write "part"
		equal((s:read "*l"), nil)
		equal(s:truncated(), true)
		s:close()
	end, function()
		cqueues.poll(t.readable(near), 5)
		while not stop do
			far:write(near:read(-65536))
			cqueues.poll(t.readable(near), 5)
		end
		near:close() -- with data unread: the kernel tells the other end
		far:shutdown "w"
	end, function()
		t.protect(tls.forward, far, near, math.huge)
	end)
end)

tls.test("closing_by_another_task_ends_a_handshake_and_a_read", function()
	local c, s = tls.tcp()
	t.together(function() t.throws("socket closed", c.starttls, c) end, function() c:close() end)
	s:close()
	c, s = tls.connection()
	t.together(function() t.throws("socket closed", c.read, c, "*l") end, function() c:close() end)
	equal(s:read "*l", nil)
end)

tls.test("a_handshake_that_is_cancelled_goes_on", function()
	local c, s = tls.tcp()
	t.together(function() equal(c:starttls(), c) end, function()
		for _ = 1, 3 do
			cqueues.cancel(c:pollfd())
			cqueues.poll()
		end
		equal(s:starttls(tls.server()), s)
	end)
	tls.exchange(c, s)
end)

-- A server whose context calls `touch` with its socket, from within the handshake.
local function touched(touch)
	local c, s = tls.tcp()
	local client, server = tls.client(), tls.server()
	client:setAlpnProtos { "h2" }
	server:setAlpnSelect(function()
		touch(s)
		return "h2"
	end)
	local mine, theirs
	t.together(function() mine = t.pack(c:starttls(client)) end, function()
		theirs = t.pack(t.protect(s.starttls, s, server))
		if not theirs[1] then
			s:close()
		end
	end)
	return c, s, mine, theirs
end

tls.test("a_callback_of_the_context_finds_its_socket_busy", function()
	for _, call in ipairs { { "read", 1 }, { "write", "x" }, { "starttls" }, { "sendfd", "x", 1 } } do
		local code
		local c, s, mine, theirs = touched(function(s) code = select(2, s[call[1]](s, t.unpack(call, 2))) end)
		equal(code, errno.EBUSY, call[1])
		values({ c }, t.unpack(mine, 1, mine.n))
		values({ true, s }, t.unpack(theirs, 1, theirs.n))
		s:clearerr()
		tls.exchange(c, s)
	end
end)

tls.test("a_callback_of_the_context_may_close_its_socket", function()
	local before = t.descriptors()
	local _, s, _, theirs = touched(function(s) s:close() end)
	equal(socket.type(s), "closed socket")
	equal(theirs[1], false)
	t.check(tostring(theirs[2]):find "socket closed", theirs[2])
	s = nil
	t.check(t.descriptors() <= before + 2, "the descriptors of a client and a controller at most")
end)

tls.test("a_callback_of_the_context_that_throws_or_yields_ends_the_handshake_and_nothing_else", function()
	local faults = {
		function(server) server:setAlpnSelect(function() error "thrown" end) end,
		function(server) server:setAlpnSelect(function() error {} end) end,
		function(server) server:setAlpnSelect(function() coroutine.yield() end) end,
		function(server) server:setHostNameCallback(function() error "thrown" end) end,
	}
	for _, fault in ipairs(faults) do
		local c, s = tls.tcp()
		local client, server = tls.client(), tls.server()
		client:setAlpnProtos { "h2" }
		fault(server)
		t.returns_errors(c)
		t.returns_errors(s)
		local mine, theirs = tls.handshake(c, s, client, server)
		values({ nil, tls.ETLS }, mine[1], mine[2])
		values({ nil, tls.ETLS }, theirs[1], theirs[2])
		values({ nil, tls.ETLS }, s:starttls(server))
		values({ nil, tls.ETLS }, s:read(1))
		c:close()
		s:close()
	end
	tls.connection() -- others go on
end)

tls.test("sockets_dropped_in_mid_handshake_leak_no_descriptor", function()
	tls.connection()
	local before = t.descriptors()
	for _ = 1, 50 do
		local c, s = tls.tcp()
		c:starttls(0)
		s:starttls(tls.server(), 0)
	end
	equal(t.descriptors(), before)
end)

t.finish()

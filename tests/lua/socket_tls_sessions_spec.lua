-- SPDX-License-Identifier: MIT
-- TLS: connections that resume an earlier one, of clients that give no context. Needs luaossl.
local directory = arg[0]:gsub("[^/]*$", "")
local t = dofile(directory .. "harness.lua")
local tls = dofile(directory .. "tls.lua")(t)
local socket = t.socket
local equal = t.equal

-- One connection from a client with these options to a listener, passed on by a relay to a server; the
-- bytes that the client got, which are fewer by a certificate when the session was resumed, and the
-- secrets of both ends. The client gives this context, if any.
local function connect(l, options, server, client)
	local far, s = t.pair()
	local received, mine, theirs
	t.together(function()
		local c = t.bare(socket.connect(options))
		t.check(c:starttls(client, 5), "the client's handshake")
		tls.exchange(c, s)
		mine = c:checktls():getMasterKey()
		c:shutdown "w"
		equal(c:read "*l", nil)
		c:close()
	end, function()
		t.check(s:starttls(server, 5), "the server's handshake")
		theirs = s:checktls():getMasterKey()
	end, function()
		local near = t.bare(l:accept(5))
		t.together(function()
			tls.forward(near, far, math.huge)
			t.check(s:read "*l" == nil, "the client's end")
			s:shutdown "w"
		end, function() received = tls.forward(far, near, math.huge) end)
	end)
	return received, mine == theirs and mine
end

local function options_for(port, more)
	local options = { host = "localhost", port = port }
	for name, value in pairs(more or {}) do
		options[name] = value
	end
	return options
end

tls.test("the_second_connection_to_a_server_resumes_the_session_of_the_first", function()
	local l, port = t.listener()
	local server = tls.server()
	local first = connect(l, options_for(port), server)
	local second = connect(l, options_for(port), server)
	local third = connect(l, options_for(port), server)
	t.check(first - second > 400, ("bytes of the first %d, of the second %d"):format(first, second))
	t.check(first - third > 400, ("bytes of the first %d, of the third %d"):format(first, third))
end)

tls.test("sessions_of_tls_1_2_are_resumed_too", function()
	local l, port = t.listener()
	local server = tls.server(nil, "TLSv1_2")
	local first, secret = connect(l, options_for(port), server)
	local second, same = connect(l, options_for(port), server)
	t.check(secret and secret == same, "one secret for both connections")
	t.check(first - second > 400, ("bytes of the first %d, of the second %d"):format(first, second))
end)

tls.test("a_server_that_does_not_know_the_session_makes_a_new_one", function()
	local l, port = t.listener()
	local first = connect(l, options_for(port), tls.server())
	local second = connect(l, options_for(port), tls.server())
	t.check(math.abs(first - second) < 100, ("bytes of the first %d, of the second %d"):format(first, second))
end)

tls.test("a_session_is_for_its_server_and_for_what_was_demanded", function()
	local l, port = t.listener()
	local other, elsewhere = t.listener()
	local server = tls.server()
	local first = connect(l, options_for(port), server)
	for _, case in ipairs {
		{ other, options_for(elsewhere) }, { l, options_for(port, { host = "127.0.0.1" }) },
		{ l, options_for(port, { sendname = "other.test" }) },
	} do
		local bytes = connect(case[1], case[2], server)
		t.check(math.abs(first - bytes) < 100, ("bytes of the first %d, of another %d"):format(first, bytes))
	end
end)

tls.test("a_session_that_nobody_verified_does_not_pass_for_a_verified_one", function()
	local l, port = t.listener()
	local server = tls.server()
	connect(l, options_for(port), server)
	local far, s = t.pair()
	local started, c
	t.together(function()
		c = t.bare(socket.connect(options_for(port, { verify = true })))
		started = t.pack(c:starttls(nil, 5))
		c:close()
	end, function() s:starttls(server, 5) s:close() end, function()
		local near = t.bare(l:accept(5))
		t.together(function() tls.forward(near, far, math.huge) end, function() tls.forward(far, near, math.huge) end)
	end)
	t.values({ nil, tls.ENOTVERIFIED, n = 2 }, t.unpack(started, 1, started.n))
end)

tls.test("a_context_of_the_programs_own_resumes_nothing", function()
	local l, port = t.listener()
	local server, client = tls.server(), tls.client()
	local first = connect(l, options_for(port), server, client)
	local second = connect(l, options_for(port), server, client)
	t.check(math.abs(first - second) < 100, ("bytes of the first %d, of the second %d"):format(first, second))
end)

t.finish()

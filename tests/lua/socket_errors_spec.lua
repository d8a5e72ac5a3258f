-- SPDX-License-Identifier: MIT
-- Errors of sockets: returned, kept, cleared, thrown.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

t.test("a_timeout_keeps_the_bytes_already_read", function()
	local a, b = t.pair()
	b:settimeout(0.01)
	a:write "part"
	t.fails(errno.ETIMEDOUT, b:read "*l")
	values({ 4, 0 }, b:pending())
	b:clearerr()
	t.fails(errno.ETIMEDOUT, b:read(10))
	b:clearerr()
	t.fails(errno.ETIMEDOUT, b:read "*a")
	b:clearerr()
	a:write " two\n"
	equal(b:read "*l", "part two")
end)

t.test("a_timeout_is_for_the_whole_of_a_call", function()
	local a, b = t.pair()
	b:settimeout(0.05)
	local ended
	t.together(function()
		t.fails(errno.ETIMEDOUT, b:read "*l")
		ended = true
	end, function()
		for _ = 1, 200 do
			if ended then
				break
			end
			a:write "x"
			cqueues.sleep(0.005)
		end
	end)
	t.check(select(1, b:pending()) < 100, "bytes until the timeout")
end)

t.test("an_error_is_kept_until_it_is_cleared", function()
	local a, b = t.pair()
	b:settimeout(0)
	t.fails(errno.ETIMEDOUT, b:read "*l")
	values({ errno.ETIMEDOUT, nil, n = 2 }, b:error())
	a:write "line\n"
	t.fails(errno.ETIMEDOUT, b:read "*l")
	values({ errno.ETIMEDOUT }, b:clearerr "r")
	values({ nil, nil, n = 2 }, b:error())
	equal(b:read "*l", "line")
end)

t.test("each_direction_keeps_its_own_error", function()
	local a, b = t.pair()
	a:seterror("r", errno.EIO)
	equal(a:write "x", a)
	equal(b:read(1), "x")
	a:seterror("w", errno.ENOMEM)
	a:clearerr "r"
	b:write "y\n"
	a:setmode(nil, "bnA")
	equal(a:read "*l", "y")
	t.fails(errno.ENOMEM, a:write "x")
	values({ errno.ENOMEM, nil, n = 2 }, a:error "wr")
end)

t.plain("error_clearerr_and_seterror_answer_in_the_order_asked", function()
	local s = t.pair()
	values({ nil, nil, n = 2 }, s:seterror("rw", errno.EIO))
	values({ errno.EIO }, s:seterror("w", errno.EPIPE))
	values({ errno.EPIPE, errno.EIO }, s:error "wr")
	values({ errno.EIO, errno.EPIPE }, s:clearerr())
	values({ nil, nil, n = 2 }, s:error())
	t.throws("bad argument", s.error, s, "x")
end)

t.test("writing_to_a_closed_peer_is_EPIPE", function()
	for _, make in ipairs { t.pair, t.tcp_pair } do
		local a, b = make()
		b:close()
		local value, code
		for _ = 1, 100 do
			value, code = a:write "x\n"
			if not value then
				break
			end
			cqueues.sleep(0.005)
		end
		t.check(code == errno.EPIPE or code == errno.ECONNRESET, "EPIPE or ECONNRESET, got " .. tostring(code))
		equal((a:error "w"), code)
	end
end)

t.test("eof_tells_what_was_seen_not_what_was_shut_down", function()
	local a, b = t.pair()
	equal(a:shutdown "w", true)
	values({ false, false }, a:eof())
	t.fails(errno.EPIPE, a:write "x")
	values({ false, true }, a:eof())
	values({ false }, b:eof "r")
	equal(b:read "*l", nil)
	values({ true, false }, b:eof())
end)

t.test("the_handler_gets_socket_method_number_and_level", function()
	local _, b = t.pair()
	b:settimeout(0)
	local got
	b:onerror(function(...) got = t.pack(...) return (select(3, ...)) end)
	local function call(method, ...)
		b:clearerr()
		got = nil
		t.fails(errno.ETIMEDOUT, b[method](b, ...))
		equal(got.n, 4, method)
		equal(got[1], b, method)
		equal(got[3], errno.ETIMEDOUT, method)
		equal(type(got[4]), "number", method)
		return got[2]
	end
	equal(call("read", "*l"), "read")
	equal(call("fill", 1), "fill")
	local l = t.listener()
	local method
	l:onerror(function(_, name, code) method = name return code end)
	l:accept(0)
	equal(method, "accept")
end)

t.plain("the_level_points_to_who_called_the_method", function()
	if _VERSION == "Lua 5.1" and not jit then
		t.skip "Lua 5.1 counts tail calls as levels"
	end
	local s, peer = socket.pair()
	s:settimeout(0)
	s:onerror(function(_, _, _, level) error("thrown", level) end)
	local line
	local function caller(method, ...)
		line = debug.getinfo(1, "l").currentline + 1
		local value = s[method](s, ...)
		return value
	end
	for _, call in ipairs { { "read", "*l" }, { "fill", 1 } } do
		s:clearerr()
		local ok, why = pcall(caller, t.unpack(call))
		equal(ok, false)
		equal(tonumber(why:match ":(%d+): thrown"), line, call[1])
	end
	peer:close()
end)

t.test("what_the_handler_returns_is_what_the_caller_gets", function()
	local _, b = t.pair()
	b:settimeout(0)
	b:onerror(function() return "answer" end)
	values({ nil, "answer", n = 2 }, b:read "*l")
	b:onerror(function() error("thrown", 0) end)
	b:clearerr()
	t.throws("thrown", b.read, b, "*l")
end)

t.test("the_default_handler_returns_timeouts_and_throws_the_rest_with_name_and_method", function()
	local _, b = socket.pair()
	b:settimeout(0)
	t.fails(errno.ETIMEDOUT, b:read "*l")
	b:clearerr()
	b:seterror("r", errno.EIO)
	t.throws("read: " .. errno.strerror(errno.EIO), b.read, b, "*l")
	b:seterror("w", errno.EIO)
	t.throws("write: " .. errno.strerror(errno.EIO), b.write, b, "x\n")
end)

t.plain("onerror_answers_the_handler_before", function()
	local s = socket.pair()
	local f = function(_, _, code) return code end
	equal(type(s:onerror(f)), "function")
	equal(s:onerror(nil), f)
	t.throws("function expected", s.onerror, s, 3)
end)

t.plain("errors_returned_too_often_in_a_row_are_thrown", function()
	local s, peer = t.pair()
	s:settimeout(0)
	values({ 100 }, s:setmaxerrs("r", 3))
	for _ = 1, 3 do
		t.fails(errno.ETIMEDOUT, s:read "*l")
	end
	local thrown
	for _ = 1, 3 do
		thrown = thrown or not pcall(s.read, s, "*l")
	end
	equal(thrown, true)
	s:clearerr "r"
	t.fails(errno.ETIMEDOUT, s:read "*l")
	peer:close()
end)

-- EPIPE, which reads tell as the end, was not counted by them.
t.plain("an_error_that_was_set_is_told_by_every_method_as_often_as_may_be", function()
	local methods = {
		{ "recv", function(s) s:recv "*l" end },
		{ "read", function(s) s:read "*l" end },
		{ "xread", function(s) s:xread("*l", 0) end },
		{ "lines", function(s) s:lines "*l"() end },
		{ "lines of a count", function(s) s:lines(3)() end },
		{ "fill", function(s) s:fill(1, 0) end },
		{ "unpack", function(s) s:unpack(8) end },
		{ "recvfd", function(s) s:recvfd(nil, 0) end },
		{ "send", function(s) s:send("x", 1, 1) end },
		{ "write", function(s) s:write "x" end },
		{ "xwrite", function(s) s:xwrite("x", 0) end },
		{ "pack", function(s) s:pack(1, 8) end },
		{ "flush", function(s) s:flush(0) end },
		{ "sendfd", function(s) s:sendfd("m", io.stdout) end },
	}
	for _, code in ipairs { errno.EIO, errno.EPIPE, errno.ETIMEDOUT } do
		for _, case in ipairs(methods) do
			local name, method = case[1], case[2]
			local s, peer = t.pair()
			s:setmaxerrs("rw", 3)
			s:seterror("rw", code)
			for _ = 1, 3 do
				t.check(pcall(method, s), name)
			end
			t.throws("exceeded unchecked error limit", method, s)
			s:close()
			peer:close()
		end
	end
end)

t.test("a_refused_connection_is_told_by_connect_read_and_write", function()
	local l, port = t.listener()
	l:close()
	local c = t.returns_errors(socket.connect("127.0.0.1", port))
	t.fails(errno.ECONNREFUSED, c:connect(5))
	t.fails(errno.ECONNREFUSED, c:connect(5))
	t.fails(errno.ECONNREFUSED, c:read "*l")
	t.fails(errno.ECONNREFUSED, c:write "x\n")
	c = socket.connect("127.0.0.1", port)
	t.throws(errno.strerror(errno.ECONNREFUSED), c.connect, c, 5)
end)

t.test("a_port_in_use_is_told_by_listen", function()
	local _, port = t.listener()
	local l = t.returns_errors(socket.listen("127.0.0.1", port))
	t.fails(errno.EADDRINUSE, l:listen(5))
end)

t.test("a_missing_unix_path_is_ENOENT", function()
	local c = t.returns_errors(socket.connect { path = "/no/such/socket" })
	t.fails(errno.ENOENT, c:connect(5))
	local l = t.returns_errors(socket.listen { path = "/no/such/directory/socket" })
	t.fails(errno.ENOENT, l:listen(5))
end)

t.plain("a_closed_socket_says_so", function()
	local s = t.pair()
	s:close()
	s:close()
	equal(socket.type(s), "closed socket")
	for _, call in ipairs { { "read", "*l" }, { "write", "x" }, { "pending" }, { "pollfd" }, { "setmode" },
		{ "peername" }, { "recv", 1 }, { "send", "x", 1, 1 }, { "shutdown" }, { "eof" }, { "error" } } do
		t.throws("socket closed", s[call[1]], s, t.unpack(call, 2))
	end
end)

t.plain("a_method_wants_a_socket", function()
	local s = t.pair()
	t.throws("expected", s.pending, 5)
	t.throws("expected", s.close, cqueues.new())
end)

t.test("flush_ends_at_its_timeout_and_its_bytes_go_on_later", function()
	local a, b = t.pair()
	a:setvbuf("full", math.huge)
	local text = ("0123456789abcdef"):rep(131072)
	a:write(text)
	t.fails(errno.ETIMEDOUT, a:flush("n", 0.02))
	a:clearerr()
	t.together(function()
		equal(a:flush("n", 5), true)
		a:shutdown "w"
	end, function()
		t.check(b:read "*a" == text, "all bytes, once each")
	end)
end)

t.test("write_heeds_the_timeout_of_the_socket", function()
	-- the original waits without end
	local a, b = t.pair()
	a:settimeout(0.02)
	t.fails(errno.ETIMEDOUT, a:write(("x"):rep(4 * 1024 * 1024)))
	equal((a:error "w"), errno.ETIMEDOUT)
	b:close()
end)

t.plain("wrong_arguments_are_refused_when_a_socket_is_made", function()
	t.throws("string expected", socket.connect)
	t.throws("string expected", socket.connect, {})
	t.throws("string expected", socket.listen, {})
	t.throws("bad argument", socket.pair, true)
end)

t.finish()

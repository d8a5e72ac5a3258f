-- SPDX-License-Identifier: MIT
-- TLS: what a stream does once in it, and how it ends. Needs luaossl.
local directory = arg[0]:gsub("[^/]*$", "")
local t = dofile(directory .. "harness.lua")
local tls = dofile(directory .. "tls.lua")(t)
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- A client that reads what a server has written before it ended the stream.
local function input(text)
	local c, s = tls.connection()
	s:write(text)
	s:shutdown "w"
	return c
end

-- Reading and writing.

tls.test("every_format_reads_over_tls", function()
	local c = input "one\ntwo\n12345A: 1\n 2\nB: 3\n\nrest of it\r\n--x\r\nend"
	equal(c:read "*l", "one")
	equal(c:read "*L", "two\n")
	equal(c:read(2), "12")
	equal(c:read(-2), "34")
	equal(c:read(1), "5")
	equal(c:read "*h", "A: 1 2")
	equal(c:read "*H", "B: 3\n")
	equal((c:read "*h"), nil)
	equal(c:read "*l", "")
	equal(c:read "--x", "rest of it")
	equal((c:read "--x"), nil)
	equal(c:read "*L", "--x\r\n")
	equal(c:read "*a", "end")
	values({ nil, n = 1 }, c:read "*l")
	values({ nil, nil, n = 2 }, c:error())
	values({ true, false }, c:eof())
end)

tls.test("text_mode_translates_under_tls_too", function()
	local c, s = tls.connection()
	c:setmode("t", "tl")
	c:write "question\nmore"
	equal(s:read(10), "question\r\n")
	values({ 0, 4 }, c:pending())
	s:write "one\r\ntwo\r\n"
	equal(c:read "*l", "one")
	equal(s:read(4), "more", "a read sends what is pending")
	equal(c:read "*L", "two\n")
end)

tls.test("lines_longer_than_a_record_and_many_short_ones_come_whole", function()
	local c, s = tls.connection()
	c:setmaxline(100000)
	local long = ("0123456789"):rep(6000)
	t.together(function()
		s:setmode("b", "bl")
		s:setmaxline(nil, 100000)
		s:write(long, "\n")
		for i = 1, 5000 do
			s:write(i, "\n")
		end
		s:shutdown "w"
	end, function()
		t.check(c:read "*l" == long, "the long line")
		for i = 1, 5000 do
			equal(c:read "*l", tostring(i))
		end
		equal(c:read "*l", nil)
	end)
end)

tls.test("two_megabytes_pass_both_ways_at_once", function()
	-- more than the kernel holds: each side has to read while its own output waits
	local text = ("0123456789abcdef"):rep(131072)
	local c, s = tls.connection()
	local function writer(socket)
		return function()
			socket:write(text)
			t.check(socket:flush(), "flush")
			socket:shutdown "w"
		end
	end
	local function reader(socket)
		return function()
			local received = socket:read "*a"
			t.check(received == text, "received " .. #received)
		end
	end
	t.together(writer(c), writer(s), reader(c), reader(s))
	equal(c:stat().sent.count - s:stat().rcvd.count, 0)
end)

tls.test("one_task_may_write_before_it_reads_at_both_ends", function()
	local text = ("0123456789abcdef"):rep(65536)
	local c, s = tls.connection()
	local function both(socket)
		return function()
			socket:setvbuf("full", math.huge)
			socket:write(text)
			t.check(socket:read(#text) == text, "what the other wrote")
			t.check(socket:flush(), "flush")
		end
	end
	t.together(both(c), both(s))
end)

tls.test("counts_are_of_the_programs_bytes", function()
	local c, s = tls.tcp()
	tls.shake(c, s)
	c:write "12345"
	equal(s:read(5), "12345")
	equal(c:stat().sent.count, 5)
	equal(s:stat().rcvd.count, 5)
end)

tls.test("what_never_waits_never_waits_under_tls", function()
	local c, s = tls.connection()
	t.fails(errno.EAGAIN, c:recv "*l")
	values({ 5 }, s:send("hello", 1, 5))
	equal(c:fill(5), true)
	values({ 5, 0 }, c:pending())
	equal(c:unget "<", true)
	equal(c:recv(10), nil)
	equal(c:recv(-10), "<hello")
	s:pack(0x1234, 16)
	equal(c:unpack(16), 0x1234)
	local chunk, code = ("x"):rep(65536), nil
	for _ = 1, 1000 do
		code = select(2, s:send(chunk, 1, #chunk))
		if code then
			break
		end
	end
	equal(code, errno.EAGAIN)
	t.together(function() equal(s:flush("n", 5), true) s:shutdown "w" end, function()
		equal(c:read "*a":gsub("x", ""), "")
	end)
end)

tls.test("xread_and_xwrite_keep_their_timeouts_and_their_bytes", function()
	local c, s = t.pair() -- the kernel holds less for these than for TCP
	tls.shake(c, s)
	s:write "part"
	t.fails(errno.ETIMEDOUT, c:xread("*l", 0.01))
	equal(c:clearerr "r", errno.ETIMEDOUT)
	s:write " two\n"
	equal(c:xread("*l", t.deadline), "part two")
	local text = ("0123456789abcdef"):rep(262144)
	c:setvbuf("full", math.huge)
	local ok, code = c:xwrite(text, "bn", 0.02)
	equal(ok, nil)
	equal(code, errno.ETIMEDOUT)
	c:clearerr()
	t.together(function()
		t.check(c:flush("n", t.deadline), "flush")
		c:shutdown "w"
	end, function()
		local received = s:read "*a"
		t.check(#received > 65536 and text:sub(1, #received) == received, "in order, once each: " .. #received)
	end)
end)

tls.test("messages_by_the_buffers_are_refused_under_tls", function()
	local a, b = t.pair()
	tls.shake(a, b)
	t.fails(errno.EOPNOTSUPP, a:sendfd("x", 1))
	values({ nil, nil, errno.EOPNOTSUPP, n = 3 }, a:recvfd())
	a:clearerr()
	t.fails(errno.EOPNOTSUPP, a:sendto("x", "127.0.0.1", 1))
	t.fails(errno.EOPNOTSUPP, a:recvfrom())
end)

tls.test("finish_waits_until_the_goodbye_has_room", function()
	-- What the kernel holds for a pair is full now and then, each time at another byte.
	for size = 300000, 340000, 10000 do
		local c, s = t.pair()
		c:settimeout(5)
		s:settimeout(5)
		tls.shake(c, s)
		c:setmode("b", "bn")
		s:setmode("b", "bf")
		local sent, got
		t.together(function()
			s:write(("x"):rep(size))
			sent = s:finish(t.deadline)
		end, function()
			cqueues.sleep(0.02)
			got = c:read "*a"
		end)
		equal(sent, true)
		equal(#got, size)
		equal(c:eof "r", true)
		equal(c:error "r", nil)
	end
end)

-- What was buffered before.

tls.test("output_leaves_in_plain_text_before_the_handshake_unless_its_mode_says_A", function()
	for _, mode in ipairs { "bfa", "bfA" } do
		local c, s = tls.tcp()
		c:setmode("b", mode)
		c:write "early\n"
		t.together(function()
			equal(c:starttls(), c)
			values({ 0, mode == "bfA" and 6 or 0 }, c:pending())
			c:write "late\n"
			c:flush()
		end, function()
			if mode == "bfa" then
				equal(s:read "*l", "early")
			end
			equal(s:starttls(tls.server()), s)
			if mode == "bfA" then
				equal(s:read "*l", "early")
			end
			equal(s:read "*l", "late")
		end)
	end
end)

tls.test("buffered_input_belongs_to_the_handshake_unless_the_mode_says_P", function()
	-- The beginning of the handshake came together with a line of plain text.
	local c, s = tls.tcp()
	t.together(function()
		c:write "STARTTLS\n"
		equal(c:starttls(), c)
		c:write "secret\n"
	end, function()
		equal(s:read "*l", "STARTTLS")
		equal(s:fill(100), true)
		equal(s:starttls(tls.server()), s)
		equal(s:read "*l", "secret")
	end)
	-- Plain text is kept, and does not disturb.
	c, s = tls.tcp()
	s:setmode "bP"
	c:write "one\ntwo\n"
	equal(s:read "*l", "one")
	tls.shake(c, s)
	values({ 4, 0 }, s:pending())
	c:write "three\n"
	equal(s:read "*l", "two")
	equal(s:read "*l", "three")
	-- Without P, injected plain text makes the handshake fail.
	c, s = tls.tcp()
	c:write "one\nMAIL FROM: somebody\n"
	equal(s:read "*l", "one")
	t.together(function() equal((c:starttls()), nil) end, function()
		values({ nil, tls.ETLS, n = 2 }, s:starttls(tls.server()))
		s:close()
	end)
end)

-- The end.

tls.test("shutdown_ends_one_direction_and_the_other_goes_on", function()
	local c, s = tls.connection()
	c:write "last"
	equal(c:shutdown "w", true)
	equal(s:read "*l", "last")
	values({ nil, n = 1 }, s:read "*l")
	t.fails(errno.EPIPE, s:recv "*l")
	values({ true, false }, s:eof())
	equal(s:write "still\n", s)
	equal(c:read "*l", "still")
	t.fails(errno.EPIPE, c:write "x")
	values({ false, true }, c:eof())
	s:shutdown "w"
	values({ nil, n = 1 }, c:read "*l")
	values({ nil, nil, n = 2 }, s:error())
	equal((s:reason()), nil)
end)

tls.test("close_ends_the_stream_in_good_order", function()
	local c, s = tls.connection()
	s:write "last"
	s:close()
	equal(c:read "*a", "last")
	equal(#(c:read "*a" or ""), 0)
	values({ nil, nil, n = 2 }, c:error())
	t.throws("socket closed", s.checktls, s)
	t.throws("socket closed", s.starttls, s)
end)

tls.test("a_stream_that_is_cut_short_just_ends", function()
	for _, format in ipairs { "*l", "*a", -10 } do
		local c, s = tls.connection()
		s:write "half"
		tls.cut(s)
		equal(c:read(format), "half", format)
		equal((c:read "*l"), nil)
		values({ nil, nil, n = 2 }, c:error())
		values({ true, false }, c:eof())
		equal(c:truncated(), true) -- for whoever wants to know
	end
	local c, s = tls.connection()
	s:write "whole\n"
	s:close()
	values({ "whole", nil, n = 2 }, c:read("*l", "*l"))
	equal(c:truncated(), false)
end)

tls.test("of_a_strict_socket_a_stream_that_is_cut_short_is_told_after_its_data", function()
	for _, case in ipairs { { "*l", "half" }, { "*a", "half" }, { -10, "half" }, { 10, "half" } } do
		local c, s = tls.connection()
		equal(c:setstrict(true), false)
		s:write "half"
		tls.cut(s)
		equal(c:read(case[1]), case[2], case[1])
		values({ nil, tls.ETRUNCATED, n = 2 }, c:read(case[1]))
		values({ nil, tls.ETRUNCATED, n = 2 }, c:recv(case[1]))
		values({ nil, nil, n = 2 }, c:error())
		values({ true, false }, c:eof())
		tls.reason(c, "end of file without close_notify, peer 127.0.0.1:")
		equal((c:fill(1)), false)
	end
	equal(errno.strerror(tls.ETRUNCATED), "TLS stream was cut short")
	local c, s = tls.connection()
	c:setstrict(true)
	s:write "A: 1\n"
	tls.cut(s)
	values({ nil, tls.ETRUNCATED, n = 2 }, c:read "*h") -- there might have been more of it
	equal(c:read "*L", "A: 1\n")
end)

tls.test("lines_ends_where_the_stream_was_cut", function()
	local c, s = tls.connection()
	c:setstrict(true)
	s:write "one\ntwo"
	tls.cut(s)
	local next, seen = c:lines(), {}
	seen[1], seen[2] = next(), next()
	values({ "one", "two" }, seen[1], seen[2])
	values({ nil, tls.ETRUNCATED, n = 2 }, next())
end)

tls.test("a_cut_stream_is_cut_in_one_direction_only", function()
	local c, s = tls.connection()
	c:setstrict(true)
	tls.cut(s)
	values({ nil, tls.ETRUNCATED, n = 2 }, c:read "*l")
	equal(c:write "still\n", c)
	c:shutdown "w"
	equal(s:read "*l", "still")
	values({ nil, n = 1 }, s:read "*l")
end)

-- Many.

tls.test("fifty_clients_are_echoed", function()
	local l, port = t.listener()
	local cq, answers, server = cqueues.new(), 0, tls.server()
	cq:wrap(function()
		for _ = 1, 50 do
			local s = t.check(l:accept(5), "accept")
			cq:wrap(function()
				t.check(t.bare(s):starttls(server, 5), "the server's handshake")
				local line = s:read "*L"
				while line do
					s:write(line)
					line = s:read "*L"
				end
				s:shutdown "w"
				s:close()
			end)
		end
	end)
	for i = 1, 50 do
		cq:wrap(function()
			local c = t.bare(socket.connect { host = "localhost", port = port, verify = true })
			t.check(c:starttls(tls.client(), 5), "the client's handshake")
			for j = 1, 5 do
				c:write(i, " ", j, "\n")
				equal(c:read "*l", i .. " " .. j)
				answers = answers + 1
			end
			c:shutdown "w"
			values({ nil, n = 1 }, c:read "*l")
			c:close()
		end)
	end
	t.check(cq:loop(t.deadline))
	equal(answers, 250)
	equal(cq:count(), 0)
end)

tls.test("everything_works_without_a_controller_in_two_processes", function()
	local l, port = t.listener()
	local script = os.tmpname()
	local text = t.check(io.open(script, "w"), "a file for the client")
	text:write(("package.path, package.cpath = %q, %q\n"):format(package.path, package.cpath), ([[
		local socket = require "cqueues.socket"
		for _, host in ipairs { "localhost", "127.0.0.1" } do
			local c = socket.connect { host = host, port = %d, verify = true }
			c:onerror(function(_, _, code) return code end)
			if c:starttls(nil, 5) then
				c:write "verified\n"
				c:read "*l"
			else
				io.write(c:reason(), "\n")
			end
			c:close()
		end
	]]):format(port))
	text:close()
	-- With nothing else given, the authorities are those of the system, or of this variable.
	local child = io.popen(("SSL_CERT_FILE=%s exec %s %s 2>&1"):format(tls.file(tls.authority), t.interpreter(),
		script))
	for _ = 1, 2 do
		local s = t.bare(t.check(l:accept(5), "accept"))
		t.check(s:starttls(tls.server(), 5), "the server's handshake")
		equal(s:read "*l", "verified\r")
		s:write "seen\n"
		s:close()
	end
	equal(child:read "*a", "")
	child:close()
	os.remove(script)
end)

t.finish()

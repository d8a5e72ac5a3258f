-- SPDX-License-Identifier: MIT
-- Stream sockets: connections, reading, writing.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- A socket whose peer has written `data` and ended its side.
local function input(data)
	local a, b = t.pair()
	a:write(data)
	a:shutdown "w"
	return b
end

t.test("a_line_crosses_a_tcp_connection_both_ways", function()
	local l, port = t.listener()
	t.together(function()
		local s = l:accept(5)
		equal(s:read "*l", "hello")
		s:write "answer\n"
	end, function()
		local c = socket.connect("127.0.0.1", port)
		equal(c:write "hello\n", c)
		equal(c:read "*l", "answer")
	end)
end)

t.test("a_line_crosses_ipv6", function()
	local l = t.returns_errors(socket.listen { host = "::1", port = 0 })
	if not l:listen(5) then
		t.skip "no IPv6 loopback here"
	end
	local family, address, port = l:localname()
	equal(family, socket.AF_INET6)
	equal(address, "::1")
	local c = socket.connect("::1", port)
	c:write "hello\n"
	equal(l:accept(5):read "*l", "hello")
end)

t.test("a_line_crosses_a_unix_path", function()
	local directory = t.directory()
	local path = directory .. "/socket"
	local l = socket.listen { path = path }
	equal(l:listen(5), l)
	local c = socket.connect { path = path }
	c:write "hello\n"
	local s = l:accept(5)
	equal(s:read "*l", "hello")
	local family, name = c:peername()
	equal(family, socket.AF_UNIX)
	equal(name, path)
	family, name = s:peername()
	equal(family, socket.AF_UNIX)
	equal(name, nil)
end)

t.plain("everything_works_without_a_controller", function()
	local l, port = t.listener()
	local c = socket.connect("127.0.0.1", port)
	equal(c:connect(5), c)
	c:write "hello\n"
	local s = l:accept(5)
	equal(s:read "*l", "hello")
	t.fails(errno.ETIMEDOUT, t.returns_errors(s):xread("*l", 0.01))
end)

t.test("each_format_reads_what_it_says", function()
	local s = input "one\ntwo\n12345A: 1\n 2\nB: 3\n\nrest"
	equal(s:read "*l", "one")
	equal(s:read "*L", "two\n")
	equal(s:read(2), "12")
	equal(s:read(-2), "34")
	equal(s:read(1), "5")
	equal(s:read "*h", "A: 1 2")
	equal(s:read "*H", "B: 3\n")
	equal(s:read "*h", nil)
	equal(s:read "*l", "")
	equal(s:read(0), "")
	equal(s:read "*a", "rest")
	equal(s:read "*l", nil)
end)

t.test("several_formats_stop_at_the_first_that_fails", function()
	local s = input "one\ntwo"
	values({ "one", "two", nil, n = 3 }, s:read("*l", "*l", "*l", "*a"))
end)

t.plain("unknown_formats_are_refused", function()
	local s = input "one\n"
	for _, format in ipairs { "l", "a", "n", "*n", "*x", "", "*all" } do
		t.throws("bad argument", s.read, s, format)
	end
	equal(s:read "*l", "one", "nothing was taken")
end)

t.test("the_end_of_input_is_nil_and_no_error", function()
	local s = input ""
	equal(s:read "*l", nil)
	equal((s:read "*a"), nil)
	equal(s:read(1), nil)
	values({ nil, nil, n = 2 }, s:error())
	values({ true, false }, s:eof())
end)

t.test("a_last_line_without_a_line_feed_is_a_line", function()
	local s = input "one\ntwo"
	equal(s:read "*l", "one")
	equal(s:read "*L", "two")
	equal(s:read "*l", nil)
end)

t.test("a_read_of_minus_n_takes_what_there_is", function()
	local a, b = t.pair()
	a:write "abc"
	equal(b:read(-10), "abc")
	a:write "defghi"
	equal(b:read(-2), "de")
	equal(b:read(-10), "fghi")
end)

t.test("a_read_of_n_waits_for_all_of_them", function()
	local a, b = t.pair()
	t.together(function() equal(b:read(6), "abcdef") end, function()
		for c in ("abcdef"):gmatch "." do
			a:write(c)
			cqueues.sleep(0.001)
		end
	end)
end)

t.test("zero_bytes_and_every_other_byte_pass_unchanged", function()
	local bytes = {}
	for i = 0, 255 do
		bytes[#bytes + 1] = string.char(i)
	end
	local text = table.concat(bytes)
	equal(input(text):read "*a", text)
end)

t.test("four_megabytes_pass_both_ways_at_once", function()
	-- more than the kernel holds: each side has to read while its own output waits
	local text = ("0123456789abcdef"):rep(262144)
	local function both(s)
		return function()
			local received = s:read "*a"
			t.check(received == text, "received " .. #received)
		end, function()
			s:write(text)
			s:shutdown "w"
		end
	end
	for _, make in ipairs { t.pair, t.tcp_pair } do
		local a, b = make()
		local r1, w1 = both(a)
		local r2, w2 = both(b)
		t.together(r1, w1, r2, w2)
	end
end)

t.test("a_header_is_unfolded_or_kept", function()
	local text = "Subject: one\r\n\ttwo\r\n  three\r\nTo: x\r\n\r\nbody"
	local s = input(text)
	s:setmode("t", "bn")
	equal(s:read "*h", "Subject: one\ttwo  three")
	equal(s:read "*h", "To: x")
	equal((s:read "*h"), nil)
	equal(s:read "*l", "")
	equal(s:read "*a", "body")
	s = input(text)
	s:setmode("t", "bn")
	equal(s:read "*H", "Subject: one\n\ttwo\n  three\n")
end)

t.test("headers_end_at_a_line_that_is_none_and_leave_it", function()
	local s = input "A: 1\nno header\nB: 2\n\n"
	equal(s:read "*h", "A: 1")
	equal((s:read "*h"), nil)
	equal(s:read "*l", "no header")
end)

t.test("headers_may_be_cut_into_two_packets_at_any_place", function()
	local text = "A: 1\r\n 2\r\nB: 3\r\n\r\nbody"
	for _, mode in ipairs { "t", "b" } do
		for _, format in ipairs { "*h", "*H" } do
			local eol = format == "*h" and "" or mode == "t" and "\n" or "\r\n"
			for cut = 1, #text - 1 do
				local a, b = t.pair()
				b:setmode(mode, "bn")
				local where = mode .. format .. " cut after " .. cut
				t.together(function()
					equal(b:read(format), "A: 1" .. eol .. " 2" .. eol, where)
					equal(b:read(format), "B: 3" .. eol, where)
					equal((b:read(format)), nil, where)
					equal(b:read "*L", mode == "t" and "\n" or "\r\n", where)
					equal(b:read "*a", "body", where)
				end, function()
					a:write(text:sub(1, cut))
					cqueues.poll()
					cqueues.sleep(0.001)
					a:write(text:sub(cut + 1))
					a:shutdown "w"
				end)
			end
		end
	end
end)

t.test("the_closing_line_of_headers_is_not_judged_by_its_cr_alone", function()
	-- the original answers nil without a number here, as if the headers had ended
	local a, b = t.pair()
	a:write "A: 1\r\n\r"
	equal(b:recv "*h", "A: 1")
	t.fails(errno.EAGAIN, b:recv "*h")
	a:write "\nbody"
	equal((b:recv "*h"), nil)
	equal(b:recv "*L", "\r\n")
end)

t.test("a_header_in_single_bytes_is_read_whole", function()
	local a, b = t.pair()
	b:setmode("t", "bn")
	t.together(function()
		equal(b:read "*h", "A: 1 2")
		equal(b:read "*h", "B: 3")
		equal((b:read "*h"), nil)
		equal(b:read "*l", "")
		equal(b:read "*a", "body")
	end, function()
		for c in ("A: 1\r\n 2\r\nB: 3\r\n\r\nbody"):gmatch "." do
			a:write(c)
			cqueues.poll()
			cqueues.poll()
		end
		a:shutdown "w"
	end)
end)

t.test("a_mime_entity_ends_at_its_boundary", function()
	local s = input "one\r\ntwo\r\n--x\r\nthree\r\n--x--\r\n"
	equal(s:read "--x", "one\r\ntwo")
	equal((s:read "--x"), nil)
	equal(s:read "*l", "--x\r")
	equal(s:read "--x", "three")
	equal((s:read "--x"), nil)
	equal(s:read "*a", "--x--\r\n")
end)

t.test("a_mime_entity_may_come_in_pieces", function()
	-- the original takes "nothing there yet" for the end
	local a, b = t.pair()
	t.together(function()
		local chunks = {}
		local chunk = b:read "--x"
		while chunk do
			chunks[#chunks + 1] = chunk
			chunk = b:read "--x"
		end
		equal(table.concat(chunks), "one\r\ntwo")
		equal(b:read "*l", "--x\r")
	end, function()
		for _, piece in ipairs { "on", "e\r", "\ntwo", "\r\n-", "-x\r", "\n" } do
			a:write(piece)
			cqueues.sleep(0.002)
		end
		a:shutdown "w"
	end)
end)

t.test("fill_gathers_bytes_and_unget_gives_them_back", function()
	local a, b = t.pair()
	a:write "hello world"
	equal(b:fill(11), true)
	values({ 11, 0 }, b:pending())
	equal(b:read(5), "hello")
	equal(b:unget "HELLO", true)
	equal(b:read(11), "HELLO world")
	a:shutdown "w"
	equal((b:fill(1)), false)
	b:unget "more\n"
	equal(b:read "*l", "more")
end)

t.test("fill_is_not_bound_by_the_buffer_size", function()
	local a, b = t.pair()
	b:setbufsiz(16)
	local text = ("x"):rep(5000)
	a:write(text)
	equal(b:fill(5000), true)
	equal(b:read(5000), text)
end)

t.test("recv_and_send_never_wait", function()
	local a, b = t.pair()
	t.fails(errno.EAGAIN, b:recv "*l")
	values({ 5 }, a:send("hello", 1, 5))
	t.fails(errno.EAGAIN, b:recv "*l")
	equal(b:recv(5), "hello")
	equal(a:send("hello", 2, 3), 2)
	equal(b:recv(-10), "el")
	values({ 0 }, a:send("hello", 3, 2))
	t.throws("bad argument", a.send, a, "hello", 1, 6)
	t.throws("bad argument", a.send, a, "hello", 0, 5)
	local chunk, code = ("x"):rep(65536), nil
	for _ = 1, 1000 do
		code = select(2, a:send(chunk, 1, #chunk))
		if code then
			break
		end
	end
	equal(code, errno.EAGAIN)
	a:close()
	b:read "*a"
	t.fails(errno.EPIPE, b:recv "*l")
end)

t.test("what_send_counts_arrives_once_and_in_order", function()
	local a, b = t.pair()
	local text = ("0123456789abcdef"):rep(131072)
	local sent = 0
	t.together(function()
		while sent < #text do
			local count, code = a:send(text, sent + 1, #text)
			sent = sent + count
			if code then
				equal(code, errno.EAGAIN)
				cqueues.poll({ pollfd = a:pollfd(), events = "w" }, 5)
			end
		end
		t.check(a:flush(), "flush")
		a:shutdown "w"
	end, function()
		t.check(b:read "*a" == text, "the text")
	end)
end)

t.test("a_write_that_failed_does_not_keep_from_reading", function()
	local a, b = t.pair()
	b:write "last words\n"
	b:close()
	t.fails(errno.EPIPE, a:write "x")
	equal(a:read "*l", "last words")
	equal(a:read "*l", nil)
	values({ true, true }, a:eof())
end)

t.test("xread_and_xlines_take_mode_and_timeout_in_either_order", function()
	local s = input "one\r\ntwo\r\nthree\r\nfour\r\n"
	equal(s:xread("*L", "t", 1), "one\n")
	equal(s:xread("*L", 1, "t"), "two\n")
	equal(s:xread("*L", "b"), "three\r\n")
	equal(s:xlines("*L", 1, "t")(), "four\n")
end)

t.plain("luajit_compiles_nothing_for_each_connection_whose_lines_are_read", function()
	local formats, found = { "*l", "*L", "*a", "*h", "*H", -9, 9 }, 0
	local traces = t.traces(function()
		for i = 1, 700 do
			local s = input "line: 1\n\n"
			for line in s:lines(formats[i % #formats + 1]) do
				found = found + #line
			end
			s:close()
		end
	end)
	equal(found, 100 * (7 + 9 + 9 + 7 + 8 + 9 + 9))
	t.check(traces < 100, traces .. " traces")
end)

-- Of what crosses the end of the buffer the rest stays behind, with the lines in it.
t.plain("a_line_that_began_with_a_full_buffer_leaves_as_one", function()
	local line = ("x"):rep(18) .. "\n"
	local writes = {
		{ "bl", function(a) a:write(line, "be") end },
		{ "bl", function(a) a:send(line .. "be", 1, 21, "bf") a:flush "l" end },
		{ "tl", function(a) a:send(line .. "be", 1, 21, "bf") a:flush "l" end },
		{ "bl", function(a) a:send(line .. "be", 1, 21, "bf") a:send("", 1, 0) end },
	}
	for i, write in ipairs(writes) do
		local a, b = socket.pair()
		a:setmode(nil, write[1])
		b:setmode("bn", nil)
		a:setbufsiz(nil, 16)
		write[2](a)
		equal(b:recv(-100) .. (b:recv(-100) or ""), line, i)
		equal(select(2, a:pending()), 2, i)
	end
end)

t.test("lines_ends_with_the_input", function()
	local s, seen = input "one\ntwo\nthree", {}
	local next = s:lines()
	local line = next()
	while line do
		seen[#seen + 1] = line
		line = next()
	end
	equal(table.concat(seen, " "), "one two three")
end)

t.test("pack_and_unpack_are_big_endian", function()
	local a, b = t.pair()
	equal(a:pack(0x1234, 16), true)
	a:pack(1, 8)
	a:pack(2, 32)
	equal(b:unpack(8), 0x12)
	equal(b:unpack(16), 0x3401)
	equal(b:unpack(32), 2)
end)

t.test("write_returns_the_socket_and_takes_strings_and_numbers", function()
	local a, b = t.pair()
	equal(a:write("x", 1, "y"), a)
	equal(a:write(), a)
	a:shutdown "w"
	equal(b:read "*a", "x1y")
end)

t.test("accept_and_clients_end_at_their_timeout", function()
	local l, port = t.listener()
	t.fails(errno.ETIMEDOUT, l:accept(0))
	t.fails(errno.ETIMEDOUT, l:accept(0.01))
	t.fails(errno.ETIMEDOUT, l:accept({}, 0.01))
	local c = socket.connect("127.0.0.1", port)
	c:connect(5)
	local next = l:clients(0.05)
	equal(socket.type(next()), "socket")
	equal((next()), nil)
end)

t.test("several_tasks_may_accept_from_one_listener", function()
	local l, port = t.listener()
	local accepted = 0
	local function take()
		if l:accept(5) then
			accepted = accepted + 1
		end
	end
	t.together(take, take, take, function()
		for _ = 1, 3 do
			socket.connect("127.0.0.1", port):connect(5)
		end
	end)
	equal(accepted, 3)
end)

t.test("names_tell_both_ends", function()
	local l, port = t.listener()
	values({ 0 }, l:peername())
	local c = socket.connect("127.0.0.1", port)
	c:connect(5)
	local s = l:accept(5)
	values({ socket.AF_INET, "127.0.0.1", port }, c:peername())
	values({ socket.AF_INET, "127.0.0.1", port }, s:localname())
	values({ socket.AF_INET, "127.0.0.1", (select(3, c:localname())) }, s:peername())
end)

t.test("an_abstract_unix_name_serves", function()
	local path = t.abstract_name()
	local l = t.returns_errors(socket.listen { path = path })
	equal(l:listen(5), l)
	local c = socket.connect { path = path }
	equal(c:connect(5), c)
	local family, name = c:peername()
	equal(family, socket.AF_UNIX)
	equal(name, path)
end)

t.test("unlink_takes_away_an_old_path", function()
	local directory = t.directory()
	local path = directory .. "/socket"
	socket.listen { path = path }:listen(5)
	t.fails(errno.EADDRINUSE, t.returns_errors(socket.listen { path = path }):listen(5))
	local l = socket.listen { path = path, unlink = true }
	equal(l:listen(5), l)
end)

t.test("mode_and_mask_are_numbers_as_in_c_or_letters", function()
	local directory = t.directory()
	local function permissions(options)
		options.path = directory .. "/socket"
		options.unlink = true
		local l = t.returns_errors(socket.listen(options))
		equal(l:listen(5), l)
		local process = io.popen("stat -c %a " .. options.path .. " 2>/dev/null || stat -f %Lp " .. options.path)
		local text = process:read "*l"
		process:close()
		return text
	end
	equal(permissions { mode = "0600" }, "600")
	equal(permissions { mode = "384" }, "600") -- decimal without a 0 in front
	equal(permissions { mode = 384 }, "600")
	equal(permissions { mode = "rw" }, "600")
	equal(permissions { mode = "x" }, "100")
	equal(permissions { mode = "---r" }, "40")
	equal(permissions { mode = "rw-------" }, "600")
	equal(permissions { mask = "0077" }, "700")
	equal(permissions { mask = "077" }, "700")
	equal(permissions { mask = "---rwxrwx" }, "700")
end)

t.test("a_path_too_long_is_refused_not_cut", function()
	local directory = t.directory()
	local made, l = pcall(socket.listen, { path = directory .. "/" .. ("x"):rep(200) })
	local ok = made and l and t.returns_errors(l):listen(1) or nil
	local process = io.popen("ls " .. directory)
	local left = process:read "*a"
	process:close()
	equal(ok, nil)
	equal(left, "", "files made")
end)

t.test("stat_counts_bytes_and_knows_the_end", function()
	local a, b = t.pair()
	a:write "hello"
	a:shutdown "w"
	b:read "*a"
	equal(a:stat().sent.count, 5)
	equal(a:stat().sent.eof, true)
	equal(b:stat().rcvd.count, 5)
	equal(b:stat().rcvd.eof, true)
	equal(b:stat().sent.count, 0)
end)

t.test("peer_identity_of_a_unix_socket", function()
	local a = t.pair()
	local uid, gid = a:peereid()
	equal(type(uid), "number")
	equal(type(gid), "number")
	t.check(a:peerpid() > 0, "pid")
	local c = t.tcp_pair()
	equal((c:peereid()), nil)
end)

t.test("a_hundred_clients_are_echoed", function()
	local l, port = t.listener()
	local answers = 0
	local cq = cqueues.new()
	cq:wrap(function()
		for _ = 1, 100 do
			local s = t.check(l:accept(5), "accept")
			cq:wrap(function()
				local line = s:read "*L"
				while line do
					s:write(line)
					line = s:read "*L"
				end
				s:close()
			end)
		end
	end)
	for i = 1, 100 do
		cq:wrap(function()
			local c = socket.connect("127.0.0.1", port)
			for j = 1, 3 do
				c:write(i, " ", j, "\n")
				equal(c:read "*l", i .. " " .. j)
				answers = answers + 1
			end
			c:close()
		end)
	end
	t.check(cq:loop(10))
	equal(answers, 300)
	equal(cq:count(), 0)
end)

t.finish()

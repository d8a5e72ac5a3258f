-- SPDX-License-Identifier: MIT
-- Datagrams and packets in order: what keeps a message whole.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local socket, errno = t.socket, t.errno
local equal, values = t.equal, t.values

local DGRAM = socket.SOCK_DGRAM

-- Both ends of each kind of message socket.
local function ends()
	local r, port = t.receiver()
	local path = t.abstract_name()
	local l = t.bare(socket.listen { path = path, type = DGRAM })
	t.check(l:listen(5), "listen")
	return {
		UDP = { t.sender(port), r },
		["UNIX datagrams"] = { t.pair "dgram" },
		["UNIX packets"] = { t.pair "seqpacket" },
		["a bound UNIX socket"] = { t.bare(socket.connect { path = path, type = DGRAM }), l },
	}
end

local function for_each_kind(f)
	for kind, both in pairs(ends()) do
		both[1]:settimeout(5)
		both[2]:settimeout(5)
		local ok, why = t.protect(f, both[1], both[2])
		if not ok then
			error(kind .. ": " .. tostring(why), 0)
		end
	end
end

t.test("each_write_is_a_message_and_each_read_of_the_whole_takes_one", function()
	for_each_kind(function(a, b)
		for _, text in ipairs { "one", "two\n", ("x"):rep(10000), "\0" } do
			a:write(text)
		end
		equal(b:read "*a", "one")
		equal(b:read "*a", "two\n")
		t.check(b:read "*a" == ("x"):rep(10000), "10000 bytes in one")
		equal(b:read "*a", "\0")
	end)
end)

t.test("a_write_of_several_values_is_one_message", function()
	for_each_kind(function(a, b)
		a:write("one ", 2, " three\n", "four")
		a:write "next"
		equal(b:read "*a", "one 2 three\nfour")
		equal(b:read "*a", "next")
	end)
end)

t.test("a_message_of_any_mode_is_not_cut_by_the_buffer_size", function()
	-- the original makes two of 10000 bytes
	local text = ("0123456789"):rep(1000)
	for_each_kind(function(a, b)
		for _, mode in ipairs { "bn", "bl", "bf", "tn" } do
			a:setmode("bn", mode)
			a:write(text)
			equal(a:flush(), true)
			t.check(b:read "*a" == text, mode)
		end
	end)
end)

t.test("line_buffering_sends_whole_lines_in_one_and_keeps_the_rest", function()
	for_each_kind(function(a, b)
		a:setmode("bn", "bl")
		a:write "one\ntwo\nthr"
		values({ 0, 3 }, a:pending())
		a:write "ee\n"
		equal(b:read "*a", "one\ntwo\n")
		equal(b:read "*a", "three\n")
	end)
end)

-- A text without a line sent all that was pending in one.
t.test("of_what_is_pending_only_whole_lines_leave_behind_a_text_without_one", function()
	for_each_kind(function(a, b)
		a:setmode("bn", "bl")
		a:xwrite("one\nt", "f")
		a:write "w"
		values({ 0, 2 }, a:pending())
		a:write "o\n"
		equal(b:read "*a", "one\n")
		equal(b:read "*a", "two\n")
	end)
end)

t.test("full_buffering_sends_at_flush_what_is_pending_in_one", function()
	for_each_kind(function(a, b)
		a:setmode("bn", "bf")
		a:write "one\n"
		a:write "two\n"
		values({ 0, 8 }, a:pending())
		equal(a:flush(), true)
		equal(b:read "*a", "one\ntwo\n")
	end)
end)

t.test("an_empty_write_sends_nothing", function()
	for_each_kind(function(a, b)
		a:write ""
		a:write("", "")
		a:write "next"
		equal(b:read "*a", "next")
	end)
end)

t.test("text_mode_translates_within_a_message", function()
	for_each_kind(function(a, b)
		a:setmode("bn", "tn")
		a:write "one\ntwo"
		equal(b:read "*a", "one\r\ntwo")
		b:setmode("t", "bn")
		a:write "three\n\r"
		equal(b:read "*a", "three\n\r")
	end)
end)

t.test("no_format_reads_beyond_the_end_of_a_message", function()
	for_each_kind(function(a, b)
		for _, case in ipairs {
			{ "*l", "one\ntwo", "one", "two" }, { "*L", "one\ntwo", "one\n", "two" }, { 5, "onetwo3", "onetw", "o3" },
			{ -5, "onetwo3", "onetw", "o3" }, { "*a", "one\ntwo", "one\ntwo" }, { "--x", "one\r\ntwo", "one\r\ntwo" },
		} do
			a:write(case[2])
			a:write "next\n"
			for i = 3, #case do
				equal(b:read(case[1]), case[i], "format " .. case[1])
			end
			equal(b:read "*a", "next\n", "after format " .. case[1])
		end
	end)
end)

t.test("several_formats_of_one_read_may_take_several_messages", function()
	for_each_kind(function(a, b)
		a:write "one\ntwo\n"
		a:write "three\nfour\n"
		values({ "one", "two", "three" }, b:read("*l", "*l", "*l"))
		equal(b:read "*a", "four\n")
	end)
end)

t.test("lines_and_headers_come_out_of_messages", function()
	for_each_kind(function(a, b)
		a:write "A: 1\n 2\nB: 3\n\nbody"
		equal(b:read "*h", "A: 1 2")
		equal(b:read "*h", "B: 3")
		equal((b:read "*h"), nil)
		equal(b:read "*L", "\n")
		local next = b:lines()
		equal(next(), "body")
		a:write "one\n"
		equal(next(), "one")
	end)
end)

t.test("a_longer_message_than_the_buffer_is_cut_and_the_next_is_whole", function()
	for_each_kind(function(a, b)
		a:setmode("bn", "bf") -- flush() sends in one what was written in pieces
		for _, case in ipairs { { 8, "*l", 4096 }, { 20000, "*l", 4096 }, { 20000, 4096, 4096 }, { 8, 5000, 5000 } } do
			b:setbufsiz(case[1])
			a:write(("x"):rep(40000))
			a:flush()
			a:write "next"
			a:flush()
			equal(#b:read(case[2]), case[3])
			local rest = math.max(case[1] - case[3], 0)
			if rest > 0 then
				equal(#b:read "*a", rest, "of a buffer of " .. case[1])
			end
			equal(b:read "*a", "next", "of a buffer of " .. case[1])
		end
		b:setbufsiz(8)
		for _, format in ipairs { "*a", 60000, -60000 } do
			a:write(("x"):rep(40000))
			a:flush()
			equal(#b:read(format), 40000, "format " .. format)
		end
	end)
end)

t.test("fill_is_content_with_one_message", function()
	for_each_kind(function(a, b)
		a:write "ab"
		a:write "cdef"
		equal(b:fill(5), true)
		values({ 2, 0 }, b:pending())
		equal(b:unget "XY", true)
		equal(b:read "*a", "XYab")
		equal(b:read "*a", "cdef")
	end)
end)

t.test("recv_and_send_never_wait", function()
	for_each_kind(function(a, b)
		t.fails(errno.EAGAIN, b:recv "*l")
		values({ 2 }, a:send("one\ntwo", 2, 3))
		a:send("three", 1, 5)
		equal(b:recv "*l", "ne")
		equal(b:recv(3), "thr")
		equal(b:recv(-10), "ee")
		t.fails(errno.EAGAIN, b:recv "*a")
	end)
end)

t.test("numbers_are_packed_into_messages_of_their_own", function()
	for_each_kind(function(a, b)
		a:pack(0x1234, 16)
		a:pack(5, 8)
		equal(b:unpack(16), 0x1234)
		equal(b:unpack(8), 5)
		equal(a:stat().sent.count, 3)
		equal(b:stat().rcvd.count, 3)
	end)
end)

t.test("a_read_ends_at_its_timeout_and_the_next_gets_the_message", function()
	for_each_kind(function(a, b)
		b:settimeout(0.01)
		t.fails(errno.ETIMEDOUT, b:read "*l")
		values({ errno.ETIMEDOUT, nil, n = 2 }, b:error())
		b:clearerr()
		values({ nil, errno.ETIMEDOUT, n = 2 }, b:recvfrom())
		b:clearerr()
		a:write "late"
		equal(b:read "*a", "late")
	end)
end)

t.test("a_message_without_bytes_ends_one_read_and_is_no_end_of_file", function()
	-- in the original the socket is at its end from then on
	local path = t.abstract_name()
	local l, m = t.bare(socket.listen { path = path, type = DGRAM }), nil
	t.check(l:listen(5), "listen")
	m = t.bare(socket.listen { path = path .. "2", type = DGRAM })
	t.check(m:listen(5), "listen")
	local r, port = t.receiver()
	local c = t.sender(port)
	local function check(s, send)
		s:settimeout(5)
		for _, format in ipairs { "*l", "*L", 5, -5 } do
			equal(send "", true)
			equal(send "after", true)
			equal((s:read(format)), nil, format)
			values({ false, false }, s:eof())
			equal(s:read(format), "after", format)
		end
		send ""
		send "after"
		equal(#(s:read "*a" or ""), 0)
		equal(s:read "*a", "after")
		send ""
		equal((s:recvfrom()), "")
	end
	check(r, function(text) return c:sendto(text, "127.0.0.1", port) end)
	check(l, function(text) return m:sendto(text, path) end)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- Modes of sockets: translation, buffering, limits, defaults.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket = t.cqueues, t.socket
local equal, values = t.equal, t.values

local function input(mode, data)
	local a, b = t.pair()
	b:setmode(mode, "bn")
	a:write(data)
	a:shutdown "w"
	return b
end

local function output(mode, ...)
	local a, b = t.pair()
	a:setmode("b", mode)
	a:write(...)
	a:flush()
	a:shutdown "w"
	return b:read "*a"
end

t.plain("a_new_socket_is_in_text_mode_and_line_buffered", function()
	values({ "t-p", "tla" }, socket.pair():setmode())
end)

t.plain("setmode_answers_the_modes_before_and_leaves_nil_alone", function()
	local s = socket.pair()
	values({ "t-p", "tla" }, s:setmode("b", "bf"))
	values({ "b-p", "bfa" }, s:setmode(nil, "tn"))
	values({ "b-p", "tna" }, s:setmode("t"))
	values({ "t-p", "tna" }, s:setmode())
	values({ "t-p", "tna" }, s:setmode("P", "nA"))
	values({ "t-P", "tnA" }, s:setmode())
end)

t.plain("setvbuf_answers_the_mode_and_size_before", function()
	local s = socket.pair()
	values({ "line", 4096 }, s:setvbuf("full", 10))
	values({ "full", 10 }, s:setvbuf "no")
	equal((s:setvbuf "line"), "no")
	t.throws("invalid option", s.setvbuf, s, "bogus")
end)

t.plain("setbufsiz_and_setmaxline_answer_the_sizes_before", function()
	local s = socket.pair()
	for _, method in ipairs { "setbufsiz", "setmaxline" } do
		values({ 4096, 4096 }, s[method](s, 100, 200))
		values({ 100, 200 }, s[method](s, nil, 300))
		values({ 100, 300 }, s[method](s))
		t.throws("number expected", s[method], s, "x")
	end
end)

t.plain("settimeout_answers_the_timeout_before_and_nil_clears_it", function()
	local s = socket.pair()
	values({ nil, n = 1 }, s:settimeout(1.5))
	values({ 1.5 }, s:settimeout())
	values({ nil, n = 1 }, s:settimeout(nil))
	t.throws("number expected", s.settimeout, s, "x")
end)

t.plain("settings_of_the_class_are_for_new_sockets_only", function()
	local old = socket.pair()
	local modes = t.pack(socket.setmode("b", "bf"))
	local timeout = socket.settimeout(1.5)
	local new = socket.pair()
	socket.setmode(modes[1], modes[2])
	socket.settimeout(timeout)
	values({ "t-p", "tla" }, old:setmode())
	values({ "b-p", "bfa" }, new:setmode())
	equal(old:settimeout(), nil)
	equal(new:settimeout(), 1.5)
	values({ "t-p", "tla" }, socket.pair():setmode())
end)

t.test("text_mode_makes_one_line_feed_of_cr_lf_and_keeps_a_lone_cr", function()
	equal(input("t", "a\r\nb\rc\r\r\nd\n"):read "*a", "a\nb\rc\r\nd\n")
	equal(input("b", "a\r\nb\rc\r\r\nd\n"):read "*a", "a\r\nb\rc\r\r\nd\n")
	equal(input("t", "a\r\n"):read "*l", "a")
	equal(input("b", "a\r\n"):read "*l", "a\r")
end)

t.test("cr_and_lf_in_two_packets_are_one_line_end", function()
	for _, format in ipairs { "*l", "*L", "*a", 4, -100 } do
		local a, b = t.pair()
		b:setmode("t", "bn")
		t.together(function()
			local text, piece = "", b:read(format)
			while piece and #piece > 0 do
				text = text .. piece
				piece = b:read(format)
			end
			equal(text, format == "*l" and "onetwo" or "one\ntwo\n", "format " .. format)
		end, function()
			a:write "one\r"
			cqueues.sleep(0.005)
			a:write "\ntwo\r\n"
			a:shutdown "w"
		end)
	end
end)

t.test("a_read_of_n_bytes_in_text_mode_gives_n_bytes", function()
	-- the original gives one more when the n-th is a CR
	local s = input("t", "a\rb\rc\r\nd")
	equal(s:read(2), "a\r")
	equal(s:read(2), "b\r")
	equal(s:read(2), "c\n")
	equal(s:read(2), "d")
end)

t.test("a_cr_at_the_end_of_input_is_delivered", function()
	-- the original keeps it for ever when it is the last of n bytes
	equal(input("t", "one\r"):read(4), "one\r")
	equal(input("t", "one\r"):read "*a", "one\r")
	equal(input("t", "one\r"):read "*l", "one\r")
	local s = input("t", "one\r")
	local text, piece = "", s:read(-10)
	while piece do
		text = text .. piece
		piece = s:read(-10)
	end
	equal(text, "one\r")
end)

t.test("text_mode_makes_cr_lf_of_every_line_feed_written", function()
	equal(output("tn", "one\ntwo\n"), "one\r\ntwo\r\n")
	equal(output("tf", "one", "\n", "two"), "one\r\ntwo")
	equal(output("bn", "one\ntwo\n"), "one\ntwo\n")
	equal(output("tl", "one\rtwo\n"), "one\rtwo\r\n")
end)

t.test("a_mode_given_with_a_call_is_for_that_call", function()
	local a, b = t.pair()
	a:setmode("b", "tf")
	a:xwrite("one\n", "bn")
	a:send("two\n", 1, 4, "tn")
	values({ 0, 0 }, a:pending())
	a:xwrite "three\n"
	values({ 0, 7 }, a:pending())
	values({ "b-p", "tfa" }, a:setmode())
	a:flush()
	a:shutdown "w"
	equal(b:read "*a", "one\ntwo\r\nthree\r\n")
end)

t.test("unbuffered_output_leaves_at_once", function()
	local a, b = t.pair()
	a:write "x"
	values({ 0, 0 }, a:pending())
	equal(b:recv(1), "x")
end)

t.test("line_buffered_output_leaves_with_its_line_feed", function()
	local a, b = t.pair()
	a:setmode("b", "bl")
	a:write "one"
	values({ 0, 3 }, a:pending())
	a:write " two\nthree"
	values({ 0, 5 }, a:pending())
	equal(b:recv(-100), "one two\n")
	equal(a:flush(), true)
	equal(b:recv(-100), "three")
end)

t.test("fully_buffered_output_leaves_when_the_buffer_is_full", function()
	local a, b = t.pair()
	a:setmode("b", "bf")
	a:setbufsiz(nil, 8)
	a:write "one\n"
	values({ 0, 4 }, a:pending())
	a:write "two\n"
	values({ 0, 0 }, a:pending())
	equal(b:recv(-100), "one\ntwo\n")
	a:write "0123456789"
	local held = select(2, a:pending())
	t.check(held < 8, "held back: " .. held)
	a:flush()
	equal(b:recv(-100), "0123456789")
end)

t.test("an_unlimited_buffer_holds_everything_until_flush", function()
	local a, b = t.pair()
	a:setvbuf("full", math.huge)
	a:write(("x\n"):rep(50000))
	values({ 0, 100000 }, a:pending())
	t.together(function()
		equal(a:flush(), true)
		a:shutdown "w"
	end, function()
		equal(#b:read "*a", 100000)
	end)
end)

t.test("a_read_flushes_output_first", function()
	for _, mode in ipairs { "bl", "bf" } do
		local a, b = t.pair()
		a:setmode("b", mode)
		a:write "question?"
		values({ 0, 9 }, a:pending())
		t.together(function() equal(a:read "*l", "answer") end, function()
			equal(b:read(9), "question?")
			b:write "answer\n"
		end)
	end
end)

t.test("a_read_leaves_output_alone_with_flag_A", function()
	local a, b = t.pair()
	a:setmode("b", "bfA")
	a:write "kept"
	b:write "line\n"
	equal(a:read "*l", "line")
	values({ 0, 4 }, a:pending())
end)

t.test("a_line_over_the_limit_comes_in_pieces", function()
	local s = input("b", "abcdefghij\nkl\n")
	s:setmaxline(4)
	for _, piece in ipairs { "abcd", "efgh", "ij", "kl" } do
		equal(s:read "*l", piece)
	end
	equal(s:read "*l", nil)
end)

t.test("a_line_of_exactly_the_limit_with_its_line_feed_is_whole", function()
	local s = input("b", "abc\n")
	s:setmaxline(4)
	equal(s:read "*L", "abc\n")
end)

t.test("the_limit_does_not_bind_counts_and_the_whole", function()
	local s = input("b", "abcdefghij")
	s:setmaxline(4)
	equal(s:read(6), "abcdef")
	equal(s:read "*a", "ghij")
end)

t.test("a_header_over_the_limit_is_none_and_is_left", function()
	local s = input("b", "A: 1\nLong: 123456789\n\n")
	s:setmaxline(8)
	equal(s:read "*h", "A: 1")
	equal((s:read "*h"), nil)
	s:setmaxline(4096)
	equal(s:read "*h", "Long: 123456789")
end)

t.test("output_over_the_line_limit_leaves_without_a_line_feed", function()
	local a, b = t.pair()
	a:setmode("b", "bl")
	a:setmaxline(nil, 4)
	a:write "ab"
	values({ 0, 2 }, a:pending())
	a:write "cd"
	values({ 0, 0 }, a:pending())
	equal(b:recv(-10), "abcd")
end)

t.finish()

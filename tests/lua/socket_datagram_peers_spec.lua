-- SPDX-License-Identifier: MIT
-- Datagrams and packets in order: whom a message comes from, whom it goes to, what if nobody is there.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

local DGRAM = socket.SOCK_DGRAM

t.test("recvfrom_tells_the_sender_and_sendto_answers", function()
	local r, port = t.receiver()
	local c = t.sender(port)
	c:write "question"
	local text, host, from = r:recvfrom()
	values({ "question", "127.0.0.1", (select(3, c:localname())) }, text, host, from)
	equal(r:sendto("answer", host, from), true)
	values({ "answer", "127.0.0.1", port }, c:recvfrom())
end)

t.test("unix_senders_have_a_path_or_none", function()
	local directory = t.directory()
	local l = t.bare(socket.listen { path = directory .. "/l", type = DGRAM })
	t.check(l:listen(5), "listen")
	local named = t.bare(socket.connect { path = directory .. "/l", type = DGRAM, bind = { path = directory .. "/c" } })
	local nameless = t.bare(socket.connect { path = directory .. "/l", type = DGRAM })
	named:write "one"
	nameless:write "two"
	values({ "one", directory .. "/c", nil, n = 3 }, l:recvfrom())
	values({ "two", nil, nil, n = 3 }, l:recvfrom())
	equal(l:sendto("back", directory .. "/c"), true)
	values({ "back", directory .. "/l", nil, n = 3 }, named:recvfrom())
	t.fails(errno.ENOENT, l:sendto("back", directory .. "/nobody"))
end)

t.test("recvfrom_cuts_at_its_size_which_is_a_page_at_least", function()
	local a, b = t.pair "dgram"
	a:write(("x"):rep(5000))
	equal(#b:recvfrom(4), 4096)
	a:write(("x"):rep(5000))
	equal(#b:recvfrom(5000), 5000)
	a:write(("x"):rep(40000))
	equal(#b:recvfrom(), 40000)
	equal(select(2, b:recvfrom(-1)), errno.ENOMEM)
	t.throws("number expected", b.recvfrom, b, "x")
end)

t.test("recvfrom_and_sendto_go_by_the_buffers", function()
	local r, port = t.receiver()
	local c = t.sender(port)
	c:setmode("bn", "bf")
	c:write "written"
	equal(c:sendto("sent", "127.0.0.1", port), true)
	c:flush()
	equal(r:fill(1), true)
	equal((r:recvfrom()), "written")
	equal(r:read "*a", "sent")
end)

t.plain("sendto_wants_a_numeric_address", function()
	local r = t.receiver()
	t.throws("no such host or address", r.sendto, r, "x", "localhost.test", 1)
	t.throws("address", r.sendto, r, "x", "127.0.0.1\0.evil", 1) -- was taken for what stands before the NUL
	t.throws("port out of range", r.sendto, r, "x", "127.0.0.1", 65536)
	t.throws("string expected", r.sendto, r, nil, "127.0.0.1", 1)
	t.throws("string expected", r.sendto, r, "x")
	t.fails(errno.EAFNOSUPPORT, r:sendto("x", "::1", 1))
	r:clearerr()
	t.fails(errno.EMSGSIZE, r:sendto(("x"):rep(70000), "127.0.0.1", 1))
	equal((r:error "w"), errno.EMSGSIZE)
end)

t.test("a_receiver_has_no_peer_to_write_to", function()
	local r = t.receiver()
	values({ 0 }, r:peername())
	t.fails(errno.EDESTADDRREQ, r:write "x")
	t.fails(errno.EOPNOTSUPP, r:accept(0))
end)

t.test("a_connected_socket_hears_its_peer_only", function()
	local r, port = t.receiver()
	local c, stranger = t.sender(port), t.receiver()
	local own = select(3, c:localname())
	stranger:sendto("from a stranger", "127.0.0.1", own)
	r:sendto("from the peer", "127.0.0.1", own)
	equal(c:read "*a", "from the peer")
	values({ socket.AF_INET, "127.0.0.1", port }, c:peername())
end)

t.test("a_port_that_nobody_has_refuses_the_second_write", function()
	local l, port = t.receiver()
	l:close()
	local c = t.sender(port)
	equal(c:write "x", c)
	t.fails(errno.ECONNREFUSED, c:write "y")
	values({ false, false }, c:eof())
	c:clearerr()
	-- What failed is told by the code, and not glued to the next, as by the original.
	l = t.receiver { port = port }
	equal(c:write "z", c)
	local first = l:read "*a"
	t.check(first == "z" or first == "y", "got " .. tostring(first))
	c = socket.connect { host = "127.0.0.1", port = 1, type = DGRAM }
	c:write "x\n"
	t.throws("[127.0.0.1.1]:flush: " .. errno.strerror(errno.ECONNREFUSED), function() c:write "y\n" c:write "z\n" end)
end)

t.test("a_message_too_long_is_refused_and_the_next_passes", function()
	local r, port = t.receiver()
	local c = t.sender(port)
	t.fails(errno.EMSGSIZE, c:write(("x"):rep(70000)))
	values({ 0, 0 }, c:pending())
	c:clearerr()
	c:write "small"
	equal(r:read "*a", "small")
end)

t.test("a_unix_peer_that_is_gone_refuses", function()
	local a, b = t.pair "dgram"
	b:close()
	t.fails(errno.ECONNREFUSED, a:write "x")
	local c = t.bare(socket.connect { path = "/no/such/socket", type = DGRAM })
	t.fails(errno.ENOENT, c:connect(1))
end)

t.test("a_broadcast_needs_its_option", function()
	local r, port = t.receiver { host = "127.255.255.255" }
	local s = t.receiver()
	t.fails(errno.EACCES, s:sendto("x", "127.255.255.255", port))
	s = t.receiver { broadcast = true }
	equal(s:sendto("to all", "127.255.255.255", port), true)
	equal((r:recvfrom()), "to all")
end)

t.test("a_writer_waits_for_a_full_queue_and_nothing_is_lost", function()
	for _, kind in ipairs { "dgram", "seqpacket" } do
		local a, b = t.pair(kind)
		t.together(function()
			for i = 1, 2000 do
				equal(a:write(("%d "):format(i):rep(50)), a)
			end
			a:settimeout(0.02)
			local code
			repeat
				code = select(2, a:write(("x"):rep(1000)))
			until code
			equal(code, errno.ETIMEDOUT)
			b:close()
		end, function()
			for i = 1, 2000 do
				equal(b:read "*a", ("%d "):format(i):rep(50))
			end
		end)
	end
end)

-- Packets in order.

t.test("packets_are_a_connection_with_an_end", function()
	local path = t.directory() .. "/socket"
	local l = t.returns_errors(socket.listen { path = path, type = socket.SOCK_SEQPACKET })
	t.check(l:listen(5), "listen")
	local c = t.bare(socket.connect { path = path, type = socket.SOCK_SEQPACKET })
	t.check(c:connect(5), "connect")
	local s = t.bare(l:accept(5))
	c:write "one"
	c:write "two"
	c:close()
	equal(s:read "*a", "one")
	equal(s:read "*a", "two")
	equal((s:read "*a"), nil)
	equal((s:read "*l"), nil)
	t.fails(errno.EPIPE, s:recv "*l")
	t.fails(errno.EPIPE, s:write "x")
	values({ true, true }, s:eof())
	local stream = t.returns_errors(socket.connect { path = path })
	t.fails(errno.EPROTOTYPE, stream:connect(1))
end)

t.test("many_clients_are_answered_over_one_socket", function()
	local r, port = t.receiver()
	local answers = 0
	local cq = cqueues.new()
	cq:wrap(function()
		for _ = 1, 300 do
			local text, host, from = r:recvfrom()
			r:sendto("answer to " .. text, host, from)
		end
	end)
	for i = 1, 100 do
		cq:wrap(function()
			local c = t.sender(port)
			for j = 1, 3 do
				c:write(i, " ", j)
				equal(c:read "*a", ("answer to %d %d"):format(i, j))
				answers = answers + 1
			end
		end)
	end
	t.check(cq:loop(10))
	equal(answers, 300)
end)

t.finish()

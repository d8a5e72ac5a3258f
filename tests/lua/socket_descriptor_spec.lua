-- SPDX-License-Identifier: MIT
-- Passing descriptors, and who is at the other end of a UNIX socket.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

local kinds = { "stream", "dgram", "seqpacket" }

-- A Python text as a process that has the socket as `s`; returns what it prints.
local function python(s, text)
	local process = io.popen(("exec python3 -c 'import os, socket\ns = socket.socket(fileno=%d)\n%s\ns.detach()' 2>&1")
		:format(s:pollfd(), text))
	local output = process:read "*a"
	process:close()
	return output
end

t.test("a_socket_that_was_passed_is_the_same_connection", function()
	for _, kind in ipairs(kinds) do
		local a, b = t.pair(kind)
		local c, d = t.pair()
		equal(a:sendfd("have this", c), true)
		c:close() -- what was passed is a copy
		local text, received = b:recvfd()
		equal(text, "have this")
		equal(socket.type(received), "socket")
		values({ false, false }, t.flags(received))
		received:write "line\n"
		equal(d:xread("*l", "t", 5), "line")
		received:close()
		equal(d:read "*l", nil)
	end
end)

t.test("files_and_numbers_are_passed_too", function()
	local a, b = t.pair()
	local file = io.tmpfile()
	file:write "content\n"
	file:seek "set"
	equal(a:sendfd("file", file), true)
	local text, received = b:recvfd()
	equal(text, "file")
	equal(received:read "*l", "content")
	local c, d = t.pair()
	equal(a:sendfd("number", c:pollfd()), true)
	text, received = b:recvfd()
	equal(text, "number")
	received:xwrite("x", "bn")
	equal(d:read(1), "x")
end)

t.test("without_a_descriptor_the_message_goes_alone", function()
	-- the original answers EBADF
	for _, kind in ipairs(kinds) do
		local a, b = t.pair(kind)
		equal(a:sendfd("nil", nil), true)
		values({ "nil", nil, n = 2 }, b:recvfd())
		equal(a:sendfd "none", true)
		values({ "none", nil, n = 2 }, b:recvfd())
		a:write "written"
		values({ "written", nil, n = 2 }, b:recvfd())
	end
end)

t.plain("what_is_no_descriptor_is_EBADF", function()
	-- a closed socket crashes the original
	local a = t.pair()
	local closed, file = t.pair(), io.tmpfile()
	closed:close()
	file:close()
	for _, wrong in ipairs { closed, file, -1, 987654, true, {}, print, "x", cqueues.new(), t.condition.new() } do
		values({ false, errno.EBADF }, a:sendfd("x", wrong))
		values({ errno.EBADF }, a:clearerr "w")
	end
	t.throws("string expected", a.sendfd, a, nil, 1)
	t.throws("string expected", a.sendfd, a, {}, 1)
	t.fails(errno.EINVAL, a:sendfd("", 1))
	closed = t.pair()
	closed:close()
	t.throws("socket closed", closed.sendfd, closed, "x", 1)
	t.throws("socket closed", closed.recvfd, closed)
end)

t.test("other_families_pass_no_descriptors", function()
	-- the original says true, and nothing arrives
	local c, s = t.tcp_pair()
	t.fails(errno.EOPNOTSUPP, c:sendfd("x", s))
	equal((c:error "w"), errno.EOPNOTSUPP)
	local _, port = t.receiver()
	t.fails(errno.EOPNOTSUPP, t.sender(port):sendfd("x", s))
end)

t.test("recvfd_ends_at_its_timeout_or_that_of_the_socket", function()
	local a, b = t.pair()
	values({ nil, nil, errno.ETIMEDOUT, n = 3 }, b:recvfd(nil, 0.01))
	values({ errno.ETIMEDOUT }, b:clearerr "r")
	b:settimeout(0.01)
	values({ nil, nil, errno.ETIMEDOUT, n = 3 }, b:recvfd())
	a:sendfd("late", 1)
	values({ nil, nil, errno.ETIMEDOUT, n = 3 }, b:recvfd())
	b:clearerr()
	equal((b:recvfd()), "late")
	values({ nil, nil, errno.EIO, n = 3 }, (function()
		b:seterror("r", errno.EIO)
		return b:recvfd()
	end)())
end)

t.test("a_task_waits_for_a_descriptor_while_others_go_on", function()
	local a, b = t.pair()
	local c = t.pair()
	local log = {}
	t.together(function()
		local text = b:recvfd()
		log[#log + 1] = text
	end, function()
		log[#log + 1] = "other"
		a:sendfd("received", c)
	end)
	equal(table.concat(log, " "), "other received")
end)

t.test("sendfd_waits_for_room_and_sends_once", function()
	local a, b = t.pair "dgram"
	local count = 0
	repeat
		local ok, code = a:sendfd("x", 1, 0)
		count = count + (ok and 1 or 0)
	until code
	values({ errno.ETIMEDOUT }, a:clearerr "w")
	t.fails(errno.ETIMEDOUT, a:sendfd("late", 1, 0.01))
	a:clearerr()
	t.together(function()
		equal(a:sendfd("waited", 1, 5), true)
	end, function()
		for _ = 1, count do
			equal((b:recvfd()), "x")
		end
		equal((b:recvfd(nil, 5)), "waited")
	end)
	t.fails(errno.EAGAIN, b:recv "*a")
end)

t.test("the_end_of_the_connection_is_nil_and_no_error", function()
	local a, b = t.pair()
	a:close()
	values({ nil, nil, n = 2 }, b:recvfd())
	values({ nil, nil, n = 2 }, b:error())
	t.fails(errno.EPIPE, b:sendfd("x", 1))
	values({ false, true }, (function()
		b:clearerr()
		b:write "x"
		return b:eof()
	end)())
	local c, d = t.pair "dgram"
	d:close()
	t.fails(errno.ECONNREFUSED, c:sendfd("x", 1))
end)

t.test("handlers_get_the_names_of_the_methods", function()
	local a = t.pair()
	local seen = {}
	a:onerror(function(_, method, code)
		seen[#seen + 1] = method .. " " .. errno[code]
		return code
	end)
	a:recvfd(nil, 0)
	a:sendfd("x", -1)
	equal(table.concat(seen, ", "), "recvfd ETIMEDOUT, sendfd EBADF")
	a:onerror(nil)
	a:clearerr()
	t.throws("[unix:unnamed]:sendfd: " .. errno.strerror(errno.EBADF), a.sendfd, a, "x", -1)
end)

t.test("buffered_bytes_stay_where_they_are", function()
	local a, b = t.pair()
	a:setmode("bn", "bf")
	a:write "pending"
	b:setmode("bn", "bn")
	equal(a:sendfd("first", 1), true)
	values({ 0, 7 }, a:pending())
	equal((b:recvfd()), "first")
	a:flush()
	equal(b:fill(7), true)
	a:sendfd("second", 1)
	equal((b:recvfd()), "second")
	equal(b:read(7), "pending")
	equal(a:stat().sent.count, 18)
	equal(b:stat().rcvd.count, 18)
end)

t.test("a_message_of_a_stream_may_come_in_pieces_and_the_descriptor_with_the_first", function()
	local a, b = t.pair()
	a:sendfd(("x"):rep(5000), 1)
	local text, received = b:recvfd(10) -- a page is the least
	equal(#text, 4096)
	equal(socket.type(received), "socket")
	text, received = b:recvfd()
	equal(#text, 904)
	equal(received, nil)
	a:sendfd(("x"):rep(5000), 1)
	text, received = b:recvfd(5000)
	equal(#text, 5000)
	equal(socket.type(received), "socket")
end)

t.plain("a_size_that_makes_no_sense_is_refused", function()
	local _, b = t.pair()
	local _, _, code = b:recvfd(-1)
	equal(code, errno.ENOMEM)
	t.throws("number expected", b.recvfd, b, "x")
end)

t.test("a_message_cut_short_is_an_error_and_its_descriptor_is_closed", function()
	for _, kind in ipairs { "dgram", "seqpacket" } do
		local a, b = t.pair(kind)
		local before = t.descriptors()
		a:sendfd(("x"):rep(5000), 1)
		a:sendfd("next", nil)
		values({ nil, nil, errno.ENOBUFS, n = 3 }, b:recvfd())
		equal((b:clearerr "r"), errno.ENOBUFS)
		equal(t.descriptors(), before)
		values({ "next", nil, n = 2 }, b:recvfd())
	end
end)

t.test("more_than_one_descriptor_is_an_error_and_all_are_closed", function()
	local a, b = socket.pair { cloexec = false }
	t.bare(a)
	t.bare(b)
	local before = t.descriptors()
	equal(python(a, [[socket.send_fds(s, [b"two"], [0, 0])]]), "")
	values({ nil, nil, errno.ENOBUFS, n = 3 }, b:recvfd(nil, 5))
	equal(t.descriptors(), before)
	b:clearerr()
	equal(python(a, [[socket.send_fds(s, [b"one"], [0])]]), "")
	equal((b:recvfd(nil, 5)), "one")
end)

t.test("a_read_drops_descriptors_and_leaks_none", function()
	local a, b = t.pair()
	local before = t.descriptors()
	for _ = 1, 10 do
		a:sendfd("line\n", 1)
		equal(b:read "*l", "line")
	end
	equal(t.descriptors(), before)
end)

t.test("nothing_leaks_when_sockets_come_and_go", function()
	local a, b = t.pair()
	local before = t.descriptors()
	for i = 1, 300 do
		local c, d = t.pair()
		equal(a:sendfd("x", c), true)
		local _, received = b:recvfd()
		local copy = socket.dup(received)
		copy:xwrite("x", "bn")
		equal(d:read(1), "x")
		if i % 2 == 0 then
			received:close()
		end
	end
	equal(t.descriptors(), before)
	for _ = 1, 10 do
		a:sendfd("never received", (t.pair()))
	end
	b:close()
	equal(t.descriptors(), before - 1)
end)

-- Who is there.

t.test("a_unix_peer_has_a_user_a_group_and_a_process", function()
	local process = io.popen "id -u; id -g; echo $PPID"
	local uid, gid, pid = process:read "*l", process:read "*l", process:read "*l"
	process:close()
	uid, gid, pid = tonumber(uid), tonumber(gid), tonumber(pid)
	for _, kind in ipairs(kinds) do
		local a = t.pair(kind)
		values({ uid, gid }, a:peereid())
		values({ pid }, a:peerpid())
	end
	local path = t.directory() .. "/socket"
	local l = socket.listen { path = path, cloexec = false }
	t.check(l:listen(5), "listen")
	local other = io.popen(([[exec python3 -c '
import os, socket
s = socket.socket(socket.AF_UNIX)
s.connect("%s")
print(os.getpid(), flush=True)
s.recv(1)']]):format(path))
	local s = l:accept(5)
	values({ uid, gid }, s:peereid())
	values({ tonumber(other:read "*l") }, s:peerpid())
	s:close()
	other:close()
end)

t.test("other_peers_have_none", function()
	local c = t.tcp_pair()
	values({ nil, errno.EOPNOTSUPP, n = 2 }, c:peereid())
	values({ 0 }, c:peerpid())
	local failed = t.returns_errors(socket.connect { path = "/no/such/socket" })
	values({ nil, errno.ENOENT, n = 2 }, failed:peereid())
end)

t.test("an_abstract_name_is_all_its_bytes", function()
	local path = t.abstract_name() .. "\0and\n\0"
	local l = t.returns_errors(socket.listen { path = path })
	t.check(l:listen(5), "listen")
	local shorter = t.returns_errors(socket.connect { path = path:sub(1, -2) })
	t.fails(errno.ECONNREFUSED, shorter:connect(5))
	local c = socket.connect { path = path, bind = { path = path .. "client" } }
	equal(c:connect(5), c)
	values({ socket.AF_UNIX, path, nil, n = 3 }, c:peername())
	values({ socket.AF_UNIX, path .. "client", nil, n = 3 }, l:accept(5):peername())
	values({ socket.AF_UNIX, path, nil, n = 3 }, l:localname())
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- The ways to a socket: what accept, clients, pair, dup and fdopen make of options, where connect
-- binds, and what new sockets take over from the class.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- Where the child processes find the library.
local paths = ("package.path, package.cpath = %q, %q\n"):format(package.path, package.cpath)

local function listen(options)
	options.host, options.port = "127.0.0.1", 0
	local l = t.returns_errors(socket.listen(options))
	t.check(l:listen(5), "listen")
	return l, (select(3, l:localname()))
end

local function connect(port)
	local c = t.returns_errors(socket.connect("127.0.0.1", port))
	t.check(c:connect(5), "connect")
	return c
end

-- accept and clients.

t.test("accept_gives_the_accepted_socket_its_options", function()
	local l, port = listen {}
	local c = connect(port)
	local s = l:accept({ cloexec = false, nodelay = true, oobinline = true, keepalive = { idle = 70 } }, 5)
	local d = connect(port)
	local plain = l:accept({ fd_cloexec = false }, 5)
	local k, p = t.kernel(s, plain)
	values({ 1, 1, 1, 70 }, k.nodelay, k.oobinline, k.keepalive, k.keepidle)
	values({ 0, 0, 0 }, p.nodelay, p.oobinline, p.keepalive)
	c:close()
	d:close()
end)

t.test("clients_gives_each_accepted_socket_its_options", function()
	local l, port = listen {}
	local next = l:clients({ cloexec = false, sin_nodelay = true }, 5)
	local kept = {}
	for i = 1, 2 do
		kept[i] = connect(port)
		equal((t.kernel(next())).nodelay, 1)
	end
end)

t.test("accepted_sockets_inherit_what_the_kernel_lets_them", function()
	-- the original sets everything back
	local l, port = listen { nodelay = true, keepalive = true, time = false }
	local c = connect(port)
	local s = l:accept({ cloexec = false }, 5)
	local k = t.kernel(s)
	values({ 1, 1 }, k.nodelay, k.keepalive)
	c:close()
	c = connect(port)
	s = l:accept(5)
	c:write "line\n"
	equal(s:read "*l", "line")
	equal(s:stat().rcvd.time, 0)
end)

t.test("accept_takes_its_timeout_from_the_options_too", function()
	-- the original ignores it there
	local l = listen {}
	t.fails(errno.ETIMEDOUT, l:accept { timeout = 0.01 })
	t.fails(errno.ETIMEDOUT, l:accept({ timeout = 60 }, 0.01))
	equal((l:clients { timeout = 0.01 }()), nil)
end)

t.test("a_timeout_of_another_type_is_refused_and_as_a_field_ignored", function()
	local l, port = listen {}
	t.throws("number expected", l.accept, l, {}, "x")
	connect(port)
	equal(socket.type(l:accept { timeout = "x" }), "socket")
end)

t.test("accept_ignores_what_only_makers_need", function()
	local l, port = listen {}
	connect(port)
	equal(socket.type(l:accept({ type = "x", family = "x", mode = "x", mask = 5, unlink = 1, host = {} }, 5)), "socket")
	t.throws("string expected", l.accept, l, { mode = {} })
end)

-- pair, dup, fdopen.

t.test("pair_gives_options_to_both_ends", function()
	local a, b = socket.pair { type = "stream", cloexec = false, oobinline = true, time = false }
	for _, k in ipairs { t.kernel(a, b) } do
		equal(k.oobinline, 1)
	end
	a:write "line\n"
	equal(b:read "*l", "line")
	equal(a:stat().sent.time, 0)
	equal(b:stat().rcvd.time, 0)
end)

t.plain("the_type_of_a_pair_is_a_number_or_a_word_in_either_place", function()
	for word, number in pairs { stream = "SOCK_STREAM", dgram = "SOCK_DGRAM", seqpacket = "SOCK_SEQPACKET" } do
		for _, argument in ipairs { word, socket[number], { type = word }, { type = socket[number] } } do
			local a, b = socket.pair(argument)
			a:setmode("bn", "bn")
			a:write "one"
			a:write "two"
			equal(b:read(-10), word == "stream" and "onetwo" or "one", word)
		end
	end
	t.throws("number expected", socket.pair, "Stream")
	t.throws("number expected", socket.pair, { type = true })
	values({ nil, nil, errno.EINVAL, n = 3 }, socket.pair(99))
end)

t.test("dup_takes_descriptors_files_and_sockets", function()
	local a, b = t.pair()
	for _, way in ipairs { a, a:pollfd(), { fd = a }, { fd = a:pollfd() } } do
		local copy = socket.dup(way)
		t.check(copy:pollfd() ~= a:pollfd(), "a descriptor of its own")
		copy:write "line\n"
		copy:close()
		equal(b:xread("*l", "t", 5), "line")
	end
	for _, way in ipairs { { socket = a }, { a }, { a:pollfd() } } do
		equal(socket.type(socket.dup(way)), "socket")
	end
end)

t.test("a_file_is_a_stream_to_read_and_write", function()
	local file = io.tmpfile()
	file:write "one\ntwo\nthree"
	for _, way in ipairs { file, { fd = file }, { file = file } } do
		file:seek "set"
		local s = t.bare(t.check(socket.dup(way), "dup"))
		equal(s:read "*l", "one")
		equal(s:read(100), "two\nthree")
		equal(s:read "*l", nil)
		values({ true, false }, s:eof())
		values({ 0 }, s:peername())
	end
	file:seek "set"
	local s = t.bare(socket.dup(file))
	equal(s:read "*a", "one\ntwo\nthree")
	s:write "four"
	file:seek "set"
	equal(file:read "*a", "one\ntwo\nthreefour")
end)

t.plain("dup_of_what_is_no_descriptor_is_EBADF", function()
	-- a closed socket crashes the original
	local closed, file = t.pair(), io.tmpfile()
	closed:close()
	file:close()
	for _, wrong in ipairs { closed, file, -1, 987654, true, {}, print, { fd = closed }, { fd = file }, "x", cqueues.new() } do
		values({ nil, errno.EBADF, n = 2 }, socket.dup(wrong))
	end
	values({ nil, errno.EBADF, n = 2 }, socket.dup())
end)

t.test("fdopen_takes_over_the_descriptor", function()
	local a, b = socket.pair { cloexec = false } -- the child has them too
	b:setmode("bn", "bn")
	equal(t.child(":", paths .. ([[
		local socket = require "cqueues.socket"
		local s = socket.fdopen { fd = %d, oobinline = true }
		s:setmode("bn", "bn")
		s:write "from the child\n"
		s:close()
		io.write(tostring(socket.fdopen(%d)))
	]]):format(a:pollfd(), a:pollfd())), "nil")
	a:close()
	equal(b:read "*l", "from the child")
	equal(b:read "*l", nil)
end)

t.plain("fdopen_of_what_is_no_number_throws_and_of_no_descriptor_is_EBADF", function()
	values({ nil, errno.EBADF, n = 2 }, socket.fdopen(987654))
	values({ nil, errno.EBADF, n = 2 }, socket.fdopen { fd = -1 })
	for _, wrong in ipairs { true, "x", {}, (t.pair()), io.stdout } do
		t.throws("number expected", socket.fdopen, wrong)
	end
	t.throws("number expected", socket.fdopen)
end)

t.test("fdopen_that_fails_leaves_the_descriptor_to_the_caller", function()
	local l = t.returns_errors(socket.listen("::1", 0))
	if not l:listen(5) then
		t.skip "no IPv6 loopback here"
	end
	local copy = socket.dup(l)
	values({ nil, errno.EINVAL, n = 2 }, socket.fdopen { fd = copy:pollfd(), v6only = true })
	collectgarbage()
	collectgarbage()
	equal((select(2, copy:localname())), "::1")
	l:close()
end)

t.test("a_copy_of_a_listener_listens", function()
	local l, port = listen {}
	local copy = socket.dup(l)
	l:close()
	local c = connect(port)
	local s = copy:accept(5)
	c:write "line\n"
	equal(s:read "*l", "line")
end)

-- Descriptor flags.

t.test("every_maker_knows_nonblock_and_cloexec", function()
	local a = t.pair()
	local l, port = listen { cloexec = false }
	local made = {
		connect = function(options) options.host, options.port = "127.0.0.1", port return socket.connect(options) end,
		listen = function(options) return (listen(options)) end,
		accept = function(options) connect(port) return l:accept(options, 5) end,
		pair = function(options) return (socket.pair(options)) end,
		dup = function(options) options.fd = a return socket.dup(options) end,
	}
	for name, make in pairs(made) do
		local s = make {}
		if name == "connect" then
			s:connect(5)
			l:accept(5)
		end
		values({ false, false }, t.flags(s))
		s = make { nonblock = false, cloexec = false }
		if name == "connect" then
			s:connect(5)
			l:accept(5)
		end
		-- A listener that blocked could hang in accept when a client has gone again.
		values({ name ~= "listen", true }, t.flags(s))
	end
end)

t.test("a_descriptor_that_blocks_never_blocks_the_library", function()
	-- the original hangs in read(2)
	local a, b = socket.pair { nonblock = false }
	for _, s in ipairs { a, b } do
		t.returns_errors(s):settimeout(0.02)
	end
	t.fails(errno.ETIMEDOUT, a:read "*l")
	a:clearerr()
	t.fails(errno.ETIMEDOUT, a:write(("x"):rep(4 * 1024 * 1024)))
	t.fails(errno.EAGAIN, a:recv "*l")
	t.check(#b:read(-100) > 0, "what was written arrives")
	local d, e = socket.pair { type = "dgram", fd_nonblock = false }
	t.fails(errno.ETIMEDOUT, t.returns_errors(d):recvfrom(100, 0.02))
	values({ nil, nil, errno.ETIMEDOUT, n = 3 }, t.returns_errors(e):recvfd(100, 0.02))
end)

t.plain("without_nosigpipe_a_write_to_a_closed_peer_ends_the_process", function()
	local text = paths .. [[
		local socket, errno = require "cqueues.socket", require "cqueues.errno"
		local a, b = socket.pair { %s }
		a:setmode("bn", "bn")
		b:close()
		io.write "before "
		io.stdout:flush()
		local _, code = a:write "x"
		io.write(errno[code])
	]]
	for _, name in ipairs { "nosigpipe", "fd_nosigpipe" } do
		equal(t.child("trap - PIPE", text:format(name .. " = true")), "before EPIPE")
		equal(t.child("trap - PIPE", text:format(name .. " = false")), "before ")
	end
	equal(t.child("trap - PIPE", text:format ""), "before EPIPE")
end)

t.test("times_are_tracked_unless_told_not_to", function()
	local before = os.time()
	for option, tracked in pairs { time = true, st_time = true, none = false } do
		local a, b = socket.pair(tracked and { [option] = false } or {})
		a:write "line\n"
		equal(b:read "*l", "line")
		local sent, received = a:stat().sent.time, b:stat().rcvd.time
		if tracked then
			values({ 0, 0 }, sent, received)
		else
			t.check(sent >= before and sent <= os.time() and received >= before, "times " .. sent .. " " .. received)
		end
		equal(a:stat().rcvd.time, 0, "never used")
	end
end)

-- bind.

t.test("bind_is_an_address_with_or_without_a_port", function()
	local _, port = listen {}
	for _, field in ipairs { "bind", "sa_bind" } do
		for _, where in ipairs { "127.0.0.2", { "127.0.0.2" }, { "127.0.0.2", 0 }, { addr = "127.0.0.2" },
			{ addr = "127.0.0.2", port = 0 } } do
			local c = t.returns_errors(socket.connect { host = "127.0.0.1", port = port, [field] = where })
			local ok, code = c:connect(5)
			if code == errno.EADDRNOTAVAIL then
				t.skip "127.0.0.2 is not here"
			end
			equal(ok, c)
			equal((select(2, c:localname())), "127.0.0.2")
		end
	end
	-- A port of one's own: one that a listener had a moment ago.
	local l, free = listen {}
	l:close()
	local c = t.returns_errors(socket.connect { host = "127.0.0.1", port = port, bind = { "127.0.0.1", free } })
	equal(c:connect(5), c)
	values({ socket.AF_INET, "127.0.0.1", free }, c:localname())
end)

t.test("bind_is_a_path_for_unix_sockets", function()
	local directory = t.directory()
	local l = socket.listen { path = directory .. "/listener" }
	t.check(l:listen(5), "listen")
	local c = socket.connect { path = directory .. "/listener", bind = { path = directory .. "/client" } }
	equal(c:connect(5), c)
	values({ socket.AF_UNIX, directory .. "/client", nil, n = 3 }, c:localname())
	values({ socket.AF_UNIX, directory .. "/client", nil, n = 3 }, l:accept(5):peername())
end)

t.plain("a_bind_that_names_no_address_is_refused", function()
	local function refused(why, bind)
		t.throws("(field bind: " .. why, socket.connect, { host = "127.0.0.1", port = 1, bind = bind })
	end
	refused("no such host or address", "nohost")
	refused("no such host or address", { addr = "nohost" })
	refused("no bind address specified", {})
	refused("no bind address specified", { port = 3 })
	refused("number expected, got string", { "127.0.0.1", "x" })
	refused("whole number expected", { "127.0.0.1", 0.5 })
	refused(errno.strerror(errno.EINVAL), { "127.0.0.1", 70000 })
	refused(errno.strerror(errno.ENAMETOOLONG), { path = ("x"):rep(200) })
	refused("string expected, got number", 5)
	refused("string expected, got boolean", true)
end)

t.plain("a_bind_that_cannot_be_is_told_by_connect", function()
	local _, port = listen {}
	for address, code in pairs { ["192.0.2.1"] = errno.EADDRNOTAVAIL, ["::1"] = errno.EAFNOSUPPORT } do
		local c = t.returns_errors(socket.connect { host = "127.0.0.1", port = port, bind = address })
		t.fails(code, c:connect(5))
	end
end)

-- The class.

t.test("settings_of_the_class_are_for_sockets_from_every_maker", function()
	local l, port = listen {}
	local modes = t.pack(socket.setmode("b", "bf"))
	local sizes, lines = t.pack(socket.setbufsiz(111, 222)), t.pack(socket.setmaxline(333, 444))
	local timeout, limits = socket.settimeout(1.5), t.pack(socket.setmaxerrs("rw", 7))
	local c = socket.connect("127.0.0.1", port)
	local a, b = socket.pair()
	local made = { connect = c, listen = (socket.listen("127.0.0.1", 0)), accept = (l:accept(5)), pair = a, second = b,
		dup = (socket.dup(a)) }
	a:sendfd("x", b)
	made.recvfd = select(2, b:recvfd())
	socket.setmode(modes[1], modes[2])
	socket.setbufsiz(sizes[1], sizes[2])
	socket.setmaxline(lines[1], lines[2])
	socket.settimeout(timeout)
	socket.setmaxerrs("r", limits[1])
	socket.setmaxerrs("w", limits[2])
	for name, s in pairs(made) do
		local first, second = s:setmode()
		equal(first .. second, "b-pbfa", name)
		values({ 111, 222 }, s:setbufsiz())
		values({ 333, 444 }, s:setmaxline())
		equal(s:settimeout(), 1.5, name)
		values({ 7, 7 }, s:setmaxerrs("rw"))
	end
	local plain = socket.pair()
	values({ "t-p", "tla" }, plain:setmode())
	equal(plain:settimeout(), nil)
end)

t.test("the_handler_of_the_class_is_for_new_sockets_and_stays_theirs", function()
	local handler = function(_, _, code) return code end
	local old = socket.pair()
	local before = socket.onerror(handler)
	equal(socket.onerror(), handler, "asking changes nothing")
	local l, port = t.listener()
	local c = socket.connect("127.0.0.1", port)
	local a, b = socket.pair()
	local made = { connect = c, accept = (l:accept(5)), pair = a, second = b, dup = (socket.dup(a)) }
	equal(socket.onerror(before), handler)
	for name, s in pairs(made) do
		equal(s:onerror(), handler, name)
		s:seterror("r", errno.EIO)
		t.fails(errno.EIO, s:read "*l")
	end
	old:seterror("r", errno.EIO)
	t.throws(errno.strerror(errno.EIO), old.read, old, "*l")
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- The options of connect{} and listen{}: what they take, what the kernel is told.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local socket, errno = t.socket, t.errno
local equal, values = t.equal, t.values

-- The switches, each with its second name.
local switches = {
	unlink = "sun_unlink", reuseaddr = "sin_reuseaddr", reuseport = "sin_reuseport",
	broadcast = "sin_broadcast", nodelay = "sin_nodelay", nopush = "sin_nopush", v6only = "sin_v6only",
	oobinline = "sin_oobinline", nonblock = "fd_nonblock", cloexec = "fd_cloexec",
	nosigpipe = "fd_nosigpipe", verify = "tls_verify", time = "st_time",
}

local function connect(options)
	options.host, options.port = options.host or "127.0.0.1", options.port or 1
	return t.returns_errors(socket.connect(options))
end

local function listen(options)
	options.host, options.port = options.host or "127.0.0.1", options.port or 0
	local l = t.returns_errors(socket.listen(options))
	t.check(l:listen(5), "listen")
	return l, (select(3, l:localname()))
end

local function refused(field, why, options)
	options.host, options.port = options.host or "127.0.0.1", options.port or 1
	t.throws("(field " .. field .. ": " .. why, socket.connect, options)
end

t.plain("a_switch_is_a_boolean_by_either_name", function()
	for name, second in pairs(switches) do
		for _, field in ipairs { name, second } do
			for _, value in ipairs { true, false } do
				equal(socket.type(connect { [field] = value }), "socket", field)
			end
			refused(name, "boolean expected, got number", { [field] = 1 })
			refused(name, "boolean expected, got string", { [field] = "true" })
			refused(name, "boolean expected, got table", { [field] = {} })
		end
	end
end)

t.plain("every_maker_of_sockets_names_the_field_that_is_wrong", function()
	local a = t.pair()
	local l, port = t.listener()
	local wrong = "(field nodelay: boolean expected, got number)"
	t.throws(wrong, socket.listen, { host = "127.0.0.1", port = 0, nodelay = 1 })
	t.throws(wrong, socket.pair, { nodelay = 1 })
	t.throws(wrong, socket.dup, { fd = a:pollfd(), nodelay = 1 })
	t.throws(wrong, socket.fdopen, { fd = a:pollfd(), nodelay = 1 })
	t.throws(wrong, l.accept, l, { nodelay = 1 })
	t.throws(wrong, l.clients, l, { nodelay = 1 })
	equal(a:write "still mine", a)
	t.check(connect({ port = port }):connect(5), "the listener serves on")
end)

local CQ_EFAIL = -1684960053

t.plain("family_and_type_are_numbers_and_need_not_exist", function()
	for _, field in ipairs { "family", "type" } do
		refused(field, "number expected, got boolean", { [field] = true })
		refused(field, "number expected, got string", { [field] = "stream" })
	end
	t.fails(CQ_EFAIL, connect { family = 99 }:connect(1))
	t.check(select(2, connect { type = 99 }:connect(1)), "no such type")
	equal(socket.type(connect { type = tostring(socket.SOCK_DGRAM) }), "socket")
end)

t.plain("a_family_that_does_not_fit_the_address_is_told_when_used", function()
	local c = connect { family = socket.AF_INET6 }
	t.fails(CQ_EFAIL, c:connect(1))
	c = t.returns_errors(socket.connect("127.0.0.1", 1, socket.AF_INET6))
	t.fails(CQ_EFAIL, c:connect(1))
end)

t.test("the_fourth_argument_is_the_type", function()
	local l = t.returns_errors(socket.listen("127.0.0.1", 0, socket.AF_INET, socket.SOCK_DGRAM))
	t.check(l:listen(5), "listen")
	local c = socket.connect("127.0.0.1", select(3, l:localname()), nil, socket.SOCK_DGRAM)
	c:setmode("bn", "bn")
	c:write "datagram"
	equal(l:recvfrom(), "datagram")
end)

t.plain("permissions_are_text_or_a_number", function()
	for _, field in ipairs { "mode", "sun_mode", "mask", "sun_mask" } do
		local name = field:gsub("^sun_", "")
		refused(name, "string expected, got boolean", { [field] = true })
		for _, text in ipairs { "", "9", "rwx", "rwxrwxrwt", "0x1ff", 1e300 } do
			equal(socket.type(connect { [field] = text }), "socket")
		end
		equal(socket.type(connect { [field] = 384 }), "socket") -- 0600
	end
end)

t.test("second_names_of_unix_options_work_as_the_first", function()
	local path = t.directory() .. "/socket"
	local function permissions(options)
		options.path = path
		t.check(t.returns_errors(socket.listen(options)):listen(5), "listen")
		local process = io.popen("stat -c %a " .. path .. " 2>/dev/null || stat -f %Lp " .. path)
		local text = process:read "*l"
		process:close()
		return text
	end
	equal(permissions { sun_mode = "0600" }, "600")
	equal(permissions { sun_unlink = true, sun_mask = "0177" }, "600")
	t.fails(errno.EADDRINUSE, t.returns_errors(socket.listen { path = path, sun_unlink = false }):listen(5))
end)

t.plain("an_unknown_field_is_ignored", function()
	equal(socket.type(connect { nosuch = {}, fd = 5, keepalives = 1 }), "socket")
	local a, b = socket.pair { nosuch = {} }
	equal(socket.type(a) and socket.type(b), "socket")
end)

t.plain("a_path_goes_before_host_and_port", function()
	local c = t.returns_errors(socket.connect { host = "127.0.0.1", port = 1, path = "/no/such/socket" })
	t.fails(errno.ENOENT, c:connect(1))
end)

t.plain("localhost_needs_no_resolver", function()
	local l, port = listen { host = "localhost" }
	values({ socket.AF_INET, "127.0.0.1", port }, l:localname())
	for _, host in ipairs { "localhost", "LocalHost", "localhost." } do
		local c = connect { host = host, port = port }
		equal(c:connect(5), c, host)
	end
	local six = connect { host = "localhost", family = socket.AF_INET6, port = port }
	local _, code = six:connect(5)
	t.check(code == errno.ECONNREFUSED or code == errno.EADDRNOTAVAIL or code == errno.EAFNOSUPPORT
		or code == errno.CQ_ENONAME, "::1 is asked, unless the hosts file names another address only")
end)

t.plain("a_text_with_a_nul_inside_is_refused", function()
	-- or a certificate would be compared with half of the name
	t.throws("NUL inside", socket.connect, "127.0.0.1\0", 1)
	refused("host", "text with a NUL inside", { host = "127.0.0.1\0.evil" })
	refused("sendname", "text with a NUL inside", { sendname = "good\0.evil" })
	refused("bind", "text with a NUL inside", { bind = "127.0.0.1\0" })
	refused("bind", "text with a NUL inside", { bind = { "127.0.0.1\0", 0 } })
end)

t.plain("a_port_is_a_number", function()
	for _, port in ipairs { "http", 65536, -1, 1.5 } do
		local value, code = socket.connect("127.0.0.1", port)
		equal(value, nil)
		equal(errno.strerror(code), "port is not a number")
	end
end)

t.test("a_socket_without_options_has_what_the_kernel_gives", function()
	local _, port = listen { cloexec = false }
	local c = connect { port = port, cloexec = false }
	t.check(c:connect(5), "connect")
	local k = t.kernel(c)
	for _, name in ipairs { "oobinline", "keepalive", "nodelay", "cork", "broadcast", "reuseport" } do
		equal(k[name], 0, name)
	end
end)

t.test("tcp_options_reach_the_kernel_by_either_name", function()
	local _, port = listen {}
	local c = connect { port = port, cloexec = false, nodelay = true, nopush = true, oobinline = true }
	local d = connect { port = port, fd_cloexec = false, sin_nodelay = true, sin_nopush = true, sin_oobinline = true }
	t.check(c:connect(5) and d:connect(5), "connect")
	for i, k in ipairs { t.kernel(c, d) } do
		equal(k.nodelay, 1, i)
		equal(k.cork, 1, i)
		equal(k.oobinline > 0, true, i)
	end
	equal(c:uncork(), true)
	equal((t.kernel(c)).cork, 0)
end)

t.test("nopush_holds_output_back_until_uncork", function()
	local l, port = listen {}
	local c = connect { port = port, nopush = true }
	c:setmode("bn", "bn")
	t.check(c:connect(5), "connect")
	local s = t.returns_errors(l:accept(5))
	local held, rounds = false, 0
	while not held and rounds < 20 do
		rounds = rounds + 1
		local begun = t.cqueues.monotime()
		c:write "x"
		local byte, code = s:xread(1, "b", 0.02)
		local lasted = t.cqueues.monotime() - begun
		if not byte then
			t.fails(errno.ETIMEDOUT, byte, code)
			s:clearerr()
			equal(c:uncork(), true)
			equal(s:xread(1, "b", 5), "x")
			held = true
		else -- the kernel sends by itself after 0.2 s, which a busy machine may sleep through
			t.check(lasted > 0.15, "sent at once")
		end
	end
	t.check(held, "held")
end)

t.test("listeners_reuse_addresses_unless_told_not_to", function()
	local l = listen { cloexec = false }
	local m = listen { cloexec = false, reuseaddr = false, reuseport = true }
	local n = listen { cloexec = false, sin_reuseaddr = false, sin_reuseport = true }
	local a, b, c = t.kernel(l, m, n)
	values({ 1, 0, 0 }, a.reuseaddr, b.reuseaddr, c.reuseaddr)
	values({ 0, 1, 1 }, a.reuseport, b.reuseport, c.reuseport)
	local port = select(3, m:localname())
	t.check(listen { port = port, reuseport = true }, "two listeners on one port")
	t.fails(errno.EADDRINUSE, t.returns_errors(socket.listen("127.0.0.1", port)):listen(5))
end)

t.test("broadcast_is_for_internet_datagrams", function()
	local a = connect { type = socket.SOCK_DGRAM, cloexec = false, broadcast = true }
	local b = connect { type = socket.SOCK_DGRAM, cloexec = false, sin_broadcast = true }
	local _, port = listen {}
	local c = connect { port = port, cloexec = false, broadcast = true }
	t.check(a:connect(5) and b:connect(5) and c:connect(5), "connect")
	local ka, kb, kc = t.kernel(a, b, c)
	values({ 1, 1, 0 }, ka.broadcast, kb.broadcast, kc.broadcast)
end)

t.test("v6only_is_told_to_the_kernel_by_either_name", function()
	local found = {}
	for i, option in ipairs { { v6only = true }, { v6only = false }, { sin_v6only = true } } do
		option.host, option.type, option.cloexec = "::1", socket.SOCK_DGRAM, false
		found[i] = connect(option)
		if not found[i]:connect(5) then
			t.skip "no IPv6 loopback here"
		end
	end
	local on, off, second = t.kernel(t.unpack(found))
	values({ 1, 0, 1 }, on.v6only, off.v6only, second.v6only)
end)

t.test("keepalive_is_a_switch_or_its_figures", function()
	local l, port = listen {}
	local on = connect { port = port, cloexec = false, keepalive = true }
	local off = connect { port = port, cloexec = false, keepalive = false }
	local some = connect { port = port, cloexec = false, keepalive = { idle = 77 } }
	local all = connect { port = port, cloexec = false, keepalive = { idle = 70, interval = 7, count = 3 } }
	for _, c in ipairs { on, off, some, all } do
		t.check(c:connect(5), "connect")
	end
	local a, b, c, d = t.kernel(on, off, some, all)
	values({ 1, 0, 1, 1 }, a.keepalive, b.keepalive, c.keepalive, d.keepalive)
	equal(c.keepidle, 77)
	equal(c.keepintvl, a.keepintvl)
	values({ 70, 7, 3 }, d.keepidle, d.keepintvl, d.keepcnt)
	l:close()
	refused("keepalive", "boolean or table expected, got number", { keepalive = 60 })
	for _, figure in ipairs { "idle", "interval", "count" } do
		refused("keepalive." .. figure, "number expected, got string", { keepalive = { [figure] = "x" } })
		refused("keepalive." .. figure, "whole number expected", { keepalive = { [figure] = 0.5 } })
		refused("keepalive." .. figure, errno.strerror(errno.EINVAL), { keepalive = { [figure] = -1 } })
	end
end)

t.finish()

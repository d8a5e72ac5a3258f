-- SPDX-License-Identifier: MIT
-- Ends: a close that sends first, a reset, and objects that are closed while somebody waits for them.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local notify, signal = require "cqueues.notify", require "cqueues.signal"
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, check, values = t.equal, t.check, t.values

t.test("finish_sends_what_was_written_and_tells_the_end", function()
	local a, b = t.tcp_pair()
	local text = ("x"):rep(3e6)
	a:setvbuf("full", 4e6)
	a:settimeout(0.01) -- finish has a limit of its own
	local read
	t.together(function()
		a:write(text)
		values({ true }, a:finish(t.deadline))
		equal(socket.type(a), "closed socket")
	end, function()
		read = b:read "*a"
		equal(b:eof "r", true)
	end)
	equal(#read, #text)
end)

t.test("finish_keeps_to_its_time_and_closes_in_any_case", function()
	local a, b = t.tcp_pair()
	a:setvbuf("full", 2 ^ 25)
	a:setmode("b", "bf")
	check(a:send(("x"):rep(2 ^ 24), 1, 2 ^ 24))
	local begun = cqueues.monotime()
	t.fails(errno.ETIMEDOUT, a:finish(0.05))
	check(cqueues.monotime() - begun < 5)
	equal(socket.type(a), "closed socket")
	t.throws("closed", a.finish, a)
	b:close()
end)

t.test("finish_drops_what_was_not_read_and_the_peer_still_gets_all", function()
	local a, b = t.tcp_pair()
	check(b:xwrite("nobody reads this", "n"))
	check(t.readable(a))
	a:write "the answer"
	check(a:finish(1))
	cqueues.sleep(0.05)
	equal(b:read "*a", "the answer")
	equal(b:read(1), nil)
	equal(b:error "r", nil)
end)

t.test("a_reset_is_told_apart_from_an_end", function()
	local a, b = t.tcp_pair()
	t.returns_errors(b)
	a:abort()
	equal(socket.type(a), "closed socket")
	a:abort()
	t.fails(errno.ECONNRESET, b:read "*l")
	b:close()
	local c, d = t.tcp_pair()
	c:setvbuf("full", 1e6)
	c:write "never sent"
	c:abort()
	t.returns_errors(d)
	t.fails(errno.ECONNRESET, d:read "*a")
	local e, f = t.tcp_pair()
	e:close()
	equal(f:read "*l", nil)
	equal(f:error "r", nil)
end)

t.test("a_reset_wakes_who_waits_on_the_same_socket", function()
	local a = t.tcp_pair()
	t.together(function()
		t.throws("closed", a.read, a, "*l")
	end, function()
		cqueues.sleep(0.01)
		a:abort()
	end)
end)

t.test("the_loop_over_clients_ends_with_its_listener", function()
	local listener, count = socket.listen("127.0.0.1", 0), 0
	t.together(function()
		local next_client = listener:clients() -- 5.1 cannot wait in a `for`
		while next_client() do
			count = count + 1
		end
		equal(socket.type(listener), "closed socket")
	end, function()
		local _, _, port = listener:localname()
		check(socket.connect("127.0.0.1", port):connect(5))
		cqueues.sleep(0.05)
		listener:close()
	end)
	equal(count, 1)
end)

t.test("the_loop_ends_too_when_it_closes_its_own_listener", function()
	local listener, count = socket.listen("127.0.0.1", 0), 0
	local _, _, port = listener:localname()
	check(socket.connect("127.0.0.1", port):connect(5))
	local next_client = listener:clients()
	while next_client() do
		count = count + 1
		listener:close()
	end
	equal(count, 1)
end)

t.test("a_notifier_that_is_closed_tells_who_waits_and_refuses_to_go_on", function()
	local n = check(notify.opendir(t.directory()))
	t.together(function()
		t.fails(errno.EBADF, n:get())
	end, function()
		equal(n:changes()(), nil)
	end, function()
		cqueues.sleep(0.01)
		n:close()
		n:close()
	end)
	t.fails(errno.EBADF, n:get())
	equal(n:changes()(), nil)
	for method, argument in pairs { add = "x", match = "x", step = 1, pollfd = 1, events = 1,
		timeout = 1 } do
		t.throws("notifier closed", n[method], n, argument)
	end
	equal(notify.type(n), "file notifier")
end)

t.test("a_signal_listener_that_is_closed_tells_who_waits_and_refuses_to_go_on", function()
	signal.block(signal.SIGUSR2)
	local l = signal.listen(signal.SIGUSR2)
	t.together(function()
		t.fails(errno.EBADF, l:wait())
	end, function()
		cqueues.sleep(0.01)
		l:close()
		l:close()
	end)
	t.fails(errno.EBADF, l:wait())
	for _, method in ipairs { "settimeout", "timeout", "features", "pollfd", "events" } do
		t.throws("signal listener closed", l[method], l, 1)
	end
	signal.unblock(signal.SIGUSR2)
end)

t.plain("unknown_fields_are_errors_where_that_is_asked_for", function()
	equal(cqueues.checkfields(), false)
	local connecting = { host = "127.0.0.1", port = 1, nodelya = true }
	equal(socket.type((socket.connect(connecting))), "socket")
	equal(cqueues.checkfields(true), false)
	t.throws("field nodelya: unknown", socket.connect, connecting)
	t.throws("field nodelya: unknown", socket.listen, connecting)
	t.throws("field typ: unknown", socket.pair, { typ = socket.SOCK_DGRAM })
	t.throws("field file_: unknown", socket.dup, { fd = 0, file_ = 1 })
	t.throws("field recursiv: unknown", notify.opendir, { path = "/", recursiv = true })
	equal(socket.type((socket.connect { host = "127.0.0.1", port = 1, sin_nodelay = true, bind = "127.0.0.1" })), "socket")
	equal(cqueues.checkfields(false), true)
	equal(socket.type((socket.connect(connecting))), "socket")
end)

-- Objects that nobody uses hold all descriptors, and the collector does not run by itself.
t.plain("what_nobody_uses_is_collected_when_descriptors_run_out", function()
	local paths = ("package.path, package.cpath = %q, %q\n"):format(package.path, package.cpath)
	local output = t.child("ulimit -n 40", paths .. [[
		local cqueues, socket = require "cqueues", require "cqueues.socket"
		local notify, signal = require "cqueues.notify", require "cqueues.signal"
		local listener = socket.listen("127.0.0.1", 0)
		local _, _, port = listener:localname()
		socket.pair() signal.listen(signal.SIGUSR1) -- whatever is loaded late
		collectgarbage "stop"
		local function use_up()
			for i = 1, 50 do
				if not io.open "/dev/null" then return end
			end
		end
		for _, make in ipairs {
			function() return (socket.pair()) end,
			function() return cqueues.new() end,
			function() return notify.opendir "/" end,
			function() return signal.listen(signal.SIGUSR1) end,
			function() return socket.dup(0) end,
			function() return socket.connect("127.0.0.1", port):connect(1) end,
			function() return socket.listen("127.0.0.1", 0):listen() end,
		} do
			use_up()
			io.write(type(make()) == "userdata" and "made " or "none ")
		end
		collectgarbage() collectgarbage "stop"
		local client = socket.connect("127.0.0.1", port)
		client:connect(1)
		use_up()
		io.write(socket.type(listener:accept(1)) or "none")
	]])
	equal(output, "made made made made made made made socket")
end)

t.finish()

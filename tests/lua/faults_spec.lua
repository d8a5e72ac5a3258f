-- SPDX-License-Identifier: MIT
-- What goes wrong in real life, and what must not go wrong with it.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition, socket, errno = t.cqueues, t.condition, t.socket, t.errno
local equal, values = t.equal, t.values

-- Where the child processes find the library.
local paths = ("package.path, package.cpath = %q, %q\n"):format(package.path, package.cpath)

t.test("closing_a_socket_that_is_polled_wakes_who_polls_it", function()
	local _, b = t.pair()
	local woken
	t.together(function()
		cqueues.poll(t.readable(b))
		woken = true
	end, function()
		cqueues.sleep(0.005)
		b:close()
	end)
	equal(woken, true)
end)

t.test("closing_a_socket_that_is_read_ends_the_read_with_an_error", function()
	local _, b = t.pair()
	t.together(function() t.throws("socket closed", b.read, b, "*l") end, function()
		cqueues.sleep(0.005)
		b:close()
	end)
end)

t.test("a_number_given_out_again_after_close_wakes_the_right_task", function()
	collectgarbage() -- nothing that is left from before gives a smaller number back
	collectgarbage()
	local a, b = t.pair()
	local fd = b:pollfd()
	local c, d
	t.together(function()
		t.protect(cqueues.poll, t.readable(b))
		c, d = t.pair()
		t.check(c:pollfd() == fd or d:pollfd() == fd, "the number is used again")
		c:write "x"
		local reader = t.readable(d)
		values({ reader }, cqueues.poll(reader, 5))
	end, function()
		cqueues.sleep(0.005)
		b:close()
	end)
	a:close()
end)

t.test("a_task_may_cancel_the_descriptor_it_has_waited_for", function()
	local a, b = t.pair()
	local reader = t.readable(b)
	values({ 0.001 }, cqueues.poll(reader, 0.001))
	cqueues.cancel(b:pollfd())
	cqueues.running():cancel(b:pollfd())
	a:write "x"
	values({ reader }, cqueues.poll(reader, 5))
end)

t.test("a_reader_that_is_cancelled_reads_on", function()
	local a, b = t.pair()
	t.together(function() equal(b:read "*l", "line") end, function()
		for _ = 1, 5 do
			cqueues.cancel(b:pollfd())
			cqueues.sleep(0.002)
		end
		a:write "line\n"
	end)
end)

t.plain("a_controller_with_live_tasks_may_be_dropped", function()
	local a, b = t.pair()
	for _ = 1, 20 do
		local cq, c = cqueues.new(), condition.new()
		cq:wrap(function() b:read "*l" end)
		cq:wrap(function() cqueues.sleep(100) end)
		cq:wrap(function() c:wait() end)
		cq:wrap(function() cqueues.poll(t.readable(b), c, 100) end)
		t.check(cq:step(0))
		cq, c = nil, nil
		collectgarbage()
	end
	a:write "line\n"
	equal(b:read "*l", "line")
end)

t.plain("dropped_controllers_give_their_descriptors_back", function()
	local function highest()
		local s = socket.pair()
		local fd = s:pollfd()
		s:close()
		return fd
	end
	collectgarbage()
	collectgarbage()
	local before = highest()
	for _ = 1, 50 do
		local cq = cqueues.new()
		cq:wrap(function() cqueues.sleep(100) end)
		t.check(cq:step(0))
	end
	collectgarbage()
	collectgarbage()
	t.check(highest() <= before + 2, "descriptors before " .. before .. ", after " .. highest())
end)

t.plain("a_task_that_fails_leaves_the_others_waiting_undisturbed", function()
	local cq = cqueues.new()
	local a, b = t.pair()
	local line, slept
	cq:wrap(function() line = b:read "*l" end)
	cq:wrap(function() cqueues.sleep(0.02) slept = true end)
	cq:wrap(function() cqueues.sleep(0.001) error("bad", 0) end)
	cq:wrap(function() cqueues.sleep(0.005) a:write "line\n" end)
	local failures = 0
	for why in cq:errors(5) do
		failures = failures + 1
		equal(why, "bad")
	end
	equal(failures, 1)
	equal(line, "line")
	equal(slept, true)
end)

t.plain("a_task_that_fails_with_a_socket_polled_by_another_leaves_it_alone", function()
	local cq, line = cqueues.new(), nil
	local a, b = t.pair()
	cq:wrap(function() cqueues.poll(t.readable(b), 0.005) error("bad", 0) end)
	cq:wrap(function() line = b:read "*l" end)
	cq:wrap(function() cqueues.sleep(0.02) a:write "line\n" end)
	for _ in cq:errors(5) do end
	equal(line, "line")
end)

t.plain("without_descriptors_accept_waits_and_goes_on", function()
	-- the original fails the accept with EMFILE
	local output = t.child("ulimit -n 32", paths .. [[
		local cqueues, socket = require "cqueues", require "cqueues.socket"
		local cq = cqueues.new()
		local l = socket.listen("127.0.0.1", 0)
		l:listen()
		local port = select(3, l:localname())
		local c = socket.connect("127.0.0.1", port)
		c:connect()
		local s = l:accept(5)
		local accepted
		cq:wrap(function()
			accepted = l:accept(5)
			io.write(accepted and "accepted " or "not accepted ")
		end)
		cq:wrap(function()
			cqueues.sleep(0.01)
			local files = {}
			repeat
				local file = io.open "/dev/null"
				files[#files + 1] = file
			until not file
			files[#files]:close()
			local late = socket.connect("127.0.0.1", port)
			late:connect(5)
			local before = os.clock()
			for i = 1, 10 do
				c:write("line ", i, "\n")
				local line = s:read "*l"
				assert(line == "line " .. i)
				cqueues.sleep(0.02)
			end
			io.write(accepted and "early " or "served ")
			io.write(os.clock() - before < 0.1 and "calm " or "spinning ")
			for _, file in ipairs(files) do
				if io.type(file) == "file" then
					file:close()
				end
			end
			late:write "late\n"
		end)
		for why in cq:errors(10) do
			io.write(tostring(why), " ")
		end
		io.write(accepted and accepted:read "*l" or "nothing", "\n")
	]])
	equal(output, "served calm accepted late\n")
end)

t.plain("without_descriptors_a_new_controller_or_socket_is_an_error_not_a_crash", function()
	local output = t.child("ulimit -n 16", paths .. [[
		local cqueues, socket, errno = require "cqueues", require "cqueues.socket", require "cqueues.errno"
		local kept = {}
		for _ = 1, 40 do
			kept[#kept + 1] = io.open "/dev/null"
		end
		local a, b, code = socket.pair()
		io.write(tostring(a), " ", errno[code] or tostring(code), " ")
		local cq, why, number = cqueues.create()
		io.write(cq and "made" or errno[number] or tostring(number), "\n")
	]])
	t.check(output == "nil EMFILE EMFILE\n" or output == "nil EMFILE made\n", output)
end)

t.test("a_peer_that_resets_in_mid_line_is_an_error_and_nothing_is_lost", function()
	local c, s = t.tcp_pair()
	s:write "never read"
	cqueues.poll(t.readable(c), 5)
	c:write "part"
	cqueues.poll(t.readable(s), 5)
	equal(s:fill(4), true)
	c:close() -- with data unread: the kernel sends a reset
	t.fails(errno.ECONNRESET, s:read "*l")
	equal((s:error "r"), errno.ECONNRESET)
	s:clearerr()
	equal(s:recv(-10), "part")
end)

t.test("a_line_without_end_cannot_fill_the_memory", function()
	local a, b = t.pair()
	b:setmaxline(1000)
	t.together(function()
		for _ = 1, 100 do
			equal(#b:read "*l", 1000)
		end
		a:close()
	end, function()
		t.protect(function()
			for _ = 1, 2000 do
				if not a:write(("x"):rep(1000)) then
					break
				end
			end
		end)
	end)
	t.check((b:pending()) < 65536, "buffered: " .. (b:pending()))
end)

t.test("a_timeout_in_the_middle_of_a_read_of_n_keeps_the_bytes", function()
	local a, b = t.pair()
	b:settimeout(0.005)
	local got
	t.together(function()
		repeat
			got = b:read(10)
			b:clearerr()
		until got
	end, function()
		for c in ("0123456789"):gmatch "." do
			a:write(c)
			cqueues.sleep(0.004)
		end
	end)
	equal(got, "0123456789")
end)

t.plain("a_controller_cannot_be_closed_by_its_own_task", function()
	local cq, after = cqueues.new(), nil
	cq:wrap(function()
		t.throws("cqueue running", cq.close, cq)
		cqueues.sleep(0.001)
		after = cqueues.type(cq)
	end)
	t.check(cq:loop(5))
	equal(after, "controller")
end)

t.plain("a_task_may_wake_fail_and_start_others_in_one_step", function()
	local cq, c, log = cqueues.new(), condition.new(), {}
	cq:wrap(function() c:wait() log[#log + 1] = "woken" end)
	t.check(cq:step(0))
	cq:wrap(function()
		c:signal()
		cq:wrap(function() log[#log + 1] = "started" end)
		error("bad", 0)
	end)
	local failures = 0
	for _ in cq:errors(5) do
		failures = failures + 1
	end
	table.sort(log)
	equal(failures, 1)
	equal(table.concat(log, " "), "started woken")
end)

t.plain("reset_makes_a_new_kernel_queue_and_waiters_still_wake", function()
	local cq, line, slept = cqueues.new(), nil, nil
	local a, b = t.pair()
	cq:wrap(function() line = b:read "*l" end)
	cq:wrap(function() cqueues.sleep(0.01) slept = true end)
	t.check(cq:step(0))
	cq:reset()
	a:write "line\n"
	t.check(cq:loop(5))
	equal(line, "line")
	equal(slept, true)
	cqueues.reset()
	local again
	cq:wrap(function() cqueues.sleep(0.001) again = true end)
	t.check(cq:loop(5))
	equal(again, true)
end)

t.plain("after_a_fork_reset_separates_child_and_parent", function()
	local unistd = t.system_module "posix.unistd"
	if not unistd then
		t.skip "Lua has no fork and luaposix is not here"
	end
	local wait = t.system_module "posix.sys.wait".wait
	local cq = cqueues.new()
	local a, b = t.pair()
	local line
	cq:wrap(function() line = b:read "*l" end)
	t.check(cq:step(0))
	local pid = unistd.fork()
	if pid == 0 then
		cqueues.reset()
		a:write "from the child\n"
		unistd._exit(0)
	end
	wait(pid)
	t.check(cq:loop(5))
	equal(line, "from the child")
end)

t.test("a_full_backlog_of_a_unix_listener_delays_a_connection_and_no_more", function()
	-- the original stalls until the timeout
	local directory = t.directory()
	local path = directory .. "/socket"
	local l = t.returns_errors(socket.listen { path = path })
	equal(l:listen(5), l)
	local clients, full = {}, nil
	for i = 1, 9000 do
		local c = socket.connect { path = path }
		if not c then
			break
		end
		t.returns_errors(c)
		clients[i] = c
		local ok, code = c:connect(0)
		if not ok then
			full = code == errno.ETIMEDOUT and c
			break
		end
	end
	if not full then
		t.skip "the backlog is larger than the descriptors of this process"
	end
	full:clearerr()
	local seconds
	t.together(function()
		local before = cqueues.monotime()
		equal(full:connect(5), full)
		seconds = cqueues.monotime() - before
		equal(full:write "through\n", full)
	end, function()
		cqueues.sleep(0.05)
		local found
		for i = 1, #clients do
			local s = t.check(l:accept(5), "accept")
			if i == #clients then
				s:settimeout(5)
				found = s:read "*l"
			end
			s:close()
		end
		equal(found, "through")
	end)
	t.check(seconds < 3, "seconds: " .. seconds)
end)

t.test("a_poll_of_a_descriptor_that_was_closed_behind_our_back_fails_its_task_only", function()
	local cq, other = cqueues.new(), false
	cq:wrap(function() cqueues.poll { pollfd = 987654, events = "r" } end)
	cq:wrap(function() cqueues.sleep(0.001) other = true end)
	local code
	local ok, _, number = cq:step(0)
	while not ok and not code do
		code = number
		ok, _, number = cq:step(0)
	end
	t.check(cq:loop(5))
	equal(code, errno.EBADF)
	equal(other, true)
end)

t.finish()

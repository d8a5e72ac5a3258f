-- SPDX-License-Identifier: MIT
-- Child processes: what they are started with, their streams, and how their end is waited for.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local process = require "cqueues.process"
local signal = require "cqueues.signal"
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values, check = t.equal, t.values, t.check

local function sh(command, options)
	options = options or {}
	options[1], options[2], options[3] = "sh", "-c", command
	local started, code = process.spawn(options)
	return started or error(errno.strerror(code))
end

-- All that a command writes.
local function output(command, options)
	options = options or {}
	options.stdout = "pipe"
	local started = sh(command, options)
	local text = started.stdout:read "*a"
	values({ "exited", 0 }, started:wait())
	started:close()
	return text
end

local function process_spec(test, where)
	-- valgrind knows no pidfd_open, so that a poll ends to ask again, and loses the errors of exec.
	local function unless_valgrind(name, body)
		if os.getenv "SPECS_ARE_SLOW" then
			t.plain(name, function() t.skip "not under valgrind" end)
		else
			test(name, body)
		end
	end

	test("the_exit_code_is_told_each_time_" .. where, function()
		local started = sh "exit 3"
		values({ "exited", 3 }, started:wait())
		values({ "exited", 3 }, started:wait(0))
		values({ nil, errno.ESRCH }, started:kill(0))
		equal(process.type(started), "process")
		equal(process.type(io.stdout), nil)
	end)

	test("a_signal_ends_it_and_is_told_" .. where, function()
		local started = sh "exec sleep 100"
		check(started:pid() > 0)
		values({ nil, errno.ETIMEDOUT }, started:wait(0))
		values({ nil, errno.ETIMEDOUT }, started:wait(0.02))
		equal(started:kill(), true)
		values({ "signaled", signal.SIGTERM }, started:wait(10))
		started = sh "exec sleep 100"
		equal(started:kill(signal.SIGKILL), true)
		values({ "signaled", signal.SIGKILL }, started:wait())
	end)

	test("it_talks_by_its_streams_" .. where, function()
		local started = sh("read x; echo got $x; echo oops >&2; cat >/dev/null; exit 4",
			{ stdin = "pipe", stdout = "pipe", stderr = "pipe" })
		check(started.stdin:write "line\n")
		check(started.stdin:flush())
		equal(started.stdout:read "*l", "got line")
		equal(started.stderr:read "*l", "oops")
		equal(started.nothing, nil)
		started.stdin:close()
		values({ "exited", 4 }, started:wait(10))
	end)

	unless_valgrind("poll_returns_a_process_that_has_ended_" .. where, function()
		local started = sh("read x", { stdin = "pipe" })
		values({ 0.01 }, cqueues.poll(started, 0.01))
		started.stdin:close()
		values({ started }, cqueues.poll(started, 10))
		values({ "exited", 1 }, started:wait(0))
	end)

	test("directory_and_environment_are_set_" .. where, function()
		equal(output("pwd", { cwd = "/usr" }), "/usr\n")
		equal(output("echo $ONE $HOME", { env = { ONE = 1, PATH = "/bin:/usr/bin" } }), "1\n")
		equal(output("echo ${HOME-none} $TWO", { setenv = { HOME = false, TWO = "2" } }), "none 2\n")
	end)

	test("streams_may_be_files_sockets_and_each_other_" .. where, function()
		equal(output("cat; echo a; echo b >&2", { stdin = "null", stderr = "stdout" }), "a\nb\n")
		local file = assert(io.tmpfile())
		sh("echo text", { stdout = file }):wait()
		file:seek "set"
		equal(file:read "*a", "text\n")
		file:close()
		local ours, theirs = socket.pair()
		local started = sh("echo by socket", { stdout = theirs })
		equal(ours:read "*l", "by socket")
		started:wait()
		equal((pcall(process.spawn, { "true", stdin = file })), false) -- it is closed
	end)

	unless_valgrind("what_cannot_be_started_is_told_" .. where, function()
		values({ nil, errno.ENOENT }, process.spawn { "/nowhere/at/all" })
		values({ nil, errno.EACCES }, process.spawn { "/etc/passwd" })
		values({ nil, errno.ENOENT }, process.spawn { "true", cwd = "/nowhere/at/all" })
	end)

	test("a_closed_process_goes_on_" .. where, function()
		local ours, theirs = socket.pair()
		local started = sh("cat; echo ended", { stdin = "pipe", stdout = theirs })
		theirs:close()
		local input, pid = started.stdin, started:pid()
		started:close()
		started:close()
		equal(ours:read "*a", "ended\n")
		equal(started.stdin, nil)
		equal(started:pid(), pid)
		values({ nil, errno.EBADF }, started:wait())
		values({ nil, errno.EBADF }, started:kill())
		check(not pcall(input.read, input, 1))
	end)
end

process_spec(t.plain, "outside")
process_spec(t.test, "in_a_task")

t.test("a_field_that_is_wrong_is_named", function()
	local function refused(why, options)
		local ok, text = pcall(process.spawn, options)
		equal(ok, false)
		check(text:find(why, 1, true), text)
	end
	refused("unknown field 'stdnin'", { "true", stdnin = "pipe" })
	refused("unknown field 'true'", { "true", [true] = 1 })
	refused("field 'cwd' is a number, not a string", { "true", cwd = 1 })
	refused("field 'env' is a string, not a table", { "true", env = "A=B" })
	refused("field 'group' is a number, not a boolean", { "true", group = 1 })
	refused("field 'stdin' is no stream", { "true", stdin = "pip" })
	refused("field 'stdout' is no stream", { "true", stdout = "stdout" })
	refused("argument 2 is a table, not a string", { "true", {} })
	refused("argument 1 has a NUL", { "tr\0ue" })
	refused("a name in env is empty or has a '='", { "true", env = { ["A=B"] = "c" } })
	refused("no program is given", {})
	refused("bad argument #1 to 'spawn' (table expected, got nil)", nil)
	local _, text = pcall(function() process.spawn { "true", cwd = 1 } end)
	check(text:find("process_spec.lua", 1, true), text)
end)

t.test("a_wait_is_ended_by_a_scope_and_works_again", function()
	local started = sh("read x", { stdin = "pipe" })
	local cq = cqueues.new()
	cq:wrap(function()
		values({ nil, errno.ETIMEDOUT }, cqueues.timeout(0.02, function() return started:wait() end))
		started.stdin:close()
		values({ "exited", 1 }, started:wait(10))
	end)
	check(cq:loop())
end)

t.test("closing_a_process_ends_the_waits_for_it", function()
	local started, ended = sh("read x", { stdin = "pipe" }), false
	local cq = cqueues.new()
	cq:wrap(function()
		values({ nil, errno.EBADF }, started:wait(10))
		ended = true
	end)
	cq:step(0)
	started:close()
	check(cq:loop(5))
	check(ended)
end)

t.test("two_tasks_wait_for_one_process", function()
	local started, count = sh("read x", { stdin = "pipe" }), 0
	local cq = cqueues.new()
	for _ = 1, 2 do
		cq:wrap(function()
			values({ "exited", 1 }, started:wait(10))
			count = count + 1
		end)
	end
	cq:step(0)
	started.stdin:close()
	check(cq:loop())
	equal(count, 2)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- Descriptors that others made: bound, of files, FIFOs and pipes; threads that vanish; tasks that read without end.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- A bound socket that does not listen yet, as descriptor 7 of a program of its own.
local bound = [[python3 -c '
import os, socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
os.dup2(s.fileno(), 7)
os.environ["PORT"] = str(s.getsockname()[1])
os.execvp(sys.argv[1], sys.argv[1:])']]

for _, first in ipairs { "listen", "accept" } do
	t.plain("a_bound_descriptor_begins_to_listen_with_" .. first, function()
		local program = os.tmpname()
		local file = io.open(program, "w")
		file:write(([[
			local socket = require "cqueues.socket"
			local function quiet(s) s:onerror(function(_, _, why) return why end) return s end
			local listener = quiet(socket.fdopen(7))
			if %q == "listen" then assert(listener:listen(1)) else listener:accept(0) end
			local client = quiet(socket.connect("127.0.0.1", tonumber(os.getenv "PORT")))
			assert(client:connect(2))
			assert(listener:accept(2))
			print "connected"
		]]):format(first))
		file:close()
		local pipe = io.popen(bound .. " " .. t.interpreter() .. " " .. program .. " 2>&1")
		local told = pipe:read "*a"
		pipe:close()
		os.remove(program)
		if told:find "python3" then
			t.skip "no python3 here"
		end
		equal(told, "connected\n")
	end)
end

t.plain("what_is_connected_cannot_listen", function()
	local a = t.returns_errors((t.pair()))
	values({ nil, errno.EINVAL }, a:listen(0))
end)

t.plain("a_file_goes_on_after_its_end", function()
	local name = os.tmpname()
	local file = io.open(name, "w")
	file:write "1\n"
	file:flush()
	local reader = socket.dup(io.open(name))
	values({ "1" }, reader:read "*l")
	values({ n = 1 }, reader:read "*l")
	file:write "2\n"
	file:flush()
	values({ "2" }, reader:read "*l")
	file:close()
	os.remove(name)
end)

t.plain("text_that_was_pushed_back_behind_the_end_is_read_and_the_end_is_seen_again", function()
	local a, b = t.pair()
	a:close()
	values({ n = 1 }, b:read "*l")
	equal(b:eof "r", true)
	b:unget "again\n"
	equal(b:eof "r", false)
	values({ "again" }, b:read "*l")
	equal(b:eof "r", false)
	values({ n = 1 }, b:read "*l")
	equal(b:eof "r", true)
end)

t.plain("writing_to_a_pipe_without_reader_is_epipe_and_no_signal", function()
	equal(t.child("true", [[
		local socket, errno, signal = require "cqueues.socket", require "cqueues.errno", require "cqueues.signal"
		signal.default(signal.SIGPIPE)
		local pipe = io.popen("exec 0<&-; echo; exec cat >/dev/null 2>&1 <&-", "w")
		local s = assert(socket.dup(pipe))
		s:setmode("b", "bn")
		s:onerror(function(_, _, why) return why end)
		local ok, why
		for _ = 1, 1000 do
			ok, why = s:write "x"
			if not ok then break end
			os.execute "sleep 0.01"
		end
		print(errno[why])
	]]):gsub("^%s+", ""), "EPIPE\n")
end)

t.plain("a_task_that_always_has_lines_to_read_lets_others_run", function()
	local a, b = t.pair()
	local controller, lines, ran = cqueues.new(), 0, 0
	local block, stop = ("x\n"):rep(20000), false
	controller:wrap(function()
		while not stop do
			b:unget(block)
			for _ = 1, 20000 do
				b:read "*l"
				lines = lines + 1
			end
		end
	end)
	controller:wrap(function()
		for _ = 1, 5 do
			cqueues.sleep(0)
			ran = ran + 1
		end
		stop = true
	end)
	assert(controller:loop(5))
	equal(ran, 5)
	t.check(lines > 0, "lines")
	a:close()
end)

t.plain("lua_5_1_reads_without_waiting_what_is_there_where_it_cannot_wait", function()
	local a, b = t.pair()
	local controller, got = cqueues.new(), {}
	controller:wrap(function()
		a:write "one\n"
		got[1] = b:read "*l"
		a:write "two\n"
		got[2] = select(2, pcall(b.read, b, "*l"))
		a:write "three\n"
		a:close()
		for line in b:lines() do
			got[#got + 1] = line
		end
	end)
	assert(controller:loop(5))
	equal(table.concat(got, " "), "one two three")
end)

t.plain("error_handlers_may_wait", function()
	local controller, seen = cqueues.new(), nil
	controller:wrap(function()
		local _, b = t.pair()
		b:settimeout(0.001)
		b:onerror(function(_, method, why)
			cqueues.sleep(0.001)
			seen = method
			return why
		end)
		values({ nil, errno.ETIMEDOUT }, b:read "*l")
		b:clearerr()
		values({ false, errno.ETIMEDOUT }, b:fill(1))
	end)
	assert(controller:loop(5))
	equal(seen, "fill")
end)

t.plain("statistics_are_whole_numbers", function()
	local a, b = t.pair()
	a:write "abc\n"
	b:read "*l"
	for _, way in ipairs { "sent", "rcvd" } do
		for _, field in ipairs { "count", "time" } do
			local value = b:stat()[way][field]
			equal(tostring(value), ("%d"):format(value), way .. "." .. field)
		end
	end
end)

t.plain("errors_of_the_library_have_names_both_ways", function()
	local count = 0
	for name, code in pairs(errno) do
		if type(name) == "string" and name:find "^CQ_E" then
			count = count + 1
			t.check(code < 0, name)
			equal(errno[code], name)
			t.check(#errno.strerror(code) > 3, name)
		end
	end
	t.check(count > 10, "names")
end)

t.plain("sleeping_outside_of_controllers_takes_no_descriptor", function()
	equal(t.child("ulimit -n 20", [[
		local cqueues = require "cqueues"
		local kept = {}
		while true do
			local file = io.open "/dev/null"
			if not file then break end
			kept[#kept + 1] = file
		end
		cqueues.sleep(0.001)
		cqueues.poll(0.001)
		print "slept"
	]]), "slept\n")
end)

if rawget(_G, "jit") then
	t.plain("a_thread_that_vanished_is_told_by_join_at_its_timeout", function()
		local handle = require "cqueues.thread".start(function()
			local ffi = require "ffi"
			ffi.cdef "long syscall(long, ...);"
			ffi.C.syscall(ffi.arch == "x64" and 60 or 93, ffi.new("int", 0))
		end)
		values({ false, errno.EOWNERDEAD }, handle:join(1))
		values({ false, errno.EOWNERDEAD }, handle:join(0))
	end)
end

t.finish()

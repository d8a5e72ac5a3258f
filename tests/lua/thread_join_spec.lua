-- SPDX-License-Identifier: MIT
-- How threads end, and what joining and polling them tells.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local thread = require "cqueues.thread"
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values, check = t.equal, t.values, t.check

-- Ends when its con does.
local function waits(con)
	con:read "*l"
end

local function reason(f, ...)
	local ok, why = thread.start(f, ...):join(50) -- under valgrind it takes its time
	equal(ok, true)
	return why
end

local function join_spec(test, where)
	test("join_waits_and_tells_again_" .. where, function()
		local started, con = thread.start(waits)
		con:close()
		for _ = 1, 3 do
			values({ true, nil, n = 2 }, started:join())
		end
		values({ true, nil, n = 2 }, started:join(0))
		values({ true, nil, n = 2 }, started:join(nil))
	end)

	test("join_ends_in_time_while_the_thread_runs_" .. where, function()
		local started, con = thread.start(waits)
		values({ false, errno.ETIMEDOUT }, started:join(0))
		values({ false, errno.ETIMEDOUT }, started:join(-1))
		local before = cqueues.monotime()
		values({ false, errno.ETIMEDOUT }, started:join(0.05))
		check(cqueues.monotime() - before >= 0.05)
		con:close()
		values({ true, nil, n = 2 }, started:join(10))
	end)

	test("poll_returns_a_thread_that_has_ended_" .. where, function()
		local started, con = thread.start(waits)
		values({ 0.01 }, cqueues.poll(started, 0.01))
		con:close()
		values({ started }, cqueues.poll(started, 10))
		values({ started }, cqueues.poll(started, 10))
		equal(started:join(0), true)
	end)

	test("join_names_a_wrong_argument_" .. where, function()
		local started = thread.start(function() end)
		t.throws("bad argument #1 to 'join' (number expected, got string)", function() local r = started:join "x" return r end)
		t.throws("CQS Thread expected, got table", started.join, {})
		t.throws("CQS Thread expected, got nil", started.join)
		check(started:join(10))
	end)
end
join_spec(t.plain, "outside_a_controller")
join_spec(t.test, "in_a_task")

t.test("two_tasks_join_one_thread_while_others_run", function()
	local started, con = thread.start(waits)
	local joined, turns = 0, 0
	local function join()
		values({ true, nil, n = 2 }, started:join(10))
		joined = joined + 1
	end
	t.together(join, join, function()
		for _ = 1, 3 do
			cqueues.sleep(0.001)
			turns = turns + 1
		end
		con:close()
	end)
	values({ 2, 3 }, joined, turns)
end)

t.plain("an_error_is_told_with_its_traceback", function()
	local why = reason(function()
		local function inner() error "boom" end
		inner()
		return 1
	end)
	check(why:find "^%S*thread_join_spec%.lua:%d+: boom\nstack traceback:\n", why)
	check(why:find "inner" or why:find "thread_join_spec", why)
	check(reason(function() local x = nil return x.y end):find "attempt to index")
	check(reason(function() require "no.such.module" end):find "module 'no.such.module' not found")
end)

t.plain("a_text_without_a_place_is_for_the_program_and_comes_alone", function()
	equal(reason(function() error("result: 5 at 12:30:45", 0) end), "result: 5 at 12:30:45")
	equal(reason(function() error("", 0) end), "")
end)

t.plain("errors_that_are_no_texts_are_told_too", function()
	equal(reason(function() error(5, 0) end), "5")
	equal(reason(function() error(setmetatable({}, { __tostring = function() return "an object" end })) end), "an object")
	check(reason(function() error {} end):find "^%(error object is a table value%)")
	check(reason(function() error(nil) end):find "^%(error object is a nil value%)")
	check(reason(function() error(true) end):find "^%(error object is a boolean value%)")
	check(reason(function() error(setmetatable({}, { __tostring = error })) end))
end)

t.plain("a_nul_ends_the_text", function()
	check(reason(function() error("before\0behind", 0) end):find "^before")
	check(not reason(function() error("before\0behind", 0) end):find "behind")
end)

t.plain("what_a_thread_returns_is_of_no_account", function()
	equal(reason(function() return nil, "x" end), nil)
end)

t.plain("a_stack_that_overflows_is_an_error", function()
	check(reason(function()
		local function f() return 1 + f() end
		f()
	end):find "stack overflow")
	check(reason(function() coroutine.yield() end):find "attempt to yield")
end)

t.plain("memory_that_runs_out_is_an_error", function()
	local limit = "ulimit -v 600000"
	if t.child(limit, [[require "cqueues.thread" io.write "runs"]]) ~= "runs" then
		t.skip "this interpreter needs more to begin with"
	end
	local text = t.child(limit, [[local t = require "cqueues.thread".start(function()
			local s = ("x"):rep(1024) while true do s = s .. s end
		end)
		local ok, why = t:join(60)
		io.write(tostring(ok), " ", tostring(why):match "not enough memory" or tostring(why):match "string length overflow" or tostring(why))]])
	check(text == "true not enough memory" or text == "true string length overflow", text)
end)

t.plain("a_thread_cannot_join_itself", function()
	check(reason(function() require "cqueues.thread".self():join(0) end) == "thread.join: cannot join self")
end)

t.plain("an_error_at_the_end_of_its_state_is_passed_over", function()
	equal(reason(function()
		local function fail() error "collected" end
		if newproxy then
			GUARD = newproxy(true)
			getmetatable(GUARD).__gc = fail
		else
			GUARD = setmetatable({}, { __gc = fail })
		end
	end), nil)
end)

t.plain("what_a_thread_held_is_closed_before_it_is_joined", function()
	local name = t.abstract_name()
	local started = thread.start(function(_, name)
		SOCKET = require "cqueues.socket".listen { path = name }
		assert(SOCKET:listen(5))
	end, name)
	values({ true, nil, n = 2 }, started:join(10))
	local second = socket.listen { path = name }
	t.returns_errors(second)
	check(second:listen(5), "the name is free again")
end)

t.plain("a_finalizer_is_run_before_the_thread_is_joined", function()
	local path = t.directory() .. "/finalized"
	local started = thread.start(function(_, path)
		PATH = path
		local function note() io.open(path, "w"):close() end
		if newproxy then
			GUARD = newproxy(true)
			getmetatable(GUARD).__gc = note
		else
			GUARD = setmetatable({}, { __gc = note })
		end
	end, path)
	equal(started:join(10), true)
	check(io.open(path)):close()
end)

t.plain("handles_of_one_thread_are_equal", function()
	local a, b = thread.start(function() end), thread.start(function() end)
	check(a == a and a ~= b and a ~= 5)
	values({ "thread", nil, nil, n = 3 }, thread.type(a), thread.type(5), thread.type())
	check(a:join(10) and b:join(10))
end)

t.plain("threads_start_threads", function()
	check(reason(function()
		local thread = require "cqueues.thread"
		local inner, con = thread.start(function(con, word)
			con:write(word, " heard\n")
			error "inner"
		end, "word")
		local line = con:read "*l"
		local ok, why = inner:join(10)
		error(line .. " " .. tostring(ok) .. " " .. why .. tostring(inner == thread.self()), 0)
	end):find "^word heard true %S+:%d+: inner\nstack traceback:")
end)

t.plain("a_thread_goes_on_when_the_state_of_its_starter_is_closed", function()
	local name = t.abstract_name()
	local l = socket.listen { path = name }
	check(l:listen(5))
	local starter = thread.start(function(_, name)
		local thread = require "cqueues.thread"
		thread.start(function(con, name, strerror)
			local ended = con:read "*l" == nil
			for i = 1, 1000 do
				_G["x" .. i] = strerror(2)
			end
			collectgarbage()
			local s = require "cqueues.socket".connect { path = name }
			s:write("still here ", tostring(ended), "\n")
			s:flush()
		end, name, require "cqueues.errno".strerror)
	end, name)
	values({ true, nil, n = 2 }, starter:join(10))
	local s = check(l:accept(10))
	equal(s:read "*l", "still here true")
end)

t.plain("a_thread_goes_on_without_its_handle", function()
	local _, con = thread.start(function(con)
		con:read "*l"
		con:write "still here\n"
	end)
	_ = nil
	collectgarbage()
	collectgarbage()
	con:write "go\n"
	equal(con:read "*l", "still here")
	equal(con:read "*l", nil)
end)

t.plain("many_threads_leave_nothing_behind", function()
	local function some(count)
		for i = 1, count do
			local started, con = thread.start(function(con, n) con:write(n, "\n") end, i)
			equal(tonumber(con:read "*l"), i)
			equal(started:join(10), true)
		end
	end
	some(5)
	collectgarbage()
	local before = t.descriptors()
	some(100)
	collectgarbage()
	check(t.descriptors() <= before) -- a thread of another test may have ended meanwhile
end)

t.plain("os_exit_in_a_thread_ends_the_process", function()
	local text = t.child("true", [[require "cqueues.thread".start(function() io.write "leaving" os.exit(7) end):join(10) print "never"]])
	equal(text, "leaving")
	text = t.child("true", [[require "cqueues.thread".start(function() io.write "leaving" os.exit(0, true) end):join(10) print "never"]])
	equal(text, "leaving")
end)

t.plain("the_process_ends_without_its_threads", function()
	equal(t.child("true", [[local t, con = require "cqueues.thread".start(function(con)
		con:write "running\n" require "cqueues".sleep(60) end) io.write(con:read "*l")]]), "running")
end)

t.plain("a_thread_that_never_returned_is_told_by_a_code", function()
	local ok, ffi = pcall(require, "ffi")
	if not ok then
		t.skip "no way to call pthread_exit here"
	end
	ffi.cdef "void pthread_exit(void *);"
	local started = thread.start(function()
		local ffi = require "ffi"
		ffi.cdef "void pthread_exit(void *);"
		ffi.C.pthread_exit(nil)
	end)
	values({ false, errno.EOWNERDEAD }, started:join(10))
	values({ false, errno.EOWNERDEAD }, started:join(0))
end)

t.plain("methods_stay_when_modules_are_loaded_again", function()
	local started = thread.start(function() end)
	for _, name in ipairs { "cqueues.thread", "_cqueues.thread", "_cqueues", "cqueues", "cqueues.socket", "_cqueues.socket" } do
		package.loaded[name] = nil
		local again = require "cqueues.thread"
		equal(again.start(function() end):join(10), true)
		equal(started:join(10), true)
	end
	equal(thread.interpose("twice", function(_, n) return 2 * n end), nil)
	equal(started:twice(2), 4)
end)

t.finish()

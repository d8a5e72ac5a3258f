-- SPDX-License-Identifier: MIT
-- Controllers: tasks, steps, errors, cancel, alert, close.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition, errno = t.cqueues, t.condition, t.errno
local equal, values = t.equal, t.values

local function forever()
	condition.new():wait()
end

t.plain("a_new_controller_has_nothing_to_do", function()
	local cq = cqueues.new()
	equal(cqueues.type(cq), "controller")
	equal(cq:count(), 0)
	equal(cq:empty(), true)
	equal(cq:timeout(), nil)
	equal(cq:events(), "r")
	equal(type(cq:pollfd()), "number")
	values({ true }, cq:step())
	values({ true }, cq:loop())
end)

t.plain("create_makes_a_controller_as_new_does", function()
	equal(cqueues.type(cqueues.create()), "controller")
end)

t.plain("wrap_passes_arguments_and_returns_the_controller", function()
	local cq, got = cqueues.new(), nil
	equal(cq:wrap(function(...) got = t.pack(...) end, 1, nil, "x", nil), cq)
	equal(cq:count(), 1)
	equal(cq:timeout(), 0)
	t.check(cq:step())
	values({ 1, nil, "x", nil, n = 4 }, t.unpack(got, 1, got.n))
	equal(cq:count(), 0)
end)

t.plain("attach_takes_a_coroutine_that_is_already_under_way", function()
	local cq, got = cqueues.new(), nil
	local co = coroutine.create(function()
		coroutine.yield()
		cqueues.sleep(0.001)
		got = true
	end)
	coroutine.resume(co)
	equal(cq:attach(co), cq)
	t.check(cq:loop(5))
	equal(got, true)
	t.throws("thread expected", cq.attach, cq, function() end)
	t.throws("function expected", cq.wrap, cq, co)
end)

t.plain("a_task_started_by_a_task_runs_in_a_later_step", function()
	local cq, ran = cqueues.new(), false
	cq:wrap(function() cq:wrap(function() ran = true end) end)
	t.check(cq:step(0))
	equal(ran, false)
	equal(cq:count(), 1)
	t.check(cq:step(0))
	equal(ran, true)
end)

t.plain("a_step_of_timeout_0_does_not_wait", function()
	local cq = cqueues.new()
	cq:wrap(function() cqueues.sleep(5) end)
	local before = cqueues.monotime()
	t.check(cq:step(0))
	t.check(cq:step(0))
	t.check(cqueues.monotime() - before < 2, "at once")
	equal(cq:count(), 1)
end)

t.plain("a_step_waits_for_its_timeout_and_not_longer", function()
	local cq = cqueues.new()
	cq:wrap(forever)
	t.check(cq:step(0))
	local before = cqueues.monotime()
	t.check(cq:step(0.05))
	local took = cqueues.monotime() - before
	t.check(took >= 0.05 and took < 2, "seconds: " .. took)
end)

t.plain("timeout_tells_the_time_to_the_next_timer", function()
	local cq = cqueues.new()
	cq:wrap(function() cqueues.sleep(100) end)
	cq:wrap(function() cqueues.sleep(50) end)
	t.check(cq:step(0))
	local timeout = cq:timeout()
	t.check(timeout > 40 and timeout <= 50, "seconds: " .. timeout)
end)

t.plain("timers_fire_in_order_and_never_early", function()
	local cq, order, start = cqueues.new(), {}, cqueues.monotime()
	for _, ms in ipairs { 300, 100, 200, 20 } do -- far apart: two that are due at once run newest first
		cq:wrap(function()
			cqueues.sleep(ms / 1000)
			t.check(cqueues.monotime() - start >= ms / 1000, "not early")
			order[#order + 1] = ms
		end)
	end
	t.check(cq:loop(5))
	equal(table.concat(order, " "), "20 100 200 300")
end)

-- The interpreter's handler of SIGINT sets a hook, which nothing would call if the loop never came back to Lua.
t.plain("an_interrupt_ends_a_loop_whose_tasks_never_wait_and_one_whose_tasks_do", function()
	if _VERSION == "Lua 5.5" then
		t.skip "the interpreter of the tests has no handler"
	end
	for _, seconds in ipairs { 0, 100 } do
		local program = os.tmpname()
		local file = assert(io.open(program, "w"))
		file:write(([[
			local cqueues = require "cqueues"
			local cq = cqueues.new()
			for _ = 1, 3 do
				cq:wrap(function() while true do cqueues.sleep(%d) end end)
			end
			io.popen("(sleep 0.2; kill -INT $PPID) >/dev/null 2>&1 &"):close()
			print(pcall(cq.loop, cq))
		]]):format(seconds))
		file:close()
		local pipe = io.popen("timeout 30 " .. t.interpreter() .. " " .. program .. " 2>&1")
		local said = pipe:read "*a"
		pipe:close()
		os.remove(program)
		t.check(said:find "false\t.*interrupted!", said)
	end
end)

-- A loop makes many steps before it comes back to Lua, and comes back in time.
t.plain("a_loop_of_busy_tasks_ends_at_its_timeout", function()
	local cq, rounds = cqueues.new(), 0
	cq:wrap(function()
		while true do
			cqueues.sleep(0)
			rounds = rounds + 1
		end
	end)
	local begun = cqueues.monotime()
	values({ true }, cq:loop(0.05))
	t.check(cqueues.monotime() - begun >= 0.05)
	t.check(cqueues.monotime() - begun < 5)
	t.check(rounds > 10, rounds)
end)

t.plain("a_step_that_was_replaced_in_the_middle_of_a_loop_is_called_by_it", function()
	local said = 0
	local cq = cqueues.new()
	local original
	cq:wrap(function()
		cqueues.sleep(0)
		original = cqueues.interpose("step", function(self, ...)
			said = said + 1
			return original(self, ...)
		end)
		for _ = 1, 5 do
			cqueues.sleep(0)
		end
		cqueues.interpose("step", original)
	end)
	t.check(cq:loop(5))
	t.check(said >= 5, said)
end)

t.plain("loop_ends_at_its_timeout_with_tasks_left", function()
	local cq = cqueues.new()
	cq:wrap(forever)
	values({ true }, cq:loop(0.01))
	equal(cq:count(), 1)
	equal(cq:empty(), false)
end)

t.plain("step_answers_an_error_with_its_coroutine_and_goes_on_afterwards", function()
	local cq, ran = cqueues.new(), false
	cq:wrap(function() error("bad", 0) end)
	cq:wrap(function() cqueues.poll() ran = true end)
	local ok, why, code, co, object, fd = cq:step(0)
	equal(ok, false)
	equal(why, "bad")
	equal(code, nil)
	equal(coroutine.status(co), "dead")
	equal(object, nil)
	equal(fd, nil)
	t.check(cq:loop(5))
	equal(ran, true)
end)

t.plain("an_error_may_be_any_value", function()
	local cq, object = cqueues.new(), {}
	cq:wrap(function() error(object) end)
	equal(select(2, cq:step(0)), object)
	cq:wrap(function() error(nil) end)
	equal(cq:step(0), false)
end)

t.plain("every_error_of_one_step_is_reported", function()
	local cq, seen = cqueues.new(), {}
	for i = 1, 5 do
		cq:wrap(function() error("bad " .. i, 0) end)
	end
	for _ = 1, 20 do
		local ok, why = cq:step(0)
		if not ok then
			seen[#seen + 1] = why
		end
	end
	table.sort(seen)
	equal(table.concat(seen, ", "), "bad 1, bad 2, bad 3, bad 4, bad 5")
	equal(cq:count(), 0)
end)

t.plain("errors_iterates_until_nothing_is_left", function()
	local cq, seen = cqueues.new(), {}
	for i = 1, 3 do -- so far apart that a busy machine does not see two of them due at once
		cq:wrap(function() cqueues.sleep(0.1 * i) error("bad " .. i, 0) end)
	end
	for why, code, co in cq:errors() do
		seen[#seen + 1] = why
		equal(code, nil)
		equal(type(co), "thread")
	end
	equal(table.concat(seen, ", "), "bad 1, bad 2, bad 3")
end)

t.plain("the_timeout_of_errors_covers_the_whole_iteration", function()
	local cq, count = cqueues.new(), 0
	cq:wrap(function()
		while true do
			cq:wrap(function() error "again" end)
			cqueues.sleep(0.005)
		end
	end)
	local before = cqueues.monotime()
	for _ in cq:errors(0.05) do
		count = count + 1
	end
	t.check(count >= 2, "errors seen")
	t.check(cqueues.monotime() - before < 2, "ended")
end)

t.plain("a_descriptor_that_cannot_be_polled_fails_the_task_with_the_whole_story", function()
	local cq = cqueues.new()
	local object = { pollfd = 987654, events = "r" }
	cq:wrap(function() cqueues.poll(object) end)
	local ok, why, code, co, polled, fd = cq:step(0)
	equal(ok, false)
	t.check(why:find(errno.strerror(errno.EBADF), 1, true), why)
	equal(code, errno.EBADF)
	equal(type(co), "thread")
	equal(polled, object)
	equal(fd, 987654)
	equal(cq:count(), 0)
end)

t.plain("a_poll_method_that_throws_fails_its_task_only", function()
	local cq, ran = cqueues.new(), false
	cq:wrap(function() cqueues.poll { pollfd = function() error("thrown", 0) end } end)
	cq:wrap(function() cqueues.sleep(0.001) ran = true end)
	local failures = 0
	for why in cq:errors(5) do
		failures = failures + 1
		t.check(why:find("thrown", 1, true), why)
	end
	equal(failures, 1)
	equal(ran, true)
end)

t.plain("running_names_the_controller_and_tells_the_task_s_own_coroutine", function()
	values({ nil, false, n = 2 }, cqueues.running())
	local cq = cqueues.new()
	cq:wrap(function()
		values({ cq, true }, cqueues.running())
		values({ cq, false }, coroutine.wrap(function() return cqueues.running() end)())
		cqueues.poll(0)
		values({ cq, true }, cqueues.running())
	end)
	t.check(cq:step(0))
	t.check(cq:loop(5))
	values({ nil, false, n = 2 }, cqueues.running())
end)

t.plain("a_running_coroutine_that_cannot_be_resumed_is_left_alone", function()
	local cq = cqueues.new()
	local ok, message, went_on
	local co = coroutine.create(function()
		cq:attach(coroutine.running())
		ok, message = cq:step(0)
		coroutine.yield()
		went_on = true
	end)
	coroutine.resume(co)
	equal(ok, false)
	equal(message, "cannot resume non-suspended coroutine")
	equal(cq:step(0), true)
	collectgarbage()
	equal(coroutine.status(co), "suspended")
	coroutine.resume(co)
	equal(went_on, true)
	equal(cq:count(), 0)
end)

t.plain("alert_makes_the_descriptor_ready_until_the_next_step", function()
	local cq = cqueues.new()
	cq:wrap(forever)
	t.check(cq:step(0))
	local reader = t.readable(cq)
	equal(cqueues.poll(reader, 0), 0)
	equal(cq:alert(), cq)
	cq:alert()
	equal(cqueues.poll(reader, 1), reader)
	t.check(cq:step())
	equal(cqueues.poll(reader, 0), 0)
end)

t.plain("wrap_and_attach_from_outside_make_the_descriptor_ready", function()
	local cq = cqueues.new()
	cq:wrap(forever)
	t.check(cq:step(0))
	local reader = t.readable(cq)
	cq:wrap(function() end)
	equal(cqueues.poll(reader, 1), reader)
	t.check(cq:step(0))
	cq:attach(coroutine.create(function() end))
	equal(cqueues.poll(reader, 1), reader)
	t.check(cq:step(0))
	equal(cqueues.poll(reader, 0), 0)
end)

t.plain("cancel_wakes_who_polls_the_descriptor_in_one_controller", function()
	local a, b = t.pair()
	local reader = t.readable(b)
	local one, two, woken = cqueues.new(), cqueues.new(), 0
	for _, cq in ipairs { one, two } do
		cq:wrap(function() cqueues.poll(reader) woken = woken + 1 end)
		t.check(cq:step(0))
	end
	one:cancel(b:pollfd())
	t.check(one:step(0) and two:step(0))
	equal(woken, 1)
	equal(one:count(), 0)
	equal(two:count(), 1)
	two:cancel(reader)
	t.check(two:step(0))
	equal(woken, 2, "by object")
	a:close()
end)

t.plain("cancel_of_all_reaches_every_controller", function()
	local _, b = t.pair()
	local _, d = t.pair()
	local controllers, woken = {}, 0
	for i = 1, 4 do
		controllers[i] = cqueues.new()
		controllers[i]:wrap(function() cqueues.poll(t.readable(i % 2 == 0 and b or d)) woken = woken + 1 end)
		t.check(controllers[i]:step(0))
	end
	cqueues.cancel(b:pollfd(), d)
	for i = 1, 4 do
		t.check(controllers[i]:step(0))
	end
	equal(woken, 4)
end)

t.plain("cancel_of_nothing_does_nothing", function()
	local cq = cqueues.new()
	local a = t.pair()
	cq:cancel(-1)
	cq:cancel()
	cq:cancel(a:pollfd(), a)
	cqueues.cancel(-1, a)
	cqueues.cancel()
	t.check(cq:step(0))
end)

t.plain("close_destroys_tasks_and_may_be_called_twice", function()
	local cq = cqueues.new()
	cq:wrap(forever)
	t.check(cq:step(0))
	cq:close()
	equal(cqueues.type(cq), "closed controller")
	cq:close()
	for _, method in ipairs { "step", "loop", "count", "empty", "timeout", "pollfd", "alert" } do
		t.throws("closed", cq[method], cq)
	end
	t.throws("closed", cq.wrap, cq, function() end)
end)

t.plain("close_from_within_is_refused", function()
	local cq, ok, why = cqueues.new(), nil, nil
	cq:wrap(function()
		ok, why = pcall(cq.close, cq)
		cqueues.poll(0)
		equal(cqueues.type(cq), "controller")
	end)
	t.check(cq:loop(5))
	equal(ok, false)
	t.check(tostring(why):find("cqueue running", 1, true), tostring(why))
	cq:close()
end)

t.plain("a_yield_without_the_marker_goes_up_through_step", function()
	local cq, back = cqueues.new(), nil
	cq:wrap(function() back = t.pack(coroutine.yield("up", nil)) cqueues.poll(0) end)
	local co = coroutine.wrap(function() return "stepped", cq:loop(5) end)
	values({ "up", nil, n = 2 }, co())
	values({ "stepped", true }, co("down", nil))
	values({ "down", nil, n = 2 }, t.unpack(back, 1, back.n))
end)

t.plain("pause_waits_until_the_controller_is_ready", function()
	local cq, awake = cqueues.new(), false
	cq:wrap(function() cqueues.sleep(0.02) awake = true end)
	t.check(cq:step(0))
	local before = cqueues.monotime()
	cq:pause()
	t.check(cqueues.monotime() - before >= 0.015, "waited")
	t.check(cq:loop(5))
	equal(awake, true)
end)

t.plain("interpose_adds_and_replaces_methods_of_all_controllers", function()
	local cq = cqueues.new()
	equal(cqueues.interpose("shout", function() return "loud" end), nil)
	equal(cq:shout(), "loud")
	local previous
	previous = cqueues.interpose("count", function(self) return previous(self) + 100 end)
	equal(cq:count(), 100)
	cqueues.interpose("count", previous)
	equal(cq:count(), 0)
	cqueues.interpose("shout", nil)
	equal(cq.shout, nil)
end)

t.plain("monotime_does_not_go_back", function()
	local last = cqueues.monotime()
	for _ = 1, 1000 do
		local now = cqueues.monotime()
		t.check(now >= last, "monotonic")
		last = now
	end
end)

t.plain("a_thousand_tasks_come_and_go", function()
	local cq, ended = cqueues.new(), 0
	for i = 1, 1000 do
		cq:wrap(function()
			cqueues.sleep((i % 10) / 1000)
			cqueues.poll()
			ended = ended + 1
		end)
	end
	equal(cq:count(), 1000)
	t.check(cq:loop(10))
	equal(ended, 1000)
	equal(cq:count(), 0)
end)

-- Steps as deep as the stack of C goes: where it ends in the middle of a step, that throws, and what was ready stays so.
t.plain("a_step_for_which_the_stack_is_too_short_loses_no_task", function()
	if rawget(_G, "jit") then
		t.skip "a recursion through string.gsub ends LuaJIT itself"
	end
	local cq, ran, told, wrapped = cqueues.new(), {}, {}, 0
	local function step_and_go_deeper()
		wrapped = wrapped + 1
		local number = wrapped
		cq:wrap(function() ran[number] = true end)
		local _, ok, _, _, thread = pcall(cq.step, cq, 0)
		if ok == false and thread then
			told[#told + 1] = thread -- the stack was too short for the task
		end
		string.gsub("x", "x", step_and_go_deeper)
	end
	local ok, why = pcall(step_and_go_deeper)
	equal(ok, false)
	t.check(tostring(why):find "overflow", why)
	t.check(wrapped > 50)
	t.check(cq:loop(t.deadline))
	equal(cq:count(), 0)
	local count = 0
	for _ in pairs(ran) do
		count = count + 1
	end
	equal(count + #told, wrapped)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- In which order tasks run that are ready together: that of the original, newest first. Random mixtures are compared with
-- it by tests/differential/order.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition = t.cqueues, t.condition
local equal, values = t.equal, t.values
local notify = require "cqueues.notify"
local is_port = notify.strflag(notify.FEATURES) == "FEN" -- event ports tell of descriptors in an order of their own

-- A controller, a function that notes a word, and one that tells the words so far.
local function scene()
	local controller, words = cqueues.new(), {}
	local function note(word)
		words[#words + 1] = word
	end
	return controller, note, function()
		return table.concat(words, " ")
	end
end

t.plain("what_was_started_last_runs_first", function()
	local controller, note, noted = scene()
	for word = 1, 4 do
		controller:wrap(note, word)
	end
	assert(controller:step(0))
	equal(noted(), "4 3 2 1")
end)

t.plain("what_becomes_ready_during_a_step_runs_in_the_next_one", function()
	local controller, note, noted = scene()
	local c = condition.new()
	controller:wrap(function()
		c:wait()
		note "woken"
	end)
	controller:step(0)
	controller:wrap(function()
		controller:wrap(note, "started")
		c:signal()
		note "starter"
	end)
	assert(controller:step(0))
	note "|"
	assert(controller:step(0))
	equal(noted(), "starter | woken started")
end)

t.plain("a_task_that_lets_others_run_keeps_its_place", function()
	local controller, note, noted = scene()
	for _, word in ipairs { "a", "b", "c" } do
		controller:wrap(function()
			for pass = 1, 2 do
				note(word .. pass)
				if pass == 1 and word == "b" then
					controller:wrap(note, "new")
				end
				cqueues.poll()
			end
		end)
	end
	for _ = 1, 3 do
		assert(controller:step(0))
	end
	equal(noted(), "c1 b1 a1 new c2 b2 a2")
end)

t.plain("a_condition_wakes_in_waiting_order_and_the_last_one_woken_runs_first", function()
	for _, lifo in ipairs { false, true } do
		local controller, note, noted = scene()
		local c = condition.new(lifo)
		for word = 1, 4 do
			controller:wrap(function()
				c:wait()
				note(word)
			end)
			controller:step(0)
		end
		c:signal(2)
		controller:step(0)
		note "|"
		c:signal()
		controller:step(0)
		equal(noted(), lifo and "3 4 | 1 2" or "2 1 | 4 3")
	end
end)

t.plain("of_several_tasks_on_one_descriptor_the_earliest_runs_first", function()
	for _, how in ipairs { "event", "cancel" } do
		local controller, note, noted = scene()
		local a, b = t.pair()
		for word = 1, 3 do
			controller:wrap(function()
				cqueues.poll(t.readable(a))
				note(word)
			end)
			controller:step(0)
		end
		if how == "event" then
			b:write "x\n"
		else
			controller:cancel(a:pollfd())
		end
		controller:step(1)
		equal(noted(), "1 2 3", how)
	end
end)

t.plain("due_timers_run_before_ready_descriptors_and_the_latest_deadline_first", function()
	local controller, note, noted = scene()
	local a, b = t.pair()
	controller:wrap(function()
		cqueues.poll(t.readable(a))
		note "descriptor"
	end)
	for _, seconds in ipairs { 0.1, 0.3, 0.2 } do
		controller:wrap(function()
			cqueues.sleep(seconds)
			note(seconds)
		end)
	end
	controller:step(0)
	b:write "x\n"
	local till = cqueues.monotime() + 0.4
	while cqueues.monotime() < till do end
	controller:step(1)
	equal(noted(), "0.3 0.2 0.1 descriptor")
end)

t.plain("after_an_error_the_rest_of_a_step_runs_in_the_next_one_behind_what_came_meanwhile", function()
	local controller, note, noted = scene()
	controller:wrap(note, "rest")
	controller:wrap(error, "failed", 0)
	controller:wrap(function()
		controller:wrap(note, "new")
		note "first"
	end)
	local ok, why = controller:step(0)
	equal(ok, false)
	equal(why, "failed")
	note "|"
	assert(controller:step(0))
	equal(noted(), "first | new rest")
end)

t.plain("a_step_in_a_task_of_another_controller_waits_first_and_is_early_in_the_next_turn", function()
	for _, method in ipairs { "step", "loop" } do
		local outer, note, noted = scene()
		local inner = cqueues.new()
		outer:wrap(function()
			inner:wrap(note, "inner")
			outer:wrap(note, "outer")
			assert(inner[method](inner, 0))
			note "done"
		end)
		assert(outer:loop(2))
		equal(noted(), "inner done outer", method)
	end
end)

t.plain("the_loop_of_an_empty_controller_waits_in_a_task_and_returns_at_once_elsewhere", function()
	local outer, note, noted = scene()
	local inner = cqueues.new()
	assert(inner:loop(5))
	outer:wrap(function()
		assert(inner:loop())
		note "looped"
	end)
	outer:step(0)
	inner:wrap(note, "attached")
	assert(outer:loop(5))
	equal(noted(), "attached looped")
end)

t.plain("the_errors_of_an_inner_controller_end_when_it_is_empty", function()
	local outer, note, noted = scene()
	outer:wrap(function()
		local inner = cqueues.new()
		inner:wrap(error, "one", 0)
		inner:wrap(error, "two", 0)
		local next_error = inner:errors() -- not in a for, where Lua 5.1 cannot wait
		local why = next_error()
		while why do
			note(why)
			why = next_error()
		end
		note "end"
	end)
	assert(outer:loop(5))
	equal(noted(), "two one end")
end)

-- It was registered from its first member on.
t.plain("the_kernel_is_told_of_a_wait_set_from_its_last_member_on", function()
	for _, first in ipairs { true, false } do
		local controller, note, noted = scene()
		local a, b = t.pair()
		local c, d = t.pair()
		b:write "x\n"
		d:write "x\n"
		local one, two = t.readable(a), t.readable(c)
		controller:wrap(function()
			cqueues.poll(one)
			note "one"
		end)
		controller:wrap(function()
			if first then
				cqueues.poll(one, two)
			else
				cqueues.poll(two, one)
			end
			note "both"
		end)
		controller:step(0)
		controller:step(1)
		equal(noted(), first and "one both" or "both one")
	end
end)

-- A socket stayed registered while nobody waited for it, and woke whoever polled its controller.
t.plain("a_socket_that_nobody_waits_for_any_more_wakes_nobody", function()
	local outer, inner = cqueues.new(), cqueues.new()
	local a, b = t.pair()
	inner:wrap(function()
		cqueues.poll(a, 0)
		a:xread(1, 0.001)
		cqueues.sleep(100)
	end)
	local result
	outer:wrap(function()
		for _ = 1, 4 do
			inner:step(0.002)
		end
		b:write "x\n"
		result = t.pack(cqueues.poll(inner, 0.01))
	end)
	assert(outer:loop(5))
	values({ 0.01 }, t.unpack(result, 1, result.n))
end)

-- The one that was read before was told of first, since it was still registered.
t.plain("a_socket_that_is_waited_for_again_counts_as_new", function()
	if is_port then
		t.skip "the order of event ports is another one"
	end
	local controller, note, noted = scene()
	local a, b = t.pair()
	local c, d = t.pair()
	controller:wrap(function()
		a:read(1)
		condition.new():wait()
	end)
	controller:wrap(function()
		cqueues.poll(t.readable(c))
		note "c"
	end)
	controller:step(0)
	b:write "x"
	b:flush()
	controller:step(0)
	controller:wrap(function()
		b:write "x"
		d:write "x"
		cqueues.poll(t.readable(a))
		note "a"
	end)
	controller:step(0)
	controller:step(1)
	equal(noted(), "a c")
end)

-- It told only whoever began to poll it later.
t.plain("a_controller_that_is_polled_tells_of_a_step_that_found_something", function()
	local outer, inner = cqueues.new(), cqueues.new()
	local a, b = t.pair()
	inner:wrap(function() a:read(1) end)
	local result
	outer:wrap(function()
		inner:step(0)
		b:write "x"
		result = t.pack(cqueues.poll(inner, 0))
	end)
	for _ = 1, 2 do
		assert(outer:step(0))
	end
	assert(inner:step(0))
	assert(outer:step(0))
	values({ inner, 0 }, t.unpack(result, 1, result.n))
end)

-- What the step under way had found was forgotten.
t.plain("a_controller_may_be_polled_while_it_steps", function()
	if is_port then
		t.skip "event ports do not see that each would wait for the other"
	end
	local outer, one, two = cqueues.new(), cqueues.new(), cqueues.new()
	local c = condition.new()
	two:wrap(function()
		c:wait()
		one:step(0) -- which cannot be waited for: each would wait for the other
	end)
	two:step(0)
	local why, result
	one:wrap(function() why = select(2, two:step(0)) end)
	one:step(0)
	c:signal()
	outer:wrap(function()
		one:step(0)
		result = t.pack(cqueues.poll(one, 0))
	end)
	for _ = 1, 8 do
		assert(outer:step(0))
	end
	t.check(why and why:find "unable to update event disposition", why)
	values({ one, 0 }, t.unpack(result, 1, result.n))
end)

t.plain("a_sleep_counts_from_its_call_and_not_from_the_end_of_the_step", function()
	local controller, took = cqueues.new(), nil
	local function compute(seconds)
		local till = cqueues.monotime() + seconds
		while cqueues.monotime() < till do end
	end
	controller:wrap(compute, 0.05)
	controller:wrap(function()
		local start = cqueues.monotime()
		cqueues.sleep(0.04)
		took = cqueues.monotime() - start
	end)
	assert(controller:loop(5))
	t.check(took >= 0.04 and took < 0.08, ("slept for %.3f s"):format(took))
end)

t.finish()

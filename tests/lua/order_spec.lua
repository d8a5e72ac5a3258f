-- SPDX-License-Identifier: MIT
-- In which order tasks run that are ready together: that of the original, newest first. Random mixtures are compared with
-- it by tests/differential/order.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition = t.cqueues, t.condition
local equal = t.equal

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

-- SPDX-License-Identifier: MIT
-- Controllers within controllers.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition = t.cqueues, t.condition
local equal, values = t.equal, t.values

t.plain("a_controller_polled_by_another_wakes_it_when_it_has_work", function()
	local outer, inner = cqueues.new(), cqueues.new()
	local a, b = t.pair()
	local line
	inner:wrap(function()
		line = b:read "*l"
		cqueues.sleep(0.005)
	end)
	outer:wrap(function()
		while not inner:empty() do
			cqueues.poll(inner)
			t.check(inner:step(0))
		end
	end)
	outer:wrap(function() cqueues.sleep(0.005) a:write "hello\n" end)
	t.check(outer:loop(5))
	equal(outer:count(), 0)
	equal(line, "hello")
end)

t.plain("a_loop_within_a_task_lets_other_tasks_run", function()
	local outer, inner, ticks, ended = cqueues.new(), cqueues.new(), 0, nil
	inner:wrap(function()
		while ticks < 3 do -- it ends only if others run
			cqueues.sleep(0.005)
		end
	end)
	outer:wrap(function() t.check(inner:loop()) ended = ticks end)
	outer:wrap(function()
		while not ended do
			ticks = ticks + 1
			cqueues.sleep(0.002)
		end
	end)
	t.check(outer:loop(t.deadline))
	t.check(ended and ended >= 3, "ticks meanwhile")
end)

t.plain("an_error_of_the_inner_one_stays_there", function()
	local outer, inner, got = cqueues.new(), cqueues.new(), nil
	inner:wrap(function() cqueues.sleep(0.001) error("bad", 0) end)
	outer:wrap(function() got = t.pack(inner:loop()) end)
	t.check(outer:loop(5))
	equal(got[1], false)
	equal(got[2], "bad")
	equal(type(got[4]), "thread")
end)

t.plain("a_step_within_a_task_ends_at_its_timeout", function()
	local outer, inner, took = cqueues.new(), cqueues.new(), nil
	inner:wrap(function() condition.new():wait() end)
	outer:wrap(function()
		t.check(inner:step(0))
		local before = cqueues.monotime()
		t.check(inner:step(0.02))
		took = cqueues.monotime() - before
	end)
	t.check(outer:loop(5))
	t.check(took >= 0.02 and took < 2, "seconds: " .. tostring(took))
end)

t.plain("a_loop_within_a_task_ends_at_its_timeout_though_there_is_always_work", function()
	local outer, inner, took = cqueues.new(), cqueues.new(), nil
	inner:wrap(function() while not took do cqueues.sleep(0.001) end end)
	outer:wrap(function()
		local before = cqueues.monotime()
		t.check(inner:loop(0.02))
		took = cqueues.monotime() - before
	end)
	t.check(outer:loop(5))
	t.check(took >= 0.02 and took < 2, "seconds: " .. tostring(took))
	equal(inner:empty(), false)
end)

t.plain("a_controller_that_is_closed_while_a_task_loops_over_it_is_told", function()
	local outer, inner = cqueues.new(), cqueues.new()
	inner:wrap(cqueues.sleep, 60)
	outer:wrap(function() inner:loop() end)
	outer:wrap(function() cqueues.sleep(0) inner:close() end)
	local ok, why = outer:loop(5)
	equal(ok, false)
	t.check(why:find("cqueue closed", 1, true), why)
end)

t.plain("two_tasks_may_loop_over_one_controller_and_a_third_may_step_it", function()
	local outer, inner, ran, ended = cqueues.new(), cqueues.new(), 0, 0
	inner:wrap(function() for _ = 1, 5 do cqueues.sleep(0.001) ran = ran + 1 end end)
	for _ = 1, 2 do
		outer:wrap(function() t.check(inner:loop(5)) ended = ended + 1 end)
	end
	outer:wrap(function() while ended < 2 do cqueues.sleep(0.001) t.check(inner:step(0)) end end)
	t.check(outer:loop(5))
	equal(ran, 5)
	equal(ended, 2)
end)

t.plain("what_a_task_two_controllers_deep_yields_goes_up_and_the_loop_goes_on", function()
	local outer, inner, got = cqueues.new(), cqueues.new(), nil
	inner:wrap(function()
		cqueues.sleep(0.001)
		got = coroutine.yield("up", 2)
		cqueues.sleep(0.001)
		got = got .. "!"
	end)
	local ended
	outer:wrap(function() ended = inner:loop(5) end)
	local co = coroutine.create(function() return "done", outer:loop(5) end)
	local _, first, second = coroutine.resume(co)
	equal(first .. second, "up2")
	t.check(select(2, coroutine.resume(co, "answer")) == "done")
	equal(got, "answer!")
	equal(ended, true)
end)

t.plain("a_loop_within_a_task_is_left_by_a_wait_that_ends", function()
	local outer, inner, ok, why = cqueues.new(), cqueues.new(), nil, nil
	inner:wrap(cqueues.sleep, 60)
	outer:wrap(function() ok, why = cqueues.timeout(0.005, function() inner:loop() end) end)
	t.check(outer:loop(5))
	t.check(not ok, "the loop went on")
	t.check(why ~= nil, "no reason")
	equal(inner:count(), 1)
	t.check(inner:step(0), "it can be stepped again")
end)

t.plain("four_levels_deep_a_line_arrives", function()
	local a, b = t.pair()
	local line
	local function level(n)
		local cq = cqueues.new()
		cq:wrap(function()
			if n == 0 then
				line = b:read "*l"
			else
				t.check(level(n - 1):loop())
			end
		end)
		return cq
	end
	local top = level(4)
	top:wrap(function() cqueues.sleep(0.005) a:write "deep\n" end)
	t.check(top:loop(5))
	equal(line, "deep")
end)

t.plain("an_alert_wakes_the_parent", function()
	local outer, inner = cqueues.new(), cqueues.new()
	inner:wrap(function() condition.new():wait() end)
	t.check(inner:step(0))
	outer:wrap(function() values({ inner }, cqueues.poll(inner, 5)) end)
	outer:wrap(function() cqueues.sleep(0.001) inner:alert() end)
	t.check(outer:loop(5))
end)

t.plain("a_task_added_to_the_inner_one_wakes_the_parent", function()
	local outer, inner, ran = cqueues.new(), cqueues.new(), false
	inner:wrap(function() condition.new():wait() end)
	t.check(inner:step(0))
	outer:wrap(function() cqueues.poll(inner, 5) t.check(inner:step(0)) end)
	outer:wrap(function() cqueues.sleep(0.001) inner:wrap(function() ran = true end) end)
	t.check(outer:loop(5))
	equal(ran, true)
end)

t.plain("a_condition_signalled_in_the_outer_one_wakes_the_inner_one", function()
	local outer, inner, c, woken = cqueues.new(), cqueues.new(), condition.new(), nil
	inner:wrap(function() woken = c:wait(5) end)
	outer:wrap(function() t.check(inner:loop()) end)
	outer:wrap(function() cqueues.sleep(0.005) c:signal() end)
	t.check(outer:loop(5))
	equal(woken, true)
end)

t.plain("closing_the_inner_one_wakes_who_polls_it", function()
	local outer, inner, kind = cqueues.new(), cqueues.new(), nil
	inner:wrap(function() condition.new():wait() end)
	t.check(inner:step(0))
	outer:wrap(function() cqueues.poll(inner) kind = cqueues.type(inner) end)
	outer:wrap(function() cqueues.sleep(0.001) inner:close() end)
	t.check(outer:loop(5))
	equal(outer:count(), 0)
	equal(kind, "closed controller")
end)

t.plain("running_is_the_innermost_and_is_restored", function()
	local outer, inner = cqueues.new(), cqueues.new()
	inner:wrap(function() values({ inner, true }, cqueues.running()) end)
	outer:wrap(function()
		t.check(inner:step(0))
		values({ outer, true }, cqueues.running())
	end)
	t.check(outer:loop(5))
end)

t.plain("a_controller_may_be_driven_by_its_descriptor_and_timeout_alone", function()
	local cq, slept = cqueues.new(), 0
	cq:wrap(function()
		for _ = 1, 3 do
			cqueues.sleep(0.005)
			slept = slept + 1
		end
	end)
	local finish = cqueues.monotime() + 5
	while not cq:empty() and cqueues.monotime() < finish do
		cqueues.poll({ pollfd = cq:pollfd(), events = cq:events() }, cq:timeout())
		t.check(cq:step(0))
	end
	equal(slept, 3)
end)

t.plain("a_descriptor_of_an_idle_controller_is_quiet", function()
	local cq = cqueues.new()
	local _, b = t.pair()
	cq:wrap(function() b:read "*l" end)
	t.check(cq:step(0))
	values({ 0.01 }, cqueues.poll(t.readable(cq), 0.01))
end)

-- What went wrong: tasks wait for another descriptor of a controller than the one that `pollfd` gives, and only the latter
-- was cancelled.
t.test("cancelling_a_controller_wakes_who_polls_it", function()
	local inner = cqueues.new()
	inner:wrap(function() cqueues.sleep(60) end)
	assert(inner:step(0))
	local by_number = { pollfd = inner:pollfd(), events = "r" }
	for _, cancel in ipairs { cqueues.cancel, function(object) cqueues.running():cancel(object) end } do
		for _, object in ipairs { inner, by_number } do
			local woken
			t.together(function()
				woken = cqueues.poll(object, 5)
			end, function()
				cqueues.sleep(0.005)
				cancel(inner)
			end)
			t.equal(woken, object)
		end
	end
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- Condition variables.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition = t.cqueues, t.condition
local equal, values = t.equal, t.values

-- A controller with n tasks that wait, in order; woken lists who came back since it was emptied.
local function waiters(c, n)
	local controller, woken = cqueues.new(), {}
	for i = 1, n do
		controller:wrap(function()
			if c:wait() == true then
				woken[#woken + 1] = i
			end
		end)
		t.check(controller:step(0))
	end
	return controller, function()
		t.check(controller:step(0))
		table.sort(woken)
		local text = table.concat(woken, " ")
		woken = {}
		return text
	end
end

t.plain("the_longest_waiting_is_woken_first", function()
	local c = condition.new()
	local _, woken = waiters(c, 4)
	equal(c:signal(1), 1)
	equal(woken(), "1")
	equal(c:signal(2), 2)
	equal(woken(), "2 3")
	equal(c:signal(), 1)
	equal(woken(), "4")
end)

t.plain("with_lifo_the_shortest_waiting_is_woken_first", function()
	local c = condition.new(true)
	local _, woken = waiters(c, 4)
	equal(c:signal(1), 1)
	equal(woken(), "4")
	equal(c:signal(2), 2)
	equal(woken(), "2 3")
	equal(c:signal(), 1)
	equal(woken(), "1")
end)

t.plain("signal_answers_the_number_woken", function()
	local c = condition.new()
	equal(c:signal(), 0)
	equal(c:signal(5), 0)
	local _, woken = waiters(c, 3)
	equal(c:signal(0), 0)
	equal(woken(), "")
	equal(c:signal(10), 3)
	equal(woken(), "1 2 3")
end)

t.test("wait_says_whether_it_was_signalled", function()
	local c = condition.new()
	values({ false, 0.01 }, c:wait(0.01))
	t.together(function() values({ true }, c:wait(5)) end, function()
		cqueues.sleep(0.001)
		c:signal()
	end)
end)

t.test("wait_returns_the_objects_that_were_ready", function()
	local c = condition.new()
	local a, b = t.pair()
	local reader = t.readable(b)
	a:write "x"
	values({ false, reader }, c:wait(reader, 5))
end)

t.plain("condition_and_object_may_both_be_ready", function()
	local c, controller = condition.new(), cqueues.new()
	local a, b = t.pair()
	local reader, got = t.readable(b), nil
	controller:wrap(function() got = t.pack(c:wait(reader)) end)
	t.check(controller:step(0))
	a:write "x"
	c:signal()
	t.check(controller:step(0))
	values({ true, reader }, t.unpack(got, 1, got.n))
end)

t.test("a_signal_is_not_kept", function()
	local c = condition.new()
	c:signal()
	equal((c:wait(0.01)), false)
end)

t.plain("who_timed_out_is_not_counted", function()
	local c, controller = condition.new(), cqueues.new()
	controller:wrap(function() c:wait(0.001) end)
	t.check(controller:loop(5))
	equal(c:signal(), 0)
end)

t.plain("waiters_of_several_controllers_are_all_woken", function()
	local c = condition.new()
	local _, first = waiters(c, 2)
	local _, second = waiters(c, 2)
	equal(c:signal(3), 3)
	equal(first(), "1 2")
	equal(second(), "1")
end)

t.plain("the_descriptor_of_a_controller_is_ready_after_a_signal_from_outside", function()
	local c = condition.new()
	local controller = waiters(c, 1)
	local reader = t.readable(controller)
	equal(cqueues.poll(reader, 0), 0)
	c:signal()
	equal(cqueues.poll(reader, 1), reader)
	t.check(controller:step(0))
	equal(controller:count(), 0)
end)

t.plain("waiters_of_a_closed_controller_are_gone", function()
	local c = condition.new()
	local controller = waiters(c, 2)
	controller:close()
	equal(c:signal(), 0)
end)

t.plain("waiters_of_a_dropped_controller_are_gone", function()
	local c = condition.new()
	waiters(c, 2)
	collectgarbage()
	collectgarbage()
	equal(c:signal(), 0)
end)

t.plain("a_dropped_condition_leaves_its_waiters_asleep", function()
	local controller = cqueues.new()
	controller:wrap(function() condition.new():wait(0.02) end)
	t.check(controller:step(0))
	collectgarbage()
	collectgarbage()
	t.check(controller:loop(5))
	equal(controller:count(), 0)
end)

t.test("a_woken_task_may_wait_again_at_once", function()
	local c, count = condition.new(), 0
	t.together(function()
		for _ = 1, 100 do
			c:wait()
			count = count + 1
		end
	end, function()
		while count < 100 do
			c:signal()
			cqueues.poll()
		end
	end)
	equal(count, 100)
end)

t.test("a_mutex_made_of_a_condition_lets_one_in_at_a_time", function()
	local free, held, inside, most = condition.new(), false, 0, 0
	local function work()
		for _ = 1, 5 do
			while held do
				free:wait()
			end
			held = true
			inside = inside + 1
			most = math.max(most, inside)
			cqueues.sleep(0.001)
			inside = inside - 1
			held = false
			free:signal(1)
		end
	end
	t.together(work, work, work)
	equal(most, 1)
end)

t.test("a_condition_obeys_the_polling_protocol", function()
	local c = condition.new()
	equal(c:pollfd(), c)
	equal(c(), c)
	local object = { pollfd = c }
	t.together(function() equal(cqueues.poll(object, 5), object) end,
		function() equal(cqueues.poll(c, 5), c) end,
		function() cqueues.sleep(0.001) c:signal() end)
end)

t.plain("a_wait_outside_a_controller_works_like_a_poll", function()
	-- the original throws here
	local c = condition.new()
	values({ false, 0.01 }, c:wait(0.01))
	local a, b = t.pair()
	a:write "x"
	local reader = t.readable(b)
	values({ false, reader }, c:wait(reader, 5))
end)

t.plain("a_poll_of_a_condition_outside_a_controller_ends_at_the_timeout", function()
	equal(cqueues.poll(condition.new(), 0.01), 0.01)
end)

t.finish()

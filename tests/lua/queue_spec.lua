-- SPDX-License-Identifier: MIT
-- Queues.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, errno = t.cqueues, t.errno
local queue = require "cqueues.queue"
local equal, values, fails = t.equal, t.values, t.fails

-- A controller whose tasks have all begun to wait, in order, and a step that tells who has come back since.
local function crowd(count, f)
	local controller, back = cqueues.new(), {}
	for i = 1, count do
		controller:wrap(function()
			local got = i .. ":" .. tostring((f(i)))
			back[#back + 1] = got
		end)
		t.check(controller:step(0))
	end
	return controller, function()
		t.check(controller:step(0))
		table.sort(back)
		local text = table.concat(back, " ")
		back = {}
		return text
	end
end

t.plain("values_come_out_in_the_order_in_which_they_were_put", function()
	local q = queue.new()
	equal(queue.type(q), "queue")
	equal(queue.type {}, nil)
	equal(queue.type "queue", nil)
	for i = 1, 100 do
		equal(q:put(i), true)
	end
	equal(q:count(), 100)
	for i = 1, 100 do
		values({ i }, q:get())
	end
	equal(q:count(), 0)
end)

t.plain("nil_is_a_value", function()
	local q = queue.new()
	q:put(nil)
	q:put(false)
	q:put(1, 5)
	values({ nil, n = 1 }, q:get())
	values({ false }, q:get())
	values({ 1 }, q:get())
	fails(errno.ETIMEDOUT, q:get(0))
end)

t.plain("a_limit_is_a_whole_number", function()
	for _, limit in ipairs { -1, 1.5, "many", 0 / 0, math.huge, {} } do
		equal((pcall(queue.new, limit)), false)
	end
	local q = queue.new(0)
	for i = 1, 1000 do
		equal(q:put(i), true)
	end
	equal(queue.new(1):put(1), true)
end)

t.plain("outside_a_controller_a_wait_ends_at_its_timeout", function()
	local q = queue.new(1)
	fails(errno.ETIMEDOUT, q:get(0.01))
	equal(q:put(1), true)
	fails(errno.ETIMEDOUT, q:put(2, 0.01))
	equal(q:count(), 1)
	equal(q:get(0.01), 1)
end)

t.plain("who_waits_for_a_value_is_served_in_the_order_of_arrival", function()
	local q = queue.new()
	local _, back = crowd(4, function() return q:get() end)
	q:put "a"
	q:put "b"
	equal(q:count(), 0, "both are handed on")
	equal(back(), "1:a 2:b")
	q:put "c"
	q:put "d"
	q:put "e"
	equal(back(), "3:c 4:d")
	equal(q:get(), "e")
end)

t.plain("who_waits_for_room_is_served_in_the_order_of_arrival", function()
	local q = queue.new(2)
	q:put "x"
	q:put "y"
	local _, back = crowd(3, function(i) return q:put(i) end)
	equal(q:get(), "x")
	equal(q:get(), "y")
	fails(errno.ETIMEDOUT, q:put("late", 0))
	equal(back(), "1:true 2:true")
	for i = 1, 3 do
		equal(q:get(), i)
	end
	equal(back(), "3:true")
end)

t.plain("a_waiter_whose_time_is_over_takes_nothing_along", function()
	local q = queue.new(1)
	local controller, back = crowd(2, function(i) return q:get(i == 1 and 0.001 or nil) end)
	t.check(controller:step(1))
	equal(back(), "1:nil")
	q:put "a"
	equal(back(), "2:a")
	q:put "b"
	controller, back = crowd(2, function(i) return q:put(i, i == 1 and 0.001 or nil) end)
	t.check(controller:step(1))
	equal(back(), "1:nil")
	equal(q:get(), "b")
	equal(q:get(), 2)
	equal(back(), "2:true")
	fails(errno.ETIMEDOUT, q:get(0))
end)

t.plain("a_value_that_comes_with_the_timeout_is_not_lost", function()
	local q, got = queue.new(), {}
	local controller = cqueues.new()
	local limit = os.getenv "SPECS_ARE_SLOW" and 0.5 or 0.02
	for i = 1, 2 do
		controller:wrap(function() got[i] = q:get(limit) or "nothing" end)
		t.check(controller:step(0))
	end
	local finish = cqueues.monotime() + limit * 1.5
	controller:wrap(function() -- the newest task runs first, when the times of both are over
		while cqueues.monotime() < finish do end
		q:put "a"
	end)
	while not controller:empty() do
		t.check(controller:step(1))
	end
	equal(got[1], "a")
	equal(got[2], "nothing")
	equal(q:count(), 0)
end)

t.plain("closing_wakes_all_and_keeps_what_is_there", function()
	local empty, full = queue.new(), queue.new(1)
	full:put "x"
	local _, getters = crowd(2, function() return select(2, empty:get()) end)
	local _, putters = crowd(2, function() return select(2, full:put "y") end)
	empty:close()
	full:close()
	empty:close()
	equal(getters(), ("1:%d 2:%d"):format(errno.EPIPE, errno.EPIPE))
	equal(putters(), ("1:%d 2:%d"):format(errno.EPIPE, errno.EPIPE))
	fails(errno.EPIPE, full:put(1))
	equal(full:get(), "x")
	fails(errno.EPIPE, full:get())
	fails(errno.EPIPE, empty:get(1))
end)

t.test("items_iterates_until_the_queue_is_closed", function()
	local q, sum = queue.new(2), 0
	t.together(function()
		local values = q:items() -- in tasks on Lua 5.1 a for loop cannot wait
		local value = values()
		while value do
			sum = sum + value
			value = values()
		end
	end, function()
		for i = 1, 100 do
			q:put(i)
		end
		q:close()
	end)
	equal(sum, 5050)
end)

t.plain("items_ends_at_its_timeout", function()
	local q, seen = queue.new(), {}
	q:put(1)
	q:put(2)
	for value in q:items(0.001) do
		seen[#seen + 1] = value
	end
	equal(table.concat(seen, " "), "1 2")
end)

t.test("a_queue_can_be_polled_beside_other_things", function()
	local q = queue.new()
	equal(cqueues.poll(q, 0.001), 0.001)
	q:put(1)
	q:put(2)
	equal(cqueues.poll(q, 5), q)
	q:get()
	equal(cqueues.poll(q, 5), q, "one is left")
	q:get()
	equal(cqueues.poll(q, 0.001), 0.001)
	t.together(function()
		equal(cqueues.poll(5, q), q)
		values({ "a" }, q:get(0))
	end, function()
		cqueues.sleep(0.001)
		q:put "a"
	end)
	t.together(function()
		equal(cqueues.poll(q, 5), q)
		fails(errno.EPIPE, q:get())
	end, function()
		cqueues.sleep(0.001)
		q:close()
	end)
	equal(cqueues.poll(q, 5), q)
end)

t.plain("who_polls_is_not_told_of_what_was_handed_to_another", function()
	local q, told = queue.new(), false
	local _, back = crowd(1, function() return q:get() end)
	local controller = cqueues.new()
	controller:wrap(function() told = cqueues.poll(q, 60) == q end)
	t.check(controller:step(0))
	q:put "a"
	t.check(controller:step(0))
	equal(told, false)
	equal(back(), "1:a")
	q:put "b"
	t.check(controller:step(0))
	equal(told, true)
end)

-- The modules over another function in the place of poll: one that throws does what a cancellation does.
local function with_replaced_poll(replacement, f)
	local names = { "cqueues.waiters", "cqueues.queue", "cqueues.semaphore", "cqueues.mutex" }
	local before, poll = {}, cqueues.poll
	for _, name in ipairs(names) do
		before[name], package.loaded[name] = package.loaded[name], nil
	end
	cqueues.poll = function(...) return replacement(poll, ...) end
	local modules = { queue = require "cqueues.queue", semaphore = require "cqueues.semaphore", mutex = require "cqueues.mutex" }
	cqueues.poll = poll
	for _, name in ipairs(names) do
		package.loaded[name] = before[name]
	end
	return f(modules)
end

t.plain("a_wait_that_throws_gives_back_what_it_was_handed", function()
	local ends = {} -- how many of the next waits that come back throw
	with_replaced_poll(function(poll, ...)
		local results = t.pack(poll(...))
		if ends.next then
			ends.next = ends.next > 1 and ends.next - 1 or nil
			error("ended", 0)
		end
		return t.unpack(results, 1, results.n)
	end, function(modules)
		local q = modules.queue.new()
		local one = cqueues.new()
		local function doomed()
			local ok, why = t.protect(q.get, q)
			equal(ok, false)
			equal(why, "ended")
		end
		one:wrap(doomed)
		t.check(one:step(0))
		q:put "a"
		q:put "b"
		equal(q:count(), 1, "the first is handed over")
		ends.next = 1
		t.check(one:step(0))
		equal(one:empty(), true)
		equal(q:get(), "a", "in its old place")
		equal(q:get(), "b")

		one:wrap(doomed)
		t.check(one:step(0))
		local _, back = crowd(1, function() return q:get() end)
		q:put "a"
		ends.next = 1
		t.check(one:step(0))
		equal(one:empty(), true)
		equal(back(), "1:a")

		local s = modules.semaphore.new(0)
		one:wrap(function() t.throws("ended", s.acquire, s) end)
		t.check(one:step(0))
		_, back = crowd(1, function() return s:acquire() end)
		s:release()
		ends.next = 1
		t.check(one:step(0))
		equal(one:empty(), true)
		equal(back(), "1:true")
		equal(s:count(), 0)

		local m = modules.mutex.new()
		m:lock()
		one:wrap(function() t.throws("ended", m.lock, m) end)
		t.check(one:step(0))
		_, back = crowd(1, function() m:lock() m:unlock() return true end)
		m:unlock()
		ends.next = 1
		t.check(one:step(0))
		equal(one:empty(), true)
		equal(back(), "1:true")
		m:lock()
		m:unlock()
	end)
end)

t.plain("a_wait_that_throws_before_its_turn_leaves_no_trace", function()
	with_replaced_poll(function() error("ended", 0) end, function(modules)
		local q, s, m = modules.queue.new(1), modules.semaphore.new(0), modules.mutex.new()
		t.throws("ended", q.get, q)
		q:put "a"
		t.throws("ended", q.put, q, "b")
		equal(q:count(), 1)
		equal(q:get(), "a")
		t.throws("ended", s.acquire, s)
		s:release()
		equal(s:count(), 1)
		m:lock()
		local co = coroutine.wrap(function() t.throws("ended", m.lock, m) return true end)
		equal(co(), true)
		m:unlock()
		m:lock()
		m:unlock()
	end)
end)

t.plain("a_task_that_is_gone_takes_nothing_along", function()
	local q = queue.new()
	local controller = crowd(2, function() return q:get() end)
	local _, back = crowd(1, function() return q:get() end)
	controller:close()
	q:put "a"
	equal(back(), "1:a")
	local full = queue.new(1)
	full:put "x"
	controller = crowd(2, function(i) return full:put(i) end)
	controller:close()
	equal(full:get(), "x")
	equal(full:count(), 0)
end)

t.plain("a_task_that_is_served_before_its_wait_has_begun_looks_again", function()
	local q = queue.new()
	local controller, got = cqueues.new(), nil
	controller:wrap(function()
		-- Somebody stands between the task and the controller, and puts a value while the poll passes.
		local co = coroutine.create(function() return q:get() end)
		local results = t.pack(coroutine.resume(co))
		q:put "a"
		while coroutine.status(co) == "suspended" do
			results = t.pack(coroutine.resume(co, coroutine.yield(t.unpack(results, 2, results.n))))
		end
		got = results[2]
	end)
	t.check(controller:loop(5))
	equal(got, "a")
end)

t.test("thousands_of_tasks_hand_on_every_value_once", function()
	local q, tasks, count, sum = queue.new(7), 2000, 0, 0
	local controller, producing = cqueues.new(), tasks
	for i = 1, tasks do
		controller:wrap(function()
			for j = 1, 5 do
				q:put((i - 1) * 5 + j)
			end
			producing = producing - 1
			if producing == 0 then
				q:close()
			end
		end)
		controller:wrap(function()
			local value = q:get()
			while value do
				count, sum = count + 1, sum + value
				value = q:get()
			end
		end)
	end
	t.check(controller:loop(t.deadline))
	equal(controller:empty(), true)
	equal(count, tasks * 5)
	equal(sum, tasks * 5 * (tasks * 5 + 1) / 2)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- Semaphores and mutexes.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, errno = t.cqueues, t.errno
local semaphore, mutex = require "cqueues.semaphore", require "cqueues.mutex"
local equal, values, fails = t.equal, t.values, t.fails

t.plain("permits_are_counted", function()
	local s = semaphore.new(2)
	equal(semaphore.type(s), "semaphore")
	equal(semaphore.type {}, nil)
	equal(s:acquire(), true)
	equal(s:acquire(0), true)
	fails(errno.ETIMEDOUT, s:acquire(0.001))
	equal(s:count(), 0)
	s:release()
	s:release(2)
	s:release(0)
	equal(s:count(), 3)
	equal(semaphore.new():count(), 1)
end)

t.plain("counts_are_whole_numbers", function()
	for _, count in ipairs { -1, 0.5, "many", {}, 0 / 0, math.huge } do
		equal((pcall(semaphore.new, count)), false)
		local s = semaphore.new(0)
		equal((pcall(s.release, s, count)), false)
		equal(s:count(), 0)
	end
end)

t.plain("permits_go_to_those_who_have_waited_longest", function()
	local s, order = semaphore.new(0), {}
	local controller = cqueues.new()
	for i = 1, 5 do
		controller:wrap(function()
			equal(s:acquire(), true)
			order[#order + 1] = i
		end)
		t.check(controller:step(0))
	end
	s:release(2)
	equal(s:count(), 0, "both are handed on")
	fails(errno.ETIMEDOUT, s:acquire(0))
	t.check(controller:step(0))
	table.sort(order)
	equal(table.concat(order, " "), "1 2")
	s:release()
	t.check(controller:step(0))
	equal(order[3], 3)
	s:release(3)
	t.check(controller:step(0))
	equal(controller:empty(), true)
	equal(s:count(), 1)
end)

t.test("no_more_tasks_are_inside_than_there_are_permits", function()
	local s, inside, most, passed = semaphore.new(30), 0, 0, 0
	local controller = cqueues.new()
	for _ = 1, 1000 do
		controller:wrap(function()
			for _ = 1, 3 do
				s:with(function()
					inside = inside + 1
					most = math.max(most, inside)
					cqueues.sleep(0)
					inside, passed = inside - 1, passed + 1
				end)
			end
		end)
	end
	t.check(controller:loop(t.deadline))
	equal(controller:empty(), true)
	equal(most, 30)
	equal(passed, 3000)
	equal(s:count(), 30)
end)

t.test("with_hands_back_values_and_errors", function()
	local s, m = semaphore.new(1), mutex.new()
	for _, guard in ipairs { s, m } do
		values({ 3, nil, "a", n = 3 }, guard:with(function(...)
			cqueues.sleep(0.001)
			return select("#", ...), ...
		end, nil, "a", nil) and 3, nil, "a")
		values({ 2, nil, n = 2 }, guard:with(function(...) return select("#", ...), (...) end, nil, nil))
		local reason = {}
		local ok, why = t.protect(guard.with, guard, function()
			cqueues.sleep(0.001)
			error(reason)
		end)
		equal(ok, false)
		equal(why, reason)
		equal(guard:with(tonumber, "7"), 7, "a function in C")
	end
	equal(s:count(), 1)
	equal(m:lock(0), true)
	m:unlock()
end)

t.plain("with_works_outside_a_controller", function()
	equal(mutex.new():with(function() return 5 end), 5)
	equal(semaphore.new():with(function() return 5 end), 5)
end)

t.plain("a_mutex_is_held_by_one_at_a_time", function()
	local m = mutex.new()
	equal(mutex.type(m), "mutex")
	equal(mutex.type(semaphore.new()), nil)
	t.throws("does not hold", m.unlock, m)
	equal(m:lock(), true)
	t.throws("holds the mutex already", m.lock, m)
	local co = coroutine.wrap(function()
		fails(errno.ETIMEDOUT, m:lock(0))
		t.throws("does not hold", m.unlock, m)
		return true
	end)
	equal(co(), true)
	m:unlock()
	t.throws("does not hold", m.unlock, m)
end)

t.test("a_task_holds_a_mutex_over_its_waits", function()
	local m, inside, count = mutex.new(), 0, 0
	local tasks = {}
	for i = 1, 50 do
		tasks[i] = function()
			m:lock()
			equal((pcall(m.lock, m)), false)
			inside = inside + 1
			equal(inside, 1)
			cqueues.sleep(0)
			inside, count = inside - 1, count + 1
			m:unlock()
			equal((pcall(m.unlock, m)), false)
		end
	end
	t.together(t.unpack(tasks))
	equal(count, 50)
end)

t.test("in_with_the_task_is_the_one_that_called_it", function()
	local m, other = mutex.new(), mutex.new()
	m:with(function()
		cqueues.sleep(0.001)
		equal((pcall(m.lock, m)), false)
		other:with(function()
			cqueues.sleep(0)
			m:unlock()
		end)
		other:lock()
		m:lock()
	end)
	m:lock()
	m:unlock()
	other:unlock()
end)

t.plain("a_mutex_is_handed_on_in_the_order_of_arrival", function()
	local m, order = mutex.new(), {}
	local controller = cqueues.new()
	m:lock()
	for i = 1, 4 do
		controller:wrap(function()
			local locked = m:lock(i == 3 and 0.001 or nil)
			order[#order + 1] = i
			if locked then
				m:unlock()
			end
		end)
		t.check(controller:step(0))
	end
	t.check(controller:step(1))
	equal(table.concat(order, " "), "3")
	m:unlock()
	fails(errno.ETIMEDOUT, m:lock(0))
	t.check(controller:loop(5))
	equal(table.concat(order, " "), "3 1 2 4")
	equal(m:lock(0), true)
	m:unlock()
end)

t.test("a_mutex_given_up_by_a_task_that_is_gone_goes_to_the_next", function()
	local m, s = mutex.new(), semaphore.new(0)
	m:lock()
	local controller = cqueues.new()
	controller:wrap(function() m:lock() end)
	controller:wrap(function() s:acquire() end)
	t.check(controller:step(0))
	controller:close()
	m:unlock()
	s:release()
	equal(m:lock(0), true)
	equal(s:acquire(0), true)
	m:unlock()
end)

t.finish()

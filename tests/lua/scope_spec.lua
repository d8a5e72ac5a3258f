-- SPDX-License-Identifier: MIT
-- Scopes: tasks that end together, deadlines, cancellations.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local cqueues, errno, condition = t.cqueues, require "cqueues.errno", require "cqueues.condition"
local socket, promise = require "cqueues.socket", require "cqueues.promise"
local protected = require "cqueues.protected".call
local equal, values, check = t.equal, t.values, t.check
local ECANCELED, ETIMEDOUT = errno.ECANCELED, errno.ETIMEDOUT

local function forever()
	cqueues.sleep(1000)
end

-- What f throws.
local function thrown(f, ...)
	local ok, err = protected(f, ...)
	equal(ok, false, "it has thrown")
	return err
end

t.test("a_scope_waits_for_its_tasks_and_returns_what_its_function_returns", function()
	local ended = 0
	values({ 1, nil, 3, n = 3 }, cqueues.scope(function(scope, a, b)
		equal(a, "a")
		equal(b, nil)
		for _ = 1, 3 do
			scope:wrap(function()
				cqueues.sleep(0.01)
				ended = ended + 1
			end)
		end
		equal(scope:count(), 3)
		return 1, nil, 3
	end, "a"))
	equal(ended, 3)
end)

t.test("a_scope_without_tasks_returns_at_once", function()
	values({ n = 0 }, cqueues.scope(function() end))
end)

t.test("arguments_go_to_tasks_and_results_come_from_join", function()
	cqueues.scope(function(scope)
		local task = scope:wrap(function(...)
			cqueues.sleep(0)
			return select("#", ...), ...
		end, nil, 2, nil)
		equal(task:status(), "running")
		values({ 3, nil, 2, nil, n = 4 }, task:join())
		equal(task:status(), "done")
		values({ 3, nil, 2, nil, n = 4 }, task:join(0)) -- again
		equal(task:cancel(), false)
	end)
end)

t.test("a_join_has_a_limit_of_its_own", function()
	cqueues.scope(function(scope)
		local task = scope:wrap(forever)
		t.fails(ETIMEDOUT, task:join(0.01))
		t.fails(ETIMEDOUT, task:join(0))
		equal(task:cancel("enough"), true)
		equal(task:status(), "cancelling")
		values({ nil, ECANCELED, "enough", n = 3 }, task:join())
		equal(task:status(), "cancelled")
	end)
end)

t.test("the_first_error_ends_the_others_and_is_thrown_with_its_traceback", function()
	local other
	local err = thrown(cqueues.scope, function(scope)
		other = scope:wrap(forever)
		scope:wrap(function()
			cqueues.sleep(0.01)
			error "boom"
		end):name "bad"
		forever()
	end)
	check(err:find("scope_spec.lua:%d+: boom\n"), err)
	check(err:find("stack traceback:.*of task bad"), err)
	equal(other:status(), "cancelled")
end)

t.test("errors_that_are_no_texts_are_thrown_as_they_are", function()
	local reason = {}
	equal(thrown(cqueues.scope, function(scope)
		scope:wrap(error, reason)
		forever()
	end), reason)
	equal(thrown(cqueues.scope, function(scope)
		scope:wrap(forever)
		error(reason)
	end), reason, "its own")
	equal(thrown(cqueues.scope, function()
		error()
	end), t.no_error, "nil")
end)

t.test("of_two_errors_the_first_is_thrown", function()
	local order = {}
	local err = thrown(cqueues.scope, function(scope)
		for i = 1, 2 do
			scope:wrap(function()
				order[#order + 1] = "task " .. i
				error("task " .. i, 0)
			end)
		end
		forever()
	end)
	check(err:find(order[1], 1, true) == 1, err)
end)

t.test("a_supervisor_lets_the_others_go_on", function()
	local ended
	local err = thrown(cqueues.scope, function(scope)
		equal(scope:supervise(), scope)
		scope:wrap(error, "boom", 0)
		scope:wrap(function()
			cqueues.sleep(0.02)
			ended = true
		end)
	end)
	check(err:find "^boom", err)
	equal(ended, true)
end)

t.test("whoever_joins_a_failed_task_gets_its_error", function()
	local reason = {}
	equal(thrown(cqueues.scope, function(scope)
		scope:supervise()
		local task = scope:wrap(error, reason)
		equal(thrown(task.join, task), reason)
		equal(task:status(), "failed")
	end), reason)
end)

-- -- Ending

t.test("cancelling_ends_the_scope_s_function_and_tells_why", function()
	local task
	values({ nil, ECANCELED, "the server stops", n = 3 }, cqueues.scope(function(scope)
		task = scope:wrap(forever)
		equal(scope:status(), nil)
		scope:cancel "the server stops"
		values({ ECANCELED, "the server stops", n = 2 }, scope:status())
		forever()
		error "not reached"
	end))
	equal(task:status(), "cancelled")
end)

t.test("a_function_that_returns_after_cancelling_its_tasks_returns_its_values", function()
	values({ "result", n = 1 }, cqueues.scope(function(scope)
		scope:wrap(forever)
		scope:cancel()
		return "result"
	end))
end)

t.test("what_waits_throws_a_cancellation_each_time", function()
	local seen = {}
	cqueues.scope(function(scope)
		local p, cv = promise.new(), condition.new()
		scope:cancel "why"
		for name, wait in pairs {
			sleep = function() cqueues.sleep(10) end,
			poll = function() cqueues.poll(10) end,
			nothing = function() cqueues.poll() end,
			condition = function() cv:wait() end,
			promise = function() p:get() end,
			step = function() cqueues.new():wrap(forever):step() end,
		} do
			local err = thrown(wait)
			equal(cqueues.type(err), "cancellation", name)
			equal(tostring(err), "why", name)
			equal("so: " .. err, "so: why", name)
			equal(err.code, ECANCELED, name)
			equal(err.reason, "why", name)
			seen[#seen + 1] = name
		end
	end)
	check(#seen >= 6, "all were tried")
end)

t.test("a_join_is_ended_with_the_task_that_joins", function()
	cqueues.scope(function(outer)
		local other = outer:wrap(forever)
		cqueues.scope(function(scope)
			scope:cancel "why"
			equal(tostring(thrown(other.join, other)), "why")
		end)
		equal(other:status(), "running")
		outer:cancel()
	end)
end)

t.test("methods_with_error_numbers_return_them", function()
	local signal, notify = require "cqueues.signal", require "cqueues.notify"
	local thread = require "cqueues.thread"
	local a, b = socket.pair()
	local server = socket.listen("127.0.0.1", 0)
	server:listen()
	signal.block(signal.SIGUSR2)
	local listener = signal.listen(signal.SIGUSR2)
	local notifier = notify.opendir "/"
	local worker, pipe = thread.start(function(con) con:read "*l" end)
	local resolver = d.resolver(d.serve(function() end))
	local calls = {
		read = function() return a:read "*l" end,
		xread = function() return a:xread "*a" end,
		fill = function() return a:fill(10) end,
		unpack = function() return a:unpack(8) end,
		recvfd = function()
			local _, _, code = a:recvfd()
			return nil, code
		end,
		accept = function() return server:accept() end,
		signal = function() return listener:wait() end,
		notify = function() return notifier:get() end,
		thread = function() return worker:join() end,
		query = function() return resolver:query("silent.test", "A") end,
	}
	for name, wait in pairs(calls) do
		for _, moment in ipairs { "before", "parked" } do
			local value, code
			cqueues.scope(function(scope)
				local task = scope:wrap(function()
					value, code = wait()
				end)
				if moment == "parked" then
					cqueues.sleep(0.01)
				end
				task:cancel()
			end)
			equal(value or nil, nil, name .. " " .. moment)
			equal(code, ECANCELED, name .. " " .. moment)
		end
	end
	values({ nil, n = 1 }, a:error "r") -- it sticks to no direction
	b:write "line\n"
	b:flush()
	equal(a:read "*l", "line")
	pipe:write "\n"
	pipe:flush()
	equal((worker:join(5)), true)
end)

t.test("lines_end_and_error_handlers_are_asked", function()
	local a = socket.pair()
	local asked
	a:onerror(function(_, method, code)
		asked = method .. " " .. code
		return code
	end)
	cqueues.timeout(0.01, function()
		equal(a:lines()(), nil)
	end)
	equal(asked, "lines " .. ETIMEDOUT)
end)

t.test("nothing_is_lost_when_a_read_is_ended", function()
	local a, b = socket.pair()
	b:write "half a li"
	b:flush()
	t.fails(ETIMEDOUT, cqueues.timeout(0.01, function()
		return a:read "*l"
	end))
	b:write "ne\n"
	b:flush()
	equal(a:read "*l", "half a line")
end)

t.test("queues_semaphores_and_mutexes_lose_nothing", function()
	local queue = require "cqueues.queue".new()
	local semaphore = require "cqueues.semaphore".new(0)
	local mutex = require "cqueues.mutex".new()
	mutex:lock()
	cqueues.scope(function(scope)
		local tasks = {
			scope:wrap(queue.get, queue),
			scope:wrap(semaphore.acquire, semaphore),
			scope:wrap(mutex.lock, mutex),
		}
		cqueues.sleep(0.01)
		for _, task in ipairs(tasks) do
			task:cancel()
		end
		queue:put "item"
		semaphore:release()
		mutex:unlock()
	end)
	equal(queue:get(0), "item")
	equal(semaphore:count(), 1)
	equal(mutex:lock(0), true)
end)

t.test("a_signal_goes_to_another_when_a_waiter_is_cancelled", function()
	local cv, got = condition.new(), {}
	cqueues.scope(function(scope)
		local first = scope:wrap(function()
			cv:wait()
			got[#got + 1] = "first"
		end)
		cqueues.sleep(0)
		scope:wrap(function()
			cv:wait()
			got[#got + 1] = "second"
		end)
		cqueues.sleep(0.01)
		cqueues.sleep(0) -- who sleeps may wake before a task that is new, where everything is slow
		first:cancel()
		equal(cv:signal(1), 1)
	end)
	values({ "second", n = 1 }, t.unpack(got))
end)

-- -- Time

t.test("a_timeout_returns_nil_and_etimedout", function()
	local begun = cqueues.monotime()
	t.fails(ETIMEDOUT, cqueues.timeout(0.02, forever))
	check(cqueues.monotime() - begun >= 0.02)
	values({ 1, 2, n = 2 }, cqueues.timeout(10, function(...) return ... end, 1, 2))
	t.fails(ETIMEDOUT, cqueues.timeout(0, forever))
	t.fails(ETIMEDOUT, cqueues.timeout(-5, forever))
	check(thrown(cqueues.timeout, 10, error, "boom", 0) == "boom")
end)

t.test("a_wait_after_an_ended_scope_can_be_ended_again", function()
	cqueues.scope(function(scope)
		scope:wrap(forever)
		cqueues.sleep(0)
		scope:cancel()
	end)
	local begun = cqueues.monotime()
	t.fails(ETIMEDOUT, cqueues.timeout(0.02, cqueues.sleep, 5))
	check(cqueues.monotime() - begun < 4)
end)

t.test("the_outer_of_two_timeouts_ends_both", function()
	local inner
	t.fails(ETIMEDOUT, cqueues.timeout(0.02, function()
		inner = { protected(cqueues.timeout, 10, forever) }
		forever()
	end))
	equal(inner[1], false, "the inner one has thrown")
	equal(cqueues.type(inner[2]), "cancellation")
	t.fails(ETIMEDOUT, cqueues.timeout(10, function()
		return cqueues.timeout(0.02, forever)
	end))
end)

t.test("a_deadline_can_be_moved_and_taken_away", function()
	values({ "done", n = 1 }, cqueues.scope(function(scope)
		scope:deadline(0.01)
		scope:deadline(nil)
		cqueues.sleep(0.03)
		return "done"
	end))
end)

t.test("a_shield_gives_time_for_cleaning_up", function()
	local cleaned, late
	t.fails(ETIMEDOUT, cqueues.timeout(0.01, function()
		protected(forever)
		cleaned = cqueues.shield(10, function()
			cqueues.sleep(0.02)
			return "cleaned"
		end)
		late = thrown(cqueues.shield, 0.01, forever)
		forever()
	end))
	equal(cleaned, "cleaned")
	equal(cqueues.type(late), "cancellation")
end)

-- -- Bad input

t.test("a_task_may_cancel_itself_and_its_scope", function()
	cqueues.scope(function(scope)
		local task
		task = scope:wrap(function()
			task:cancel "me"
			forever()
		end)
		values({ nil, ECANCELED, "me", n = 3 }, task:join())
		scope:wrap(function()
			scope:cancel "all"
			scope:cancel "again"
		end)
		equal(tostring(thrown(forever)), "all")
	end)
end)

t.test("nothing_starts_in_a_scope_that_has_ended", function()
	cqueues.scope(function(scope)
		scope:cancel()
		check(not pcall(scope.wrap, scope, forever))
	end)
	local kept
	cqueues.scope(function(scope) kept = scope end)
	check(not pcall(kept.wrap, kept, forever))
	check(not pcall(kept.cancel, kept))
	equal(kept:count(), 0)
end)

t.plain("without_a_task_there_is_no_scope", function()
	check(not pcall(cqueues.scope, function() end))
	check(not pcall(cqueues.timeout, 1, function() end))
end)

t.plain("a_task_that_ignores_its_end_does_not_stop_the_others", function()
	local cq, turns = cqueues.new(), 0
	cq:wrap(function()
		cqueues.scope(function(scope)
			scope:wrap(function()
				while turns < 10 do
					protected(cqueues.sleep, 100)
					turns = turns + 1
				end
			end)
			cqueues.sleep(0)
			scope:cancel()
		end)
	end)
	equal(cq:loop(10), true)
	equal(turns, 10)
end)

t.plain("a_controller_that_is_closed_drops_its_scopes", function()
	local cq, ended = cqueues.new(), false
	cq:wrap(function()
		cqueues.scope(function(scope)
			scope:wrap(forever)
			forever()
		end)
		ended = true
	end)
	cq:step(0)
	cq:step(0)
	cq:close()
	collectgarbage()
	collectgarbage()
	equal(ended, false)
end)

t.test("a_failure_in_a_scope_is_none_of_the_controller_s", function()
	local cq = cqueues.new()
	local err
	cq:wrap(function()
		err = thrown(cqueues.scope, function(scope)
			scope:wrap(error, "boom", 0)
			forever()
		end)
	end)
	values({ true, n = 1 }, cq:loop(10))
	check(err:find "^boom", err)
end)

t.plain("a_controller_shuts_down_in_good_order", function()
	local cq, server = cqueues.new(), socket.listen("127.0.0.1", 0)
	server:listen()
	local seen = {}
	cq:wrap(function()
		seen.scope = t.pack(cqueues.scope(function(connections)
			connections:wrap(function()
				seen.idle = t.pack(cqueues.scope(function(scope)
					scope:idle()
					forever()
				end))
			end)
			connections:wrap(function()
				cqueues.sleep(0.02)
				seen.busy = "answered"
			end)
			connections:wrap(function()
				seen.stuck = t.pack(protected(forever))
			end)
			seen.accept = t.pack(server:accept())
			server:close()
			return "closed"
		end))
	end)
	cq:wrap(function()
		cqueues.sleep(0.01)
		equal(cq:closing(), false)
		equal(cq:shutdown(0.1), cq)
		equal(cq:closing(), true)
	end)
	values({ true, n = 1 }, cq:loop(10))
	values({ nil, ECANCELED, n = 2 }, t.unpack(seen.accept, 1, seen.accept.n))
	equal(seen.idle[2], ECANCELED)
	equal(seen.busy, "answered")
	equal(cqueues.type(seen.stuck[2]), "cancellation")
	equal(seen.stuck[2].code, ETIMEDOUT)
	equal(seen.scope[1], "closed")
end)

if _VERSION == "Lua 5.4" then
	t.test("variables_of_ended_tasks_are_closed", function()
		local closed = {}
		local body = assert(load [[
			local closed, name, wait, f = ...
			local x <close> = setmetatable({}, { __close = function() closed[#closed + 1] = name end })
			wait(100)
		]])
		cqueues.scope(function(scope)
			scope:wrap(body, closed, "cancelled", cqueues.sleep):cancel()
		end)
		thrown(cqueues.scope, function(scope)
			scope:wrap(body, closed, "failed", error)
			forever()
		end)
		cqueues.sleep(0)
		table.sort(closed)
		values({ "cancelled", "failed", n = 2 }, t.unpack(closed))
	end)
end

t.test("ten_thousand_tasks_end_together", function()
	local ended = 0
	cqueues.scope(function(scope)
		for _ = 1, 10000 do
			scope:wrap(function()
				protected(forever)
				ended = ended + 1
			end)
		end
		cqueues.sleep(0)
		cqueues.sleep(0)
		scope:cancel()
	end)
	equal(ended, 10000)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- Promises.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local promise, cqueues = require "cqueues.promise", t.cqueues
local equal, values = t.equal, t.values

t.plain("a_promise_made_by_hand_is_pending_until_it_is_set", function()
	local p = promise.new()
	equal(promise.type(p), "promise")
	equal(promise.type {}, nil)
	equal(p:status(), "pending")
	p:set(true, "value")
	equal(p:status(), "fulfilled")
	equal(p:get(), "value")
	equal(p(), "value", "called")
	equal(p:wait(), p)
end)

t.plain("a_promise_keeps_every_value_nils_too", function()
	local p = promise.new()
	p:set(true, nil, 1, nil)
	values({ nil, 1, nil, n = 3 }, p:get())
end)

t.plain("a_rejected_promise_throws_its_reason", function()
	local p, reason = promise.new(), {}
	p:set(false, reason)
	equal(p:status(), "rejected")
	local ok, why = pcall(p.get, p)
	equal(ok, false)
	equal(why, reason)
	equal(p:wait(), p, "wait does not throw")
end)

t.plain("a_promise_is_settled_once", function()
	local p = promise.new()
	p:set(true, 1)
	equal((pcall(p.set, p, true, 2)), false)
	equal(p:get(), 1)
end)

t.test("a_function_runs_as_a_task_with_its_arguments", function()
	local p = promise.new(function(...)
		cqueues.sleep(0.001)
		return select("#", ...), ...
	end, "a", nil)
	equal(p:status(), "pending")
	values({ 2, "a", nil, n = 3 }, p:get())
	equal(p:status(), "fulfilled")
end)

t.test("what_the_function_throws_rejects_the_promise", function()
	local p = promise.new(function()
		cqueues.sleep(0.001)
		error("reason", 0)
	end)
	t.throws("reason", p.get, p)
	equal(p:status(), "rejected")
end)

t.test("a_promise_that_nobody_asks_for_harms_nobody", function()
	promise.new(function() error "unheard" end)
	cqueues.sleep(0.01)
end)

t.test("get_and_wait_give_up_at_their_timeout", function()
	local p = promise.new()
	equal(p:wait(0.01), nil)
	values({ n = 0 }, p:get(0.01))
	equal(p:status(), "pending")
	p:set(true, 1)
	equal(p:get(0), 1)
end)

t.test("all_who_wait_are_woken", function()
	local p, got = promise.new(), 0
	local function take()
		local value = p:get()
		got = got + value
	end
	t.together(take, take, take, function()
		cqueues.sleep(0.001)
		p:set(true, 1)
	end)
	equal(got, 3)
end)

t.test("a_promise_may_be_polled_beside_other_things", function()
	local p = promise.new(function() cqueues.sleep(0.001) return 1 end)
	equal(cqueues.poll(p, 5), p)
	equal(cqueues.poll(p, 5), p, "settled: ready at once")
	equal(cqueues.poll(promise.new(), 0.01), 0.01)
end)

t.test("tostring_is_that_of_the_value", function()
	local p = promise.new()
	p:set(true, 12)
	equal(tostring(p), "12")
end)

t.plain("a_function_needs_a_controller", function()
	equal((pcall(promise.new, function() end)), false)
end)

t.plain("get_and_wait_outside_a_controller_block_until_their_timeout", function()
	-- the original throws here
	local p = promise.new()
	equal(p:wait(0.01), nil)
	values({ n = 0 }, p:get(0.01))
end)

t.finish()

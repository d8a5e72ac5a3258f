-- SPDX-License-Identifier: MIT
-- Polling: what may be polled and what comes back.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition = t.cqueues, t.condition
local equal, values = t.equal, t.values

t.test("a_number_is_a_timeout_and_comes_back_when_it_expires", function()
	values({ 0.01 }, cqueues.poll(0.01))
	values({ 0 }, cqueues.poll(0))
	values({ 0.01 }, cqueues.poll(5, 0.01))
	values({ 0.01 }, cqueues.poll(math.huge, 0.01))
end)

t.test("poll_of_nothing_comes_back_in_the_next_step", function()
	local order = {}
	t.together(function()
		order[#order + 1] = "first"
		values({ n = 0 }, cqueues.poll())
		order[#order + 1] = "second"
	end, function()
		order[#order + 1] = "first"
		cqueues.poll()
		order[#order + 1] = "second"
	end)
	equal(table.concat(order, " "), "first first second second")
end)

t.test("a_timeout_is_never_early", function()
	for _, seconds in ipairs { 0.0001, 0.001, 0.0101 } do
		local before = cqueues.monotime()
		cqueues.poll(seconds)
		local took = cqueues.monotime() - before
		t.check(took >= seconds, ("%g s took %g s"):format(seconds, took))
	end
end)

t.test("only_what_is_ready_comes_back", function()
	local a, b = t.pair()
	local _, d = t.pair()
	local one, two = t.readable(b), t.readable(d)
	a:write "x"
	values({ one }, cqueues.poll(two, one, 5))
	b:read(1)
	values({ 0.01 }, cqueues.poll(two, one, 0.01))
end)

t.test("all_that_is_ready_comes_back_in_the_order_given", function()
	local a, b = t.pair()
	local c, d = t.pair()
	local one, two = t.readable(b), t.readable(d)
	a:write "x"
	c:write "x"
	values({ one, two }, cqueues.poll(one, two, 5))
	values({ two, one }, cqueues.poll(two, one, 5))
end)

t.test("what_is_ready_comes_back_even_with_a_timeout_of_0", function()
	local a, b = t.pair()
	local reader = t.readable(b)
	a:write "x"
	t.together(function()
		for _ = 1, 20 do
			equal((cqueues.poll(reader, 0)), reader)
		end
	end)
end)

t.test("methods_and_plain_fields_serve_alike", function()
	local a, b = t.pair()
	a:write "x"
	local fd = b:pollfd()
	for _, object in ipairs {
		{ pollfd = fd, events = "r" },
		{ pollfd = function() return fd end, events = "r" },
		{ pollfd = fd, events = function() return "r" end },
		{ pollfd = fd, events = 1 },
		{ timeout = 0 },
		{ timeout = function() return 0 end },
		{ pollfd = fd, events = "w" },
		{ pollfd = fd, events = 4 },
		setmetatable({}, { __index = { timeout = 0 } }),
	} do
		values({ object }, cqueues.poll(object, 5))
	end
end)

t.test("an_object_without_events_is_never_ready", function()
	local a, b = t.pair()
	a:write "x"
	for _, events in ipairs { "", "xyz", 0 } do
		values({ 0.005 }, cqueues.poll({ pollfd = b:pollfd(), events = events }, 0.005))
	end
	values({ 0.005 }, cqueues.poll({ pollfd = b:pollfd() }, {}, 0.005))
end)

t.test("urgent_data_are_the_letter_p", function()
	local a, b = t.pair()
	a:write "x"
	values({ 0.005 }, cqueues.poll({ pollfd = b:pollfd(), events = "p" }, 0.005))
	local both = { pollfd = b:pollfd(), events = "rp" }
	values({ both }, cqueues.poll(both, 5))
end)

t.test("the_end_of_a_stream_makes_it_readable", function()
	local a, b = t.pair()
	a:close()
	local reader = t.readable(b)
	values({ reader }, cqueues.poll(reader, 5))
end)

t.test("two_objects_on_one_descriptor_are_both_told", function()
	local a, b = t.pair()
	local one, two = t.readable(b), t.readable(b)
	a:write "x"
	values({ one, two }, cqueues.poll(one, two, 5))
end)

t.test("two_tasks_on_one_descriptor_are_both_woken", function()
	local a, b = t.pair()
	local woken = 0
	local function wait()
		cqueues.poll(t.readable(b))
		woken = woken + 1
	end
	t.together(wait, wait, function() cqueues.sleep(0.001) a:write "x" end)
	equal(woken, 2)
end)

t.test("a_reader_and_a_writer_on_one_descriptor_are_woken_separately", function()
	local a, b = t.pair()
	local order = {}
	t.together(function()
		cqueues.poll(t.readable(b))
		order[#order + 1] = "reader"
	end, function()
		cqueues.poll { pollfd = b:pollfd(), events = "w" }
		order[#order + 1] = "writer"
		a:write "x"
	end)
	equal(table.concat(order, " "), "writer reader")
end)

t.test("a_descriptor_number_that_was_closed_and_given_out_again_is_polled_afresh", function()
	for _ = 1, 20 do
		local a, b = t.pair()
		local reader = t.readable(b)
		values({ 0 }, cqueues.poll(reader, 0))
		a:write "x"
		values({ reader }, cqueues.poll(reader, 5))
		a:close()
		b:close()
	end
end)

t.plain("more_than_32_descriptors_ready_at_once_are_served_in_one_step", function()
	-- the original takes 32 events a step
	local cq, woken, pairs_ = cqueues.new(), 0, {}
	for i = 1, 100 do
		pairs_[i] = { t.pair() }
		cq:wrap(function()
			cqueues.poll(t.readable(pairs_[i][2]))
			woken = woken + 1
		end)
	end
	t.check(cq:step(0))
	for i = 1, 100 do
		pairs_[i][1]:write "x"
	end
	t.check(cq:step(0))
	equal(woken, 100)
	equal(cq:count(), 0)
end)

t.plain("one_descriptor_always_ready_starves_no_other", function()
	local cq, fast, slow = cqueues.new(), 0, 0
	local a, b = t.pair()
	local c, d = t.pair()
	a:write "x"
	c:write "x"
	cq:wrap(function() while slow < 10 do cqueues.poll(t.readable(b)) fast = fast + 1 end end)
	cq:wrap(function() while slow < 10 do cqueues.poll(t.readable(d)) slow = slow + 1 end end)
	cq:wrap(function() while slow < 10 do cqueues.poll() end end)
	t.check(cq:loop(5))
	equal(slow, 10)
	t.check(math.abs(fast - slow) <= 2, "turns of the other: " .. fast)
end)

t.plain("outside_a_controller_poll_blocks", function()
	local a, b = t.pair()
	local reader = t.readable(b)
	values({ 0.01 }, cqueues.poll(reader, 0.01))
	a:write "x"
	values({ reader }, cqueues.poll(reader))
	values({ n = 0 }, cqueues.sleep(0.001))
	local writer = { pollfd = b:pollfd(), events = "w" }
	values({ writer }, cqueues.poll(writer))
end)

t.plain("a_coroutine_outside_a_controller_blocks_too", function()
	local a, b = t.pair()
	a:write "x"
	local reader = t.readable(b)
	values({ reader }, coroutine.wrap(function() return cqueues.poll(reader, 5) end)())
end)

t.test("in_a_coroutine_resumed_plainly_a_poll_is_a_yield_that_begins_with_the_marker", function()
	local co = coroutine.create(function() return cqueues.poll(5, "x") end)
	values({ true, cqueues._POLL, 5, "x" }, coroutine.resume(co))
	values({ true, "answer" }, coroutine.resume(co, "answer"))
end)

t.test("a_condition_and_a_timeout_and_a_descriptor_go_together", function()
	local c = condition.new()
	local _, b = t.pair()
	t.together(function()
		values({ c }, cqueues.poll(t.readable(b), c, 5))
	end, function()
		cqueues.sleep(0.001)
		c:signal()
	end)
end)

-- It was the first one.
t.plain("of_several_bad_descriptors_the_last_one_is_told", function()
	local controller, bad, worse = cqueues.new(), { pollfd = 1e6, events = "r" }, { pollfd = 1e6 + 1, events = "r" }
	controller:wrap(function() cqueues.poll(bad, worse, 1) end)
	t.equal(select(5, controller:step(0)), worse)
end)

t.finish()

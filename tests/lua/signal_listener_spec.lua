-- SPDX-License-Identifier: MIT
-- Signal listeners: waiting, polling, and who gets a signal.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local signal = require "cqueues.signal"
local cqueues = t.cqueues
local equal, values, check = t.equal, t.values, t.check
local USR1, USR2 = signal.SIGUSR1, signal.SIGUSR2

signal.block(USR1, USR2, signal.SIGHUP)

-- The seconds that f took.
local function lasts(f, ...)
	local started = cqueues.monotime()
	f(...)
	return cqueues.monotime() - started
end

local function wait_spec(test, where)
	test("wait_returns_a_signal_that_is_pending_" .. where, function()
		local l = signal.listen(USR1)
		for _, seconds in ipairs { 5, 0, -1, "1" } do
			signal.raise(USR1)
			values({ USR1 }, l:wait(seconds))
		end
		signal.raise(USR1)
		values({ USR1 }, l:wait())
		signal.raise(USR1)
		values({ USR1 }, l:wait(math.huge))
		values({ n = 1 }, l:wait(0))
	end)

	test("wait_ends_in_time_" .. where, function()
		local l = signal.listen(USR1)
		check(lasts(l.wait, l, 0.05) >= 0.05)
		values({ n = 1 }, l:wait(0.01))
		values({ n = 1 }, l:wait(-1))
	end)

	test("an_interval_does_not_start_the_time_anew_" .. where, function()
		local l = signal.listen(USR1)
		l:settimeout(0.01)
		local took = lasts(l.wait, l, 0.1)
		check(took >= 0.1 and took < 1)
	end)

	test("of_several_the_lowest_comes_first_and_each_once_" .. where, function()
		local l = signal.listen(USR1, USR2, signal.SIGHUP)
		signal.raise(USR2, USR1, USR2, signal.SIGHUP)
		local got = { l:wait(1), l:wait(1), l:wait(1) }
		table.sort(got)
		values({ signal.SIGHUP, USR1, USR2 }, t.unpack(got))
		values({ n = 1 }, l:wait(0))
	end)

	test("wait_names_a_wrong_argument_" .. where, function()
		local l = signal.listen(USR1)
		t.throws("bad argument #1 to 'wait' (number expected, got string)", function() local r = l:wait "x" return r end)
		t.throws("number expected, got table", l.wait, l, {})
		t.throws("CQS Signal expected, got number", l.wait, 5)
		t.throws("CQS Signal expected, got nil", l.wait)
	end)
end
wait_spec(t.plain, "outside_a_controller")
wait_spec(t.test, "in_a_task")

t.test("others_run_while_a_task_waits", function()
	local l, turns = signal.listen(USR1), 0
	t.together(function()
		equal(l:wait(10), USR1)
		equal(turns, 3)
	end, function()
		for _ = 1, 3 do
			cqueues.sleep(0.001)
			turns = turns + 1
		end
		signal.raise(USR1)
	end)
end)

t.test("a_wake_up_for_nothing_does_not_start_the_time_anew", function()
	local l = signal.listen(USR1)
	t.together(function()
		local took = lasts(function() equal(l:wait(0.1), nil) end)
		check(took >= 0.1 and took < 1, took)
	end, function()
		for _ = 1, 15 do
			cqueues.sleep(0.01)
			cqueues.cancel(l)
		end
	end)
end)

t.test("of_two_tasks_one_gets_it", function()
	local l, got = signal.listen(USR1), {}
	local function wait()
		local number = l:wait(0.2)
		got[#got + 1] = number
	end
	t.together(wait, wait, function()
		cqueues.sleep(0.01)
		signal.raise(USR1)
	end)
	values({ USR1 }, t.unpack(got))
end)

t.test("poll_returns_the_listener_until_the_signal_is_taken", function()
	local l = signal.listen(USR1)
	values({ 0.01 }, cqueues.poll(l, 0.01))
	signal.raise(USR1)
	values({ l }, cqueues.poll(l, 5))
	values({ l }, cqueues.poll(l, 5))
	equal(l:wait(0), USR1)
	values({ 0.01 }, cqueues.poll(l, 0.01))
end)

t.plain("poll_returns_it_outside_a_controller_too", function()
	local l = signal.listen(USR1)
	signal.raise(USR1)
	values({ l }, cqueues.poll(l, 5))
	equal(l:wait(), USR1)
end)

t.test("poll_asks_methods_that_were_replaced", function()
	local l, asked = signal.listen(USR1), 0
	local timeout
	timeout = signal.interpose("timeout", function(self)
		asked = asked + 1
		return timeout(self)
	end)
	cqueues.poll(l, 0)
	signal.interpose("timeout", timeout)
	equal(asked, 1)
end)

t.test("a_listener_can_be_lost_while_it_is_polled", function()
	local controller = cqueues.new()
	controller:wrap(function()
		signal.listen(USR1):wait()
	end)
	check(controller:step(0))
	collectgarbage()
	collectgarbage()
	check(controller:step(0))
	controller:close()
	collectgarbage()
	collectgarbage()
	local l = signal.listen(USR1)
	signal.raise(USR1)
	equal(l:wait(5), USR1)
end)

t.plain("listen_passes_over_what_cannot_be_listened_for", function()
	for _, number in ipairs { 0, -1, 99999, signal.SIGKILL, signal.SIGSTOP } do
		equal(signal.type(signal.listen(USR1, number)), "signal listener")
	end
	t.throws("number expected, got nil", signal.listen, nil)
	equal(signal.type(signal.listen()), "signal listener")
end)

t.plain("real_time_signals_come_one_by_one", function()
	if signal.FEATURES % 2 ~= signal.SIGNALFD then
		t.skip "numbers of Linux"
	end
	local FIRST, LAST = 34, 40
	signal.block(FIRST, LAST)
	local l = signal.listen(FIRST, LAST)
	signal.raise(LAST, FIRST, FIRST)
	values({ FIRST, FIRST, LAST }, l:wait(0), (l:wait(0)), (l:wait(0)))
	values({ n = 1 }, l:wait(0))
	signal.unblock(FIRST, LAST)
end)

t.plain("settimeout_returns_the_one_before", function()
	local l = signal.listen(USR1)
	local unset = l:timeout() -- nil, or where no descriptor tells of signals a second
	local none = l:settimeout(3)
	check(none ~= none, "no number")
	values({ 3, 7 }, l:settimeout(7), l:timeout())
	for _, none in ipairs { -1, 0, math.huge, 0 / 0 } do
		l:settimeout(none)
		equal(l:timeout(), unset)
	end
	l:settimeout(2)
	equal(l:settimeout(), 2)
	equal(l:timeout(), unset)
end)

t.plain("without_descriptors_listen_says_so", function()
	if signal.listen(USR1):pollfd() < 0 then
		t.skip "listeners take no descriptors here"
	end
	equal(t.child("ulimit -n 12", [[local s, l = require "cqueues.signal", {}
		local ok, why repeat ok, why = pcall(s.listen, s.SIGUSR1) l[#l + 1] = why until not ok
		io.write((why:gsub("^.*: s", "s")))]]), "signal.listen: Too many open files")
end)

t.plain("methods_stay_when_modules_are_loaded_again", function()
	local l = signal.listen(USR1)
	for _, name in ipairs { "cqueues.signal", "_cqueues.signal", "_cqueues", "cqueues" } do
		package.loaded[name] = nil
		local again = require "cqueues.signal"
		equal(again.listen(USR1):wait(0), nil)
		equal(l:wait(0.01), nil)
		equal(again.type(l), "signal listener")
	end
	equal(signal.interpose("twice", function(_, n) return 2 * n end), nil)
	equal(l:twice(2), 4)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- The clock that tests of programs move.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, errno, condition = t.cqueues, t.errno, t.condition
local socket = require "cqueues.socket"
local equal, values, check = t.equal, t.values, t.check

local HOUR = 3600

-- Runs a function while the clock stands still.
local function still(f)
	cqueues.clockrate(0)
	local ok, why = pcall(f)
	cqueues.clockrate(1)
	assert(ok, why)
end

t.plain("monotime_follows_the_clock", function()
	local begun = cqueues.monotime()
	values({ n = 0 }, cqueues.clockadvance(HOUR))
	check(cqueues.monotime() - begun >= HOUR)
	check(cqueues.monotime() - begun < HOUR + 60)
	still(function()
		local now = cqueues.monotime()
		equal(cqueues.monotime(), now)
		cqueues.clockadvance(0.5)
		check(math.abs(cqueues.monotime() - now - 0.5) < 1e-6)
	end)
end)

t.plain("a_task_that_sleeps_an_hour_goes_on_in_the_next_step", function()
	still(function()
		local cq, over = cqueues.new(), false
		cq:wrap(function()
			cqueues.sleep(HOUR)
			over = true
		end)
		assert(cq:step(0))
		cqueues.clockadvance(HOUR - 1)
		assert(cq:step(0))
		equal(over, false)
		check(cq:timeout() <= 1)
		cqueues.clockadvance(1)
		equal(cq:timeout(), 0)
		assert(cq:step(0))
		equal(over, true)
		equal(cq:empty(), true)
	end)
end)

t.plain("timeouts_of_sockets_conditions_and_scopes_end", function()
	still(function()
		local cq, ended = cqueues.new(), {}
		local a, b = assert(socket.pair())
		a:settimeout(HOUR)
		cq:wrap(function()
			local _, code = a:read "*l"
			ended.socket = code
		end)
		cq:wrap(function()
			ended.condition = condition.new():wait(HOUR)
		end)
		cq:wrap(function()
			local _, code = cqueues.timeout(HOUR, cqueues.sleep, 2 * HOUR)
			ended.scope = code
		end)
		assert(cq:step(0))
		equal(next(ended), nil)
		cqueues.clockadvance(HOUR)
		assert(cq:step(0))
		assert(cq:step(0))
		equal(ended.socket, errno.ETIMEDOUT)
		equal(ended.condition, false)
		equal(ended.scope, errno.ETIMEDOUT)
		assert(cq:loop())
		b:close()
		a:close()
	end)
end)

-- The time of a socket is a sum of numbers, which is rounded: it lay behind what the clock showed, and was never reached.
t.plain("what_is_due_by_a_sum_of_seconds_is_due", function()
	still(function()
		for number = 1, 300 do
			local cq = cqueues.new()
			local a, b = assert(socket.pair())
			local seconds = number % 3 == 0 and 0.1 or number * 1.7
			a:settimeout(seconds)
			cq:wrap(function()
				local _, code = a:read "*l"
				equal(code, errno.ETIMEDOUT)
			end)
			assert(cq:step(0))
			cqueues.clockadvance(seconds)
			assert(cq:step(0))
			equal(cq:count(), 0)
			a:close()
			b:close()
		end
	end)
end)

t.plain("a_loop_with_a_limit_is_over_when_the_clock_says_so", function()
	cqueues.clockrate(36000)
	local cq = cqueues.new()
	cq:wrap(function() cqueues.sleep(10 * HOUR) end)
	local begun = cqueues.monotime()
	assert(cq:loop(HOUR / 2))
	cqueues.clockrate(1)
	check(cqueues.monotime() - begun >= HOUR / 2)
	equal(cq:count(), 1)
	cq:close()
end)

t.plain("what_is_no_time_is_refused", function()
	for _, bad in ipairs { -1, 0 / 0, math.huge, -math.huge, 1e300 } do
		t.throws("no length of time", cqueues.clockadvance, bad)
		t.throws("rate from 0 to 1e6 expected", cqueues.clockrate, bad)
	end
	t.throws("number expected", cqueues.clockadvance)
	t.throws("number expected", cqueues.clockrate, {})
	local now = cqueues.monotime()
	cqueues.clockadvance(0)
	check(cqueues.monotime() - now < 60)
end)

t.finish()

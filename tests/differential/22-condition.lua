-- SPDX-License-Identifier: MIT
-- Condition variables: order, number woken, what wait returns.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "a new condition"
local c = name(condition.new(), "condition")
show("pollfd", c:pollfd())
show("events", c:events())
show("timeout", c:timeout())
show("called", c())
show("called with arguments", c(1, 2))
show("signal", c:signal())
show("signal 1", c:signal(1))
show("signal 0", c:signal(0))
try("signal x", c.signal, c, "x")
try("signal of a number", c.signal, 5)
for _, value in ipairs { true, false, 1, "x" } do
	show("new " .. text_of(value), condition.type(condition.new(value)))
end

-- Tasks wait one after the other; then n are woken at a time, and say who they are.
local function order(lifo, ...)
	local c = condition.new(lifo)
	local cq = cqueues.new()
	local woken = {}
	for i = 1, 5 do
		cq:wrap(function()
			local ok = c:wait()
			woken[#woken + 1] = i .. (ok == true and "" or "?")
		end)
		assert(cq:step(0))
	end
	for _, n in ipairs { ... } do
		local answer = c:signal(n)
		woken = {}
		assert(cq:step(0))
		table.sort(woken)
		say("signal " .. n .. " woke " .. text_of(answer), table.concat(woken, " "))
	end
	local answer = c:signal()
	woken = {}
	assert(cq:step(0))
	table.sort(woken)
	say("signal woke " .. text_of(answer), table.concat(woken, " "))
	show("count", cq:count())
	show("signal", c:signal())
end

section "first in, first out"
order(false, 1, 1)
order(false, 2)
order(false, 3, 1)
order(nil, 1)
order(false, 10)
order(false, 0, 1)

section "last in, first out"
order(true, 1, 1)
order(true, 2)
order(true, 3, 1)
order(true, 10)

section "what wait returns"
c = name(condition.new(), "condition")
local a, b = pair()
local reader = name({ pollfd = b:pollfd(), events = "r" }, "reader")
run(function() show("signalled", c:wait()) end, function() cqueues.sleep(0.01) c:signal() end)
run(function() show("signalled, with a timeout", c:wait(5)) end, function() cqueues.sleep(0.01) c:signal() end)
run(function() show("timeout", c:wait(0.01)) end)
run(function() show("timeout 0", c:wait(0)) end)
run(function() show("two timeouts", c:wait(0.01, 5)) end)
run(function() show("object not ready", c:wait(reader, 0.01)) end)
run(function() show("signalled, object not ready", c:wait(reader, 5)) end, function() cqueues.sleep(0.01) c:signal() end)
a:write "x"
run(function() show("object ready", c:wait(reader, 5)) end)
run(function()
	show("object ready, then signalled", (function(ok, object) return type(ok), object end)(c:wait(reader)))
end)
local other = name(condition.new(), "other")
run(function() show("another condition", c:wait(other)) end, function() cqueues.sleep(0.01) other:signal() end)
run(function() show("both conditions", c:wait(other)) end,
	function() cqueues.sleep(0.01) c:signal() other:signal() end)
run(function() show("nil", c:wait(nil, 0.01)) end)

section "both ready in one step"
do
	local cq = cqueues.new()
	local a, b = pair()
	local reader = name({ pollfd = b:pollfd(), events = "r" }, "reader")
	cq:wrap(function() show("wait", c:wait(reader)) end)
	cq:step(0)
	a:write "x"
	c:signal()
	show("step", cq:step(0))
end

section "poll of a condition"
run(function() show("poll", cqueues.poll(c, other, 5)) end, function() cqueues.sleep(0.01) other:signal() end)

section "a signal is not kept"
c:signal()
run(function() show("wait", c:wait(0.01)) end)

section "a waiter that timed out is not counted"
do
	local cq = cqueues.new()
	cq:wrap(function() c:wait(0.01) end)
	cq:loop(5)
	show("signal", c:signal())
end

section "a signal before the first step of the waiter is lost"
do
	local cq = cqueues.new()
	cq:wrap(function() show("wait", c:wait(0.02)) end)
	show("signal", c:signal())
	cq:loop(5)
end

section "waiters in two controllers"
do
	local first, second = cqueues.new(), cqueues.new()
	first:wrap(function() show("first", c:wait()) end)
	second:wrap(function() show("second", c:wait()) end)
	first:step(0)
	second:step(0)
	show("signal", c:signal())
	show("first", first:step(0))
	show("second", second:step(0))
end

section "waiting twice"
do
	local cq = cqueues.new()
	cq:wrap(function() for i = 1, 3 do show("wait", i, c:wait()) end end)
	for _ = 1, 3 do
		cq:step(0)
		show("signal", c:signal())
	end
	show("step", cq:step(0))
	show("count", cq:count())
end

section "a dropped controller's waiters are no longer woken"
do
	local cq = cqueues.new()
	cq:wrap(function() c:wait() end)
	cq:step(0)
	cq:close()
	show("signal", c:signal())
end

-- SPDX-License-Identifier: MIT
-- In which order the tasks of one step run. No other script depends on it.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "order of tasks of one step"
local cq = cqueues.new()
for i = 1, 3 do
	cq:wrap(function()
		show("start", i)
		cqueues.poll()
		show("second", i)
	end)
end
show("count", cq:count())
show("step", cq:step(0))
show("count", cq:count())
show("timeout", cq:timeout())
show("step", cq:step(0))
show("count", cq:count())

section "order of tasks woken by one signal"
for _, lifo in ipairs { false, true } do
	local c = condition.new(lifo)
	cq = cqueues.new()
	for i = 1, 3 do
		cq:wrap(function()
			c:wait()
			show("woken", i)
		end)
		cq:step(0)
	end
	c:signal()
	show("step", cq:step(0))
end

section "order of tasks woken by descriptors of one step"
cq = cqueues.new()
local a, b = pair()
for i = 1, 3 do
	cq:wrap(function()
		cqueues.poll { pollfd = b:pollfd(), events = "r" }
		show("woken", i)
	end)
	cq:step(0)
end
a:write "x"
show("step", cq:step(0))

section "order of tasks woken by timers of one step"
cq = cqueues.new()
for i = 1, 3 do
	cq:wrap(function()
		cqueues.sleep(0.01 * i)
		show("woken", i)
	end)
end
cq:step(0)
cqueues.sleep(0.05)
show("step", cq:step(0))

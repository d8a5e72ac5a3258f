-- SPDX-License-Identifier: MIT
-- Controllers in controllers, alert, close, cancel, pause.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "a controller polled by another"
local outer, inner = name(cqueues.new(), "outer"), name(cqueues.new(), "inner")
local a, b = pair()
inner:wrap(function()
	show("inner reads", b:read "*l")
	cqueues.sleep(0.01)
	show "inner slept"
end)
outer:wrap(function()
	while not inner:empty() do
		local ready = cqueues.poll(inner)
		if ready ~= inner then
			show("ready", ready)
		end
		assert(inner:step(0))
	end
	show "inner empty"
end)
outer:wrap(function()
	cqueues.sleep(0.01)
	a:write "hello\n"
end)
show("loop", outer:loop(5))

section "a controller looped in a task of another"
outer, inner = cqueues.new(), cqueues.new()
local order = {}
inner:wrap(function()
	for i = 1, 3 do
		cqueues.sleep(0.02)
		order[#order + 1] = "inner"
	end
end)
outer:wrap(function()
	show("inner loop", inner:loop())
end)
local ticks = 0
outer:wrap(function()
	for i = 1, 6 do
		cqueues.sleep(0.005)
		ticks = ticks + 1
	end
end)
show("loop", outer:loop(5))
show("inner ran", #order)
show("outer ran meanwhile", ticks)

section "loop with a timeout, errors, step in a task"
outer, inner = cqueues.new(), cqueues.new()
inner:wrap(function() cqueues.sleep(0.05) error("bad", 0) end)
outer:wrap(function()
	show("loop", inner:loop(0.01))
	show("count", inner:count())
	show("loop", select(2, inner:loop()))
	inner:wrap(function() cqueues.sleep(0.01) error("worse", 0) end)
	for why in inner:errors() do
		show("error", why)
		break
	end
end)
if _VERSION ~= "Lua 5.1" then -- where iterators cannot yield
	show("loop", outer:loop(5))
end

section "alert"
cq = name(cqueues.new(), "controller")
local never = condition.new()
cq:wrap(function() never:wait() end)
cq:step(0)
show("timeout", cq:timeout())
local reader = name({ pollfd = cq:pollfd(), events = "r" }, "descriptor")
show("quiet", cqueues.poll(reader, 0))
show("alert", cq:alert())
show("ready", cqueues.poll(reader, 1))
show("step", cq:step())
show("quiet", cqueues.poll(reader, 0))
cq:alert()
cq:alert()
show("step after two alerts", cq:step())
show("quiet", cqueues.poll(reader, 0))
cq:wrap(function() show "task" end)
show("ready after wrap", cqueues.poll(reader, 1))
show("step", cq:step())
cq:attach(coroutine.create(function() show "task" end))
show("ready after attach", cqueues.poll(reader, 1))
show("step", cq:step())

section "alert of a controller without tasks"
for _, how in ipairs { "step", "loop", "errors" } do
	for _, seconds in ipairs { 0, false } do
		if seconds or how ~= "step" then
			cq = cqueues.new()
			reader = name({ pollfd = cq:pollfd(), events = "r" }, "descriptor")
			cq:alert()
			show("ready", cqueues.poll(reader, 1))
			if how == "errors" then
				show(how, cq:errors(seconds or nil)())
			else
				show(how, cq[how](cq, seconds or nil))
			end
			show("quiet", cqueues.poll(reader, 0))
		end
	end
end

section "alert wakes a parent"
outer, inner = cqueues.new(), name(cqueues.new(), "inner")
inner:wrap(function() never:wait() end)
inner:step(0)
outer:wrap(function() show("polled", cqueues.poll(inner, 5)) end)
outer:wrap(function() cqueues.sleep(0.01) inner:alert() end)
show("loop", outer:loop(5))

section "wrap from a task of the parent wakes it"
outer, inner = cqueues.new(), name(cqueues.new(), "inner")
inner:wrap(function() never:wait() end)
inner:step(0)
outer:wrap(function()
	show("polled", cqueues.poll(inner, 5))
	show("step", inner:step(0))
end)
outer:wrap(function() cqueues.sleep(0.01) inner:wrap(function() show "inner task" end) end)
show("loop", outer:loop(5))

section "close"
cq = cqueues.new()
cq:wrap(function() never:wait() end)
cq:step(0)
show("close", cq:close())
show("type", cqueues.type(cq))
show("again", cq:close())
for _, method in ipairs { "step", "loop", "count", "empty", "events", "timeout", "pollfd", "alert", "reset", "cancel" } do
	local ok, why = pcall(cq[method], cq, 0)
	show("closed " .. method, ok, (tostring(why):match "controller closed" or tostring(why):match "cqueue closed" or type(why)))
end
show("wrap", (pcall(cq.wrap, cq, function() end)))
show("attach", (pcall(cq.attach, cq, coroutine.create(function() end))))
cq = cqueues.new()
cq:wrap(function()
	local ok, why = pcall(cq.close, cq)
	show("close from within", ok, (tostring(why):match "cqueue running"))
	show("still a controller", cqueues.type(cq))
end)
show("step", cq:step())
show("close", cq:close())

section "close of a nested one wakes the parent's task"
outer, inner = cqueues.new(), name(cqueues.new(), "inner")
inner:wrap(function() never:wait() end)
inner:step(0)
outer:wrap(function() show("polled", cqueues.poll(inner, 5)) show("type", cqueues.type(inner)) end)
outer:wrap(function() cqueues.sleep(0.01) inner:close() end)
show("loop", outer:loop(5))

section "cancel"
cq = cqueues.new()
a, b = pair()
local fd = name({ pollfd = b:pollfd(), events = "r" }, "object")
cq:wrap(function() show("polled", cqueues.poll(fd)) end)
cq:step(0)
show("cancel", cq:cancel(b:pollfd()))
show("step", cq:step(0))
show("count", cq:count())
cq:wrap(function() show("polled", cqueues.poll(fd)) end)
cq:step(0)
show("cancel of all", cqueues.cancel(b:pollfd()))
show("step", cq:step(0))
cq:wrap(function() show("polled", cqueues.poll(fd)) end)
cq:step(0)
show("cancel by object", cq:cancel(fd))
show("step", cq:step(0))
cq:wrap(function() show("polled", cqueues.poll(fd)) end)
cq:step(0)
show("cancel of all by object", cqueues.cancel(fd))
show("step", cq:step(0))
show("not installed", cq:cancel(b:pollfd()))
show("-1", cq:cancel(-1))
show("several", cq:cancel(-1, b:pollfd(), a))
show("none", cq:cancel())
show("all: -1", cqueues.cancel(-1))
show("all: several", cqueues.cancel(-1, a, b))
show("all: none", cqueues.cancel())
show("count", cq:count())

section "cancel by the descriptor of a socket with a reader"
cq = cqueues.new()
a, b = pair()
b:settimeout(0.05)
cq:wrap(function() local value, code = b:read "*l" show("read", value, error_name(code)) end)
cq:step(0)
cq:cancel(b:pollfd())
show("loop", cq:loop(5))

section "pause"
cq = cqueues.new()
cq:wrap(function() cqueues.sleep(0.02) show "awake" end)
cq:step(0)
show("pause", cq:pause())
show("step", cq:step(0))
cq:wrap(function() end)
show("pause with a task ready", cq:pause())
show("step", cq:step(0))
show("pause with signals", (function() cq:wrap(function() end) return cq:pause(10, 12) end)())
try("pause of a word", cq.pause, cq, "x")

section "reset"
cq = cqueues.new()
show("reset", cq:reset())
cq:wrap(function() cqueues.sleep(0.01) show "awake" end)
show("loop", cq:loop(5))
show("reset of all", cqueues.reset())
cq:wrap(function() cqueues.sleep(0.01) show "awake" end)
show("loop", cq:loop(5))

section "interpose"
local previous
previous = cqueues.interpose("count", function(self) return "counted", previous(self) end)
show("previous", type(previous))
show("count", cqueues.new():count())
show("again", type(cqueues.interpose("count", previous)))
show("count", cqueues.new():count())
show("a new one", cqueues.interpose("shout", function() return "loud" end))
show("shout", cqueues.new():shout())
show("taken away", type(cqueues.interpose("shout", nil)))
show("shout", cqueues.new().shout)
show("socket", socket.interpose("shout", function() return "loud" end))
show("shout", a:shout())
show("condition", condition.interpose("shout", function() return "loud" end))
show("shout", condition.new():shout())
show("no name", (pcall(cqueues.interpose)))
try("a number", function() return type(cqueues.interpose("number", 5)), cqueues.new().number end)

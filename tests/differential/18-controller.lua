-- SPDX-License-Identifier: MIT
-- The controller's own methods: attach, wrap, step, loop, errors, empty, count.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "a new controller"
local cq = name(cqueues.new(), "controller")
show("empty", cq:empty())
show("count", cq:count())
show("events", cq:events())
show("timeout", cq:timeout())
show("pollfd", type(cq:pollfd()))
show("step", cq:step(0))
show("step", cq:step())
show("loop", cq:loop())
show("loop", cq:loop(0))
local iterator, x, y = cq:errors()
show("errors", type(iterator), x, y)
show("none", iterator())
show("create", cqueues.type(cqueues.create()))

section "wrap"
show("returns the controller", cq:wrap(function(...) show("arguments", ...) end, 1, nil, "x", nil))
show("not run yet, count", cq:count())
show("empty", cq:empty())
show("timeout", cq:timeout())
show("step", cq:step())
show("count", cq:count())
show("empty", cq:empty())
show("timeout", cq:timeout())

section "attach"
show("returns the controller", cq:attach(coroutine.create(function(...) show("arguments", ...) end)))
show("count", cq:count())
show("step", cq:step())
local dead = coroutine.create(function() end)
coroutine.resume(dead)
show("a dead coroutine", cq:attach(dead) == cq)
show("step", (cq:step()))
show("count", cq:count())
local started = coroutine.create(function(a) local b = coroutine.yield() show("resumed with", a, b) end)
coroutine.resume(started, "first")
cq:attach(started)
show("step", cq:step())
show("count", cq:count())

section "attach the coroutine that runs"
local elsewhere = cqueues.new()
local own = coroutine.create(function()
	show("returns the controller", elsewhere:attach(coroutine.running()) == elsewhere)
	show("yields to whoever resumed it", coroutine.yield "out")
	show("is its task", cqueues.running() == elsewhere)
	cqueues.sleep(0.001)
	show "has slept"
end)
show("resume", coroutine.resume(own))
show("count", elsewhere:count())
show("loop", elsewhere:loop(5))
cq = cqueues.new()
cq:wrap(function()
	elsewhere:attach(coroutine.running())
	cqueues.poll()
	show("goes on in", cqueues.running() == elsewhere and "the other" or "its own")
end)
show("step", cq:step(0))
show("other's step", elsewhere:step(0))
show("step", (cq:step(0)))
show("counts", cq:count(), elsewhere:count())

section "wrong arguments"
try("attach()", cq.attach, cq)
try("attach a function", cq.attach, cq, function() end)
try("attach nil", cq.attach, cq, nil)
try("attach number", cq.attach, cq, 1)
try("wrap()", cq.wrap, cq)
try("wrap nil", cq.wrap, cq, nil)
try("wrap a string", cq.wrap, cq, "x")
try("step x", cq.step, cq, "x")
show("count", cq:count())

section "step and its timeout"
cq = cqueues.new()
cq:wrap(function() cqueues.sleep(0.2) show "awake" end)
show("step 0", cq:step(0))
show("count", cq:count())
show("timeout", type(cq:timeout()), cq:timeout() <= 0.2)
show("empty", cq:empty())
show("step 0", cq:step(0))
show("step 0.001", cq:step(0.001))
show("step", cq:step())
show("count", cq:count())

section "loop and its timeout"
cq = cqueues.new()
cq:wrap(function() for i = 1, 3 do cqueues.sleep(0.01) show("awake", i) end end)
show("loop 0", cq:loop(0))
show("loop", cq:loop())
show("empty", cq:empty())
local condition_never = condition.new()
cq:wrap(function() condition_never:wait() end)
show("loop 0.02", cq:loop(0.02))
show("count", cq:count())
show("empty", cq:empty())

section "tasks started by tasks"
cq = cqueues.new()
cq:wrap(function()
	show "outer"
	local me = cqueues.running()
	show("same", me == cq)
	me:wrap(function() show "inner" end)
	show("count", me:count())
end)
show("step", cq:step(0))
show("count", cq:count())
show("loop", cq:loop())

section "an error"
cq = cqueues.new()
cq:wrap(function() error "bad" end)
local another
cq:wrap(function() another = true end)
local function results(...)
	local list = pack(...)
	for i = 1, list.n do
		if type(list[i]) == "thread" then
			list[i] = "coroutine " .. coroutine.status(list[i])
		end
	end
	return select("#", ...), unpack(list, 1, list.n)
end
show("step", results(cq:step()))
show("step", results(cq:step()))
show("another task ran", another)
show("count", cq:count())

section "errors of several kinds"
for _, value in ipairs { "text", true, false, {} } do
	cq:wrap(function() error(value, 0) end)
	show("error " .. text_of(value), results(cq:step()))
end
cq:wrap(function() error() end)
show("error nil", results(cq:step()))
local mark = setmetatable({}, { __tostring = function() return "mark" end })
cq:wrap(function() error(mark) end)
show("an object", select(2, cq:step()) == mark)

section "loop stops at an error and goes on"
cq = cqueues.new()
for i = 1, 3 do
	cq:wrap(function() cqueues.sleep(0.1 * i) error("bad " .. i, 0) end)
end
show("loop", results(cq:loop()))
show("count", cq:count())
show("loop", results(cq:loop()))
show("loop", results(cq:loop()))
show("loop", results(cq:loop()))

section "several errors in one step"
for i = 1, 3 do
	cq:wrap(function() error("bad " .. i, 0) end)
end
local seen = 0
for _ = 1, 6 do
	local ok = cq:step(0)
	seen = seen + (ok and 0 or 1)
end
show("all are seen", seen)
show("count", cq:count())

section "errors"
for i = 1, 3 do
	cq:wrap(function() cqueues.sleep(0.1 * i) error("bad " .. i, 0) end)
end
for why, a, b, c, d in cq:errors() do
	show("error", why, a, type(b), c, d)
end
cq:wrap(function() cqueues.sleep(5) end)
local count = 0
for _ in cq:errors(0.02) do
	count = count + 1
end
show("errors 0.02", count)

section "an error while polling a bad descriptor"
cq = cqueues.new()
cq:wrap(function() cqueues.poll({ pollfd = 987654, events = "r" }) show "not reached" end)
local list = pack(cq:step(0))
show("step", list.n, list[1], type(list[2]), list[3], type(list[4]), type(list[5]), list[6])
show("errno", error_name(list[3]))
show("message", list[2]:match(errno.strerror(errno.EBADF)))
show("count", cq:count())

section "wrong values to poll"
local function poll_of(label, ...)
	local arguments = pack(...)
	local controller = cqueues.new()
	controller:wrap(function() cqueues.poll(unpack(arguments, 1, arguments.n)) show "went on" end)
	local list = pack(pcall(controller.step, controller, 0))
	local why = type(list[3]) == "string" and (list[3]:match "%w+ expected, got %w+" or list[3]:match "thrown") or list[3]
	show(label, list.n, list[1], list[2], why, error_name(list[4]), type(list[5]), list[6], list[7])
	show("    count", controller:count())
end
poll_of("nil", nil)
poll_of("a string", "x")
poll_of("a numeric string", "0")
poll_of("an empty table", {})
poll_of("pollfd of letters", { pollfd = "x", events = "r" })
poll_of("events of no letters", { pollfd = 0, events = "xyz" })
poll_of("events a table", { pollfd = 0, events = {} })
poll_of("events a boolean", { pollfd = 0, events = true })
poll_of("timeout a table", { timeout = {} })
poll_of("timeout a string", { timeout = "x" })
poll_of("pollfd false", { pollfd = false })
poll_of("pollfd a table", { pollfd = {} })
poll_of("negative pollfd", { pollfd = -1, events = "r" })
poll_of("pollfd that throws", { pollfd = function() error("thrown", 0) end })
poll_of("events that throw", { pollfd = 0, events = function() error("thrown", 0) end })
poll_of("timeout that throws", { timeout = function() error("thrown", 0) end })

section "yields without the marker go up through step"
cq = cqueues.new()
cq:wrap(function(...)
	show("started with", ...)
	show("back", coroutine.yield("up", 1, nil))
	show("back", coroutine.yield())
	cqueues.poll(0)
	show("back", coroutine.yield("again"))
end, "a")
local co = coroutine.wrap(function()
	show("step", cq:step(0))
	show("step", cq:step(0))
	show("step", cq:step(0))
	return "end"
end)
show("yielded", co())
show("yielded", co("down", 2, nil))
show("yielded", co("once more"))
show("yielded", co("third"))

section "and outside any coroutine they are an error"
cq = cqueues.new()
cq:wrap(function() coroutine.yield("up") end)
show("step", (pcall(cq.step, cq, 0)))

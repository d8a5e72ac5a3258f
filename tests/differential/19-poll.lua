-- SPDX-License-Identifier: MIT
-- The polling protocol: what may be polled, and what poll returns.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "timeouts"
run(function()
	show("poll(0)", cqueues.poll(0))
	show("poll(0.01)", cqueues.poll(0.01))
	show("poll(5, 0.01)", cqueues.poll(5, 0.01))
	show("poll(0.01, 0.01)", cqueues.poll(0.01, 0.01))
	show("poll(0, 0)", cqueues.poll(0, 0))
	show("poll(-1, 0)", select("#", cqueues.poll(-1, 0)))
	show("sleep", cqueues.sleep(0.01))
	show("sleep 0", cqueues.sleep(0))
	show("poll()", cqueues.poll())
	show("poll(nil, 0)", cqueues.poll(nil, 0))
	show("poll(0, nil)", cqueues.poll(0, nil))
	show("poll(inf, 0.01)", cqueues.poll(math.huge, 0.01))
end)

section "timeouts are not early"
run(function()
	for _, t in ipairs { 0.001, 0.0101, 0.02 } do
		local before = cqueues.monotime()
		cqueues.poll(t)
		local took = cqueues.monotime() - before
		show("slept " .. t, took >= t, took < t + 1)
	end
end)

section "sockets"
run(function()
	local a, b = pair()
	a:write "x"
	-- a socket says itself what it waits for: nothing, until a read had to wait
	show("events", b:events())
	local reader = { pollfd = b:pollfd(), events = "r" }
	name(reader, "reader")
	show("readable", cqueues.poll(reader, 5))
	b:read(1)
	show("not readable", cqueues.poll(reader, 0.01))
	show("writable", cqueues.poll(name({ pollfd = b:pollfd(), events = "w" }, "writer"), 5))
	show("both, writable", cqueues.poll(name({ pollfd = b:pollfd(), events = "rw" }, "both"), 5))
	a:write "x"
	show("both, both", cqueues.poll(name({ pollfd = b:pollfd(), events = "rw" }, "both"), 5))
	a:close()
	show("closed", cqueues.poll(reader, 5))
end)

section "fields and methods"
run(function()
	local a, b = pair()
	a:write "x"
	local fd = b:pollfd()
	local function poll(label, object)
		show(label, cqueues.poll(name(object, "object"), 0.02))
	end
	poll("methods", { pollfd = function() return fd end, events = function() return "r" end })
	poll("pollfd a field", { pollfd = fd, events = function() return "r" end })
	poll("events a field", { pollfd = function() return fd end, events = "r" })
	poll("events a mask, POLLIN", { pollfd = fd, events = 1 })
	poll("events a mask, POLLOUT", { pollfd = fd, events = 4 })
	poll("events a mask, POLLPRI", { pollfd = fd, events = 2 })
	poll("events 0", { pollfd = fd, events = 0 })
	poll("events p", { pollfd = fd, events = "p" })
	poll("events rp", { pollfd = fd, events = "rp" })
	poll("events empty", { pollfd = fd, events = "" })
	poll("events nil", { pollfd = fd })
	poll("events of other letters", { pollfd = fd, events = "xyz" })
	poll("events within other letters", { pollfd = fd, events = "bright" })
	poll("timeout a field", { timeout = 0 })
	poll("timeout a method", { timeout = function() return 0 end })
	poll("timeout nil", { timeout = function() end })
	poll("pollfd nil", { pollfd = function() end, events = "r", timeout = 0 })
	poll("all three, readable", { pollfd = fd, events = "r", timeout = 1 })
	poll("nothing at all", {})
	b:read(1)
	poll("all three, timeout", { pollfd = fd, events = "r", timeout = 0 })
end)

section "the methods get the object"
run(function()
	local object = {}
	name(object, "object")
	function object:pollfd() show("pollfd", self == object) end
	function object:events() show("events", self == object) return "r" end
	function object:timeout() show("timeout", self == object) return 0 end
	show("poll", cqueues.poll(object))
end)

section "objects with a metatable"
run(function()
	local class = { __index = { timeout = function() return 0 end } }
	show("inherited", cqueues.poll(name(setmetatable({}, class), "object")) ~= nil)
end)

section "conditions"
do
	local c = name(condition.new(), "condition")
	run(function()
		show("poll", cqueues.poll(c, 5))
	end, function()
		cqueues.sleep(0.01)
		show("signal", c:signal())
	end)
	run(function()
		show("poll", cqueues.poll(name({ pollfd = c }, "object with it"), 5))
	end, function()
		cqueues.sleep(0.01)
		show("signal", c:signal())
	end)
	run(function()
		show("poll", cqueues.poll(name({ pollfd = function() return c end }, "object answering it"), 5))
	end, function()
		cqueues.sleep(0.01)
		show("signal", c:signal())
	end)
	run(function()
		show("poll without a signal", cqueues.poll(c, 0.01))
	end)
end

section "several at once"
run(function()
	local a, b = pair()
	local c, d = pair()
	local e = name(condition.new(), "condition")
	local r1 = name({ pollfd = b:pollfd(), events = "r" }, "first")
	local r2 = name({ pollfd = d:pollfd(), events = "r" }, "second")
	local never = name({ pollfd = a:pollfd(), events = "r" }, "never")
	a:write "x"
	show("first", cqueues.poll(r1, r2, never, e, 5))
	c:write "x"
	show("both", (function(...)
		local got = {}
		for i = 1, select("#", ...) do
			got[select(i, ...)] = true
		end
		return select("#", ...), got[r1], got[r2]
	end)(cqueues.poll(r1, r2, never, e, 5)))
	show("with timeout 0", select("#", cqueues.poll(r1, r2, 0)) >= 2)
	b:read(1)
	d:read(1)
	show("timeout", cqueues.poll(r1, r2, never, e, 0.01))
	-- the same object twice, two objects on one descriptor
	a:write "x"
	local same = name({ pollfd = b:pollfd(), events = "r" }, "same descriptor")
	show("an object twice", select("#", cqueues.poll(r1, r1, 5)))
	show("two objects, one descriptor", select("#", cqueues.poll(r1, same, 5)))
end)

section "two tasks on one descriptor"
do
	local a, b = pair()
	local woken = 0
	local function wait()
		cqueues.poll { pollfd = b:pollfd(), events = "r" }
		woken = woken + 1
	end
	run(wait, wait, function()
		cqueues.sleep(0.01)
		a:write "x"
	end)
	show("woken", woken)
	-- one waits to read, one to write
	local order = {}
	a, b = pair()
	run(function()
		cqueues.poll { pollfd = b:pollfd(), events = "r" }
		order[#order + 1] = "read"
	end, function()
		cqueues.poll { pollfd = b:pollfd(), events = "w" }
		order[#order + 1] = "write"
		a:write "x"
	end)
	show("order", unpack(order))
end

section "outside a controller"
local a, b = pair()
local reader = name({ pollfd = b:pollfd(), events = "r" }, "reader")
show("timeout", cqueues.poll(0))
show("timeout", cqueues.poll(0.01))
show("object and timeout", cqueues.poll(reader, 0.01))
a:write "x"
show("object", cqueues.poll(reader))
show("object and timeout", cqueues.poll(reader, 5))
show("sleep", cqueues.sleep(0.01))
show("write", cqueues.poll(name({ pollfd = b:pollfd(), events = "w" }, "writer")))

section "within a coroutine outside a controller"
local co = coroutine.wrap(function()
	show("poll", cqueues.poll(reader, 5))
	show("sleep", cqueues.sleep(0.01))
	return "end"
end)
show("returned", co())

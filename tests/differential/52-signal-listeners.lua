-- SPDX-License-Identifier: MIT
-- Signal listeners: what wait returns, in which order, and who gets a signal.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local signal = require "cqueues.signal"
local USR1, USR2, ALRM, TERM, HUP, CHLD, WINCH = signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGTERM, signal.SIGHUP,
	signal.SIGCHLD, 28

-- Blocked from the start, but for the parts that say otherwise: what is pending stays so.
signal.block(USR1, USR2, ALRM, TERM, HUP, WINCH)

local function kill(what, seconds)
	local pid = io.open("/proc/self/stat"):read "*n"
	os.execute(("(sleep %s; kill -%d %d) >/dev/null 2>&1 &"):format(seconds or 0, what, pid))
end

-- All that is pending, and the nil at the end.
local function all(listener)
	local numbers = {}
	repeat
		local number = listener:wait(0)
		numbers[#numbers + 1] = tostring(number)
	until not number
	return table.concat(numbers, " ")
end

-- How long f took, only as: was it at least so many seconds.
local function lasts(seconds, f, ...)
	local started = cqueues.monotime()
	local results = pack(f(...))
	show("  as long as asked", cqueues.monotime() - started >= seconds * 0.9)
	return unpack(results, 1, results.n)
end

part("a listener", function()
	local l = signal.listen(USR1, USR2)
	show("type", type(l), signal.type(l))
	show("features", l:features())
	show("events", l:events())
	show("pollfd", type(l:pollfd()))
	show("the same descriptor", l:pollfd() == l:pollfd())
	show("equality", l == l, l == signal.listen(USR1, USR2))
	show("no such method", l.nosuch)
	show("assigned", (pcall(function() l.nosuch = 1 end)))
	show("others' types", cqueues.type(l), socket.type(l), condition.type(l))
	for _, value in ipairs { 1, "x", {}, io.stdout, signal } do
		show("type of " .. type(value), signal.type(value))
	end
	show("type of nil", signal.type(nil))
	show("type of nothing", signal.type())
	local words = {}
	for _, method in ipairs { "events", "features", "pollfd", "settimeout", "timeout", "wait" } do
		words[#words + 1] = method .. "=" .. type(l[method])
	end
	say("methods", table.concat(words, " "))
end)

part("made of", function()
	local function made(label, ...)
		local results = pack(pcall(signal.listen, ...))
		if results[1] then
			show(label, results.n - 1, signal.type(results[2]))
			return results[2]
		end
		show(label, unpack(results, 1, results.n))
	end
	made("nothing")
	made("one", USR1)
	made("a text", tostring(USR1))
	made("several", USR1, USR2, TERM)
	made("the same twice", USR1, USR1)
	made("nil", nil)
	made("nil as the second", USR1, nil)
	made("a name", "SIGUSR1")
	made("a table", { USR1 })
	made("a boolean", true)
	local l = signal.listen()
	show("wait of nothing", l:wait(0.01))
end)

part("wrong selves", function()
	local l = signal.listen(USR1)
	for _, method in ipairs { "events", "features", "pollfd", "settimeout", "timeout" } do
		show(method .. " of a number", (pcall(l[method], 5)))
		show(method .. " of a table", (pcall(l[method], {})))
		show(method .. " of nothing", (pcall(l[method])))
		show(method .. " of a file", (pcall(l[method], io.stdout)))
	end
	show("wait of a number", (pcall(l.wait, 5)))
end)

part("settimeout", function()
	local l = signal.listen(USR1)
	show("at first", l:timeout())
	for _, value in ipairs { 3, 0.5, "2.5", 0.001, 100000 } do
		l:settimeout(value)
		show("set to " .. text_of(value), l:timeout())
	end
	show("returns the last one", l:settimeout(7))
	show("and this", l:settimeout(8))
	l:settimeout(nil)
	show("nil", l:timeout())
	l:settimeout(1)
	l:settimeout()
	show("without one", l:timeout())
	for _, bad in ipairs { "x", true, {} } do
		try("a " .. type(bad), l.settimeout, l, bad)
	end
	l:settimeout(0.01)
	show("wait is not bound by it", lasts(0.1, l.wait, l, 0.1))
end)

part("wait, nothing pending", function()
	local l = signal.listen(USR1, USR2)
	show("0", l:wait(0))
	show("0, number of values", select("#", l:wait(0)))
	show("0.05", lasts(0.05, l.wait, l, 0.05))
	show("number of values", select("#", l:wait(0.01)))
	show("below 0", l:wait(-1))
	show("a text", l:wait "0")
	for _, bad in ipairs { "x", true, {} } do
		show("a " .. type(bad), (pcall(l.wait, l, bad)))
	end
end)

part("wait, one pending", function()
	local l = signal.listen(USR1)
	for _, timeout in ipairs { 5, 0, "0", -1 } do
		signal.raise(USR1)
		show("timeout " .. text_of(timeout), l:wait(timeout))
		show("  after that", l:wait(0))
	end
	signal.raise(USR1)
	show("no timeout", l:wait())
	signal.raise(USR1)
	show("nil", l:wait(nil))
	signal.raise(USR1)
	show("number of values", select("#", l:wait(1)))
	signal.raise(USR1)
	show("further arguments", l:wait(1, 2, 3))
end)

part("several pending", function()
	local l = signal.listen(USR1, USR2, ALRM, TERM, HUP, WINCH)
	signal.raise(USR1)
	signal.raise(USR1)
	signal.raise(USR1, USR1)
	show("the same four times", all(l))
	for _, order in ipairs { { USR1, USR2 }, { USR2, USR1 }, { TERM, HUP, ALRM }, { WINCH, TERM, USR2, ALRM, USR1, HUP } } do
		for _, number in ipairs(order) do
			signal.raise(number)
		end
		show("raised " .. table.concat(order, " "), all(l))
	end
	signal.raise(WINCH, HUP, WINCH)
	show("in one call", all(l))
end)

part("raised between waits", function()
	local l = signal.listen(USR1, USR2)
	signal.raise(USR2)
	show("first", l:wait(0))
	signal.raise(USR1, USR2)
	show("then", all(l))
	signal.raise(USR2)
	signal.raise(USR1)
	show("one of two", l:wait(0))
	signal.raise(USR1)
	show("and it again", all(l))
end)

part("not of its set", function()
	local l = signal.listen(USR1)
	signal.raise(USR2)
	show("another", l:wait(0))
	show("its own listener", signal.listen(USR2):wait(0))
end)

part("pending before there was a listener", function()
	signal.raise(USR1)
	show("wait", signal.listen(USR1):wait(0))
end)

part("two listeners", function()
	local first, second = signal.listen(USR1), signal.listen(USR1, USR2)
	signal.raise(USR1)
	show("first", all(first))
	show("second", all(second))
	signal.raise(USR1, USR2)
	show("second", all(second))
	show("first", all(first))
	signal.raise(USR1, USR2)
	show("first", all(first))
	show("second", all(second))
end)

part("a listener that is collected", function()
	signal.listen(USR1):wait(0)
	collectgarbage()
	collectgarbage()
	signal.raise(USR1)
	show("another gets it", all(signal.listen(USR1)))
end)

part("blocked, and of another disposition", function()
	local l = signal.listen(USR1, CHLD)
	signal.discard(USR1)
	signal.raise(USR1)
	show("discard", all(l))
	signal.ignore(USR1)
	signal.raise(USR1)
	show("ignore", all(l))
	signal.raise(USR1)
	signal.ignore(USR1)
	show("ignored while pending", all(l))
	signal.default(USR1)
	signal.raise(USR1)
	show("default", all(l))
	signal.block(CHLD)
	os.execute "true"
	show("a child's end", all(l))
	signal.unblock(CHLD)
end)

part("not blocked", function()
	local l = signal.listen(USR1)
	signal.discard(USR1)
	signal.unblock(USR1)
	signal.raise(USR1)
	show("discard", all(l))
	signal.ignore(USR1)
	signal.raise(USR1)
	show("ignore", all(l))
	signal.block(USR1)
	show("blocked later", all(l))
	signal.default(USR1)
	signal.raise(USR1)
	show("raised again", all(l))
	signal.raise(USR1)
	signal.discard(USR1)
	signal.unblock(USR1)
	show("unblocked while pending", all(l))
	signal.block(USR1)
	signal.default(USR1)
end)

part("poll", function()
	local l = name(signal.listen(USR1, USR2), "listener")
	show("nothing", cqueues.poll(l, 0.01))
	signal.raise(USR1)
	show("ready", cqueues.poll(l, 5))
	show("still", cqueues.poll(l, 5))
	show("wait", all(l))
	show("no more", cqueues.poll(l, 0.01))
	signal.raise(USR1, USR2)
	show("two pending", cqueues.poll(l, 5))
	show("one taken", l:wait(0))
	show("ready", cqueues.poll(l, 5))
	show("the other taken", l:wait(0))
	show("no more", cqueues.poll(l, 0.01))
	kill(USR1, 0.05)
	show("from outside", cqueues.poll(l, 10))
	show("wait", all(l))
end)

part("from outside", function()
	local l = signal.listen(USR1, TERM)
	kill(USR1, 0.05)
	show("wait", l:wait(10))
	kill(TERM, 0.05)
	show("wait without a timeout", l:wait())
	show("no more", l:wait(0))
end)

part("in a controller", function()
	local l = signal.listen(USR1, USR2)
	run(function()
		show("nothing", lasts(0.05, l.wait, l, 0.05))
		show("0", l:wait(0))
		show("below 0", l:wait(-1))
		signal.raise(USR1)
		show("pending", l:wait())
		show("raised by another task", l:wait(10))
		show("no more", l:wait(0.01))
		kill(USR2, 0.05)
		show("from outside", l:wait(10))
		try("a table", function() return (pcall(l.wait, l, {})) end)
	end, function()
		cqueues.sleep(0.2)
		signal.raise(USR2)
	end)
end)

part("others run while one waits", function()
	local l = signal.listen(USR1)
	local turns = 0
	run(function()
		show("wait", l:wait(10))
		show("turns of the other", turns)
	end, function()
		for _ = 1, 5 do
			cqueues.sleep(0.01)
			turns = turns + 1
		end
		signal.raise(USR1)
	end)
end)

part("two tasks, two listeners", function()
	local lines = {}
	local function waits(number)
		return function()
			local l = signal.listen(number)
			local got = l:wait(10)
			lines[#lines + 1] = number .. " got " .. tostring(got)
		end
	end
	run(waits(USR1), waits(USR2), waits(TERM), function()
		cqueues.sleep(0.05)
		signal.raise(TERM)
		cqueues.sleep(0.05)
		signal.raise(USR1, USR2)
	end)
	table.sort(lines)
	for _, line in ipairs(lines) do
		say("task", line)
	end
end)

part("two tasks, one listener: one of them gets it", function()
	local l = signal.listen(USR1)
	local got = {}
	local function waits()
		local number = l:wait(0.5)
		got[#got + 1] = tostring(number)
	end
	run(waits, waits, function()
		cqueues.sleep(0.05)
		signal.raise(USR1)
	end)
	table.sort(got)
	say("they got", table.concat(got, " "))
end)

part("with other objects", function()
	local l = name(signal.listen(USR1), "listener")
	local a, b = pair()
	local reader = name({ pollfd = b:pollfd(), events = "r" }, "reader")
	run(function()
		a:write "x"
		show("the socket", cqueues.poll(l, reader, 5))
		b:read(1)
		signal.raise(USR1)
		show("the listener", cqueues.poll(l, reader, 5))
		show("wait", all(l))
		local wake = name(condition.new(), "condition")
		show("neither", cqueues.poll(l, wake, 0.01))
	end)
end)

part("interpose", function()
	local l = signal.listen(USR1)
	show("new", signal.interpose("twice", function(self, n) return signal.type(self), n * 2 end))
	show("called", l:twice(4))
	show("again", type(signal.interpose("twice", function() return "mine" end)))
	show("called", l:twice(4))
	local wait = signal.interpose("wait", function() return "mine, too" end)
	show("wait", type(wait), l:wait(0))
	show("back", type(signal.interpose("wait", wait)), l:wait(0))
	show("taken away", type(signal.interpose("twice", nil)), l.twice)
	show("of a later one", signal.listen(USR1).twice)
end)

part("pause", function()
	-- what is named is let through while it waits
	local cq = cqueues.new()
	cq:wrap(function() cqueues.sleep(5) end)
	cq:step(0)
	signal.discard(USR1)
	signal.raise(USR1)
	show("pending", cq:pause(USR1))
	show("delivered", signal.listen(USR1):wait(0))
	kill(USR1, 0.1)
	show("from outside", cq:pause(USR1, USR2))
	signal.default(USR1)
end)

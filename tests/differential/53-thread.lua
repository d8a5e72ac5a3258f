-- SPDX-License-Identifier: MIT
-- Threads: starting, what a thread sees, talking to it, joining it.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local thread = require "cqueues.thread"

-- In ours a traceback follows the text of an error.
thread.interpose("join", (function(join)
	return function(...)
		local ok, why = join(...)
		return ok, type(why) == "string" and why:gsub("\nstack traceback:.*$", "") or why
	end
end)(thread.interpose("join", nil)))

local function start(...)
	local t, con = thread.start(...)
	return name(t, "thread"), name(con, "con")
end

-- What a thread writes, line by line, and then how it ended.
local function hear(label, ...)
	local t, con = start(...)
	con:settimeout(10)
	repeat
		local line = con:read "*l"
		if line then
			show(label, line)
		end
	until not line
	show(label .. " ended", t:join(10))
end

part("what start returns", function()
	local results = pack(thread.start(function() end))
	show("values", results.n)
	local t, con = results[1], results[2]
	show("types", type(t), thread.type(t), type(con), socket.type(con))
	show("join", t:join())
	show("events", t:events())
	show("pollfd", type(t:pollfd()))
	show("timeout", (t:timeout()))
	show("no such method", t.nosuch)
	show("assigned", (pcall(function() t.nosuch = 1 end)))
	local words = {}
	for _, method in ipairs { "events", "join", "pollfd", "timeout" } do
		words[#words + 1] = method .. "=" .. type(t[method])
	end
	say("methods", table.concat(words, " "))
	show("modes here", con:setmode(nil, nil))
	show("timeout here", con:timeout())
end)

part("type and self", function()
	for _, value in ipairs { 1, "x", {}, io.stdout, print, true } do
		show("type of " .. type(value), thread.type(value))
	end
	show("type of nil", thread.type(nil))
	show("type of nothing", thread.type())
	show("type of a coroutine", thread.type(coroutine.create(function() end)))
	show("self here", thread.self())
	show("number of values", select("#", thread.self()))
	show("self here, with arguments", thread.self(1))
end)

part("what the thread sees", function()
	GLOBAL = "here"
	package.loaded.mine = "here"
	package.preload.mine = function() return "here" end
	hear("thread", function(con, ...)
		local function tell(...)
			local words = {}
			for i = 1, select("#", ...) do
				words[i] = tostring((select(i, ...)))
			end
			con:write(table.concat(words, " "), "\n")
		end
		tell("arguments", select("#", ...))
		local socket, thread, cqueues = require "cqueues.socket", require "cqueues.thread", require "cqueues"
		tell("con", type(con), socket.type(con))
		tell("modes", con:setmode(nil, nil))
		tell("globals", GLOBAL, arg, package.loaded.mine, package.preload.mine)
		tell("libraries", type(string), type(table), type(math), type(io), type(os), type(debug), type(package), type(coroutine))
		tell("functions", type(print), type(pcall), type(require), type(setmetatable), type(collectgarbage))
		local loaded = {}
		for _, name in ipairs { "cqueues", "cqueues.socket", "cqueues.errno", "cqueues.signal", "cqueues.thread", "cqueues.notify" } do
			loaded[#loaded + 1] = type(require(name))
		end
		tell("modules", table.concat(loaded, " "))
		for _, name in ipairs { "cqueues.condition", "cqueues.promise", "cqueues.auxlib", "cqueues.dns" } do
			tell(name, type(require(name)))
		end
		local self = thread.self()
		tell("self", type(self), thread.type(self), self == thread.self(), self:events(), type(self:pollfd()))
		tell("running", cqueues.running())
		tell("join self", (pcall(self.join, self)))
		tell("join self, with a timeout", (pcall(self.join, self, 0)))
		tell("why", (select(2, pcall(self.join, self)):gsub("^.*%.lua:%d+: ", "")))
		tell("self is not ready", cqueues.poll(self, 0.01))
	end)
end)

part("the thread's own modules", function()
	hear("thread", function(con)
		local cqueues, condition, promise = require "cqueues", require "cqueues.condition", require "cqueues.promise"
		local cq = cqueues.new()
		local c = condition.new()
		cq:wrap(function() con:write("task ", tostring(c:wait(10)), "\n") end)
		cq:wrap(function() cqueues.sleep(0.01) c:signal() end)
		con:write("loop ", tostring(cq:loop(10)), "\n")
		cq:wrap(function() con:write("promise ", tostring(promise.new(function() return 7 end):get()), "\n") end)
		con:write("loop ", tostring(cq:loop(10)), "\n")
		local socket = require "cqueues.socket"
		local a, b = socket.pair()
		a:write("over a pair\n")
		con:write(b:read "*l", "\n")
		GLOBAL = "there"
		string.mine = "there"
	end)
	show("globals are its own", GLOBAL, string.mine)
end)

part("talking", function()
	local t, con = start(function(con)
		repeat
			local line = con:read "*l"
			if line then
				con:write(line:upper(), "\n")
			end
		until not line
		con:write "end\n"
	end)
	for _, line in ipairs { "one", "two", "", "a\tb", ("x"):rep(3000) } do
		con:write(line, "\n")
		local answer = con:read "*l"
		show("answer", #answer, answer:sub(1, 10))
	end
	con:shutdown "w"
	show("last", con:read "*l")
	show("then", con:read "*l")
	show("join", t:join(10))
end)

part("binary", function()
	local t, con = start(function(con)
		con:setmode("b", "bn")
		local data = con:read(256)
		con:write(data:reverse())
	end)
	local bytes = {}
	for i = 0, 255 do
		bytes[#bytes + 1] = string.char(i)
	end
	con:setmode("b", "bn")
	con:write(table.concat(bytes))
	local back = con:read "*a"
	show("back", #back, back == table.concat(bytes):reverse())
	show("join", t:join(10))
end)

part("the con of a thread that ended", function()
	local t, con = start(function(con) con:write "one\ntwo\n" end)
	show("join", t:join(10))
	show("read", con:read "*l")
	show("read", con:read "*l")
	show("read", con:read "*l")
	show("eof", con:eof "r")
end)

part("closed by the thread", function()
	local t, con = start(function(con)
		con:close()
		require "cqueues".sleep(0.1)
	end)
	show("read", con:read "*l")
	show("join", t:join(10))
end)

part("closed here", function()
	local t, con = start(function(con)
		local line, why = con:read "*l"
		error(tostring(line) .. " " .. tostring(why), 0)
	end)
	con:close()
	show("join", t:join(10))
	local other = thread.start(function(con) error(tostring(con:read "*l"), 0) end)
	collectgarbage()
	collectgarbage()
	show("collected", other:join(10))
end)

part("join", function()
	local t, con = start(function(con) con:read "*l" end)
	show("0", t:join(0))
	show("0.05", t:join(0.05))
	show("below 0", t:join(-1))
	show("errors", error_name(select(2, t:join(0))))
	show("number of values", select("#", t:join(0)))
	for _, bad in ipairs { "x", true, {} } do
		show("a " .. type(bad), (pcall(t.join, t, bad)))
	end
	con:write "go\n"
	show("at the end", t:join())
	show("again", t:join())
	show("again, 0", t:join(0))
	show("number of values", select("#", t:join()))
	show("wrong self", (pcall(t.join)), (pcall(t.join, 5)), (pcall(t.join, {})), (pcall(t.join, con)))
	show("nil as the timeout", thread.start(function() end):join(nil))
	show("long enough", thread.start(function() require "cqueues".sleep(0.05) end):join(10))
end)

part("join in a controller", function()
	local t, con = start(function(con)
		con:read "*l"
		error("bye", 0)
	end)
	run(function()
		show("0", t:join(0))
		show("0.02", t:join(0.02))
		cqueues.sleep(0.01)
		con:write "go\n"
		show("at the end", t:join(10))
		show("again", t:join())
	end)
	show("outside", t:join())
end)

part("two tasks join one thread", function()
	local t, con = start(function(con) con:read "*l" end)
	local joined = {}
	local function joins()
		local ok, why = t:join(10)
		joined[#joined + 1] = tostring(ok) .. " " .. tostring(why)
	end
	run(joins, joins, function()
		cqueues.sleep(0.02)
		con:write "go\n"
	end)
	say("joined", table.concat(joined, ", "))
end)

part("others run during a join", function()
	local turns = 0
	local t, con = start(function(con) con:read "*l" end)
	run(function()
		show("join", t:join(10))
		show("turns", turns)
	end, function()
		for _ = 1, 5 do
			cqueues.sleep(0.005)
			turns = turns + 1
		end
		con:write "go\n"
	end)
end)

part("poll ends when the thread does", function()
	local t, con = start(function(con) con:read "*l" end)
	show("running", cqueues.poll(t, 0.02))
	con:write "go\n"
	local started = cqueues.monotime()
	cqueues.poll(t, 10)
	show("in time", cqueues.monotime() - started < 9)
	show("join", t:join(0))
	run(function()
		local t, con = start(function(con) con:read "*l" end)
		show("running", cqueues.poll(t, 0.02))
		con:write "go\n"
		local started = cqueues.monotime()
		cqueues.poll(t, 10)
		show("in time", cqueues.monotime() - started < 9)
		show("join", t:join(0))
	end)
end)

part("many at once", function()
	local threads, cons = {}, {}
	for i = 1, 16 do
		threads[i], cons[i] = thread.start(function(con, i)
			con:write(i, " started\n")
			error(i * i, 0)
		end, i)
	end
	local sum = 0
	for i = 1, 16 do
		show("line", cons[i]:read "*l")
		local ok, why = threads[i]:join(10)
		sum = sum + (ok and tonumber(why) or 1000)
	end
	show("sum", sum)
end)

part("equality", function()
	local a, b = thread.start(function() end), thread.start(function() end)
	show("others", a == b, a ~= b)
	show("itself", a == a)
	show("a number", a == 5)
	a:join()
	b:join()
	show("ended", a == b, a == a)
end)

part("a thread's threads", function()
	hear("outer", function(con)
		local thread = require "cqueues.thread"
		local inner, wire = thread.start(function(con, word)
			con:write("inner heard ", word, "\n")
			error("inner ends", 0)
		end, "a word")
		con:write(wire:read "*l", "\n")
		local ok, why = inner:join(10)
		con:write(tostring(ok), " ", (tostring(why):gsub("\nstack traceback:.*$", "")), "\n")
		con:write(tostring(inner == thread.self()), "\n")
	end)
end)

part("started by a task", function()
	run(function()
		local t, con = start(function(con)
			con:write(tostring((require "cqueues".running())), "\n")
		end)
		show("running there", con:read "*l")
		show("join", t:join(10))
	end)
end)

part("a handle that is collected", function()
	local _, con = thread.start(function(con)
		con:read "*l"
		con:write "still here\n"
	end)
	_ = nil
	collectgarbage()
	collectgarbage()
	con:write "go\n"
	show("read", con:read "*l")
	show("read", con:read "*l")
end)

part("signals are blocked there", function()
	local signal = require "cqueues.signal"
	hear("thread", function(con)
		local signal = require "cqueues.signal"
		for _, name in ipairs { "SIGUSR1", "SIGUSR2", "SIGTERM", "SIGINT", "SIGHUP", "SIGALRM", "SIGCHLD" } do
			local number = signal[name]
			-- blocked: raised within the thread, it stays pending until a listener takes it
			local l = signal.listen(number)
			signal.raise(number)
			con:write(number, " ", tostring(l:wait(0)), "\n")
		end
	end)
	signal.block(signal.SIGUSR1)
	local t, con = start(function(con)
		local signal = require "cqueues.signal"
		local l = signal.listen(signal.SIGUSR1)
		con:write "ready\n"
		con:write(tostring(l:wait(10)), "\n")
	end)
	show("thread", con:read "*l")
	os.execute("kill -USR1 " .. io.open("/proc/self/stat"):read "*n")
	show("sent to the process", con:read "*l")
	show("join", t:join(10))
end)

part("interpose", function()
	local t = start(function() end)
	show("new", thread.interpose("twice", function(self, n) return thread.type(self), n * 2 end))
	show("called", t:twice(4))
	local join = thread.interpose("join", function() return "mine" end)
	show("join", type(join), t:join())
	show("back", type(thread.interpose("join", join)), t:join(10))
	show("taken away", type(thread.interpose("twice", nil)), t.twice)
end)

-- The guide's example, section 4.3. Its loop over lines cannot wait on Lua 5.1, hence reads.
part("the guide's example", function()
	local thr, con = thread.start(function(con, i, j)
		local cqueues = require "cqueues"
		local cq = cqueues.new()
		cq:wrap(function()
			for n = tonumber(i), tonumber(j) do
				con:write(n, "\n")
				cqueues.sleep(0.005)
			end
		end)
		assert(cq:loop())
	end, 0, 9)
	local cq = cqueues.new()
	cq:wrap(function()
		repeat
			local line = con:read "*l"
			show("rcvd", line)
		until not line
		local ok, why = thr:join()
		if ok then
			show("ended", why or "OK")
		else
			error(errno.strerror(why))
		end
	end)
	show("loop", cq:loop())
end)

part("the process ends", function()
	local function ends(label, script)
		local process = io.popen(("%s -e '%s' 2>&1; echo status $?"):format(arg[-1], script))
		show(label, process:read "*a")
		process:close()
	end
	ends("os.exit in a thread", [[local t = require "cqueues.thread".start(function() os.exit(7) end) t:join(10) print "never"]])
	ends("a thread goes on", [[local t, con = require "cqueues.thread".start(function(con) con:write "x\n" require "cqueues".sleep(60) end)
		print(con:read "*l") print "main ends"]])
	ends("a thread waits for its con", [[local t, con = require "cqueues.thread".start(function(con) con:read "*l" end) print "main ends"]])
end)

-- SPDX-License-Identifier: MIT
-- Small random programs, and in which order their tasks run.
--
--   lua programs.lua FIRST LAST
--
-- Each number makes one program, the same on every interpreter and every library: tasks that wait for
-- conditions, sockets and timers, signal, write, start other tasks, cancel descriptors, fail, and step
-- controllers within controllers. It is run, and its trace printed on a line.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local socket = require "cqueues.socket"

io.stdout:setvbuf "line"

-- Numbers that are the same everywhere: Park and Miller's generator fits a double.
local seed
local function random(n)
	seed = seed * 16807 % 2147483647
	return seed % n + 1
end

local function choose(list)
	return list[random(#list)]
end

local P -- the program: its controllers, conditions, pairs, what it may still start, its trace

local function log(...)
	P.trace[#P.trace + 1] = table.concat({ ... }, "")
end

local new_task

-- What tells objects in the trace.
local function name_of(value)
	return P.names[value] or type(value) == "thread" and "thread" or type(value) ~= "number" and tostring(value)
		or value < 100 and tostring(value) or "number"
end

local function told(...)
	local words = {}
	for i = 1, select("#", ...) do
		words[i] = name_of((select(i, ...)))
	end
	-- Numbers of descriptors are not the same.
	return (table.concat(words, ","):gsub("%(fd:%d+%).*", "(fd)"))
end

local function some_socket()
	return choose(P.sockets)
end

-- Spans that end far enough from each other that machines agree on what comes first.
local function next_span()
	return P.timers and table.remove(P.spans)
end

local function pollable()
	local kind = random(7)
	if kind <= 2 then
		return choose(P.conditions)
	elseif kind == 3 then
		return some_socket()
	elseif kind <= 5 then
		return choose(P.objects)
	end
	return kind == 7 and next_span() or 0
end

-- What a task can do: each has a weight. Those that take time are for programs with timers.
local acts, labels = {}, {}
local function act(label, weight, f)
	labels[f] = label
	for _ = 1, weight do
		acts[#acts + 1] = f
	end
end

act("poll", 4, function() cqueues.poll() end)
act("pollnil", 1, function() cqueues.poll(nil) end)
act("sleep0", 2, function() cqueues.sleep(0) end)
act("poll0", 1, function() return told(cqueues.poll(0)) end)
act("wait", 4, function() return told(choose(P.conditions):wait()) end)
act("wait0", 2, function() return told(choose(P.conditions):wait(0)) end)
act("signal", 2, function() return told(choose(P.conditions):signal()) end)
act("signaln", 3, function() return told(choose(P.conditions):signal(random(2))) end)
local function poll(...)
	log("(", told(...), ")")
	return told(cqueues.poll(...))
end

act("poll1", 3, function() return poll(pollable()) end)
act("poll2", 3, function() return poll(pollable(), pollable()) end)
act("poll4", 1, function() return poll(pollable(), pollable(), pollable(), pollable()) end)
act("write", 5, function()
	local s = some_socket()
	return told(s:write("x", tostring(random(9)), "\n") and "wrote")
end)
act("read", 4, function() return told(some_socket():read "*l") end)
act("xread0", 2, function() return told(some_socket():xread("*l", 0)) end)
act("recv", 1, function() return told(some_socket():recv(-3)) end)
act("readup", 1, function() return told(some_socket():read(-2)) end)
act("wrap", 4, function() new_task(P.running()) end)
act("wrapouter", 1, function() new_task(P.outer) end)
act("cancelall", 1, function() cqueues.cancel(some_socket():pollfd()) end)
act("cancel", 1, function() P.outer:cancel(some_socket():pollfd()) end)
act("fail", 1, function() error("failed", 0) end)
act("wrapinner", 1, function()
	local inner = choose(P.inner)
	for _ = 1, random(2) do
		new_task(inner)
	end
end)
-- A controller of those that do not run: one that steps itself fails in either library, each in its words.
local function some_inner()
	local inner, running = choose(P.inner), P.running()
	return inner ~= running and inner or nil
end

act("step", 3, function()
	local inner = some_inner()
	log("(", told(inner), ")")
	return inner and told(inner:step(0))
end)
act("loop", 1, function()
	local inner = some_inner()
	log("(", told(inner), ")")
	return inner and told(inner:loop(0))
end)
act("count", 1, function() return told(choose(P.inner):count()) end)
act("empty", 1, function() return told(P.running():empty()) end)
act("close", 1, function()
	if P.closable then
		P.closable:close()
		P.closable = nil
	end
end)
act("pollinner", 1, function()
	local inner = some_inner()
	return inner and told(cqueues.poll(inner, 0))
end)
act("yield", 1, function()
	local co = coroutine.wrap(function()
		coroutine.yield(1)
		return 2
	end)
	return told(co(), co())
end)
act("sleep", 3, function()
	local span = next_span()
	if span then
		cqueues.sleep(span)
	end
end)

local function body(name, script)
	for index, f in ipairs(script) do
		log(name, index, labels[f])
		local result = f()
		if result then
			log("=", result)
		end
	end
	log(name, ".")
end

function new_task(controller)
	if P.left == 0 then
		return
	end
	P.left = P.left - 1
	P.count = P.count + 1
	local name, script = P.prefix[controller] .. string.char(96 + P.count), {}
	for i = 1, random(6) do
		script[i] = choose(acts)
	end
	controller:wrap(body, name, script)
end

local function make(number)
	seed = number * 7919 % 2147483646 + 1
	for _ = 1, 5 do
		random(1)
	end
	P = {
		trace = {}, names = {}, count = 0, left = 22, outer = cqueues.new(), inner = {}, conditions = {}, sockets = {},
		objects = {}, timers = number % 4 == 0, spans = {},
	}
	P.prefix = { [P.outer] = "" }
	for i = 1, 2 do
		P.inner[i] = cqueues.new()
		P.prefix[P.inner[i]] = tostring(i)
		P.names[P.inner[i]] = "C" .. i
	end
	for i = 1, 3 do
		P.conditions[i] = condition.new(i == 3)
		P.names[P.conditions[i]] = "c" .. i
	end
	for i = 1, 2 do
		local a, b = socket.pair()
		for k, s in ipairs { a, b } do
			s:setmode("b", "bn")
			s:onerror(function(_, _, why) return why end)
			P.sockets[#P.sockets + 1] = s
			P.names[s] = "s" .. i .. k
			local object = { pollfd = s:pollfd(), events = "r" }
			P.objects[#P.objects + 1] = object
			P.names[object] = "o" .. i .. k
		end
	end
	for i = 1, 5 do
		table.insert(P.spans, random(i), 0.004 * i)
	end
	P.closable = socket.pair()
	function P.running()
		return (cqueues.running())
	end
end

local function step(controller, seconds)
	local ok, why = controller:step(seconds)
	if not ok then
		log("!", told(why))
	end
end

local function run(number)
	make(number)
	for _ = 1, 3 + random(4) do
		new_task(P.outer)
	end
	for _ = 1, random(3) do
		new_task(choose(P.inner))
	end
	for pass = 1, 30 do
		log "|"
		step(P.outer, 0)
		if pass % 5 == 0 and random(2) == 1 then
			choose(P.conditions):signal()
		end
		if pass % 7 == 0 then
			new_task(P.outer)
		end
		if pass % 11 == 0 then
			step(choose(P.inner), 0)
		end
	end
	if P.timers then
		P.timers = false -- no new ones
		local deadline = cqueues.monotime() + 0.022
		repeat
			step(P.outer, 0.002)
		until cqueues.monotime() > deadline
	end
	P.outer:close()
	for _, s in ipairs(P.sockets) do
		s:close()
	end
	return table.concat(P.trace, " ")
end

for number = tonumber(arg[1]), tonumber(arg[2]) do
	io.stdout:write(number, ": ")
	io.stdout:flush()
	print(run(number))
end

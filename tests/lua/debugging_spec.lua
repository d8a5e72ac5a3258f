-- SPDX-License-Identifier: MIT
-- Tracebacks of tasks, hooks that debuggers and profilers set in them, and LuaJIT's profiler.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, condition = t.cqueues, t.socket, t.condition
local equal, check = t.equal, t.check

local function here()
	return debug.getinfo(2, "l").currentline
end

-- -- Tracebacks ---------------------------------------------------------------------------

local function with_tracebacks(f)
	equal(cqueues.tracebacks(true), false)
	local ok, why = pcall(f)
	equal(cqueues.tracebacks(false), true)
	if not ok then
		error(why, 0)
	end
end

local thrown_at
local function inner() thrown_at = here() error "boom" end
local function outer() inner() return 1 end

-- The three ways in which a controller tells its errors.
local ways = {
	step = function(cq) return select(2, cq:step(1)) end,
	loop = function(cq) return select(2, cq:loop()) end,
	errors = function(cq) return cq:errors()() end,
}

for way, message_of in pairs(ways) do
	t.plain("messages_of_" .. way .. "_have_tracebacks_where_programs_ask_for_them", function()
		with_tracebacks(function()
			local message, code, thread = message_of(cqueues.new():wrap(outer))
			local first, trace = message:match "^([^\n]*)\nstack traceback:\n(.*)$"
			check(first, message)
			check(first:find("debugging_spec.lua:" .. thrown_at .. ": boom$"), first)
			local count = select(2, trace:gsub("debugging_spec%.lua:%d+: in ", ""))
			equal(count, 2, trace)
			equal(code, nil)
			equal(type(thread), "thread")
		end)
		local message = message_of(cqueues.new():wrap(outer))
		check(not message:find "\n", message)
	end)

	t.plain("messages_of_" .. way .. "_that_are_no_texts_stay_what_they_are", function()
		with_tracebacks(function()
			local object = {}
			equal(message_of(cqueues.new():wrap(error, object, 0)), object)
			equal(message_of(cqueues.new():wrap(error, 7, 0)), 7)
		end)
	end)

	t.plain("a_wait_that_" .. way .. "_refuses_is_told_with_the_line_that_waits", function()
		with_tracebacks(function()
			local line
			local message = message_of(cqueues.new():wrap(function()
				line = here() cqueues.poll(true)
			end))
			check(message:find("debugging_spec.lua:" .. line .. ": in ", 1, true), message)
		end)
	end)
end

t.plain("an_error_in_the_function_of_a_scope_keeps_its_place", function()
	with_tracebacks(function()
		local line
		local _, message = cqueues.new():wrap(function()
			cqueues.scope(function()
				cqueues.sleep(0)
				cqueues.timeout(9, function()
					line = here() outer()
				end)
			end)
		end):loop()
		check(message:find(("_spec.lua:%d: in "):format(thrown_at), 1, true), message)
		check(message:find(("_spec.lua:%d: in "):format(line), 1, true), message)
		local _, count = message:gsub(("_spec%%.lua:%d: in "):format(line), "")
		equal(count, 1, message)
		check(not message:find "cqueues/scope.lua", message)
	end)
end)

t.test("an_error_of_a_task_in_a_scope_comes_with_the_lines_of_the_task", function()
	t.throws(("_spec.lua:%d: in "):format(thrown_at), cqueues.scope, function(scope)
		scope:wrap(outer)
	end)
end)

-- A wait of each kind, in the line that the traceback must begin with.
local a, b = socket.pair() -- both stay open
local quiet = t.directory()
local listener = socket.listen("127.0.0.1", 0)
local waits = {
	sleep = function() cqueues.sleep(9) return 1 end,
	poll = function() cqueues.poll(9) return 1 end,
	read = function() a:xread "*l" return 1 end,
	lines = function() local f = a:lines() f() return 1 end,
	accept = function() listener:accept() return 1 end,
	condition = function() condition.new():wait() return 1 end,
	promise = function() require "cqueues.promise".new():get() return 1 end,
	queue = function() require "cqueues.queue".new():get() return 1 end,
	semaphore = function() require "cqueues.semaphore".new(0):acquire() return 1 end,
	signal = function() require "cqueues.signal".listen(10):wait() return 1 end,
	notify = function() require "cqueues.notify".opendir(quiet):get() return 1 end,
	process = function() require "cqueues.process".spawn { "sleep", "1" }:wait() return 1 end,
	controller = function() cqueues.new():wrap(cqueues.sleep, 9):loop() return 1 end,
	scope = function() cqueues.scope(function() cqueues.sleep(9) return 1 end) return 1 end,
	timeout = function() cqueues.timeout(9, cqueues.sleep, 9) return 1 end,
	join = function() cqueues.scope(function(s) s:wrap(cqueues.sleep, 9):join() return 1 end) return 1 end,
	wrap = function() require "cqueues.auxlib".wrap(cqueues.sleep)(9) return 1 end,
}

for kind, f in pairs(waits) do
	t.plain("the_traceback_of_a_task_in_" .. kind .. "_shows_the_lines_of_the_program_only", function()
		local co = coroutine.create(f)
		local cq = cqueues.new():attach(co)
		check(cq:step(0))
		check(cq:step(0))
		local line, count = debug.getinfo(f, "S").linedefined, 0
		local text = cqueues.traceback(co, "where")
		local frames = check(text:match "^where\nstack traceback:\n(.+)$", text)
		for frame in frames:gmatch "[^\n]+" do
			check(frame:find("debugging_spec.lua:" .. line .. ": in ", 1, true), text)
			count = count + 1
		end
		equal(count, (kind == "scope" or kind == "join") and 2 or 1, text)
		cq:close()
	end)
end

t.plain("a_traceback_without_a_coroutine_is_that_of_the_caller", function()
	local text = cqueues.traceback(nil, "here")
	check(text:find("^here\nstack traceback:\n\t[^\n]*debugging_spec.lua:" .. here() - 1), text)
	local object = {}
	equal(cqueues.traceback(nil, object), object)
	equal(cqueues.traceback(coroutine.create(function() end)), "stack traceback:")
end)

-- -- Hooks --------------------------------------------------------------------------------

-- Runs a task whose hook is set as debuggers do it, in its coroutine. Returns how often each line was told.
local function hooked(body, mask, count)
	local counts, total = {}, 0
	local co = coroutine.create(body)
	local function hook(_, line)
		total = total + 1
		if line then
			counts[line] = (counts[line] or 0) + 1
		end
	end
	if jit then
		jit.off() -- compiled code calls no hooks, and LuaJIT has one hook for all coroutines
		debug.sethook(hook, mask, count)
	else
		debug.sethook(co, hook, mask, count)
	end
	local ok, why = cqueues.new():attach(co):loop(t.deadline)
	debug.sethook()
	if jit then
		jit.on()
	end
	check(ok, why)
	return counts, total
end

-- LuaJIT tells a line again when a function that it calls has returned.
local function is_seen(count, times)
	return count == times or jit and count == 2 * times
end

local bodies = {
	sleep = function() cqueues.sleep(0.001) end,
	poll = function() cqueues.poll(0.001) end,
	read = function() a:xread("*l", nil, 0.001) a:clearerr() end,
	condition = function() condition.new():wait(0.001) end,
	inner = function() cqueues.new():wrap(cqueues.sleep, 0.001):loop() end,
	queue = function() require "cqueues.queue".new():get(0.001) end,
}

for kind, wait in pairs(bodies) do
	t.plain("a_hook_sees_each_line_of_a_task_before_and_after_" .. kind, function()
		local before, after
		local counts = hooked(function()
			for _ = 1, 3 do
				before = here()
				wait()
				after = here()
			end
		end, "l")
		for what, at in pairs { before = before, wait = before + 1, after = after } do
			check(is_seen(counts[at], 3), what .. " was told " .. tostring(counts[at]) .. " times")
		end
	end)

	t.plain("a_hook_by_count_goes_on_after_" .. kind, function()
		local function work()
			local x = 0
			for i = 1, 1000 do x = x + i end
			return x
		end
		local _, all = hooked(function()
			work()
			wait()
			work()
		end, "", 100)
		local _, half = hooked(work, "", 100)
		check(half >= 10, "the hook was called " .. half .. " times")
		check(all >= 2 * half, ("%d of twice %d"):format(all, half))
	end)
end

t.plain("a_hook_that_is_put_in_every_coroutine_sees_the_tasks_of_all_modules", function()
	local counts, create = {}, coroutine.create
	local function hook(_, line)
		local source = debug.getinfo(2, "S").short_src
		if source:find "debugging_spec" then
			counts[line] = (counts[line] or 0) + 1
		end
	end
	if jit then
		jit.off()
	end
	debug.sethook(hook, "l")
	coroutine.create = function(f)
		return create(function(...)
			debug.sethook(hook, "l")
			return f(...)
		end)
	end
	local line
	local ok, why = pcall(function()
		local co = coroutine.create(function()
			cqueues.scope(function(scope)
				for _ = 1, 2 do
					cqueues.sleep(0.001)
					line = here()
				end
			end)
		end)
		check(cqueues.new():attach(co):loop(t.deadline))
	end)
	debug.sethook()
	coroutine.create = create
	if jit then
		jit.on()
	end
	check(ok, why)
	check(is_seen(counts[line], 2))
	check(is_seen(counts[line - 1], 2))
end)

-- Runs a function with a hook, and returns how often the hook was called for each line of this file.
local function under(hook_mask, count, body)
	local counts = {}
	if jit then
		jit.off()
	end
	debug.sethook(function(_, line)
		if debug.getinfo(2, "S").short_src:find "debugging_spec" then
			counts[line or 0] = (counts[line or 0] or 0) + 1
		end
	end, hook_mask, count)
	local ok, why = pcall(body)
	debug.sethook()
	if jit then
		jit.on()
	end
	check(ok, why)
	return counts
end

t.plain("tasks_have_the_hook_by_lines_of_who_makes_them", function()
	local lines = {}
	local counts = under("l", 0, function()
		local cq = cqueues.new()
		cq:wrap(function(text)
			lines.wrapped = here()
			cqueues.sleep(0.001)
			equal(text, "argument")
			cqueues.scope(function(scope)
				scope:wrap(function()
					cqueues.sleep(0.001)
					lines.of_a_scope = here()
				end)
			end)
			cq:wrap(function()
				lines.of_a_task = here()
			end)
		end, "argument")
		check(cq:loop(t.deadline))
	end)
	for what, line in pairs(lines) do
		check(is_seen(counts[line], 1), what .. " was told " .. tostring(counts[line]) .. " times")
	end
	check(lines.wrapped and lines.of_a_scope and lines.of_a_task)
end)

t.plain("tasks_have_no_hook_by_counts_of_who_makes_them", function()
	if jit then
		t.skip "LuaJIT has one hook for all coroutines"
	end
	local hook = {}
	under("l", 10, function()
		cqueues.new():wrap(function() hook.f = debug.gethook() end):loop()
	end)
	equal(hook.f, nil)
	equal(debug.gethook(), nil)
end)

t.plain("a_task_is_made_although_the_hook_cannot_be_handed_down", function()
	local sethook, run = debug.sethook, false
	sethook(function() end, "l")
	debug.sethook = function() error "no hooks" end
	local ok = pcall(function() cqueues.new():wrap(function() run = true end):loop() end)
	debug.sethook = sethook
	sethook()
	check(ok and run)
end)

t.plain("the_profiler_of_luajit_counts_tasks", function()
	if not jit then
		t.skip "it is LuaJIT's"
	end
	local profiler = t.system_module "jit.p"
	if not profiler then
		t.skip "no jit.p here"
	end
	local path = t.directory() .. "/profile"
	profiler.start("li1", path)
	local cq = cqueues.new()
	local finish = cqueues.monotime() + 0.3
	for _ = 1, 3 do
		cq:wrap(function()
			while cqueues.monotime() < finish do
				for _ = 1, 10000 do tostring(finish):rep(3) end
				cqueues.sleep(0)
			end
		end)
	end
	local ok, why = cq:loop(t.deadline)
	profiler.stop()
	check(ok, why)
	check(cq:empty())
	local text = io.open(path):read "*a"
	check(text:find "debugging_spec", text)
end)

a:close()
b:close()
listener:close()

t.finish()

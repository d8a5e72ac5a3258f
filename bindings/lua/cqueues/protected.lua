-- SPDX-License-Identifier: MIT
--
-- For the other modules here: pcall that lets a function yield on every Lua, and which task runs.

local running = coroutine.running
local debug = debug or {}
local trace, gethook, sethook = debug.traceback, debug.gethook or function() end, debug.sethook

local protected = { call = pcall }

-- Stands for whatever runs outside of coroutines where Lua has no value for it.
local main = {}

--- The coroutine that runs, or a value that stands for none. In a function that `call` runs it is that of the caller.
function protected.task()
	return running() or main
end

-- Of each task whose error went through `traced`: the text, and where it was thrown, as debug.traceback tells it.
local thrown = setmetatable({}, { __mode = "k" })

-- Keeps where a text was thrown. A text that goes through several calls keeps its first place.
local function note(task, err, stack)
	if type(err) == "string" and not (thrown[task] and thrown[task].err == err) then
		thrown[task] = { err = err, stack = stack }
	end
end

--- Where a task has thrown a text that has gone through `traced`, as debug.traceback tells it; otherwise nil.
function protected.origin(task, err)
	local last = thrown[task or main]
	return last and last.err == err and last.stack or nil
end

--- The coroutines that make up the stack of a coroutine or, for nil, of the one that runs; the innermost first.
function protected.stack(thread)
	return { thread or running() }
end

local function handler(err)
	note(protected.task(), err, type(err) == "string" and trace())
	return err
end

--- The same as `call`. Where a text was thrown is kept for tracebacks.
function protected.traced(f, ...)
	return xpcall(f, handler, ...)
end

-- Lua 5.1 does not let a function yield through pcall: there a coroutine stands in, and each of its yields is given on,
-- polls and others alike.
if not coroutine.wrap(function() return pcall(coroutine.yield, true) end)() then
	local weak = { __mode = "kv" } -- a coroutine that nobody else refers to runs no more
	local caller = setmetatable({}, weak) -- of each coroutine that stands in: the task
	local outer = setmetatable({}, weak) -- the coroutine that has resumed it
	local inner = setmetatable({}, weak) -- of each coroutine that waits for such a one: that one

	local function hand_up(co, ...)
		if coroutine.status(co) == "suspended" then
			return hand_up(co, coroutine.resume(co, coroutine.yield(select(2, ...))))
		end
		return ...
	end

	function protected.stack(thread)
		local list, co = {}, thread or running()
		while co do
			list[#list + 1] = co
			co = outer[co]
		end
		co = inner[thread or false]
		while co do
			table.insert(list, 1, co)
			co = inner[co]
		end
		return list
	end

	-- Where a coroutine that stands in has thrown.
	local function stack_of(co)
		local lines = {}
		for _, one in ipairs(protected.stack(co)) do
			lines[#lines + 1] = trace(one)
		end
		return table.concat(lines, "\n")
	end

	local function over(co, is_traced, ok, ...)
		local around = outer[co]
		if is_traced and not ok and type((...)) == "string" then
			note(caller[co], (...), stack_of(co))
		end
		if around then
			inner[around] = nil
		end
		return ok, ...
	end

	-- Make a coroutine, with the hook by lines of the running one, as tasks have it.
	local function create(f)
		local co = coroutine.create(function(...) return f(...) end) -- f may be no Lua function
		local hook, mask, count = gethook()
		if type(hook) == "function" and mask:find "l" and count == 0 then
			sethook(co, hook, mask)
		end
		return co
	end

	local function call(is_traced, f, ...)
		local co, around = create(f), running()
		caller[co], outer[co] = protected.task(), around
		if around then
			inner[around] = co
		end
		return over(co, is_traced, hand_up(co, coroutine.resume(co, ...)))
	end

	--- Calls a function: true and what it returns, or false and what it throws.
	function protected.call(f, ...)
		return call(false, f, ...)
	end

	function protected.traced(f, ...)
		return call(trace, f, ...)
	end

	function protected.task()
		local co = running()
		return caller[co] or co or main
	end
elseif not trace then
	protected.traced = pcall
end

return protected

-- SPDX-License-Identifier: MIT
--
-- For the other modules here: pcall that lets a function yield on every Lua, and which task runs.

local running = coroutine.running

local protected = { call = pcall }

-- Stands for whatever runs outside of coroutines where Lua has no value for it.
local main = {}

--- The coroutine that runs, or a value that stands for none. In a function that `call` runs it is that of the caller.
function protected.task()
	return running() or main
end

-- Lua 5.1 does not let a function yield through pcall: there a coroutine stands in, and each of its yields is given on,
-- polls and others alike.
if not coroutine.wrap(function() return pcall(coroutine.yield, true) end)() then
	local caller = setmetatable({}, { __mode = "k" }) -- of each coroutine that stands in

	local function hand_up(co, ...)
		if coroutine.status(co) == "suspended" then
			return hand_up(co, coroutine.resume(co, coroutine.yield(select(2, ...))))
		end
		return ...
	end

	--- Calls a function: true and what it returns, or false and what it throws.
	function protected.call(f, ...)
		local co = coroutine.create(function(...) return f(...) end) -- f may be no Lua function
		caller[co] = protected.task()
		return hand_up(co, coroutine.resume(co, ...))
	end

	function protected.task()
		local co = running()
		return caller[co] or co or main
	end
end

return protected

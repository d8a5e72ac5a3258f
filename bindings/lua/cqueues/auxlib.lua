-- SPDX-License-Identifier: MIT
--
-- Companions of Lua's own functions that know of polling and of error numbers.
--
-- A coroutine that polls yields to the controller. When it was resumed by something in between
-- (a generator, a parser, a test), that yield lands there instead. `resume` and `wrap` recognise
-- it by the marker that stands first in every yield of a poll and hand it on, upwards, until it
-- reaches the controller; whoever uses them sees only the yields that are meant for him.

local arguments = require "cqueues.arguments"
local cqueues = require "cqueues"
local strerror = require "cqueues.errno".strerror

local create, coresume, yield = coroutine.create, coroutine.resume, coroutine.yield
local getmetatable = debug and debug.getmetatable or getmetatable

local is_nameless = _VERSION == "Lua 5.2" -- whose tostring does not know the names of classes

local function loader()
	local auxlib = {}

	-- Give a poll to the parent, and what the parent answers back to `co`; end with the first
	-- result that is no poll. There are always two results: a coroutine that yields or returns nothing gives nil.
	local function hand_up(co, ...)
		local ok, marker = ...
		if ok and marker == cqueues._POLL then
			return hand_up(co, coresume(co, yield(select(2, ...))))
		end
		return ok, marker, select(3, ...)
	end

	-- Resume a coroutine as coroutine.resume does; its polls go up to the controller.
	--
	-- co: the coroutine. ...: what it is resumed with.
	-- Returns true and what it yielded or returned, or false and the error.
	function auxlib.resume(co, ...)
		if type(co) ~= "thread" then
			arguments.refuse_type(co, 1, "resume", "coroutine")
		end
		return hand_up(co, coresume(co, ...))
	end

	local function results(ok, ...)
		if not ok then
			error((...), 0)
		end
		return ...
	end

	-- Make a function that resumes a new coroutine, as coroutine.wrap does; polls go up.
	--
	-- f: the body of the coroutine.
	-- Returns the function; it throws what the coroutine throws.
	function auxlib.wrap(f)
		if type(f) ~= "function" then
			arguments.refuse_type(f, 1, "wrap", "function")
		end
		local co = create(f)
		return function(...)
			return results(hand_up(co, coresume(co, ...)))
		end
	end

	-- The first value that says something, as text: a number is an error number.
	local function reason(...)
		for i = 1, select("#", ...) do
			local value = (select(i, ...))
			if type(value) == "number" then
				return strerror(value)
			elseif value then
				return auxlib.tostring(value)
			end
		end
	end

	-- Throw unless the first value is true.
	--
	-- auxlib.assert(v, ...): v and all that follows, when v is neither nil nor false. Otherwise an
	-- error with the first reason found among the values that follow: a text, or the text of an
	-- error number. auxlib.assert2 ... assert9 differ in the level the error points to, counted
	-- as by error(); auxlib.assert is assert2 and points to its caller.
	for level = 2, 9 do
		auxlib["assert" .. level] = function(v, ...)
			if v then
				return v, ...
			end
			error(reason(...), level)
		end
	end
	auxlib.assert = auxlib.assert2

	-- The first of `count` values that says something, as text, and what follows it: the number it was, or the rest.
	local function explained(v, count, first, ...)
		if type(first) == "number" then
			return v, strerror(first), first
		elseif first then
			return v, auxlib.tostring(first), ...
		elseif count > 1 then
			return explained(v, count - 1, ...)
		end
		return v
	end

	-- Arrange the results of a call as Lua's io library does.
	--
	-- Returns all values as they are when the first is true. Otherwise the first, and from the first reason on what
	-- there is: a number as its text and the number, anything else as text and the values behind it.
	function auxlib.fileresult(v, ...)
		if v then
			return v, ...
		end
		return explained(v, select("#", ...), ...)
	end

	-- tostring whose metamethod may poll, on Lua 5.1 too: it is called from Lua, not from C.
	function auxlib.tostring(...)
		if select("#", ...) == 0 then
			arguments.refuse(1, "tostring", "value expected")
		end
		local metatable = getmetatable((...))
		local handler = type(metatable) == "table" and rawget(metatable, "__tostring")
		if handler then
			return handler((...))
		end
		local text, name = tostring(...), is_nameless and type(metatable) == "table" and rawget(metatable, "__name")
		return type(name) == "string" and (text:gsub("^[^:]*", name, 1)) or text
	end

	auxlib.loader = loader

	return auxlib
end

return loader()

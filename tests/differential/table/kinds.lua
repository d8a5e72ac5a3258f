-- SPDX-License-Identifier: MIT
--
-- The kinds of values that a case puts in the place of an argument.

local outcome = require "outcome"

local kinds = {}

local function kind(name, value)
	kinds[#kinds + 1] = { name = name, value = function(env, spec)
		return outcome.name(value(env, spec), "the " .. name)
	end }
end

local function constant(name, value)
	kinds[#kinds + 1] = { name = name, value = function() return value end }
end

local function with(name, metatable)
	kind(name, function(env)
		local fields = {}
		for event, f in pairs(metatable) do
			fields[event] = function(...) return f(env, ...) end
		end
		return setmetatable({}, fields)
	end)
end

local function close(env)
	if env.object and type(env.object) ~= "table" then
		pcall(function() env.object:close() end)
	end
end

constant("absent", nil)
constant("nil", nil)
constant("false", false)
constant("true", true)
constant("digits", "10")
constant("text", "text")
constant("empty", "")
constant("zero", 0)
constant("one", 1)
constant("fraction", 1.5)
constant("negative", -1)
constant("huge", 9007199254740992)
constant("vast", 1e300)
constant("nan", 0 / 0)
constant("infinity", math.huge)
constant("minus-infinity", -math.huge)
kind("table", function() return {} end)
kind("function", function() return function() return 7 end end)
kind("coroutine", function() return coroutine.create(function() end) end)
kind("same-class", function(env, spec) return spec.same(env) end)
kind("closed-same-class", function(env, spec) return spec.closed(env) end)
kind("other-class", function(env, spec)
	if spec.class == "condition" then
		return cqueues.new()
	end
	return condition.new()
end)
kind("file", function(env)
	local file = io.open "/dev/null"
	env.closing[#env.closing + 1] = function() file:close() end
	return file
end)
kind("closed-file", function()
	local file = io.open "/dev/null"
	file:close()
	return file
end)
with("tostring", { __tostring = function() return "as text" end })
with("tostring-throws", { __tostring = function() error("thrown by __tostring", 0) end })
with("tostring-closes", { __tostring = function(env) close(env) return "as text" end })
with("index", { __index = function() return 1 end })
with("index-throws", { __index = function() error("thrown by __index", 0) end })
with("index-closes", { __index = function(env) close(env) end })
with("call", { __call = function() return "called" end })
with("call-throws", { __call = function() error("thrown by __call", 0) end })

-- A call that blocks for long outside of a controller is told from one that blocks for ever inside of one only.
local long = { one = true, digits = true, fraction = true, huge = true, vast = true, infinity = true, nan = true }

-- In all but the first two states of a function, and outside of a controller where it can wait in a task, only these
-- are tried.
local usual = { absent = true, ["nil"] = true, ["false"] = true, text = true, zero = true, one = true, negative = true,
	table = true, ["tostring-closes"] = true, ["index-closes"] = true }

-- What methods are called on instead of an object of theirs.
kinds.of_self = { ["nil"] = true, text = true, table = true, ["other-class"] = true, file = true }

local function place_waits(spec, place)
	return spec.timeout_place and type(place) == "number" and place >= spec.timeout_place
		or spec.timeout_field and spec.timeout_field == place
end

function kinds.applies(kind, spec, place, where, state_number)
	local name = kind.name
	if state_number > 2 and not usual[name] then
		return false
	end
	if name == "same-class" and not spec.same or name == "closed-same-class" and not spec.closed then
		return false
	elseif (name == "tostring-closes" or name == "index-closes") and not spec.closed then
		return false
	elseif where == "outside" and place_waits(spec, place) and long[name] then
		return false
	end
	return not (spec.not_kinds and spec.not_kinds[name])
end

return kinds

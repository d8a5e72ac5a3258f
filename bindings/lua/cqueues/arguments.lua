-- SPDX-License-Identifier: MIT
--
-- For the other modules here: errors about arguments that name the function, the argument and what was expected, as those
-- of C functions do. Arguments of a method are counted without its object. Each function here is called by the function
-- that programs call, and points to the program's line.

local getmetatable = debug and debug.getmetatable or getmetatable

local arguments = {}

-- What a value is, in words: userdata by the name of its class.
local function kind_of(value)
	local metatable = type(value) == "userdata" and getmetatable(value)
	local name = type(metatable) == "table" and rawget(metatable, "__name")
	return type(name) == "string" and name or type(value)
end

-- Throws what is wrong with an argument: `why`, in words. `level` counts from here to the program, as with `error`.
local function refuse(place, name, why, level)
	error(("bad argument #%d to '%s' (%s)"):format(place, name, why), level)
end

--- Throws what is wrong with an argument.
--
-- place: which argument. name: the function. why: in words. further: how many functions stand between the caller and the
-- function that programs call; nil for 0.
function arguments.refuse(place, name, why, further)
	refuse(place, name, why, 4 + (further or 0))
end

--- Throws that an argument is of a wrong type.
local function refuse_type(value, place, name, wanted, level)
	refuse(place, name, ("%s expected, got %s"):format(wanted, kind_of(value)), level or 5)
end

function arguments.refuse_type(value, place, name, wanted)
	refuse_type(value, place, name, wanted, 5)
end

--- Throws that a method was called on what is no object of its class, for a function that the method has called.
local function refuse_self(value, name, wanted)
	error(("calling '%s' on bad self (%s expected, got %s)"):format(name, wanted, kind_of(value)), 4)
end

arguments.refuse_self = refuse_self

--- A function that throws, for a method of a class, unless a value is an object of the class.
--
-- class: its metatable. wanted: its name.
function arguments.checker(class, wanted)
	return function(value, name)
		if getmetatable(value) ~= class then
			refuse_self(value, name, wanted)
		end
	end
end

--- Seconds, or nil for nil and false.
function arguments.seconds(value, place, name)
	if not value or type(value) == "number" then
		return value or nil
	end
	return type(value) == "string" and tonumber(value) or refuse_type(value, place, name, "number")
end

--- A number, or its digits.
function arguments.number(value, place, name)
	if type(value) == "number" then
		return value
	end
	return type(value) == "string" and tonumber(value) or refuse_type(value, place, name, "number")
end

--- A text; a number is one.
function arguments.text(value, place, name)
	if type(value) == "string" then
		return value
	end
	return type(value) == "number" and tostring(value) or refuse_type(value, place, name, "string")
end

--- A function, or what can be called like one.
function arguments.callable(value, place, name)
	local metatable = type(value) ~= "function" and getmetatable(value)
	if metatable == nil or metatable and not metatable.__call then
		refuse_type(value, place, name, "function")
	end
	return value
end

return arguments

-- SPDX-License-Identifier: MIT
--
-- Odd arguments, one call behind the other, to methods and functions of objects that stay: what an odd one has changed shows in
-- the calls behind it. tests/differential/table tries each argument alone.

local catalogue = new_catalogue()

-- By name, so that a program can be shown.
local VALUES = {
	["nil"] = function() return nil end, ["true"] = function() return true end, ["false"] = function() return false end,
	zero = function() return 0 end, one = function() return 1 end, three = function() return 3 end,
	["minus one"] = function() return -1 end, half = function() return 0.5 end, ["2^31"] = function() return 2 ^ 31 end,
	["0.01"] = function() return 0.01 end, empty = function() return "" end, text = function() return "text\n" end,
	digits = function() return "2" end, zeros = function() return "a\0b" end, ["*l"] = function() return "*l" end,
	bn = function() return "bn" end, r = function() return "r" end, rw = function() return "rw" end,
	table = function() return {} end, ["function"] = function() return function() end end, object = function(world) return world.b end,
	condition = function(world) return world.v end,
}
local VALUE_NAMES = { "nil", "true", "false", "zero", "one", "three", "minus one", "half", "2^31", "0.01", "empty", "text", "digits",
	"zeros", "*l", "bn", "r", "rw", "table", "function", "object", "condition" }

-- docs/differences.md: "In Lua 5.2 numbers that are no whole ones, negative or very large".
local NUMBERS_DIFFER = _VERSION == "Lua 5.2"
local ODD_NUMBERS = { ["minus one"] = true, half = true, ["2^31"] = true, ["0.01"] = true }

local function values(g, most)
	local list = {}
	for i = 1, g:number(most + 1) - 1 do
		list[i] = g:choose(VALUE_NAMES)
	end
	return list
end

local function made(world, list)
	local results = { n = #list }
	for i, value in ipairs(list) do
		if value == "2^31" and i > 1 or NUMBERS_DIFFER and ODD_NUMBERS[value] then
			value = "one" -- behind the first argument it may be a timeout
		end
		results[i] = VALUES[value](world)
	end
	return unpack(results, 1, results.n)
end

-- That an argument is refused counts, not the words for it, nor which of two is looked at first (docs/differences.md: "A wrong
-- argument is told by its place").
local function calling(f, most_results, ...)
	local results = pack(protect(f, ...))
	local why = results[2]
	if results[1] then
		return unpack(results, 2, math.min(results.n, (most_results or 9) + 1))
	elseif type(why) == "string" and (why:find "bad argument" or why:find "attempt to" or why:find "expected") then
		return "refused"
	end
	error(why, 0)
end

-- A method of the object of that name: how many arguments it has at most, and how many results count.
local function method(object, method_name, most, most_results)
	catalogue:add(object .. ":" .. method_name, 1, function(g) return values(g, most) end, function(world, list)
		world.a:clearerr() -- docs/differences.md: "A wrong argument throws, also of a socket whose error is still to be told"
		return calling(world[object][method_name], most_results, world[object], made(world, list))
	end)
end

local function call(label, f, most, most_results)
	catalogue:add(label, 1, function(g) return values(g, most) end, function(world, list)
		return calling(f, most_results, made(world, list))
	end)
end

-- Not settimeout, as the calls behind it might wait for ever, nor those that the original does in part before it refuses them.
for _, entry in ipairs { { "read", 2 }, { "xread", 3 }, { "recv", 2 }, { "write", 2 }, { "xwrite", 3 }, { "send", 4 }, { "fill", 2 }, { "unget", 1 },
	{ "flush", 2 }, { "setmode", 2 }, { "seterror", 2 }, { "error", 1 }, { "clearerr", 1 },
	{ "shutdown", 1, 1 }, { "uncork", 1 } } do
	method("a", unpack(entry))
end
method("v", "signal", 1)
for _, entry in ipairs { { "cancel", 1 }, { "alert", 1 }, { "count", 1 }, { "empty", 1 }, { "timeout", 1 } } do
	method("q", unpack(entry))
end
call("errno.strerror", errno.strerror, 1)
call("auxlib.fileresult", auxlib.fileresult, 3)
call("auxlib.assert", auxlib.assert, 3)
call("auxlib.tostring", auxlib.tostring, 1)
call("cqueues.type", cqueues.type, 1)
call("socket.type", socket.type, 1)
call("condition.type", condition.type, 1)
call("promise.type", promise.type, 1)
call("condition.new", condition.new, 1)
call("cqueues.cancel", cqueues.cancel, 2)

local family = { catalogue = catalogue }

function family.make(g)
	return { options = {}, tasks = { { name = "t1", operations = g:list(catalogue, 3 + g:number(10)) } } }
end

function family.run(program)
	local world = { v = name(condition.new(), "v"), q = name(cqueues.new(), "q") }
	world.a, world.b = socket.pair()
	for _, which in ipairs { "a", "b" } do
		prepare(name(world[which], which), 0.02)
	end
	world.b:xwrite("line\nrest", "bn")
	perform_alone(world, program)
	prepare(world.a)
	prepare(world.b)
	line("rest", told(world.b:recv(-1000)) .. " " .. told(world.a:recv(-1000)) .. " " .. told(world.a:setmode()))
end

return family

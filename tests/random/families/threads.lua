-- SPDX-License-Identifier: MIT
--
-- Threads: started with random arguments and functions, which write, fail, close their socket or wait; joined in various
-- ways, at once or from tasks.

local thread = require "cqueues.thread"
local catalogue = new_catalogue()

-- Data, by name: what an argument is shown as.
local VALUES = {
	["nil"] = function() return nil end, ["true"] = function() return true end, ["false"] = function() return false end,
	zero = function() return 0 end, ["minus one"] = function() return -1 end, half = function() return 1.5 end,
	["2^53"] = function() return 2 ^ 53 end, inf = function() return 1 / 0 end, empty = function() return "" end,
	text = function() return "text" end, ["12"] = function() return "12" end, zeros = function() return "a\0b" end,
	long = function() return ("x"):rep(5000) end, ["2^31"] = function() return 2 ^ 31 end,
	greatest = function() return math.maxinteger or 7 end, table = function() return {} end,
	convertible = function() return setmetatable({}, { __tostring = function() return "converted" end }) end,
	socket = function() return (socket.pair()) end, userdata = function() return io.stdout end,
}
local VALUE_NAMES = { "nil", "nil", "true", "false", "zero", "minus one", "half", "2^53", "inf", "empty", "text", "12", "zeros", "long",
	"2^31", "greatest", "text", "zero", "true", "table", "convertible", "socket", "userdata" }

local BODIES = {
	["tells its arguments"] = function(s, ...)
		local words = {}
		for i = 1, select("#", ...) do
			local value = (select(i, ...))
			local kind = type(value)
			words[i] = kind .. " " .. (kind == "string" and #value > 40 and #value
				or kind == "number" and ("%.17g %s"):format(value, math.type and math.type(value) or "")
				or (kind == "string" or kind == "boolean" or kind == "nil") and tostring(value) or "?")
		end
		s:xwrite(select("#", ...) .. " " .. table.concat(words, ","):gsub("%z", "0"):gsub(": 0x%x+", "") .. "\n", "bn")
	end,
	["throws its argument"] = function(_, ...) error((select(1, ...))) end,
	throws = function() error("thrown", 0) end,
	["throws with its place"] = function() error "thrown" end,
	["throws a number"] = function() error(12) end,
	["calls nothing"] = function(s)
		s:close()
		local nothing = nil
		nothing()
	end,
	answers = function(s)
		s:xwrite(tostring(s:read "*l") .. "\n", "bn")
		return 5, "x"
	end,
	["asks who it is"] = function(s)
		local own = require "cqueues.thread"
		s:xwrite(tostring(own.self() ~= nil) .. " " .. tostring(own.type(own.self())) .. "\n", "bn")
	end,
	sleeps = function() require("cqueues").sleep(0.03) end,
	loops = function(s)
		local cqueues = require "cqueues"
		local controller = cqueues.new()
		controller:wrap(function() s:xwrite("from a task\n", "bn") end)
		controller:wrap(error, "failed", 0)
		local ok, why = controller:loop(0.5)
		s:xwrite(tostring(ok) .. tostring(why) .. "\n", "bn")
	end,
	["wrong function"] = 7,
	["no code"] = "no code",
}
local BODY_NAMES = {}
for body in pairs(BODIES) do
	BODY_NAMES[#BODY_NAMES + 1] = body
end
table.sort(BODY_NAMES)

-- docs/differences.md: "`join` tells errors with a traceback behind the first line", and "`error {}`, `error(nil)`, `error(true)` are
-- told", which the original takes for success.
local function first_line(ok, why, code)
	if type(why) == "string" then
		why = why:match "^[^\n]*":gsub("^.-:%d+: ", ""):gsub("^%(error object is an? %a+ value%)$", "nil"):gsub("^nil$", "")
		why = why ~= "" and why ~= "converted" and why or nil
	elseif why == true then
		why = nil
	end
	return ok, why, code
end

catalogue:add("start", 6, function(g)
	local arguments = {}
	for i = 1, g:chance(10) and 25 or g:number(7) - 1 do
		arguments[i] = g:choose(VALUE_NAMES)
	end
	return g:choose(BODY_NAMES), arguments
end, function(world, body, arguments)
	local values = { n = #arguments }
	for i = 1, values.n do
		values[i] = VALUES[arguments[i]]()
	end
	local t, s, code = thread.start(BODIES[body], unpack(values, 1, values.n))
	world.threads[#world.threads + 1] = { thread = t, socket = s }
	name(t, "thread " .. #world.threads)
	s:settimeout(1)
	returns_errors(s)
	return t, s, code
end)

local function on_last(kind, weight, make, run)
	catalogue:add(kind, weight, make, function(world, ...)
		local last = world.threads[#world.threads]
		if last then
			return run(last, ...)
		end
	end)
end

local function is_open(last)
	return socket.type(last.socket) == "socket"
end

on_last("write", 3, nil, function(last) return is_open(last) and last.socket:xwrite("hello\n", "bn") ~= nil end)
on_last("read", 4, nil, function(last) return is_open(last) and last.socket:read "*l" end)
on_last("shutdown", 1, nil, function(last) return is_open(last) and last.socket:shutdown "w" end)
on_last("close", 2, nil, function(last) return is_open(last) and last.socket:close() end)
on_last("join", 4, function(g) return g:choose { 1, 1, 2 } end, function(last, t) return first_line(last.thread:join(t)) end)
on_last("join again", 2, nil, function(last)
	last.thread:join(1)
	return first_line(last.thread:join(0))
end)
on_last("type", 1, nil, function(last) return thread.type(last.thread), thread.type(last.socket), thread.self() end)

local family = { catalogue = catalogue }

function family.make(g)
	return { options = { in_task = g:chance(50) }, tasks = { { name = "t1", operations = g:list(catalogue, 2 + g:number(6)) } } }
end

function family.run(program)
	local world = { threads = {} }
	perform_alone(world, program, 10)
	for i, last in ipairs(world.threads) do
		if is_open(last) then
			last.socket:close()
		end
		line("rest", i .. " " .. told(first_line(last.thread:join(2))))
	end
end

return family

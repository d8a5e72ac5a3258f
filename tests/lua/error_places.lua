-- SPDX-License-Identifier: MIT
--
-- Calls functions and methods that bindings/lua/api describes in all states and ways, and looks at what they throw: a text names
-- no line of the library and no function by '?', and begins with the program's line if that has called directly.
--
--   LUA error_places.lua [NAME]             all of them, or those of this name, as "cqueues.Controller:loop"
--
-- The object is open, closed, closed while the call waits, or a controller that is being stepped. The call is made as programs write it, as
-- the last act of a function, or through pcall with and without arguments. It is made in a task, in a task of another controller's
-- task, in a scope that is over, or in a coroutine that a task has made. Prints:
--
--   begin CALL
--   fault CALL: what was thrown
--   done COUNT

local here = arg[0]:gsub("[^/]*$", "")
local root = here .. "../.."
local api = dofile(root .. "/tools/lua-api/read.lua")(root)
local objects = dofile(here .. "api_objects.lua")
local right = dofile(here .. "api_values.lua")(api, objects).right
local cqueues = require "cqueues"

local only = arg[1]
local compile = loadstring or load
local unpack = table.unpack or unpack

-- Nothing leaves this host, and no signal that a call sends ends this process.
require "cqueues.dns".setpool(require "cqueues.dns.resolvers".new { nameserver = { "127.0.0.1" } })
for _, name in ipairs { "SIGHUP", "SIGINT", "SIGUSR1", "SIGUSR2", "SIGPIPE", "SIGALRM", "SIGCHLD" } do
	require "cqueues.signal".block(require "cqueues.signal"[name])
end

-- These end the process, wait for a signal, or change what other calls do.
local LEFT_OUT = { pause = true, interpose = true, setpool = true, clockadvance = true, clockrate = true, checkfields = true }

-- -- Where calls are made -----------------------------------------------------------------------------------------------------

local MOMENT = 0.002 -- seconds

-- Each runs f in a task of a controller, and returns what comes of it: true, or false and what was thrown.
local places = {}

local function run(controller)
	local ok, why = controller:loop(MOMENT)
	pcall(controller.close, controller)
	return ok, why
end

function places.task(f)
	return run(cqueues.new():wrap(f))
end

places["nested task"] = function(f)
	local inner, why = cqueues.new():wrap(f), nil
	local outer = cqueues.new():wrap(function() why = inner:errors(MOMENT)() end)
	local ok, reason = run(outer)
	return ok and why == nil, reason or why
end

places["ended scope"] = function(f)
	return run(cqueues.new():wrap(function()
		cqueues.scope(function(scope)
			scope:cancel "over"
			f()
		end)
	end))
end

places["coroutine of a task"] = function(f)
	return run(cqueues.new():wrap(function()
		local co, ok, why = coroutine.create(f), nil, nil
		repeat
			ok, why = coroutine.resume(co, cqueues.poll(0))
		until not ok or coroutine.status(co) == "dead"
		if not ok then
			error(why, 0)
		end
	end))
end

-- -- How calls are made -------------------------------------------------------------------------------------------------------

local SOURCES = {
	directly = "local o, f = ... return function(...) local r = { CALL } return r end",
	["as the last act"] = "local o, f = ... local function last(...) return CALL end return function(...) local r = { last(...) } return r end",
}

-- A function that makes the call as a program has it written.
local function written(how, name, object, f)
	local call = object ~= nil and ("o:%s(...)"):format(name) or "f(...)"
	if object == nil then
		f = { [name] = f }
		call = ("f.%s(...)"):format(name)
	end
	return assert(compile((SOURCES[how]:gsub("CALL", call)), "=program"))(object, f)
end

local function through_pcall(f, ...)
	local ok, why = pcall(f, ...)
	if not ok then
		error(why, 0)
	end
end

-- -- What is thrown -----------------------------------------------------------------------------------------------------------

local count, told = 0, {}

local function is_of_the_library(text)
	return text:find "cqueues/[%w_/]+%.lua:%d" or text:find "cqueues%.[%w_.]+:%d+:"
end

local function look(call, is_direct, why)
	count = count + 1
	if type(why) ~= "string" or why:find "^unable to update event disposition" then -- of a task's wait, which the step tells of
		return
	end
	local text = why:match "^[^\n]*" -- tracebacks come behind it
	if (is_of_the_library(text) or text:find("'?'", 1, true) or is_direct and not text:find "^program:1: ") and not told[call .. text] then
		told[call .. text] = true
		print(("fault %s: %s"):format(call, text))
	end
end

-- -- All of them ----------------------------------------------------------------------------------------------------------

local function arguments_of(f)
	local list = { n = #f.parameters }
	for i, parameter in ipairs(f.parameters) do
		list[i] = right(parameter)
	end
	return list
end

-- Makes one call in all ways and places. Each time `state` makes the object, nil for a function of a module, and may return a
-- function that closes it, which is run while the call waits.
local function try(title, f, state, function_of)
	for place, run_there in pairs(places) do
		local function attempt(how, is_direct, make_call)
			local object, close = state()
			local call = make_call(object, function_of(object))
			local arguments = arguments_of(f)
			io.write("begin ", title, ", ", place, ", ", how, "\n")
			io.flush()
			local _, why = run_there(function()
				if close then
					cqueues.running():wrap(close)
				end
				call(unpack(arguments, 1, arguments.n))
			end)
			look(("%s, %s, %s"):format(title, place, how), is_direct and place ~= "coroutine of a task", why)
		end
		for how in pairs(SOURCES) do
			attempt(how, how == "directly", function(object, fn) return written(how, f.name, object, fn) end)
		end
		attempt("through pcall", false, function(object, fn)
			if object == nil then
				return function(...) through_pcall(fn, ...) end
			end
			return function(...) through_pcall(fn, object, ...) end
		end)
		attempt("through pcall without arguments", false, function(_, fn) return function() through_pcall(fn) end end)
	end
end

-- A call that a task of the controller itself makes, or one of a controller that it steps.
local function try_inside(title, f)
	for how in pairs(SOURCES) do
		for _, is_deeper in ipairs { false, true } do
			local controller, why = cqueues.new(), nil
			local call, arguments = written(how, f.name, controller), arguments_of(f)
			local function act() call(unpack(arguments, 1, arguments.n)) end
			controller:wrap(is_deeper and function() why = cqueues.new():wrap(act):errors(MOMENT)() end or act)
			local _, outer_why = controller:loop(MOMENT)
			look(("%s, %s%s"):format(title, how, is_deeper and ", one deeper" or ""), how == "directly", why or outer_why)
		end
	end
end

local function is_asked_for(title, f)
	return not LEFT_OUT[f.name] and (not only or only == title)
end

for _, module in ipairs(api.modules) do
	for _, f in ipairs(module.functions) do
		local title = module.name .. "." .. f.name
		if is_asked_for(title, f) then
			try(title, f, function() end, function() return require(module.name)[f.name] end)
		end
	end
	for _, class in ipairs(module.classes) do
		local make, closed = objects.make[class.name], objects.closed[class.name]
		for _, f in ipairs(class.methods) do
			local title = class.name .. ":" .. f.name
			local function function_of(object)
				return objects.methods(object)[f.name]
			end
			if is_asked_for(title, f) and class.name ~= "cqueues.dns.Record" then
				try(title .. " of an open object", f, make, function_of)
				if closed then
					try(title .. " of a closed object", f, closed, function_of)
				end
				if closed and objects.methods(make()).close then
					try(title .. " of an object that is closed meanwhile", f, function()
						local object = make()
						return object, function() object:close() end
					end, function_of)
				end
				if class.name == "cqueues.Controller" then
					try_inside(title .. " in a task of its own", f)
				end
			end
		end
	end
end

io.write("done ", count, "\n")
io.flush()
os.exit(0)

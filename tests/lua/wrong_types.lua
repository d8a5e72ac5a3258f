-- SPDX-License-Identifier: MIT
--
-- Calls functions and methods that bindings/lua/api describes with values of wrong types:
--
--   LUA wrong_types.lua SUBJECT [CASE]      the functions of a module, the methods of a class, or "tables": the fields of
--                                           tables that functions take
--
-- First each is called rightly: its results must be of the types that are described. Then each argument in turn is a value of
-- each kind; the arguments before it are as they should be, those behind it are left out.
-- A method is also called on what is no object of its class. Each call is a task of a controller of its own. A value that
-- neither the type of the argument nor `takes` allows must be an error that names function and argument, or a failure that
-- the description lists. Each case is told before it runs, so that whoever reads along knows which call ended the process:
--
--   begin NUMBER CALL
--   fault CALL: what came of it
--   done COUNT

local here = arg[0]:gsub("[^/]*$", "")
local root = here .. "../.."
local api = dofile(root .. "/tools/lua-api/read.lua")(root)
local objects = dofile(here .. "api_objects.lua")
local cqueues = require "cqueues"
local signal = require "cqueues.signal"

local subject, only = arg[1], tonumber(arg[2])
local compile = loadstring or load
local pack = table.pack or function(...) return { n = select("#", ...), ... } end
local unpack = table.unpack or unpack

-- Nothing leaves this host, and no signal ends this process.
require "cqueues.dns".setpool(require "cqueues.dns.resolvers".new { nameserver = { "127.0.0.1" } })
for number = 1, 31 do
	pcall(signal.block, number)
end

-- -- Kinds of values ---------------------------------------------------------------------------------------------------------

local kinds = {
	{ name = "nil", is = "nil", value = function() end },
	{ name = "false", is = "false", value = function() return false end },
	{ name = "true", is = "boolean", value = function() return true end },
	{ name = "number", is = "number", value = function() return 7777 end },
	{ name = "negative", is = "number", value = function() return -1 end },
	{ name = "NaN", is = "number", value = function() return 0 / 0 end },
	{ name = "huge", is = "number", value = function() return 2 ^ 53 end },
	{ name = "text", is = "string", value = function() return "text" end },
	{ name = "empty text", is = "string", value = function() return "" end },
	{ name = "table", is = "table", value = function() return {} end },
	{ name = "function", is = "function", value = function() return function() end end },
	{ name = "coroutine", is = "thread", value = function() return coroutine.create(function() end) end },
	{ name = "file", is = "file*", value = function() return io.open "/dev/null" end },
	{ name = "condition", is = "cqueues.Condition", value = objects.make["cqueues.Condition"] },
	{ name = "controller", is = "cqueues.Controller", value = objects.make["cqueues.Controller"] },
	{ name = "closed socket", is = "cqueues.Socket", value = objects.closed["cqueues.Socket"] },
	{ name = "closed controller", is = "cqueues.Controller", value = objects.closed["cqueues.Controller"] },
	{ name = "closed resolver", is = "cqueues.dns.Resolver", value = objects.closed["cqueues.dns.Resolver"] },
}

-- -- Types of the description ------------------------------------------------------------------------------------------------

local values = dofile(here .. "api_values.lua")(api, objects)
local alternatives, right = values.alternatives, values.right

local is_text = { string = true }

-- Whether a value of a kind is of a type, or close enough: numbers are texts, and everything is a boolean.
local function fits(kind, parameter)
	if kind.is == "nil" and parameter.optional then
		return true
	end
	return alternatives(parameter.type, function(type)
		if type == "any" or type == "boolean" or type == kind.is or type == "userdata" and kind.is:find "[%.*]" then
			return true
		elseif (type == "number" or type == "integer") and kind.is == "number" then
			return true
		elseif (is_text[type] or type:find '^"') and (kind.is == "string" or kind.is == "number") then
			return true
		elseif kind.is == "table" and (type:find "%[%]$" or type:find "^table") or kind.is == "function" and type == "fun" then
			return true
		elseif kind.name == "condition" and (type == "function" or type == "fun") then -- it can be called
			return true
		end
	end)
end

-- -- Calls -------------------------------------------------------------------------------------------------------------------

-- What runs in front of a call that would block the process, or end it.
local prepare = {
	pause = function(object) pcall(object.alert, object) end,
}

local callers = {}

-- The call as programs write it, so that errors name the function as they do there.
local function caller(name, is_method)
	local source = is_method and ("local pack = ... return function(o, _, ...) local r = pack(o:%s(...)) return r end")
		or ("local pack = ... return function(_, m, ...) local r = pack(m.%s(...)) return r end")
	source = source:format(name)
	callers[source] = callers[source] or assert(compile(source, "=program"))(pack)
	return callers[source]
end

-- Runs a call as a task. Returns its results, or nil and what it threw; nothing while it waits.
local function run(call, object, module, arguments)
	local cq, results = cqueues.new(), nil
	cq:wrap(function() results = call(object, module, unpack(arguments, 1, arguments.n)) end)
	local ok, why = cq:step(0)
	pcall(cq.close, cq)
	if not ok then
		return nil, tostring(why)
	end
	return results
end

-- Lua 5.1 has no line for a function that was reached by a tail call.
local knows_no_tail_calls = _VERSION == "Lua 5.1"

-- Whether an error points to the program, and names the function and the argument at a place.
local function names_argument(why, name, place, is_self, parameter)
	if not why:find "^program:1: " and not (knows_no_tail_calls and why:find "^bad argument") then
		return false -- it points to a line of the library
	end
	if parameter == "timeout" and why:find(("bad argument 'timeout' to '%s' (number expected)"):format(name), 1, true) then
		return true
	end
	local function named(pattern)
		local number, told = why:match(pattern)
		return told and (told == name or told:match "[.:]([%w_]+)$" == name) and tonumber(number) == place
	end
	if is_self then
		place = 1
		local told = why:match "calling '([%w_]+)' on bad self"
		return told == name or named "bad argument #(%d+) to '([^']*)' %(.+%)"
	end
	return named "bad argument #(%d+) to '([^']*)' %(.+%)"
end

local count = 0

-- One case: `judge` tells what is wrong with the outcome, or nothing.
local function case(title, f, call, object, module, arguments, judge)
	count = count + 1
	if only and only ~= count then
		return
	end
	io.write("begin ", count, " ", title, "\n")
	io.flush()
	if prepare[f.name] and object then
		prepare[f.name](object)
	end
	local results, why = run(call, object, module, arguments)
	local fault = judge(results, why)
	if fault then
		io.write("fault ", title, ": ", (fault:gsub("\n.*", "")), "\n")
		io.flush()
	end
end

-- Whether results are a failure that the description lists.
local function is_listed_failure(f, results)
	return results and not results[1] and next(f.errors) and type(results[results.n]) == "number"
end

local function text_of(results)
	local words = {}
	for i = 1, results.n do
		words[i] = type(results[i]) == "table" and "a table" or tostring(results[i])
	end
	return "returns " .. (words[1] and table.concat(words, ", ") or "nothing")
end

-- Whether `takes` excuses a value.
local function is_taken(kind, takes)
	return takes and (not takes:find "^false:" or kind.is == "false") and (jit or not takes:find "^in LuaJIT ")
end

local function try_arguments(prefix, f, make, module)
	local is_method = make ~= nil
	local call = caller(f.name, is_method)
	for place, parameter in ipairs(f.parameters) do
		for _, kind in ipairs(kinds) do
			local arguments = { n = place }
			for i = 1, place - 1 do
				arguments[i] = right(f.parameters[i])
			end
			arguments[place] = kind.value()
			case(("%s%s #%d=%s"):format(prefix, f.name, place, kind.name), f, call, make and make(), module, arguments,
				function(results, why)
					if fits(kind, parameter) or is_taken(kind, parameter.takes) or is_listed_failure(f, results) then
						return
					elseif why and parameter.says and why:find(parameter.says, 1, true) then
						return
					elseif why then
						return not names_argument(why, f.name, place, false, parameter.name) and "throws " .. why or nil
					end
					return results and text_of(results) or "waits"
				end)
		end
	end
end

-- What a value is, as kinds are told: objects by the names of their classes.
local kind_names = { ["Continuation Queue"] = "cqueues.Controller", ["CQS Condition"] = "cqueues.Condition", ["CQS Socket"] = "cqueues.Socket",
	["CQS Signal"] = "cqueues.SignalListener", ["CQS Thread"] = "cqueues.Thread", ["CQS Notify"] = "cqueues.Notifier",
	["CQS Process"] = "cqueues.Process", ["cqueues.tls.configuration"] = "cqueues.TlsConfig", ["DNS Config"] = "cqueues.dns.Config",
	["DNS Hosts"] = "cqueues.dns.Hosts", ["DNS Hints"] = "cqueues.dns.Hints", ["DNS Packet"] = "cqueues.dns.Packet",
	["DNS Resolver"] = "cqueues.dns.Resolver" }

-- Whether a result is of a type of the description.
local function is_result(value, described)
	local optional = described:find "%?$" ~= nil
	local name = type(value) == "userdata" and (debug.getmetatable(value) or {}).__name
	return alternatives((described:gsub("%?$", "")), function(one)
		if one == "any" or one == type(value) or value == nil and optional then
			return true
		elseif type(value) == "string" or type(value) == "boolean" then
			return (one == tostring(value) or one == '"' .. tostring(value) .. '"') or nil
		elseif type(value) == "number" then
			return one == "integer" and value % 1 == 0 or nil
		elseif type(value) == "table" then
			return (one:find "^table" or one:find "%[%]" or objects.make[one]) and true or nil
		elseif type(value) == "userdata" then
			return one == kind_names[name or ""] or one == "file*" and io.type(value) ~= nil or nil
		elseif type(value) == "function" then
			return (one == "fun" or one:find "^%(?fun%(" or one == "cqueues.socket.Handler") and true or nil
		end
	end)
end

-- Calls a function as it should be called: its results are of the types that are described.
local function try_rightly(prefix, f, make, module)
	local arguments = { n = 0 }
	for i, parameter in ipairs(f.parameters) do
		if not parameter.optional then
			arguments[i], arguments.n = right(parameter), i
		end
	end
	case(("%s%s called rightly"):format(prefix, f.name), f, caller(f.name, make ~= nil), make and make(), module, arguments,
		function(results)
			for i = 1, results and results.n or 0 do
				local described = f.results[math.min(i, math.max(#f.results, 1))]
				if not described or i > #f.results and not described.many or not is_result(results[i], described.type) then
					return "result " .. i .. " is not as described: " .. text_of(results)
				end
			end
		end)
end

-- The method is called on a value that is no object of its class; on a closed one it may answer, but not crash.
local function try_objects(class, f, methods)
	local call = caller(f.name, false)
	for _, kind in ipairs(kinds) do
		if kind.is ~= class.name then
			local arguments = { kind.value(), n = 1 + #f.parameters }
			for i, parameter in ipairs(f.parameters) do
				arguments[1 + i] = right(parameter)
			end
			case(("%s.%s(%s)"):format(class.name, f.name, kind.name), f, call, nil, methods, arguments, function(results, why)
				if f.self_takes then
					return
				elseif why then
					return not names_argument(why, f.name, 0, true) and "throws " .. why or nil
				end
				return results and text_of(results) or "waits"
			end)
		end
	end
	if objects.closed[class.name] then
		local arguments = { objects.closed[class.name](), n = 1 + #f.parameters }
		for i, parameter in ipairs(f.parameters) do
			arguments[1 + i] = right(parameter)
		end
		case(("%s.%s(closed)"):format(class.name, f.name), f, call, nil, methods, arguments, function() end)
	end
end

-- Each field of a table that a function takes, as a value of each kind: one that is not of the field's type must be an error
-- that names the field, or the table as the first argument.
local function try_fields(described, taker)
	for _, field in ipairs(described.fields) do
		local name = field.name:match "^%['(.*)'%]$" or field.name
		for _, kind in ipairs(name:find "^%[" and {} or kinds) do
			local options = {}
			for key, value in pairs(taker.fields) do
				options[key] = value
			end
			options[name] = kind.value()
			local f = { name = "f", errors = {} }
			case(("%s with %s=%s"):format(described.name, name, kind.name), f, caller("f"), nil, { f = taker.f }, { options, n = 1 },
				function(results, why)
					local is_right = fits(kind, field) or kind.is == "nil" or is_taken(kind, field.takes)
					if why and (why:find "bad argument #[^1]" or not is_right and not (why:find(name, 1, true) or
						why:find "bad argument #1 to '%a+' %(.*expected")) then
						return "throws " .. why
					elseif not why and not is_right and not taker.other[name] then
						return results and text_of(results) or "waits"
					end
				end)
		end
	end
end

local found = false
if subject == "tables" then
	found = true
	local takers = objects.takers "."
	for _, module in ipairs(api.modules) do
		for _, described in ipairs(module.tables) do
			if takers[described.name] then
				try_fields(described, takers[described.name])
			end
		end
	end
end
for _, module in ipairs(api.modules) do
	if module.name == subject then
		found = true
		for _, f in ipairs(module.functions) do
			try_rightly(module.name .. ".", f, nil, require(module.name))
			try_arguments(module.name .. ".", f, nil, require(module.name))
		end
	end
	for _, class in ipairs(module.classes) do
		found = found or class.name == subject
		for _, f in ipairs(class.name == subject and class.methods or {}) do
			local make = objects.make[class.name]
			if class.name == "cqueues.dns.Record" then
				make = function() -- of a type that has the method
					for type in f.text:gmatch "%u%u*%d*" do
						local ok, record = pcall(objects.record, type)
						if ok and objects.methods(record)[f.name] then
							return record
						end
					end
					return objects.record(65280)
				end
			end
			try_rightly(class.name .. ":", f, make)
			try_arguments(class.name .. ":", f, make)
			try_objects(class, f, objects.methods(make()))
		end
	end
end
io.write("done ", found and count or "no such subject", "\n")
io.flush()
os.exit(0)

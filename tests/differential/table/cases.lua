-- SPDX-License-Identifier: MIT
--
-- Runs the cases of one subject and writes what came of each:
--
--   LUA cases.lua SUBJECT OUTPUT [FIRST [COUNT]]
--
-- A case is one call: a function or method, the state of its object, one argument (or field of a
-- table argument) replaced by a value of some kind, inside a task of a controller or outside of one. Before
-- a case its number and name are written to the file OUTPUT, after it its outcome, so that whoever reads
-- along knows which case ended the process. Exit status 75 asks to be run again from the case named last:
-- some cases need a process of their own.

local here = arg[0]:gsub("[^/]*$", "")
package.path = package.path .. ";" .. here .. "?.lua"

cqueues = require "cqueues"
auxlib = require "cqueues.auxlib"
condition = require "cqueues.condition"
errno = require "cqueues.errno"
promise = require "cqueues.promise"
socket = require "cqueues.socket"

unpack = unpack or table.unpack
pack = table.pack or function(...) return { n = select("#", ...), ... } end
local compile = loadstring or load

local outcome = require "outcome"

-- The outcome of a pcall.
function outcome_of(ok, ...)
	return ok and outcome.returned(pack(...)) or outcome.thrown((...))
end

local kinds = require "kinds"

local subject_name, output_path, first, count = arg[1], arg[2], tonumber(arg[3] or 1), tonumber(arg[4])
local subject = require("subjects." .. subject_name)
local output = assert(io.open(output_path, "w"))

-- The function that makes the call: it is compiled, so that errors name the function as in a program.
local callers = {}

local function caller_of(spec)
	local expression = spec.call
	if type(expression) == "function" then
		return expression
	end
	if not callers[expression] then
		local source = "local pack = pack return function(o, ...) local r = pack(%s(...)) return r end"
		callers[expression] = assert(compile(source:format(expression), "=table.lua"))()
	end
	return callers[expression]
end

-- The cases of a subject, in the same order on every implementation and interpreter.
local function enumerate()
	local cases = {}
	local function add(spec, state, place, kind, where)
		local name = ("%s [%s] %s=%s %s"):format(spec.name, state, place, kind.name, where)
		cases[#cases + 1] = { name = name, spec = spec, state = state, place = place, kind = kind, where = where }
	end
	local function add_kinds(spec, state, place, where, state_number)
		for _, kind in ipairs(kinds) do
			if kinds.applies(kind, spec, place, where, state_number) then
				add(spec, state, place, kind, where)
			end
		end
	end
	for _, spec in ipairs(subject) do
		if type(spec.call) == "string" and spec.call:match "^o:" then
			for _, kind in ipairs(kinds) do
				if kinds.of_self[kind.name] then
					add(spec, spec.states and spec.states[1] or "none", "self", kind, spec.where or "outside")
				end
			end
		end
		local states = spec.states or { "none" }
		for _, where in ipairs(spec.waits and { "task", "outside" } or { spec.where or "outside" }) do
			for number, state in ipairs(states) do
				local state_number = spec.waits and where == "outside" and 3 or number
				for place = 1, spec.places or 0 do
					add_kinds(spec, state, place, where, state_number)
				end
				for _, field in ipairs(spec.fields or {}) do
					add_kinds(spec, state, field, where, state_number)
				end
				if not spec.places and not spec.fields then
					add(spec, state, "-", { name = "none", value = function() end }, where)
				end
			end
		end
	end
	return cases
end

-- The arguments of a case: those that make a good call, one of them replaced.
local function arguments(case, env)
	local spec, place, kind = case.spec, case.place, case.kind
	local base = spec.base or {}
	if type(base) == "function" then
		base = base(env)
	end
	local list = { n = base.n or #base }
	for i = 1, list.n do
		list[i] = base[i]
	end
	if type(place) == "number" then
		if kind.name == "absent" then
			list.n = math.min(list.n, place - 1)
		else
			list[place] = kind.value(env, spec)
			list.n = math.max(list.n, place)
		end
	elseif place ~= "-" and place ~= "self" then
		local fields = {}
		for key, value in pairs(list[1] or {}) do
			fields[key] = value
		end
		if kind.name ~= "absent" then
			fields[tonumber(place) or place] = kind.value(env, spec)
		else
			fields[tonumber(place) or place] = nil
		end
		list[1], list.n = fields, math.max(list.n, 1)
	end
	return list
end

-- What is called, and, when it returns an iterator, a few rounds of that.
local function body_of(case, env, list)
	local f, spec = caller_of(case.spec), case.spec
	if case.place == "self" then
		local method, other = env.object[spec.call:match "^o:(.*)"], case.kind.value(env, spec)
		f = function(_, ...)
			local r = pack(method(other, ...))
			return r
		end
	end
	return function()
		local results = f(env.object, unpack(list, 1, list.n))
		if spec.iterate and type(results[1]) == "function" then
			for _ = 1, spec.iterate do
				local more = pack(results[1](results[2], results[3]))
				results.n = results.n + 1
				results[results.n] = more
				if more[1] == nil then
					break
				end
			end
		end
		return results
	end
end

local function run_outside(body)
	local results = pack(pcall(body))
	if results[1] then
		return outcome.returned(results[2])
	end
	return outcome.thrown(results[2])
end

-- Steps a controller until the task has ended, or nothing is going to happen any more.
local function run_in_task(body, spec, env)
	local controller = cqueues.new()
	env.controller = controller
	local results
	controller:wrap(function()
		if env.prepare then
			env.prepare()
		end
		results = body()
	end)
	local deadline = cqueues.monotime() + (spec.patience or 0)
	local rounds = 4
	while true do
		local ok, step = pcall(function() return pack(controller:step(spec.patience and 0.02 or 0)) end)
		if not ok then
			return "step " .. outcome.thrown(step)
		elseif not step[1] then
			return outcome.thrown(step[2], unpack(step, 3, 3))
		elseif results then
			return outcome.returned(results)
		end
		rounds = rounds - 1
		if rounds <= 0 and cqueues.monotime() >= deadline then
			return outcome.waits(controller:timeout())
		end
	end
end

local function run_case(case)
	local spec, env = case.spec, { closing = {}, where = case.where, state = case.state }
	outcome.begin(env, spec)
	local ok, text = pcall(function()
		if spec.make then
			env.object = spec.make(env, case.state)
		end
		local list = arguments(case, env)
		local body = body_of(case, env, list)
		local words = (case.where == "task" and run_in_task or run_outside)(body, spec, env)
		if spec.after then
			words = words .. " | " .. spec.after(env, list)
		end
		return words
	end)
	if not ok then
		text = "not run: " .. outcome.text(text)
	end
	if env.controller then
		pcall(env.controller.close, env.controller)
	end
	for i = #env.closing, 1, -1 do
		pcall(env.closing[i])
	end
	return text
end

-- Does a case need a process of its own?
local function alone(case)
	local which = case.spec.alone
	return which == true or type(which) == "table" and which[case.kind.name]
end

local cases = enumerate()
local last = count and math.min(#cases, first + count - 1) or #cases
for i = first, last do
	local case = cases[i]
	if alone(case) and i > first then
		output:write("again ", i, "\n")
		output:close()
		os.exit(0)
	end
	output:write("begin ", i, " ", case.name, "\n")
	output:flush()
	local text = run_case(case)
	if count or alone(case) then
		collectgarbage()
		collectgarbage()
	elseif i % 64 == 0 then
		collectgarbage()
	end
	output:write("end ", text, "\n")
	output:flush()
	if alone(case) and i < last then
		output:write("again ", i + 1, "\n")
		output:close()
		os.exit(0)
	end
end
output:write("done\n")
output:close()

-- SPDX-License-Identifier: MIT
--
-- Conditions, promises and cqueues.auxlib.

local make = require "make"

local list = {}

local function a_new_promise()
	local p = promise.new()
	p:set(true, "kept")
	return p
end

-- Kinds that are no time for a wait outside of a controller to end.
local no_end = { absent = true, ["nil"] = true, ["false"] = true, ["minus-infinity"] = true, text = true, empty = true,
	table = true, ["same-class"] = true, ["other-class"] = true, file = true, ["closed-file"] = true, tostring = true,
	["tostring-throws"] = true, call = true, ["call-throws"] = true }

local function call(name, fields)
	fields.name, fields.call = name, fields.call or name
	list[#list + 1] = fields
end

-- Conditions. The waiters of a state belong to a controller of their own, which runs once afterwards.
local function a_condition(env, state)
	local c = condition.new(state == "lifo")
	env.woken, env.controller_of_waiters = {}, cqueues.new()
	env.closing[#env.closing + 1] = function() env.controller_of_waiters:close() end
	if state ~= "fresh" then
		for i = 1, 3 do
			env.controller_of_waiters:wrap(function()
				env.woken[#env.woken + 1] = i .. "=" .. tostring((c:wait()))
			end)
		end
		env.controller_of_waiters:step(0)
	end
	return c
end

local function woken(env)
	env.controller_of_waiters:step(0)
	return "woken " .. table.concat(env.woken, ",")
end

local method = make.methods(list, "condition", { make = a_condition, after = woken,
	states = { "fresh", "waiters", "lifo" }, same = function() return condition.new() end })

method("wait", { places = 2, where = "task", base = { 20 } })
method("wait", { places = 1, waits = true, patience = 0.2, base = { 0.002 }, timeout_place = 1, states = { "fresh" } })
list[#list].name = "condition:wait(seconds,)"
list[#list].call = function(o, ...) return pack(o:wait(0.002, ...)) end
method("signal", { places = 2 })
method("pollfd", { places = 1 })
method("events", { places = 1 })
method("timeout", { places = 1 })
call("condition()", { call = "o", places = 1, class = "condition", make = a_condition, states = { "fresh" } })
call("condition.new", { places = 1, class = "condition", same = condition.new })
call("condition.type", { places = 1, class = "condition", same = condition.new })
list[#list + 1] = make.interpose("cqueues.condition", "condition", "events", function() return condition.new() end)

-- Promises.
local function a_promise(_, state)
	local p = promise.new()
	if state == "fulfilled" then
		p:set(true, 1, nil, "x")
	elseif state == "rejected" then
		p:set(false, "rejected with this")
	end
	return p
end

local of_promise = make.methods(list, "promise", { make = a_promise, states = { "pending", "fulfilled", "rejected" },
	same = a_new_promise, after = function(env) return env.object:status() end })

of_promise("set", { places = 3, base = { true, 1, 2 } })
of_promise("get", { places = 1, where = "task" })
of_promise("wait", { places = 1, where = "task" })
of_promise("get", { places = 1, base = { 0.002 }, timeout_place = 1,
	not_kinds = no_end })
of_promise("wait", { places = 1, base = { 0.002 }, timeout_place = 1,
	not_kinds = no_end })
of_promise("status", { places = 1 })
of_promise("pollfd", { places = 1 })
of_promise("call", { places = 1, where = "task", call = "o" })
of_promise("tostring", { where = "task", call = function(o) return pack(auxlib.tostring(o)) end })
call("promise.new", { places = 2, where = "task", base = { function(...) return ... end, 1 }, class = "promise",
	same = a_new_promise })
list[#list].call = function(_, ...) return pack(promise.new(...):get(1)) end
call("promise.new", { places = 2, class = "promise", same = a_new_promise })
call("promise.type", { places = 1, class = "promise", same = a_new_promise })

-- Auxlib.
for _, name in ipairs { "assert", "assert2", "assert3", "assert9", "fileresult" } do
	call("auxlib." .. name, { places = 3, base = { false, "message", 2 }, class = "promise", same = a_new_promise })
	call("auxlib." .. name, { places = 3, base = { nil, nil, 2, n = 3 }, class = "promise", same = a_new_promise })
	list[#list].name = "auxlib." .. name .. "(nil,nil,2)"
end
call("auxlib.assert", { places = 4, base = { 1, "message", 2 } })
list[#list].name = "auxlib.assert(1,message,2)"
call("auxlib.resume", { places = 2, where = "task", base = function()
	return { coroutine.create(function(...) return cqueues.poll(0), ... end), 1 }
end })
call("auxlib.wrap", { places = 2, where = "task", base = { function(...) return cqueues.poll(0), ... end } })
list[#list].call = function(_, ...) return pack(auxlib.wrap(...)(1)) end
call("auxlib.wrap", { places = 2 })
call("auxlib.tostring", { places = 1, where = "task", class = "promise", same = a_new_promise })
list[#list].not_kinds = { ["function"] = true, coroutine = true, file = true }

-- Error numbers.
call("errno.strerror", { places = 2, base = { 2 } })
call("errno[]", { call = function(_, key) return pack(errno[key]) end, places = 1, not_kinds = { absent = true } })

return list

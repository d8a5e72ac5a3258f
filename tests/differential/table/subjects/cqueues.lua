-- SPDX-License-Identifier: MIT
--
-- The module cqueues and the methods of controllers.

local make = require "make"

local list = {}

local states = {}

function states.empty()
	return cqueues.new()
end

function states.task(env)
	local c = cqueues.new()
	c:wrap(function() cqueues.sleep(env.where == "outside" and 0.004 or 50) end)
	return c
end

function states.ready()
	local c = cqueues.new()
	c:wrap(function() end)
	return c
end

function states.failing()
	local c = cqueues.new()
	c:wrap(function() error("thrown by a task", 0) end)
	return c
end

function states.reader(env)
	local c = cqueues.new()
	env.read, env.peer = make.pair(env)
	env.peer:write "x\n"
	c:wrap(function() env.line = env.read:read() end)
	return c
end

function states.alerted()
	local c = cqueues.new()
	c:alert()
	return c
end

function states.closed()
	local c = cqueues.new()
	c:wrap(function() cqueues.sleep(50) end)
	c:close()
	return c
end

local function object(env, state)
	local c = states[state](env)
	env.closing[#env.closing + 1] = function() c:close() end
	return c
end

local function left(env)
	local c = env.object
	if cqueues.type(c) ~= "controller" then
		return tostring(cqueues.type(c))
	end
	return outcome_of(pcall(function() return cqueues.type(c), c:count(), c:empty(), env.line end))
end

local function new_task()
	return coroutine.create(function() return 1 end)
end

local method = make.methods(list, "cqueues", { make = object, after = left, same = cqueues.new, closed = states.closed,
	states = { "empty", "task", "closed", "ready", "failing", "reader", "alerted" } })

method("attach", { places = 2, base = function() return { new_task() } end })
method("wrap", { places = 2, base = { function() end } })
method("step", { places = 1, waits = true, timeout_place = 1, base = { 0.01 } })
method("loop", { places = 1, waits = true, timeout_place = 1, base = { 0.01 } })
method("errors", { places = 1, waits = true, timeout_place = 1, base = { 0.01 }, iterate = 2 })
method("empty", { places = 1 })
method("count", { places = 1 })
method("cancel", { places = 2 })
method("pause", { places = 1, states = { "alerted", "ready", "closed" }, base = { 10 },
	not_kinds = { absent = true, ["nil"] = true } })
method("alert", { places = 1 })
method("close", { places = 1 })
method("reset", { places = 1 })
method("pollfd", { places = 1, volatile = "descriptor" })
method("events", { places = 1 })
method("timeout", { places = 1, states = { "empty", "ready", "closed" } })

-- The same, on the controller that is running.
for _, name in ipairs { "attach", "step", "loop", "errors", "empty", "count", "cancel", "alert", "close", "reset",
	"pollfd", "events", "timeout" } do
	list[#list + 1] = { name = "running:" .. name, where = "task", places = 1,
		call = function(_, ...)
			local r = pack(pcall(function(...)
				local c = cqueues.running()
				local q = pack(c[name](c, ...))
				return unpack(q, 1, q.n)
			end, ...))
			return name == "pollfd" and pack(r[1], type(r[2])) or r
		end, base = name == "attach" and function() return { new_task() } end or { 0 }, class = "cqueues" }
end

local function call(name, fields)
	fields.name, fields.call = "cqueues." .. name, fields.call or "cqueues." .. name
	fields.class, fields.same = "cqueues", fields.same or cqueues.new
	fields.closed = fields.closed or function(env) return states.closed(env) end
	list[#list + 1] = fields
end

call("type", { places = 1 })
call("cancel", { places = 2 })
call("cancel", { places = 1, same = function(env) return (make.pair(env)) end, closed = make.closed_socket })
list[#list].name = "cqueues.cancel(socket)"
call("poll", { places = 2, where = "task", base = { 20 } })
call("poll", { places = 1, where = "task", closed = make.closed_socket,
	same = function(env) local a, b = make.pair(env) b:write "x" return a end })
list[#list].name = "cqueues.poll(socket)"
call("poll", { call = function(_, ...) return pack(cqueues.poll(0.002, ...)) end, places = 1, alone = true,
	timeout_place = 1 })
list[#list].name = "cqueues.poll(seconds,)"
call("sleep", { places = 1, where = "task" })
call("sleep", { places = 1, alone = true, base = { 0.002 }, timeout_place = 1, not_kinds = { ["minus-infinity"] = true,
	table = true, text = true,
	empty = true, ["same-class"] = true, ["other-class"] = true, ["function"] = true, coroutine = true, file = true,
	["closed-file"] = true, tostring = true, ["tostring-throws"] = true, ["tostring-closes"] = true,
	["index-closes"] = true, call = true, ["call-throws"] = true } })
call("running", { places = 1, where = "task" })
call("running", { places = 1 })
call("new", { places = 1 })
call("create", { places = 1 })
call("reset", { places = 1 })
call("monotime", { places = 1, volatile = "number" })

-- Objects as cqueues.poll takes them.

for _, field in ipairs { "pollfd", "events", "timeout" } do
	for _, how in ipairs { "field", "method" } do
		list[#list + 1] = { name = "poll of a " .. field .. " " .. how, class = "socket", where = "task",
			same = function(env) return (make.pair(env)) end, closed = make.closed_socket, 
			call = function(_, given)
				local value = given["1"] or given[1]
				if how == "method" then
					local result = value
					value = function() return result end
				end
				local t = { [field] = value }
				if field == "events" then
					t.pollfd = 0
				end
				local r = pack(cqueues.poll(t))
				for i = 1, r.n do
					r[i] = r[i] == t and "the object" or r[i]
				end
				return r
			end, fields = { "1" }, base = { {} } }
	end
end

return list

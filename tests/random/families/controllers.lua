-- SPDX-License-Identifier: MIT
--
-- Controllers: three of them, whose tasks poll, wait, cancel, alert and fail, start further tasks, and step, loop and
-- close controllers within controllers. What is done first matters here.

-- Spans differ, so that two that begin together end in the same order each time.
local SPANS = { 0, 0.011, 0.023, 0.037, 0.017 }
local SOCKETS, CONTROLLERS, CONDITIONS, PROMISES = { "a", "b", "c", "d" }, { "q1", "q2", "q3" }, { "v1", "v2" }, { "p1", "p2" }
local POLLED = { "a", "b", "c", "d", "v1", "v2", "p1", "p2", "q2", "q3", 0.031, "a for r", "b for w", "v1 as descriptor", "methods",
	"a", "b" }
-- What tasks throw. A number, thrown, is one of the differences.
local THROWN = { "text", "a table", "7", "true", "a socket" }

local catalogue = new_catalogue()

-- Operations that wait, or yield, for tasks alone.
local TASKS_ONLY = {}

local function task_only(name, ...)
	TASKS_ONLY[name] = true
	catalogue:add(name, ...)
end

local function span(g)
	return g:choose(SPANS)
end

local function some_socket(world, which)
	return socket.type(world[which]) == "socket" and world[which] or nil
end

-- A controller that can be stepped. In one that is stepped already the original's answer differs (docs/differences.md: "A
-- controller that is stepped in one of its own tasks"), and so it does in a task if the controller is closed ("A step of a
-- closed controller").
local function idle_controller(world, which)
	if world.busy[which] > 0 or cqueues.running() and cqueues.type(world[which]) ~= "controller" then
		return nil
	end
	return world[which]
end

-- Runs a step of a controller.
local function stepped(world, which, f)
	local controller = idle_controller(world, which)
	if not controller then
		return "busy"
	end
	world.busy[which] = world.busy[which] + 1
	local results = pack(protect(f, controller))
	world.busy[which] = world.busy[which] - 1
	for i = 5, results.n do
		results[i] = type(results[i]) == "thread" and "thread" or results[i]
	end
	return unpack(results, 1, math.min(results.n, 6)) -- the next one is the descriptor
end

-- Objects that are asked for what they wait.
local function object_of(world, which)
	local object = world[which]
	if which == "methods" then
		return name({ pollfd = function() return -1 end, events = 1, timeout = function() return 0.013 end }, "polled")
	elseif which == "v1 as descriptor" then
		return name({ pollfd = world.v1, events = "r" }, "polled")
	elseif type(which) == "string" and which:find " for " then
		local s = some_socket(world, which:sub(1, 1))
		return s and name({ pollfd = s:pollfd(), events = which:sub(-1), timeout = 0.027 }, "polled") or 0.0145
	elseif object == nil then
		return which
	elseif object == cqueues.running() or socket.type(object) == "closed socket"
		or cqueues.type(object) == "closed controller" then
		return 0.0145 -- the original may crash, or the task wait for ever
	end
	return object
end

local function objects_of(world, list)
	local objects = {}
	for i, which in ipairs(list) do
		objects[i] = object_of(world, which)
	end
	return objects
end

local function polled(g)
	local list = {}
	for i = 1, g:number(3) do
		list[i] = g:choose(POLLED)
	end
	return list
end

local function polled_and_span(g)
	local list = polled(g)
	list[#list + 1] = span(g)
	return list
end

-- Operations for a new task, until there are enough of them.
local function new_operations(g, most)
	if g.tasks >= 12 then
		return g:list(catalogue, 0)
	end
	g.tasks = g.tasks + 1
	local number = g.tasks
	local list = g:list(catalogue, g:number(most))
	list.task = "t" .. number
	return list
end

task_only("wait", 6, function(g) return g:choose(CONDITIONS), span(g) end, function(world, which, t)
	return world[which]:wait(t)
end)
task_only("wait for more", 3, function(g) return g:choose(CONDITIONS), polled_and_span(g) end, function(world, which, list)
	return world[which]:wait(unpack(objects_of(world, list)))
end)
catalogue:add("poll", 9, polled_and_span, function(world, list)
	return cqueues.poll(unpack(objects_of(world, list)))
end)
catalogue:add("sleep", 5, span, function(_, t) return cqueues.sleep(t) end)
catalogue:add("signal", 5, function(g) return g:choose(CONDITIONS), g:maybe(g:choose { 0, 1, 2, 3 }) end, function(world, which, ...)
	return world[which]:signal(...)
end)
catalogue:add("read", 4, function(g) return g:choose(SOCKETS), g:choose { -10, 3 } end, function(world, which, format)
	local s = some_socket(world, which)
	return s and s:read(format)
end)
catalogue:add("write", 5, function(g) return g:choose(SOCKETS), g:choose { "hello", "x" } end, function(world, which, text)
	local s = some_socket(world, which)
	return s and s:write(text)
end)
local CANCELLED = { "socket", "socket", "socket", "descriptor", "descriptor", "table", "none and socket", "condition" }
catalogue:add("cancel", 4, function(g) return g:choose(SOCKETS), g:choose(CANCELLED) end, function(world, which, how)
	local s = some_socket(world, which)
	if not s then
		return
	elseif how == "descriptor" then
		return cqueues.cancel(s:pollfd())
	elseif how == "table" then
		return cqueues.cancel { pollfd = s:pollfd() }
	elseif how == "none and socket" then
		return cqueues.cancel(-1, s)
	end
	return cqueues.cancel(how == "condition" and world.v1 or s)
end)
catalogue:add("cancel in", 4, function(g) return g:choose(CONTROLLERS), g:choose { "a", "b", "c", "d", "descriptor", "none", "q3" } end,
	function(world, which, what)
		local s = some_socket(world, "a")
		if what == "descriptor" then
			return s and world[which]:cancel(s:pollfd())
		elseif what == "none" then
			return world[which]:cancel(12345)
		end
		local object = what == "q3" and world.q3 or some_socket(world, what)
		return object and world[which]:cancel(object)
	end)
catalogue:add("wrap", 3, function(g) return g:choose(CONTROLLERS), new_operations(g, 3) end, function(world, which, operations)
	return world[which]:wrap(perform_task, world, operations)
end)
catalogue:add("attach", 2, function(g)
	return g:choose(CONTROLLERS), g:choose { "task", "task", "dead", "running", "number", "nothing" }, new_operations(g, 3)
end, function(world, which, what, operations)
	local controller = world[which]
	if what == "task" then
		return controller:attach(coroutine.create(function() perform_task(world, operations) end))
	elseif what == "dead" then
		local dead = coroutine.create(function() end)
		coroutine.resume(dead)
		return controller:attach(dead)
	elseif what == "running" then
		return controller:attach(coroutine.running())
	elseif what == "number" then
		return controller:attach(5)
	end
	return controller:wrap(nil)
end)
catalogue:add("step", 4, function(g) return g:choose(CONTROLLERS), span(g) end, function(world, which, t)
	return stepped(world, which, function(controller) return controller:step(t) end)
end)
catalogue:add("loop", 2, function(g) return g:choose(CONTROLLERS), span(g) end, function(world, which, t)
	return stepped(world, which, function(controller) return controller:loop(t) end)
end)
catalogue:add("errors", 1, function(g) return g:choose(CONTROLLERS), span(g) end, function(world, which, t)
	return stepped(world, which, function(controller)
		local errors = {}
		for why in controller:errors(t) do
			errors[#errors + 1] = told(why)
			if #errors > 3 then
				break
			end
		end
		return table.concat(errors, "; ")
	end)
end)
catalogue:add("close", 1, one_of(CONTROLLERS), function(world, which) return world[which]:close() end)
-- docs/differences.md: "A task that alerts its own controller makes its descriptor ready."
catalogue:add("alert", 2, one_of(CONTROLLERS), function(world, which)
	return world[which] ~= cqueues.running() and world[which]:alert()
end)
catalogue:add("count", 1, one_of(CONTROLLERS), function(world, which) return world[which]:count(), world[which]:empty() end)
task_only("of its own", 1, one_of { "close", "count", "empty" }, function(_, method)
	return cqueues.running()[method](cqueues.running())
end)
task_only("throw", 2, one_of(THROWN))
task_only("yield", 2, function(g) return g:number(9), g:maybe "a", nil, span(g) end, function(_, ...) return coroutine.yield(...) end)
task_only("yield a poll", 1, polled, function(world, list)
	return coroutine.yield(cqueues._POLL, unpack(objects_of(world, list)))
end)
task_only("poll oddly", 1, one_of { "nothing", "nil", "sleep", "text", "table", "nils" }, function(world, how)
	if how == "nothing" then
		return cqueues.poll()
	elseif how == "nil" then
		return cqueues.poll(nil)
	elseif how == "sleep" then
		return cqueues.sleep()
	elseif how == "text" then
		return cqueues.poll "0.01"
	elseif how == "table" then
		return cqueues.poll({}, 0.01)
	end
	return cqueues.poll(nil, nil, some_socket(world, "a") or 0.01, 0.01)
end)
task_only("coroutine", 2, function(g) return new_operations(g, 2) end, function(world, operations)
	return auxlib.wrap(function()
		perform_task(world, operations)
		return "done"
	end)()
end)
task_only("plain coroutine", 1, nil, function()
	local f = coroutine.wrap(function()
		coroutine.yield(1)
		return "x"
	end)
	return f(), f()
end)
task_only("resume", 1, function(g) return new_operations(g, 2) end, function(world, operations)
	local co = coroutine.create(function(...)
		local got = coroutine.yield("up", ...)
		perform_task(world, operations)
		return got, "done"
	end)
	local results = pack(auxlib.resume(co, 1))
	if coroutine.status(co) == "suspended" then
		return auxlib.resume(co, 2)
	end
	return unpack(results, 1, results.n)
end)
catalogue:add("close socket", 1, one_of(SOCKETS), function(world, which)
	local s = some_socket(world, which)
	return s and (s:close())
end)
catalogue:add("dup", 1, function(g) return g:choose(SOCKETS), g:chance(50) end, function(world, which, by_method)
	local s = some_socket(world, which)
	if not s then
		return
	end
	local copy = by_method and s:dup() or socket.dup(s:pollfd())
	prepare(copy, 0.007)
	local results = pack(copy:read(-3))
	copy:close()
	return unpack(results, 1, results.n)
end)
-- Without a nil: docs/differences.md: "`promise:get()` returns all values".
catalogue:add("settle", 2, function(g) return g:choose(PROMISES), g:chance(70), g:choose { "v", 7 }, g:choose { "w", 5 } end, function(world, which, ...)
	return (pcall(world[which].set, world[which], ...))
end)
task_only("get", 2, function(g) return g:choose(PROMISES), span(g) end, function(world, which, t) return world[which]:get(t) end)
task_only("promised", 2, function(g) return g:choose(PROMISES), span(g) end, function(world, which, t) return world[which]:wait(t) end)
catalogue:add("status", 1, one_of(PROMISES), function(world, which) return world[which]:status(), world[which]:pollfd() ~= nil end)
catalogue:add("asked", 2, one_of { "q1", "v1", "v2", "p1", "a", "b" }, function(world, which)
	local object = world[which]
	if socket.type(object) == "closed socket" then
		return
	end
	local descriptor = object:pollfd()
	local is_controller = which:find "^q"
	return type(descriptor) == "number" and "number" or descriptor, object.events and object:events(),
		object.timeout and not is_controller and object:timeout()
end)
catalogue:add("timeout", 1, one_of(CONTROLLERS), function(world, which)
	local t = world[which]:timeout()
	return t and (t == 0 and 0 or t < 0.5 and "soon" or "later")
end)
catalogue:add("running", 1, nil, function()
	local controller, task = cqueues.running()
	return controller, task and true
end)
catalogue:add("collect", 1, nil, function() collectgarbage() end)
catalogue:add("controller of its own", 1, function(g) return span(g), g:choose(SOCKETS), g:maybe(g:choose { 0, 0.01 }, 60) end,
	function(world, t, which, step)
		local inner = cqueues.new()
		inner:wrap(cqueues.sleep, t)
		local s = some_socket(world, which)
		if s then
			inner:wrap(cqueues.poll, s, 0.009)
		end
		local results = step and pack(pcall(inner.step, inner, step)) or { n = 0 }
		inner:close()
		if s and not some_socket(world, which) then
			return "closed" -- docs/differences.md: "Polling ... an object that cannot be asked"
		end
		return unpack(results, 1, results.n)
	end)
catalogue:add("condition as function", 1, one_of(CONDITIONS), function(world, which)
	local v = world[which]
	return v:pollfd(), v:events(), v:timeout()
end)

-- Performs operations, and tells the end.
function perform_task(world, operations)
	local task = operations.task or "empty"
	for _, operation in ipairs(operations) do
		if operation.name == "throw" and not is_left_out(operation) then
			line(task, operation.number .. " throws")
			local what = operation.arguments[1]
			error(what == "a table" and {} or what == "true" and true or what == "a socket" and world.a or what, 0)
		elseif not (task == "main" and TASKS_ONLY[operation.name]) then
			perform(world, task, operation)
		end
	end
	line(task, "over")
	return task
end

local family = { catalogue = catalogue, ordered = true }

function family.make(g)
	g.tasks = 0
	local options = { lifo1 = g:chance(40), lifo2 = g:chance(40) }
	local tasks = {}
	for i = 1, 1 + g:number(3) do
		tasks[i] = { controller = g:choose { "q1", "q1", "q2" }, operations = g:list(catalogue, 1 + g:number(4)) }
		tasks[i].name = tasks[i].controller .. " first" .. i
		tasks[i].operations.task = "first" .. i
	end
	for i = 1, 4 do
		local operations = g:list(catalogue, g:number(2))
		operations.task = "main"
		tasks[#tasks + 1] = { name = "main, round " .. i, round = i, operations = operations }
	end
	return { options = options, tasks = tasks }
end

local function new_world(options)
	local world = {}
	world.q1, world.q2, world.q3 = cqueues.new(), cqueues.new(), cqueues.new()
	world.a, world.b = socket.pair "stream"
	world.c, world.d = socket.pair "stream"
	world.v1, world.v2 = condition.new(options.lifo1), condition.new(options.lifo2)
	world.p1, world.p2 = promise.new(), promise.new()
	for key, object in pairs(world) do
		name(object, key)
	end
	world.busy = { q1 = 0, q2 = 0, q3 = 0 }
	for _, which in ipairs(SOCKETS) do
		prepare(world[which], 0.043)
	end
	return world
end

-- Runs f, which may yield what tasks have yielded; it gets something back each time.
local function answering(f)
	local co = coroutine.create(f)
	local results = pack(coroutine.resume(co))
	local count = 0
	while coroutine.status(co) == "suspended" and count < 20 do
		count = count + 1
		line("main", "yielded " .. told(unpack(results, 2, results.n)))
		results = pack(coroutine.resume(co, "back", count))
	end
	return unpack(results, 1, results.n)
end

-- A round: steps without waiting at first, later ones that wait.
local function advance(controller, round)
	if round < 4 then
		return controller:step(0)
	elseif round % 2 == 0 then
		return controller:step(0.02)
	end
	return controller:loop(0.05)
end

function family.run(program)
	local world = new_world(program.options)
	for _, task in ipairs(program.tasks) do
		if task.controller then
			world[task.controller]:wrap(perform_task, world, task.operations)
		end
	end
	for round = 1, 12 do
		for _, task in ipairs(program.tasks) do
			if task.round == round then
				perform_task(world, task.operations)
			end
		end
		for _, which in ipairs(CONTROLLERS) do
			if cqueues.type(world[which]) == "controller" and (which ~= "q2" or round > 2) then
				world.busy[which] = world.busy[which] + 1
				local results = pack(answering(function() return advance(world[which], round) end))
				world.busy[which] = world.busy[which] - 1
				if results[2] ~= true then
					line(which, told(unpack(results, 1, math.min(results.n, 4))))
				end
			end
		end
	end
	for _, which in ipairs(CONTROLLERS) do
		line("rest", which .. " " .. told(pcall(world[which].count, world[which])))
	end
	for _, which in ipairs(SOCKETS) do
		local s = some_socket(world, which)
		if s then
			line("rest", which .. " " .. told(s:recv(-100)))
		end
	end
end

return family

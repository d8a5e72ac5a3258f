-- SPDX-License-Identifier: MIT
--
-- Why a program hangs: its tasks, what each waits for and where it stands, as a table and as a tree for people.

local core = require "_cqueues"
local arguments = require "cqueues.arguments"
local cqueues = require "cqueues"
local traceback = require "cqueues.traceback"

local module = {}

-- The open controllers of this VM, in the order in which they were made.
local function controllers()
	local list = {}
	for number, controller in pairs(core._controllers()) do
		if cqueues.type(controller) == "controller" then
			list[#list + 1] = { number = number, controller = controller }
		end
	end
	table.sort(list, function(a, b) return a.number < b.number end)
	return list
end

-- The controller alone, or all that there are, as `controllers` lists them.
local function chosen(controller, place, name)
	local kind = cqueues.type(controller)
	if controller == nil then
		return controllers()
	elseif kind ~= "controller" then
		arguments.refuse(place, name, "controller expected, got " .. (kind or type(controller)), 1)
	end
	return { { controller = controller } }
end

--- The tasks of all controllers, or of one: a list of tables with `controller`, `state` ("running", "ready", "parked"),
-- and where they are known `name`, `wait` (what it waits for, in words), `deadline` and `since` (as cqueues.monotime
-- tells time), `thread` (the coroutine), `scope` (its name).
function module.tasks(controller)
	local list = {}
	for _, one in ipairs(chosen(controller, 1, "tasks")) do
		local tasks, scopes = core._tasks(one.controller)
		for _, task in ipairs(tasks) do
			local scope = scopes[task.scope]
			task.controller, task.scope, task.place = one.controller, scope and scope.name, nil
			list[#list + 1] = task
		end
	end
	return list
end

local function seconds(span)
	return ("%.3g s"):format(span)
end

-- A line for a task, and the lines of its traceback.
local function describe(task, now, indent, lines)
	local words = { task.name and "task " .. task.name or "task" }
	words[#words + 1] = task.state == "parked" and "waits: " .. (task.wait or "nothing") or task.state
	if task.since then
		words[#words + 1] = "for " .. seconds(now - task.since)
	end
	if task.deadline then
		words[#words + 1] = "at most " .. seconds(task.deadline - now) .. " more"
	end
	lines[#lines + 1] = indent .. table.concat(words, ", ")
	if task.thread then
		traceback.append(lines, task.thread, nil, indent .. "    ")
	end
end

-- Appends a scope, the tasks in it and the scopes in it; `key` is nil for what is in no scope.
local function branch(key, tasks, scopes, now, indent, lines)
	for _, task in ipairs(tasks) do
		if task.scope == key then
			describe(task, now, indent, lines)
		end
	end
	local inner = {}
	for name, scope in pairs(scopes) do
		if scope.parent == key then
			inner[#inner + 1] = name
		end
	end
	table.sort(inner)
	for _, name in ipairs(inner) do
		local scope = scopes[name]
		lines[#lines + 1] = indent .. "scope" .. (scope.name and " " .. scope.name or "") ..
			(scope.ended and ", ended: " .. scope.ended or "")
		branch(name, tasks, scopes, now, indent .. "  ", lines)
	end
end

-- Whether a value has a method `write`.
local function can_write(file)
	local kind = type(file)
	if kind ~= "userdata" and kind ~= "table" then
		return false
	end
	local ok, why = pcall(function() return file.write or error() end)
	if why == "not enough memory" then
		error(why, 0)
	end
	return ok
end

--- Writes the tree of all controllers, or of one, to a file; without one, to standard error.
function module.dump(file, controller)
	local lines, now = {}, cqueues.monotime()
	if file ~= nil and not can_write(file) then
		arguments.refuse_type(file, 1, "dump", "file")
	end
	for _, one in ipairs(chosen(controller, 2, "dump")) do
		local tasks, scopes = core._tasks(one.controller)
		lines[#lines + 1] = ("controller%s, %d task%s"):format(one.number and " " .. one.number or "", #tasks,
			#tasks == 1 and "" or "s")
		branch(nil, tasks, scopes, now, "  ", lines)
	end
	lines[#lines + 1] = ""
	return (file or io.stderr):write(table.concat(lines, "\n"))
end

return module

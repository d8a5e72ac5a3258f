-- SPDX-License-Identifier: MIT
-- Lists of tasks: what each waits for and where it stands.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition, socket = t.cqueues, require "cqueues.condition", require "cqueues.socket"
local equal, check = t.equal, t.check

-- The task of that name, of all tasks.
local function named(name, ...)
	for _, task in ipairs(cqueues.tasks(...)) do
		if task.name == name then
			return task
		end
	end
end

-- A file that keeps what is written to it.
local function memory()
	local file = { text = "" }
	function file:write(text)
		self.text = self.text .. text
		return self
	end
	return file
end

t.test("tasks_tell_what_they_wait_for_and_where_they_stand", function()
	local cv, ends = condition.new(), { socket.pair() } -- both stay open
	cqueues.scope(function(scope)
		scope:name "outer"
		scope:wrap(function() cv:wait(50) end):name "waits"
		scope:wrap(function() ends[1]:read "*l" end):name "reads"
		scope:wrap(function() cqueues.sleep(100) end):name "sleeps"
		for _ = 1, 3 do
			cqueues.sleep(0) -- the others run, and wait
		end
		equal(named("waits").wait, "condition")
		equal(cv:name "database", cv)
		equal(named("waits").wait, 'condition "database"')
		cv:name ""
		equal(named("waits").wait, "condition")
		check(not pcall(cv.name, cv), "a name is needed")
		equal(named("waits").state, "parked")
		equal(named("waits").scope, "outer")
		check(named("waits").deadline - cqueues.monotime() <= 50)
		check(named("reads").wait:find "^read of an unnamed UNIX socket")
		equal(named("sleeps").wait, "sleep")
		equal(coroutine.status(named("sleeps").thread), "suspended")
		equal(named("sleeps").since, nil, "nothing is counted")
		check(debug.traceback(named("waits").thread):find "dump_spec.lua", "its traceback")
		scope:cancel()
	end)
	equal(named "waits", nil)
end)

-- Lines of a program were once taken for the library's if a folder above them was called as it is.
t.test("a_program_in_a_folder_named_cqueues_shows_its_lines", function()
	local file, load = memory(), loadstring or load
	for _, path in ipairs { "/opt/cqueues/server.lua", "/opt/cqueues/lib/socket.lua", "/opt/cqueues.lua/main.lua" } do
		local body = assert(load("local cqueues = ...\nreturn function() cqueues.sleep(100) end", "@" .. path))(cqueues)
		cqueues.scope(function(scope)
			scope:wrap(body)
			cqueues.sleep(0)
			cqueues.sleep(0)
			cqueues.dump(file, cqueues.running())
			scope:cancel()
		end)
		check(file.text:find(path .. ":2:", 1, true), file.text)
	end
	check(not file.text:find "cqueues/scope.lua", "the library's own lines are left out")
end)

t.plain("the_tasks_of_one_controller_are_listed_alone", function()
	local one, other = cqueues.new(), cqueues.new()
	one:wrap(function() cqueues.sleep(1) end)
	other:wrap(function() cqueues.sleep(1) end)
	equal(#cqueues.tasks(one), 1)
	equal(cqueues.tasks(one)[1].state, "ready")
	equal(cqueues.tasks(one)[1].controller, one)
	check(#cqueues.tasks() >= 2)
	one:close()
	check(not pcall(cqueues.tasks, one))
	other:close()
end)

t.test("a_dump_is_a_tree_of_scopes_and_tasks", function()
	local file = memory()
	local running = cqueues.running()
	cqueues.scope(function(outer)
		outer:name "server"
		outer:wrap(cqueues.sleep, 100):name "first"
		cqueues.scope(function(inner)
			inner:name "request"
			inner:wrap(cqueues.sleep, 100):name "second"
			cqueues.sleep(0)
			cqueues.sleep(0)
			cqueues.dump(file, running)
			outer:cancel "the end"
			cqueues.dump(file, running)
		end)
	end)
	check(file.text:find("\n  scope server\n    task first, waits: sleep, at most 100 s more\n", 1, true), file.text)
	check(file.text:find("\n    scope request\n      task, running\n", 1, true), file.text)
	check(file.text:find("\n      task second, waits: sleep, at most 100 s more\n", 1, true), file.text)
	check(file.text:find("\n  scope server, ended: the end\n", 1, true), file.text)
	check(file.text:find "dump_spec.lua:%d+: in function", "it tells lines of the program")
	check(not file.text:find "cqueues/scope.lua", "and none of ours")
end)

t.finish()

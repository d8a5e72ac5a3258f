-- SPDX-License-Identifier: MIT
--
-- File notifications: a directory whose files are made, written, renamed and removed, and what a notifier tells of it.

local notify = require "cqueues.notify"
local catalogue = new_catalogue()
local NAMES = { "f1", "f2", "f3", "d1" }
local CHANGES = { "CREATE", "ATTRIB", "MODIFY", "REVOKE", "DELETE", "ALL" }
local SPAN = 0.006

local function words_of(changes)
	local words = {}
	for flag in notify.flags(changes) do
		words[#words + 1] = notify[flag] or "?" .. flag
	end
	table.sort(words)
	return table.concat(words, "|")
end

local function some_name(g) return g:choose(NAMES) end

local function path_of(world, file)
	return world.directory .. "/" .. file
end

local function write(path, how, text)
	local file = io.open(path, how)
	if file then
		file:write(text)
		file:close()
	end
	return file ~= nil
end

catalogue:add("add", 6, function(g) return some_name(g), g:maybe(g:choose(CHANGES), 75) end, function(world, file, change)
	if world.added[file] then
		return -- docs/differences.md: "`add` of the same name again"
	end
	world.added[file] = true
	return world.notifier:add(file, change and notify[change])
end)
catalogue:add("write", 2, some_name, function(world, file) return write(path_of(world, file), "w", "new") end)
catalogue:add("append", 2, some_name, function(world, file) return write(path_of(world, file), "a", "more") end)
catalogue:add("remove", 2, some_name, function(world, file) return (os.remove(path_of(world, file))) end)
catalogue:add("rename", 2, function(g) return some_name(g), some_name(g) end, function(world, from, to)
	return (os.rename(path_of(world, from), path_of(world, to)))
end)
catalogue:add("chmod", 1, some_name, function(world, file)
	os.execute("chmod 600 " .. path_of(world, file) .. " 2>/dev/null")
end)
-- The order in which the changes of several files are told is nobody's affair.
local function all_changes(get)
	local list = {}
	for _ = 1, 12 do
		local changes, file = get()
		if not changes then
			break
		end
		list[#list + 1] = ("%s=%s"):format(tostring(file), words_of(changes))
	end
	table.sort(list)
	return table.concat(list, " ")
end
catalogue:add("get", 3, nil, function(world)
	return all_changes(function() return world.notifier:get(SPAN) end)
end)
catalogue:add("changes", 2, nil, function(world) return all_changes(world.notifier:changes(SPAN)) end)
catalogue:add("step", 1, nil, function(world) return world.notifier:step(), world.notifier:events() end)
-- Not its timeout: docs/differences.md: "`poll(notifier)` is ready as long as something is left to get".
catalogue:add("descriptor", 1, nil, function(world)
	return notify.type(world.notifier), type(world.notifier:pollfd()), world.notifier:events()
end)

local family = { catalogue = catalogue }

function family.make(g)
	local options = { in_task = g:chance(40) }
	for i = 1, g:number(3) - 1 do
		options[i] = g:choose(NAMES)
	end
	return { options = options, tasks = { { name = "t1", operations = g:list(catalogue, 4 + g:number(8)) } } }
end

function family.run(program)
	local world = { directory = new_directory(), added = {} }
	for _, file in ipairs(program.options) do
		write(path_of(world, file), "w", "x")
	end
	world.notifier = notify.opendir(world.directory)
	perform_alone(world, program, 5)
	line("rest", all_changes(function() return world.notifier:get(SPAN) end))
	remove_directory(world.directory)
end

return family

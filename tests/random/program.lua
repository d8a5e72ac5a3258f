-- SPDX-License-Identifier: MIT
--
-- Makes a random program from a number and runs it.
--
--   lua program.lua FAMILY SEED [--show] [--without NUMBERS]
--
-- A program is a list of numbered operations for each of its tasks. --show prints it instead of running it;
-- --without 3,7 leaves these operations out.
--
-- A family is a file in families/ that returns a table:
--   catalogue       of its operations, see generator.lua
--   ordered         true if it matters which task does something first
--   make(g)         the program: `options`, a table, and `tasks`, a list of { name =, operations = }
--   run(program)    performs it, by `perform(world, task, operation)`

local here = arg[0]:gsub("[^/]*$", "")
dofile(here .. "../differential/prelude.lua")
dofile(here .. "generator.lua")
dofile(here .. "trace.lua")

-- docs/differences.md: "A line that a task writes while its socket has more input at hand leaves with the next ones".
if socket.sethold then
	socket.sethold "none"
end

local function parse(arguments)
	local family, seed = arguments[1], assert(tonumber(arguments[2]), "SEED is a number")
	local show, without = false, {}
	for i = 3, #arguments do
		if arguments[i] == "--show" then
			show = true
		elseif arguments[i] == "--without" then
			for number in arguments[i + 1]:gmatch "%d+" do
				without[tonumber(number)] = true
			end
		end
	end
	return family, seed, show, without
end

local family_name, seed, show_only, without = parse(arg)
local family = dofile(here .. "families/" .. family_name .. ".lua")

function is_left_out(operation)
	return without[operation.number]
end

-- Performs an operation unless it is left out, and prints what came of it.
function perform(world, task, operation)
	if is_left_out(operation) then
		return
	end
	local label = operation.number .. " " .. operation.name
	if family.ordered then
		line(task, label)
	end
	world.task = task
	local results = pack(protect(family.catalogue.kinds[operation.name].run, world,
		unpack(operation.arguments, 1, operation.arguments.n)))
	line(task, label .. (results[1] and " -> " or " !! ") .. told(unpack(results, 2, results.n)))
end

function perform_all(world, task, operations)
	for _, operation in ipairs(operations) do
		perform(world, task, operation)
	end
end

-- Performs the operations of a program with one task: in a task, for so many seconds at most, if the program says so.
function perform_alone(world, program, seconds)
	local task = program.tasks[1]
	if not program.options.in_task then
		return perform_all(world, task.name, task.operations)
	end
	local controller = cqueues.new()
	controller:wrap(perform_all, world, task.name, task.operations)
	line("loop", told(controller:loop(seconds)))
end

local function show_operations(operations, indent)
	for _, operation in ipairs(operations) do
		if not without[operation.number] then
			print(("%s%d %s %s"):format(indent, operation.number, operation.name, told_arguments(operation.arguments)))
			for i = 1, operation.arguments.n do
				local value = operation.arguments[i]
				if type(value) == "table" and value.are_operations then
					show_operations(value, indent .. "    ")
				end
			end
		end
	end
end

local program = family.make(new_generator(seed))
if show_only then
	print("ordered " .. tostring(family.ordered or false))
	print("options " .. told(program.options))
	for _, task in ipairs(program.tasks) do
		print("task " .. task.name)
		show_operations(task.operations, "    ")
	end
else
	local ok, why = pcall(family.run, program)
	if not ok then
		line("program", "stopped " .. told(why))
	end
	line("program", "end")
	io.stdout:flush()
end

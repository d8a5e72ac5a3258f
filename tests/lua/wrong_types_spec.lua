-- SPDX-License-Identifier: MIT
-- Every function and method returns what is described when it is called rightly, and refuses values of wrong types by an error that names function and argument, or takes them as
-- the description in bindings/lua/api says; and none ends the process. See wrong_types.lua, which runs in a process for each
-- module and class, so that a crash is told with the call that made it.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local root = here .. "../.."
local api = dofile(root .. "/tools/lua-api/read.lua")(root)

-- Some calls make files of the name that they are given, so they are made elsewhere.
local directory, total = t.directory(), 0
local program = (here:find "^/" and "" or os.getenv "PWD" .. "/") .. here .. "wrong_types.lua"

-- Runs the cases of a module or class; fails with what they have found.
local function run(subject)
	local command = "cd '%s' && exec timeout 100 %s '%s' %s 2>&1"
	local process = io.popen(command:format(directory, t.interpreter(), program, subject))
	local output = process:read "*a"
	process:close()
	local faults, last, done = {}, "its beginning", nil
	for line in output:gmatch "[^\n]+" do
		faults[#faults + 1] = line:match "^fault (.*)"
		last = line:match "^begin %d+ (.*)" or last
		done = tonumber(line:match "^done (%d+)") or done
	end
	if not done then
		error("the process ended in " .. last .. ":\n" .. output:sub(-2000), 0)
	end
	total = total + done
	if faults[1] then
		error(#faults .. " faults:\n\t" .. table.concat(faults, "\n\t"), 0)
	end
end

for _, module in ipairs(api.modules) do
	t.plain("functions_of_" .. module.name .. "_refuse_wrong_types", function() run(module.name) end)
	for _, class in ipairs(module.classes) do
		t.plain("methods_of_" .. class.name .. "_refuse_wrong_types", function() run(class.name) end)
	end
end

t.plain("fields_of_tables_refuse_wrong_types", function() run "tables" end)

t.plain("there_is_a_case_for_each_argument_and_kind", function()
	t.check(total > 12000, "cases: " .. total)
end)

t.finish()

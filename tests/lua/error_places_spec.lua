-- SPDX-License-Identifier: MIT
-- No text that is thrown names a line of the library's own files; each names the function that was called, also if that was done
-- through pcall. See error_places.lua, which runs as a process of its own, since some calls make files or change signals.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")

local program = (here:find "^/" and "" or os.getenv "PWD" .. "/") .. here .. "error_places.lua"

t.plain("errors_name_the_line_and_the_function_of_the_program", function()
	local process = io.popen(("cd '%s' && exec timeout -s KILL 100 %s '%s' 2>&1"):format(t.directory(), t.interpreter(), program))
	local output = process:read "*a"
	process:close()
	local faults = {}
	for fault in output:gmatch "\nfault ([^\n]*)" do
		faults[#faults + 1] = fault
	end
	local count = tonumber(output:match "\ndone (%d+)\n$")
	t.check(count, "ended in " .. output:sub(-500))
	if faults[1] then
		error(#faults .. " faults:\n\t" .. table.concat(faults, "\n\t"), 0)
	end
	t.check(count > 7000, "calls: " .. count)
end)

t.finish()

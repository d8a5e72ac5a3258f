-- SPDX-License-Identifier: MIT
--
-- Tracebacks of tasks that show the program's functions, and not those of this library between them.

local core = require "_cqueues"
local arguments = require "cqueues.arguments"
local protected = require "cqueues.protected"

local trace = debug and debug.traceback

local module = {}

-- Whether a line of a traceback tells nothing about the program. A file is the library's if it is one of its modules: a
-- program may lie in a folder named cqueues.
local function is_ours(where)
	local file = where:match "^.*/(cqueues[%w_/]*)%.lua:%d"
	return where:find "^%[C%]" or where:find "^%[builtin" or where:find "^%(" or where:find "^cqueues%.[%w_.]+:%d" or
		file and package.loaded[(file:gsub("/", "."))]
end

-- Appends the program's lines of a text of debug.traceback.
local function append(lines, text, indent)
	for line in text:gmatch "[^\n]+" do
		local where = line:match "^%s+(.*)$"
		if where and not is_ours(where) then
			lines[#lines + 1] = indent .. where
		end
	end
end

--- Appends to a list of lines where a task stands, the innermost function first. `message` is what it has thrown, if it has.
function module.append(lines, thread, message, indent)
	local origin = message and protected.origin(thread, message)
	if origin then
		return append(lines, origin, indent)
	elseif trace then
		local stack = protected.stack(thread)
		for _, one in ipairs(stack) do
			append(lines, trace(one), indent)
		end
		if #stack == 0 then
			append(lines, trace(), indent) -- of no coroutine
		end
	end
end

--- A message and behind it where a task stands, as debug.traceback tells it. A message that is no text comes back as it is.
function module.traceback(thread, message)
	if thread ~= nil and type(thread) ~= "thread" then
		arguments.refuse_type(thread, 1, "traceback", "coroutine")
	elseif message ~= nil and type(message) ~= "string" then
		return message
	end
	local lines = { (message and message .. "\n" or "") .. "stack traceback:" }
	module.append(lines, thread, message, "\t")
	return table.concat(lines, "\n")
end

--- Sets whether messages of step, loop and errors have such a traceback behind them. How it was before.
function module.tracebacks(on)
	return core._trace_errors(on and module.traceback or nil)
end

return module

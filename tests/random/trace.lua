-- SPDX-License-Identifier: MIT
--
-- What a program prints: a line for each operation, with what it returned or threw. `text_of` of the prelude masks
-- what is never the same twice; here stands what, in these programs alone, is no difference.

io.stdout:setvbuf "line"

local LONGEST = 90

local function shorten(text)
	if #text <= LONGEST then
		return text
	end
	return text:sub(1, LONGEST - 30) .. "..." .. #text .. "..." .. text:sub(-15)
end

local substitutes = {
	-- Positions in these files; the prelude knows those of its scripts only.
	{ "[%w%._/%-]*tests/random/[%w/]+%.lua:%d+:", "here:" },
	-- Descriptors, ports and addresses.
	{ "%(fd:%d+%)", "(fd)" },
	{ "%[socket:%d+%]", "[fd]" },
	{ "%[127%.0%.0%.1%]:%d+", "PEER" },
	{ "127%.0%.0%.1:%d+", "PEER" },
	-- The wording of Lua differs from version to version with the names that it knows of variables.
	{ "attempt to %a+ .*", "attempt to ..." },
	-- docs/differences.md: "A wrong object is told by its type"; the original does so from Lua 5.3 on.
	{ "expected, got %u[%a ]*%)", "expected, got userdata)" },
	-- docs/differences.md: "The library's own numbers have texts of our own."
	{ "^.*: Invalid textual address form$", "not an address" },
	{ "^.*: text is not an address.*$", "not an address" },
	-- Ours has a text for this mistake.
	{ "^.*the promise is settled already$", "attempt to ..." },
	-- Whose method was called on a closed object stands in front in one of both.
	{ "^.*bad argument #%-?%d+ to .*%(([%a ]*closed)%)$", "%1" },
	{ "calling '%w+' on bad self %((.*)%)$", "%1" },
	{ "^.*bad argument #%-?%d+ to .*%((cqueue running)%)$", "%1" },
	-- Ours names the line of the program for these, the original some line of either, or none.
	{ "^.*(error loading field .*)$", "%1" },
	{ "^.*(socket closed)$", "%1" },
	{ "^.*(cqueue closed)$", "%1" },
	{ "^.*(cqueue running)$", "%1" },
	-- docs/differences.md: "A controller that is stepped in one of its own tasks"
	{ "^.*cannot step live cqueue$", "cqueue running" },
}

local function told_one(value)
	if type(value) == "string" then
		if #value > 10 * LONGEST then -- no error, and searching it takes long
			value = value:sub(1, LONGEST) .. "..." .. #value .. "..." .. value:sub(-LONGEST)
		end
		for _, substitute in ipairs(substitutes) do
			value = value:gsub(substitute[1], substitute[2])
		end
	end
	return shorten(text_of(value))
end

function told(...)
	local words = {}
	for i = 1, select("#", ...) do
		words[i] = told_one((select(i, ...)))
	end
	return #words == 0 and "(nothing)" or table.concat(words, ", ")
end

-- A line of a task's trace. run.py compares the lines of each task, or, if the family is ordered, all as they come.
function line(task, text)
	io.stdout:write(task, ": ", text, "\n")
end

-- Arguments of an operation as the program is shown.
function told_arguments(arguments)
	local words = {}
	for i = 1, arguments.n do
		local value = arguments[i]
		words[i] = type(value) == "table" and value.are_operations and "(operations)" or told_one(value)
	end
	return table.concat(words, ", ")
end

-- SPDX-License-Identifier: MIT
-- The programs of docs/guide.md and docs/recipes.md: each runs, and prints what the document says.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local equal, check = t.equal, t.check

local docs = arg[0]:gsub("[^/]*$", "") .. "../../docs/"

-- The blocks of a document in their order: { language = ..., heading = ..., text = ... }.
local function blocks(path)
	local list, heading, block = {}, nil, nil
	for line in check(io.open(path), path):lines() do
		if block and line == "```" then
			block.text, block = table.concat(block, "\n") .. "\n", nil
		elseif block then
			block[#block + 1] = line
		elseif line:match "^```%a+$" then
			block = { language = line:sub(4), heading = heading }
			list[#list + 1] = block
		else
			heading = line:match "^#+ (.*)" or heading
		end
	end
	return list
end

-- What a program prints; its file is called program.lua. A program that hangs is ended.
local function output_of(text)
	local directory = t.directory()
	local file = check(io.open(directory .. "/program.lua", "w"))
	file:write(text)
	file:close()
	local limit = os.getenv "SPECS_ARE_SLOW" and 100 or 20
	local process = io.popen(("exec timeout %d %s '%s/program.lua' 2>&1"):format(limit, t.interpreter(), directory))
	local output = process:read "*a"
	process:close()
	return (output:gsub("[^%s<]*program%.lua", "program.lua"))
end

-- A pattern for what is printed: "..." alone in a line stands for any lines, within a line for any text.
local function pattern_of(text)
	local pattern = text:gsub("%p", "%%%0"):gsub("\n", "\n\n")
	pattern = ("\n" .. pattern):gsub("\n%%%.%%%.%%%.\n", "\0"):gsub("%%%.%%%.%%%.", "[^\n]*"):gsub("\n\n", "\n")
	return "^" .. pattern:gsub("^\n", ""):gsub("%z\n?", ".-") .. "$"
end

local function run_document(name)
	local list, count = blocks(docs .. name), 0
	for i, block in ipairs(list) do
		if block.language == "lua" then
			count = count + 1
			local title = (name:gsub("%.md$", "") .. "_program_" .. count .. "_" .. block.heading):lower():gsub("[^%w]+", "_")
			t.plain(title, function()
				local wanted = check(list[i + 1], "what it prints")
				equal(wanted.language, "text")
				local output = output_of(block.text)
				if not output:find(pattern_of(wanted.text)) then
					error(("it printed\n%s\nand not\n%s"):format(output, wanted.text), 0)
				end
			end)
		end
	end
	check(count > 0, name .. " has programs")
end

t.plain("patterns_of_output_tell_wrong_lines", function()
	check(("a\nb\n"):find(pattern_of "a\nb\n"))
	check(not ("a\nc\n"):find(pattern_of "a\nb\n"))
	check(not ("a\nb\nc\n"):find(pattern_of "a\nb\n"))
	check(("x\ny\nb\n"):find(pattern_of "...\nb\n"))
	check(("b\n"):find(pattern_of "...\nb\n"))
	check(not ("a\nc\n"):find(pattern_of "...\nb\n"))
	check(("a5b\n"):find(pattern_of "a...b\n"))
	check(not ("a\nb\n"):find(pattern_of "a...b\n"))
end)

run_document "guide.md"
run_document "recipes.md"

t.finish()

-- SPDX-License-Identifier: MIT
--
-- Makes docs/lua.md of the whole description.

local wrap

local function paragraph(text, front, rest)
	return wrap(text, 120, front or "", rest)
end

-- Wraps each paragraph of a text.
local function paragraphs(text)
	local list = {}
	for one in (text .. "\n\n"):gmatch "(.-)\n\n" do
		list[#list + 1] = paragraph(one)
	end
	return table.concat(list, "\n\n")
end

local function sorted_keys(list)
	local keys = {}
	for key in pairs(list) do
		keys[#keys + 1] = key
	end
	table.sort(keys)
	return keys
end

-- How GitHub and others call a heading.
local function anchor(heading)
	return (heading:lower():gsub("[^%w _-]", ""):gsub(" ", "-"))
end

-- "(host, port[, family])".
local function argument_list(signature)
	local text = ""
	for i, p in ipairs(signature.parameters) do
		local name = (i > 1 and ", " or "") .. p.name
		text = text .. (p.optional and p.name ~= "..." and "[" .. name .. "]" or name)
	end
	return "(" .. text .. ")"
end

local function argument_types(signature)
	local list = {}
	for _, p in ipairs(signature.parameters) do
		list[#list + 1] = ("`%s%s: %s`%s"):format(p.name, p.optional and p.name ~= "..." and "?" or "", p.type,
			(p.takes and " (takes also " .. p.takes .. ")" or "") .. (p.says and (" (otherwise throws \"%s\")"):format(p.says) or ""))
	end
	return table.concat(list, ", ")
end

local function result_types(signature)
	local list = {}
	for _, r in ipairs(signature.results) do
		list[#list + 1] = ("`%s%s`%s"):format(r.many and "...: " or "", r.type, r.name and " " .. r.name or "")
	end
	return table.concat(list, ", ")
end

local function item(out, title, text)
	if text ~= "" then
		out(paragraph(("- **%s:** %s"):format(title, text), "", "  "), "\n")
	end
end

local function example(out, text)
	if text then
		out("```lua\n", text, "\n```\n\n")
	end
end

local function write_function(out, f, owner)
	out("#### `", owner, f.name, argument_list(f), "`\n\n", paragraphs(f.text), "\n\n")
	item(out, "Arguments", argument_types(f))
	item(out, "Object", f.self_takes and "takes also " .. f.self_takes or "")
	for _, overload in ipairs(f.overloads) do
		item(out, "Or", ("`%s%s%s`: %s"):format(owner, f.name, argument_list(overload), argument_types(overload)))
	end
	item(out, "Returns", f.results[1] and result_types(f) or "nothing")
	local errors = {}
	for i, name in ipairs(sorted_keys(f.errors)) do
		errors[i] = ("`%s`: %s"):format(name, f.errors[name])
	end
	item(out, "Errors", table.concat(errors, "; "))
	item(out, "Throws", table.concat(f.throws, "; "))
	item(out, "Since", f.since)
	item(out, "Deprecated", f.deprecated and ("use `%s`"):format(f.deprecated) or "")
	out "\n"
	example(out, f.example)
end

local function write_fields(out, fields)
	if not fields[1] then
		return
	end
	out "| field | type | meaning | since |\n|---|---|---|---|\n"
	for _, field in ipairs(fields) do
		out(("| `%s%s` | `%s` | %s | %s |\n"):format(field.name, field.optional and "?" or "", field.type:gsub("|", "\\|"),
			field.text:gsub("|", "\\|") .. (field.also and (" `%s` is the same."):format(field.also) or "") ..
				(field.takes and " Takes also " .. field.takes .. "." or ""), field.since))
	end
	out "\n"
end

local function write_module(out, module)
	out("## ", module.name, "\n\n", paragraphs(module.text), "\n\n")
	example(out, module.example)
	write_fields(out, module.fields)
	for _, alias in ipairs(module.aliases) do
		out("### Type ", alias.name, "\n\n", paragraphs(("`%s`. "):format(alias.type) .. alias.text), "\n\n")
	end
	for _, table in ipairs(module.tables) do
		out("### Table ", table.name, "\n\n", paragraphs(table.text), "\n\n")
		write_fields(out, table.fields)
	end
	if module.functions[1] then
		out("### Functions of ", module.name, "\n\n")
	end
	for _, f in ipairs(module.functions) do
		write_function(out, f, module.name:match "[^.]+$" .. ".")
	end
	for _, class in ipairs(module.classes) do
		out("### Class ", class.name, "\n\n", paragraphs(class.text), "\n\n")
		write_fields(out, class.fields)
		for _, method in ipairs(class.methods) do
			write_function(out, method, class.object .. ":")
		end
	end
end

local function names(list)
	local all = {}
	for i, one in ipairs(list) do
		all[i] = "`" .. one.name .. "`"
	end
	return table.concat(all, ", ")
end

local function contents_line(out, depth, heading, title, list)
	local front = ("  "):rep(depth)
	out(paragraph(("- [%s](#%s)%s"):format(title, anchor(heading), list ~= "" and ": " .. list or ""), front, front .. "  "), "\n")
end

local function write_contents(out, modules)
	out "## Contents\n\n"
	for _, module in ipairs(modules) do
		contents_line(out, 0, module.name, module.name, "")
		for _, table in ipairs(module.tables) do
			contents_line(out, 1, "Table " .. table.name, table.name, "")
		end
		if module.functions[1] then
			contents_line(out, 1, "Functions of " .. module.name, "functions", names(module.functions))
		end
		for _, class in ipairs(module.classes) do
			contents_line(out, 1, "Class " .. class.name, class.name, names(class.methods))
		end
	end
	out "\n"
end

-- The document as text.
return function(api, given_wrap)
	wrap = given_wrap
	local parts = {}
	local function out(...)
		for i = 1, select("#", ...) do
			parts[#parts + 1] = (select(i, ...))
		end
	end
	out("# ", api.title, "\n\n", paragraphs(api.text), "\n\n")
	for _, text in ipairs(api.conventions) do
		out(paragraph("- " .. text, "", "  "), "\n")
	end
	out "\n"
	write_contents(out, api.modules)
	for _, module in ipairs(api.modules) do
		write_module(out, module)
	end
	return (table.concat(parts):gsub("\n+$", "\n"))
end

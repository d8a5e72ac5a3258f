-- SPDX-License-Identifier: MIT
--
-- Makes type definitions (LuaCATS) of a module: what editors and checkers read.

local wrap

local function comment(text)
	local lines = {}
	for paragraph in (text .. "\n\n"):gmatch "(.-)\n\n" do
		lines[#lines + 1] = wrap(paragraph, 120, "---")
	end
	return table.concat(lines, "\n---\n")
end

local function sorted_keys(list)
	local keys = {}
	for key in pairs(list) do
		keys[#keys + 1] = key
	end
	table.sort(keys)
	return keys
end

local function since_line(since)
	return since ~= "original" and "---\n---Since " .. since .. ".\n" or ""
end

-- "fun(name: type): type" of a signature.
local function function_type(signature, self)
	local parameters, results = {}, {}
	if self then
		parameters[1] = "self: " .. self
	end
	for _, p in ipairs(signature.parameters) do
		parameters[#parameters + 1] = ("%s%s: %s"):format(p.name, p.optional and p.name ~= "..." and "?" or "", p.type)
	end
	for _, r in ipairs(signature.results) do
		results[#results + 1] = r.many and "..." or r.type
	end
	return ("fun(%s)%s"):format(table.concat(parameters, ", "), #results > 0 and ": " .. table.concat(results, ", ") or "")
end

local function write_function(out, f, owner, separator, self)
	out(comment(f.text), "\n")
	for _, name in ipairs(sorted_keys(f.errors)) do
		out(wrap(("- `%s`: %s."):format(name, f.errors[name]), 120, "---", "---  "), "\n")
	end
	for _, what in ipairs(f.throws) do
		out(wrap(("- Throws: %s."):format(what), 120, "---", "---  "), "\n")
	end
	out(since_line(f.since))
	if f.deprecated then
		out("---@deprecated\n")
	end
	local names = {}
	for i, p in ipairs(f.parameters) do
		names[i] = p.name
		out(("---@param %s%s %s%s\n"):format(p.name, p.optional and p.name ~= "..." and "?" or "", p.type,
			p.takes and " Takes also " .. p.takes .. "." or ""))
	end
	for _, r in ipairs(f.results) do
		out(("---@return %s%s\n"):format(r.type, r.many and " ..." or r.name and " " .. r.name or ""))
	end
	for _, overload in ipairs(f.overloads) do
		out("---@overload ", function_type(overload, self), "\n")
	end
	out(("function %s%s%s(%s) end\n\n"):format(owner, separator, f.name, table.concat(names, ", ")))
end

local function write_fields(out, fields)
	for _, field in ipairs(fields) do
		local name = field.name:gsub("^%[.*%*%]$", "[string]")
		out(wrap(("@field %s%s %s %s%s"):format(name, field.optional and "?" or "", field.type, field.text,
			field.since ~= "original" and " Since " .. field.since .. "." or ""), 1000, "---"), "\n")
		if field.also then
			out(("---@field %s? %s The same as `%s`.\n"):format(field.also, field.type, field.name))
		end
	end
end

local function write_class(out, class)
	local name = class.name:match "[^.]+$"
	out(comment(class.text), "\n", "---@class ", class.name, "\n")
	write_fields(out, class.fields)
	if not class.methods[1] then
		return out "\n"
	end
	out("local ", name, " = {}\n\n")
	for _, method in ipairs(class.methods) do
		write_function(out, method, name, ":", class.name)
	end
end

-- The definitions of a module as text.
return function(module, given_wrap)
	wrap = given_wrap
	local parts = {}
	local function out(...)
		for i = 1, select("#", ...) do
			parts[#parts + 1] = (select(i, ...))
		end
	end
	out("---@meta ", module.name, "\n-- SPDX-License-Identifier: MIT\n-- Made by `make lua-api` from bindings/lua/api.\n\n")
	for _, alias in ipairs(module.aliases) do
		out(comment(alias.text), "\n---@alias ", alias.name, " ", alias.type, "\n\n")
	end
	for _, table in ipairs(module.tables) do
		write_class(out, table)
	end
	for _, class in ipairs(module.classes) do
		write_class(out, class)
	end
	local name = module.name:match "[^.]+$" .. "_module"
	out(comment(module.text), "\n---@class ", module.name, ".module\n")
	write_fields(out, module.fields)
	out("local ", name, " = {}\n\n")
	for _, f in ipairs(module.functions) do
		write_function(out, f, name, ".")
	end
	out("return ", name, "\n")
	return table.concat(parts)
end

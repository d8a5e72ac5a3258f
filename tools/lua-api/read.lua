-- SPDX-License-Identifier: MIT
--
-- Reads the description of the Lua interface in bindings/lua/api: signatures become tables, and what is missing or
-- written wrongly throws.
--
--   local api = dofile "tools/lua-api/read.lua" (root)     the folder of the project

-- Splits a text at commas that stand in no brackets.
local function split(text)
	local parts, depth, begin, quoted = {}, 0, 1, false
	for i = 1, #text do
		local c = text:sub(i, i)
		if c == '"' then
			quoted = not quoted
		elseif quoted then
			c = nil
		elseif c:find "[%(%[{<]" then
			depth = depth + 1
		elseif c:find "[%)%]}>]" then
			depth = depth - 1
		elseif c == "," and depth == 0 then
			parts[#parts + 1] = text:sub(begin, i - 1)
			begin = i + 1
		end
	end
	parts[#parts + 1] = text:sub(begin)
	for i, part in ipairs(parts) do
		parts[i] = part:match "^%s*(.-)%s*$"
	end
	return #parts == 1 and parts[1] == "" and {} or parts
end

-- "name?: type" as a table.
local function parse_parameter(text)
	local name, optional, type = text:match "^([%a_][%w_]*)(%??): (.+)$"
	if not name then
		name, type = text:match "^(%.%.%.): (.+)$"
	end
	if not name then
		error("no parameter: " .. text, 0)
	end
	return { name = name, type = type, optional = optional == "?" or name == "..." }
end

-- "type name" or "...: type name" as a table.
local function parse_result(text)
	local rest = text:match "^%.%.%.: (.+)$"
	local type, name = (rest or text):match "^(.*[^:|,%s])%s+([%a_][%w_]*)$"
	return { type = type or rest or text, name = name, many = rest ~= nil }
end

local function map(list, f)
	local results = {}
	for i, one in ipairs(list) do
		results[i] = f(one)
	end
	return results
end

-- "name(parameters): results" as a table.
local function parse_signature(text)
	local name, parameters, rest = text:match "^([%a_][%w_]*)(%b())(.*)$"
	local results = rest == "" and "" or rest and rest:match "^: (.+)$"
	if not results then
		error("no signature: " .. text, 0)
	end
	return { name = name, parameters = map(split(parameters:sub(2, -2)), parse_parameter), results = map(split(results), parse_result) }
end

local KNOWN = { overloads = true, takes = true, errors = true, throws = true, since = true, hidden = true,
	deprecated = true, example = true, says = true }

local function check_text(text, what)
	if type(text) ~= "string" or not text:find "[%.:]$" then
		error(what .. ": its text is missing or has no full stop", 0)
	end
	return text
end

local function parse_function(entry, since)
	local parsed = parse_signature(entry[1])
	for key in pairs(entry) do
		if type(key) == "string" and not KNOWN[key] then
			error(parsed.name .. ": unknown key " .. key, 0)
		end
	end
	local names = { self = true }
	for _, parameter in ipairs(parsed.parameters) do
		names[parameter.name] = true
		parameter.takes = entry.takes and entry.takes[parameter.name]
		parameter.says = entry.says and entry.says[parameter.name]
	end
	for name in pairs(entry.takes or {}) do
		if not names[name] then
			error(parsed.name .. ": takes " .. name .. ", which is no parameter", 0)
		end
	end
	parsed.text, parsed.errors, parsed.throws = check_text(entry[2], parsed.name), entry.errors or {}, entry.throws or {}
	parsed.overloads = map(entry.overloads or {}, parse_signature)
	parsed.since, parsed.hidden, parsed.deprecated = entry.since or since, entry.hidden, entry.deprecated
	parsed.example, parsed.self_takes = entry.example, entry.takes and entry.takes.self
	return parsed
end

local function parse_field(entry, since)
	local name, optional, type = entry[1]:match "^(%b[])(%??): (.+)$"
	if not name then
		name, optional, type = entry[1]:match "^([%a_][%w_]*)(%??): (.+)$"
	end
	if not name then
		error("no field: " .. entry[1], 0)
	end
	return { name = name, type = type, optional = optional == "?", text = check_text(entry[2], name),
		since = entry.since or since, names = entry.names, unset = entry.unset,
		also = entry.also, takes = entry.takes }
end

local function parse_class(class, since)
	since = class.since or since
	local object = class.object or class.name:match "[^.]+$":lower()
	return { name = class.name, text = check_text(class.text, class.name), since = since, object = object,
		fields = map(class.fields or {}, function(entry) return parse_field(entry, since) end),
		methods = map(class.methods or {}, function(entry) return parse_function(entry, since) end) }
end

local function parse_module(module)
	local since = module.since
	return { name = module.name, since = since, text = check_text(module.text, module.name), example = module.example,
		is_class = module.is_class,
		fields = map(module.fields or {}, function(entry) return parse_field(entry, since) end),
		functions = map(module.functions or {}, function(entry) return parse_function(entry, since) end),
		tables = map(module.tables or {}, function(entry) return parse_class(entry, since) end),
		aliases = map(module.aliases or {}, function(entry)
			return { name = entry[1], type = entry[2], text = check_text(entry[3], entry[1]) }
		end),
		classes = map(module.classes or {}, function(entry) return parse_class(entry, since) end) }
end

return function(root)
	local path = package.path
	package.path = root .. "/bindings/lua/api/?.lua"
	local index = dofile(root .. "/bindings/lua/api/index.lua")
	local api = { title = index.title, text = index.text, conventions = index.conventions, internal = index.internal,
		modules = map(index.modules, function(file)
			local name = ("%s/bindings/lua/api/%s.lua"):format(root, file)
			local ok, module = pcall(function() return parse_module(dofile(name)) end)
			return ok and module or error(name .. ": " .. tostring(module), 0)
		end) }
	package.path, package.loaded.socket_methods = path, nil
	return api
end

-- SPDX-License-Identifier: MIT
-- The description in bindings/lua/api says what there is: nothing is missing, and nothing is invented.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local objects = dofile(here .. "api_objects.lua")
local root = here .. "../.."
local api = dofile(root .. "/tools/lua-api/read.lua")(root)

-- Fails with all of a list of faults.
local function none(faults)
	table.sort(faults)
	if faults[1] then
		error(table.concat(faults, "\n\t"), 0)
	end
end

-- The Lua types that go with a type of the description; nil for any.
local function lua_types(described)
	local types = {}
	for word in described:gmatch "[^|]+" do
		local type = word:match "^integer" and "number" or word:match "^table" and "table" or word:match "^fun" and "function" or word
		types[type] = true
	end
	return types
end

local function by_name(list)
	local names = {}
	for _, one in ipairs(list) do
		names[one.name] = one
	end
	return names
end

-- What of a module is described: by name, and by pattern.
local function described(module)
	local names, patterns, numbers = by_name(module.functions), {}, false
	for _, field in ipairs(module.fields) do
		names[field.name] = field
		patterns[#patterns + 1] = field.names
		numbers = numbers or field.name == "[integer]"
	end
	if module.is_class then
		names.__index = true
		for _, class in ipairs(module.classes) do
			for name, method in pairs(by_name(class.methods)) do
				names[name] = method
			end
		end
	end
	return function(key)
		if type(key) == "number" then
			return numbers
		end
		for _, pattern in ipairs(patterns) do
			if key:find(pattern) then
				return true
			end
		end
		return names[key] or key:find "^_" or module.is_class and key:find "^__"
	end
end

t.plain("every_module_is_described", function()
	local faults, known = {}, {}
	for _, module in ipairs(api.modules) do
		known[module.name] = true
	end
	local process = io.popen("cd '" .. root .. "/bindings/lua' && find cqueues.lua cqueues -name '*.lua'")
	local count = 0
	for path in process:lines() do
		local name = path:gsub("%.lua$", ""):gsub("/", ".")
		count = count + 1
		if not known[name] and not api.internal[name] then
			faults[#faults + 1] = name
		end
	end
	process:close()
	t.check(count > 20, "modules found")
	none(faults)
end)

t.plain("everything_that_a_module_has_is_described", function()
	local faults = {}
	for _, module in ipairs(api.modules) do
		local is_described = described(module)
		for key in pairs(require(module.name)) do
			if not is_described(key) then
				faults[#faults + 1] = module.name .. "." .. tostring(key)
			end
		end
	end
	none(faults)
end)

t.plain("everything_that_is_described_of_a_module_is_there", function()
	local faults = {}
	for _, module in ipairs(api.modules) do
		local loaded = require(module.name)
		for _, f in ipairs(module.functions) do
			if type(loaded[f.name]) ~= "function" or (rawget(loaded, f.name) == nil) ~= (f.hidden or false) then
				faults[#faults + 1] = module.name .. "." .. f.name
			end
		end
		for _, field in ipairs(module.fields) do
			local value = loaded[field.name]
			if not field.name:find "^%[" and not lua_types(field.type)[type(value)] then
				faults[#faults + 1] = module.name .. "." .. field.name
			end
		end
	end
	none(faults)
end)

t.plain("patterns_of_names_stand_for_something", function()
	for _, module in ipairs(api.modules) do
		for _, field in ipairs(module.fields) do
			local found = not field.name:find "^%["
			for key in pairs(require(module.name)) do
				found = found or field.names and type(key) == "string" and key:find(field.names) or
					field.name == "[integer]" and type(key) == "number"
			end
			t.check(found, module.name .. "." .. field.name)
		end
	end
end)

-- The methods of a class: of records those of all types.
local function methods_of(class)
	if class.name ~= "cqueues.dns.Record" then
		return objects.methods(objects.make[class.name]())
	end
	local all, types = {}, { 65280 }
	for name in pairs(require "cqueues.dns.record".type) do
		types[#types + 1] = type(name) == "string" and name ~= "ALL" and name ~= "ANY" and name or nil
	end
	for _, type in ipairs(types) do
		for name, method in pairs(objects.methods(objects.record(type))) do
			all[name] = method
		end
	end
	return all
end

t.plain("every_method_is_described_and_there", function()
	local faults = {}
	for _, module in ipairs(api.modules) do
		for _, class in ipairs(module.classes) do
			local there, names = methods_of(class), by_name(class.methods)
			for _, f in ipairs(module.is_class and module.functions or {}) do
				names[f.name] = f
			end
			for name in pairs(there) do
				if not names[name] and not name:find "^_" then
					faults[#faults + 1] = class.name .. ":" .. name .. " is not described"
				end
			end
			for _, method in ipairs(class.methods) do
				if type(there[method.name]) ~= "function" then
					faults[#faults + 1] = class.name .. ":" .. method.name .. " is not there"
				end
			end
		end
	end
	none(faults)
end)

t.plain("fields_of_objects_are_there", function()
	for _, module in ipairs(api.modules) do
		for _, class in ipairs(module.classes) do
			local object = class.fields[1] and objects.make[class.name]()
			for _, field in ipairs(class.fields) do
				local value = object[field.name]
				if value ~= nil or not field.optional then
					local types = lua_types(field.type)
					t.check(types[type(value)] or field.type:find "^cqueues" and type(value) == "userdata",
						class.name .. "." .. field.name)
				end
			end
		end
	end
end)

-- Calls a function with a table in which one field is a function, which is right for none of them. Returns the error.
local function refusal(f, fields, field)
	local options = {}
	for key, value in pairs(fields) do
		options[key] = value
	end
	options[field] = function() end
	local ok, why = pcall(f, options)
	return not ok and tostring(why) or "no error"
end

local takers, config = objects.takers(t.directory()), require "cqueues.dns.config"

t.plain("fields_of_tables_are_known", function()
	local faults = {}
	for _, module in ipairs(api.modules) do
		for _, described_table in ipairs(module.tables) do
			local taker = takers[described_table.name]
			for _, field in ipairs(taker and described_table.fields or {}) do
				local name = field.name:match "^%['(.*)'%]$" or field.name
				for _, spelled in ipairs(name:find "^%[" and {} or { name, field.also }) do
					local why = refusal(taker.f, taker.fields, spelled)
					local wanted = taker.other and taker.other[name] or spelled
					local named = why:find("field " .. wanted, 1, true) or why:find("'" .. wanted .. "'", 1, true) or
						spelled == field.also and why:find("field " .. name, 1, true) or taker.other[name] and why:find(wanted, 1, true)
					if not named or why:find("unknown", 1, true) or why:find("no setting", 1, true) then
						faults[#faults + 1] = described_table.name .. "." .. spelled .. ": " .. why
					end
				end
			end
		end
	end
	none(faults)
end)

t.plain("options_of_dns_configurations_change_something", function()
	local values = { boolean = { true, false }, integer = { 2, 3 }, ['boolean|"opportunistic"'] = { true, false } }
	for _, module in ipairs(api.modules) do
		for _, field in ipairs(by_name(module.tables)["cqueues.dns.Options"] and by_name(module.tables)["cqueues.dns.Options"].fields or {}) do
			local name = field.name:match "^%['(.*)'%]$" or field.name
			local first, second = t.unpack(values[field.type] or { "only", "disable" })
			local before = config.new { options = { [name] = first } }:getopts()[name]
			local after = config.new { options = { [name] = second } }:getopts()[name]
			t.check(before ~= after, name .. " changes nothing")
		end
	end
end)

-- Calls f with each function and method: its name and what is described.
local function each_function(f)
	for _, module in ipairs(api.modules) do
		for _, one in ipairs(module.functions) do
			f(module.name .. "." .. one.name, one)
		end
		for _, class in ipairs(module.classes) do
			for _, method in ipairs(class.methods) do
				f(class.name .. ":" .. method.name, method)
			end
		end
	end
end

t.plain("errors_that_are_described_have_numbers", function()
	each_function(function(name, f)
		for error_name in pairs(f.errors) do
			t.check(type(t.errno[error_name]) == "number", name .. " names " .. error_name)
		end
	end)
end)

t.plain("examples_compile", function()
	local count, compile = 0, loadstring or load
	local function try(name, example)
		if example then
			t.check(compile(example, "=" .. name))
			count = count + 1
		end
	end
	each_function(function(name, f) try(name, f.example) end)
	for _, module in ipairs(api.modules) do
		try(module.name, module.example)
	end
	t.check(count > 15, "examples")
end)

t.plain("type_tells_what_is_described", function()
	local count = 0
	for _, module in ipairs(api.modules) do
		local f = by_name(module.functions).type
		for _, class in ipairs(f and { module.classes[1] } or {}) do
			local described = {}
			for word in f.results[1].type:gmatch '"([^"]*)"' do
				described[word] = true
			end
			local type_of = require(module.name).type
			for _, make in pairs { objects.make[class.name], objects.closed[class.name] } do
				local told = type_of(make())
				t.check(described[told], class.name .. " is told as " .. tostring(told))
				count = count + 1
			end
			t.equal(type_of "text", nil)
		end
	end
	t.check(count > 15, "types told")
end)

-- What the original has of that, one name a line, as a child process tells it.
local list_original = [[
	package.path, package.cpath = %q, %q
	if not pcall(require, "_cqueues") then
		print "absent"
		os.exit(0)
	end
	local objects = dofile(%q)
	local function list(name, f)
		local ok, found = pcall(f)
		for key in pairs(ok and type(found) == "table" and found or {}) do
			print(name .. tostring(key))
		end
	end
	for _, name in ipairs { %s } do
		list(name .. ".", function() return require(name) end)
		list(name .. ".", function() return getmetatable(require(name)).__index end)
	end
	for name, make in pairs(objects.make) do
		list(name .. ":", function() return objects.methods(make()) end)
	end
	for _, type in ipairs { "A", "NS", "CNAME", "SOA", "PTR", "MX", "TXT", "AAAA", "SRV", "OPT", "SSHFP", "SPF" } do
		list("cqueues.dns.Record:", function() return objects.methods(objects.record(type)) end)
	end
	print "cqueues.dns.Record:rdata"
	os.exit(0)
]]

t.plain("since_says_what_the_original_has", function()
	local path, cpath = os.getenv "SYSTEM_LUA_PATH", os.getenv "SYSTEM_LUA_CPATH"
	local modules, original, faults = {}, {}, {}
	for i, module in ipairs(api.modules) do
		modules[i] = ("%q"):format(module.name)
	end
	local output = t.child("true", list_original:format(path or "", cpath or "", here .. "api_objects.lua", table.concat(modules, ", ")))
	if output == "absent\n" then
		t.skip "the original is not here"
	end
	for line in output:gmatch "[^\n]+" do
		original[line] = true
	end
	t.check(original["cqueues.new"] and original["cqueues.Socket:read"], output)
	local function compare(name, one)
		if (original[name] or false) ~= (one.since == "original") then
			faults[#faults + 1] = name .. " is " .. (original[name] and "" or "not ") .. "in the original"
		end
	end
	for _, module in ipairs(api.modules) do
		for _, f in ipairs(module.functions) do
			compare(module.name .. "." .. f.name, f)
		end
		for _, field in ipairs(module.fields) do
			if not field.name:find "^%[" then
				compare(module.name .. "." .. field.name, field)
			end
		end
		for _, class in ipairs(module.classes) do
			for _, method in ipairs(class.methods) do
				compare(class.name .. ":" .. method.name, method)
			end
		end
	end
	none(faults)
end)

t.finish()

-- SPDX-License-Identifier: MIT
--
-- For specs that go by the description in bindings/lua/api: values of the types that it names.
--
--   local values = dofile(... "api_values.lua")(api, objects)
--   values.right(parameter)              a value as an argument should be
--   values.alternatives(type, f)         f of each alternative of a type, until it returns something
--
-- api: what tools/lua-api/read.lua returns. objects: what api_objects.lua returns.

return function(api, objects)
	local names = {} -- what aliases stand for, and "table" for tables that are described
	for _, module in ipairs(api.modules) do
		for _, alias in ipairs(module.aliases) do
			names[alias.name] = alias.type
		end
		for _, described in ipairs(module.tables) do
			names[described.name] = "table"
		end
	end

	-- Calls f with each alternative of a type, aliases resolved, until it returns something.
	local function alternatives(type, f)
		if type:find "^fun%(" or type:find "^table" then
			return f(type:match "^%a+")
		end
		for one in type:gmatch "[^|]+" do
			local result
			if names[one] then
				result = alternatives(names[one], f)
			else
				result = f(one)
			end
			if result ~= nil then
				return result
			end
		end
	end

	-- What words like "host" stand for where any text would do.
	local texts = { host = "127.0.0.1", address = "127.0.0.1", zone = ".", which = "r", chain = "/dev/null", format = "*l", mode = "b" }

	-- A right value of a type.
	local function right(parameter)
		return alternatives(parameter.type, function(type)
			if objects.make[type] then
				return objects.make[type]()
			elseif type == "number" or type == "integer" then
				return parameter.name == "fd" and 7777 or parameter.name == "family" and require "cqueues.socket".AF_INET or 1
			elseif type == "string" then
				return texts[parameter.name] or "text"
			elseif type == "boolean" then
				return true
			elseif type:find '^"' then
				return (type:gsub('"', ""))
			elseif type == "function" or type == "fun" then
				return function() end
			elseif type == "thread" then
				return coroutine.create(function() end)
			elseif type == "file*" then
				return io.open "/dev/null"
			elseif type:find "^table" or type:find "%[%]$" then
				return {}
			elseif type == "any" then
				return 1
			end
			error("no right value for " .. type)
		end)
	end

	return { alternatives = alternatives, right = right }
end

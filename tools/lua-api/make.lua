-- SPDX-License-Identifier: MIT
--
-- Makes bindings/lua/types and docs/lua.md from the description in bindings/lua/api.
--
--   lua tools/lua-api/make.lua [--check]       in the project's folder
--
-- With --check nothing is written: it fails if a file is not what would be made. Any Lua will do.

local here = "tools/lua-api/"
local api = dofile(here .. "read.lua")(".")
local wrap, definitions, document = dofile(here .. "wrap.lua"), dofile(here .. "types.lua"), dofile(here .. "document.lua")

local check = arg[1] == "--check"
local stale = 0

local function contents(path)
	local file = io.open(path, "rb")
	local text = file and file:read "*a"
	if file then
		file:close()
	end
	return text
end

local function put(path, text)
	if contents(path) == text then
		return
	elseif check then
		print(path .. " is not what `make lua-api` makes")
		stale = stale + 1
		return
	end
	local file = assert(io.open(path, "wb"))
	file:write(text)
	file:close()
	print(path)
end

for _, module in ipairs(api.modules) do
	put("bindings/lua/types/" .. module.name:gsub("%.", "/") .. ".lua", definitions(module, wrap))
end
put("docs/lua.md", document(api, wrap))
os.exit(stale == 0 and 0 or 1)

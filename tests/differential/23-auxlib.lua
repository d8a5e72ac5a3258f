-- SPDX-License-Identifier: MIT
-- auxlib: assert and its levels, fileresult, tostring.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "assert"
try("true", auxlib.assert, true)
try("values", auxlib.assert, 1, nil, "x", nil)
try("nothing", auxlib.assert)
try("nil", auxlib.assert, nil)
try("false", auxlib.assert, false)
try("nil, text", auxlib.assert, nil, "text")
try("false, text", auxlib.assert, false, "text")
try("nil, number", auxlib.assert, nil, errno.EPIPE)
try("nil, numeric text", auxlib.assert, nil, "32")
try("nil, unknown number", auxlib.assert, nil, 99999)
try("nil, nil, text", auxlib.assert, nil, nil, "text")
try("nil, nil, number", auxlib.assert, nil, nil, errno.EPIPE)
try("nil, text, number", auxlib.assert, nil, "text", errno.EPIPE)
try("nil, number, text", auxlib.assert, nil, errno.EPIPE, "text")
try("nil, true, text", auxlib.assert, nil, true, "text")
try("nil, false, number", auxlib.assert, nil, false, errno.EPIPE)
try("nil, table", auxlib.assert, nil, {})
try("nil, table, text", auxlib.assert, nil, {}, "text")
try("nil, nil, nil", auxlib.assert, nil, nil, nil)
try("nil, true", auxlib.assert, nil, true)
try("nil, 0", auxlib.assert, nil, 0)
local mark = name(setmetatable({}, { __tostring = function() return "mark" end }), "mark")
try("nil, object", auxlib.assert, nil, mark)

section "levels"
if not jit then -- where the tail calls of the original shift its levels
	for level = 2, 9 do
		show("assert" .. level, pcall(auxlib["assert" .. level], false, "text"))
		show("assert" .. level, auxlib["assert" .. level](1, 2, 3))
	end
	local function caller(f)
		local function callee()
			local x = f(nil, "text")
			return x
		end
		local function between()
			local x = callee()
			return x
		end
		return select(2, pcall(function()
			local x = between()
			return x
		end))
	end
	for _, f in ipairs { "assert", "assert2", "assert3", "assert4" } do
		local text = caller(auxlib[f])
		show(f, text)
		-- which line it points to, counted from this script's function above
		show("    line", (tonumber(tostring(text):match ":(%d+):") or 0) - debug.getinfo(caller, "S").linedefined)
	end
	show("a number", caller(function() local x = auxlib.assert(nil, 2) return x end))
end

section "fileresult"
show("true", auxlib.fileresult(true))
show("values", auxlib.fileresult(1, 2, 3))
show("nothing", auxlib.fileresult())
show("nil", auxlib.fileresult(nil))
show("false", auxlib.fileresult(false))
show("nil, number", auxlib.fileresult(nil, errno.ENOENT))
show("false, number", auxlib.fileresult(false, errno.ENOENT))
show("nil, nil, number", auxlib.fileresult(nil, nil, errno.ENOENT))
show("nil, text, number", auxlib.fileresult(nil, "text", errno.ENOENT))
show("nil, text", auxlib.fileresult(nil, "text"))
show("nil, number, number", auxlib.fileresult(nil, errno.ENOENT, errno.EPIPE))
show("nil, number, text", auxlib.fileresult(nil, errno.ENOENT, "text"))
show("nil, numeric text", auxlib.fileresult(nil, "2"))
show("nil, true", auxlib.fileresult(nil, true))

section "tostring"
for _, value in ipairs { "text", 12, 1.5, true, false } do
	show("tostring " .. text_of(value), auxlib.tostring(value))
end
show("nil", auxlib.tostring(nil))
show("none", pcall(auxlib.tostring) == pcall(tostring))
show("table", auxlib.tostring({}):match "^table: " ~= nil)
show("object", auxlib.tostring(mark))
local t = {}
show("same", auxlib.tostring(t) == tostring(t))
if _VERSION ~= "Lua 5.2" and _VERSION ~= "Lua 5.1" then
	show("named", (auxlib.tostring(setmetatable({}, { __name = "Kind" })):gsub(":.*", "")))
end
try("metatable protected", auxlib.tostring, setmetatable({}, { __metatable = "no", __tostring = function() return "seen" end }))

section "tostring may yield"
if _VERSION ~= "Lua 5.1" then run(function()
	local object = setmetatable({}, { __tostring = function() cqueues.sleep(0.01) return "slept" end })
	show("tostring", auxlib.tostring(object))
end) end

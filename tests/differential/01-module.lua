-- SPDX-License-Identifier: MIT
-- What the modules carry: fields, methods, constants, types of objects.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function fields(t)
	local list = {}
	for key, value in pairs(t) do
		if type(key) == "string" and type(value) ~= "number" then
			list[#list + 1] = key .. " " .. type(value)
		end
	end
	table.sort(list)
	return table.concat(list, ", ")
end

local function constants(t)
	local list = {}
	for key, value in pairs(t) do
		if type(key) == "string" and type(value) == "number" then
			list[#list + 1] = key .. "=" .. value
		end
	end
	table.sort(list)
	return table.concat(list, ", ")
end

section "fields of the modules"
local listed = fields(cqueues)
for name in ("checkfields clockadvance clockrate dump scope shield tasks timeout traceback tracebacks"):gmatch "%a+" do
	listed = listed:gsub("%f[%a_]" .. name .. " function, ", "", 1) -- docs/differences.md: only ours
end
show("cqueues", listed)
show("socket", (fields(socket):gsub("sethold function, ", ""):gsub("setstrict function, ", "")))
show("condition", fields(condition))
show("auxlib", fields(auxlib))
show("promise", fields(promise))
show("errno.strerror", type(errno.strerror))
show("loaders", type(cqueues.loader), type(socket.loader), type(errno.loader),
	type(auxlib.loader), type(promise.loader))

section "constants"
show("socket", constants(socket))
show("marker of a poll", type(cqueues._POLL))

section "methods present"
local function methods(object, list)
	for method in list:gmatch "%S+" do
		if type(object[method]) ~= "function" then
			show("missing", method)
		end
	end
	show("checked", (select(2, list:gsub("%S+", ""))))
end
local a, b = socket.pair()
methods(a, [[accept clear clearerr clients close connect eof error events fill flush
	lines listen localname onerror pack peername pending pollfd read recv
	send setbufsiz seterror setmaxerrs setmaxline setmode settimeout setvbuf shutdown
	stat timeout uncork unget unpack write xlines xread xwrite]])
methods(cqueues.new(), [[alert attach cancel close count empty errors events loop pause pollfd
	reset step timeout wrap]])
methods(condition.new(), "events pollfd signal timeout wait")
show("no such method", a.nosuchmethod, cqueues.new().nosuchmethod, condition.new().nosuchmethod)

section "type"
local controller = cqueues.new()
show("socket", socket.type(a), socket.type(controller), socket.type(1), socket.type(nil))
show("controller", cqueues.type(controller), cqueues.type(a), cqueues.type "x", cqueues.type(nil))
show("condition", condition.type(condition.new()), condition.type(a), condition.type(nil))
show("promise", promise.type(promise.new()), promise.type(a), promise.type {}, promise.type(nil))
try("socket.type()", socket.type)
try("cqueues.type()", cqueues.type)
try("condition.type()", condition.type)
a:close()
controller:close()
show("closed socket", socket.type(a))
show("closed controller", cqueues.type(controller))

section "tostring names the kind of object"
local function kind(object)
	return (tostring(object):gsub(":.*", ""))
end
show("socket", kind(b))
show("closed socket", kind(a))
show("controller", kind(cqueues.new()))
show("condition", kind(condition.new()))

section "file type and metatables"
show("io.type", io.type(b))
show("type", type(b), type(cqueues.new()), type(condition.new()), type(promise.new()))
show("a condition calls to itself", (function() local c = condition.new() return c() == c end)())

section "monotime"
local before = cqueues.monotime()
local after = cqueues.monotime()
show("number that does not go back", type(before), after >= before)

-- SPDX-License-Identifier: MIT
--
-- What every differential script begins with. A script prints what it sees and judges nothing:
-- run.sh runs it on two implementations and compares the text. So everything printed here is
-- the same from run to run: no address, descriptor, port, time or path comes through.

cqueues = require "cqueues"
socket = require "cqueues.socket"
condition = require "cqueues.condition"
errno = require "cqueues.errno"
auxlib = require "cqueues.auxlib"
promise = require "cqueues.promise"

unpack = unpack or table.unpack
pack = table.pack or function(...) return { n = select("#", ...), ... } end

-- A position in a script becomes "here:", one in a library file becomes "library:".
local function mask(text)
	text = text:gsub("[%w%._/%-]*%d%d%-[%w%-]+%.lua:%d+:", "here:")
	text = text:gsub("[%w%._/%-]*prelude%.lua:%d+:", "prelude:")
	text = text:gsub("[%w%._/%-]*/lua/5%.%d/[%w/]+%.lua:%d+:", "library:")
	-- Which function complains of an argument, and from which of its layers, is its own affair.
	text = text:gsub("^[%w:]*%s*bad argument #%-?%d+ to '[^']*' ", "bad argument ")
	text = text:gsub("got no value", "got nil")
	-- Ours names the field of a table that is wrong, too.
	text = text:gsub("%(field [%w.]+: ", "(")
	-- Nor is the wording, other than that of Lua itself.
	if text:find "^bad argument " and not text:find "expected, got" and not text:find "invalid option" then
		text = "bad argument"
	end
	text = text:gsub("^library: ", ""):gsub("^prelude: ", "")
	-- Where a thrown error of a stream points to depends on how a Lua version counts tail calls.
	text = text:gsub("^%l+: (%S+:%l+: %u)", "%1")
	text = text:gsub("^%l+: (exceeded unchecked)", "%1")
	text = text:gsub("0x%x+", "ADDRESS")
	return (text:gsub("/tmp/cqueues%-[%w%.]*", "DIRECTORY"))
end

local escapes = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\\"] = "\\\\", ['"'] = '\\"' }

local function quote(text)
	return '"' .. text:gsub('[%c\\"\127-\255]', function(c)
		return escapes[c] or ("\\%03d"):format(c:byte())
	end) .. '"'
end

-- Objects made known by name print as that name, so identity shows up in the text.
local names = setmetatable({}, { __mode = "k" })

function name(object, text)
	names[object] = text
	return object
end

function text_of(value)
	local kind = type(value)
	if kind == "string" then
		return quote(mask(value))
	elseif kind == "number" then
		-- Integers and integral floats print alike: which of both comes is not the matter here.
		if value == math.floor(value) and value > -1e15 and value < 1e15 then
			return ("%d"):format(value)
		end
		return tostring(value)
	elseif kind == "nil" or kind == "boolean" then
		return tostring(value)
	elseif names[value] then
		return "<" .. names[value] .. ">"
	elseif kind == "table" and not getmetatable(value) then
		local fields = {}
		for key, field in pairs(value) do
			fields[#fields + 1] = tostring(key) .. "=" .. text_of(field)
		end
		table.sort(fields)
		return "{" .. table.concat(fields, ", ") .. "}"
	end
	return "<" .. (socket.type(value) or cqueues.type(value) or condition.type(value)
		or promise.type(value) or kind) .. ">"
end

function section(title)
	io.stdout:write("\n== ", title, "\n")
end

-- Each part stands alone: one that fails says so and the next is run.
function part(title, f, ...)
	section(title)
	local ok, why = pcall(f, ...)
	if not ok then
		show("stopped", why)
	end
end

function show(label, ...)
	local words = {}
	for i = 1, select("#", ...) do
		words[i] = text_of((select(i, ...)))
	end
	if #words == 0 then
		words[1] = "(nothing)"
	end
	io.stdout:write(label, ": ", table.concat(words, ", "), "\n")
	io.stdout:flush()
end

-- A line as it is, for text put together by the script.
function say(label, text)
	io.stdout:write(label, ": ", text, "\n")
	io.stdout:flush()
end

-- An error number by its name, for values where the number may differ between systems.
function error_name(code)
	return code and (code > 0 and errno[code] or code) -- the library's own have names in ours only
end

-- Values, error numbers by their names.
function named(...)
	local list = pack(...)
	for i = 1, list.n do
		list[i] = type(list[i]) == "number" and error_name(list[i]) or list[i]
	end
	return unpack(list, 1, list.n)
end

-- pcall that lets polls through, on Lua 5.1 too.
function protect(f, ...)
	local co = coroutine.create(function(...) return f(...) end) -- Lua 5.1 takes no C function
	local results = pack(coroutine.resume(co, ...))
	while coroutine.status(co) == "suspended" do
		results = pack(coroutine.resume(co, coroutine.yield(unpack(results, 2, results.n))))
	end
	return unpack(results, 1, results.n)
end

-- Show what f returns or throws. `try` may be used where f polls within a controller.
function try(label, f, ...)
	if cqueues.running() then
		show(label, protect(f, ...))
	else
		show(label, pcall(f, ...))
	end
end

-- Run each function as a task of one new controller until all have ended, or for 10 seconds.
function run(...)
	local controller = cqueues.new()
	for i = 1, select("#", ...) do
		controller:wrap((select(i, ...)))
	end
	local results = pack(controller:loop(10))
	if not results[1] then
		show("loop", unpack(results, 1, 3))
	elseif not controller:empty() then
		show("loop", "not finished")
	end
	return controller
end

-- A connected pair of stream sockets in the given mode, "b" "b" being: nothing is translated.
function pair(input, output)
	local a, b = socket.pair "stream"
	for _, s in ipairs { a, b } do
		s:setmode(input or "bn", output or "bn")
		s:settimeout(5)
	end
	return name(a, "left"), name(b, "right")
end

-- An error handler that hands every error back to the caller as its number.
function returns_errors(s)
	s:onerror(function(_, _, code) return code end)
	return s
end

-- A socket that translates nothing, holds nothing back, returns its errors and waits for so many seconds, 0.02 if none are given.
function prepare(s, seconds)
	returns_errors(s)
	s:setmode("bn", "bn")
	s:settimeout(seconds or 0.02)
	return s
end

-- A fresh directory for UNIX sockets; removed by the caller with `remove_directory`.
function new_directory()
	local process = io.popen "mktemp -d /tmp/cqueues-XXXXXXXX"
	local path = process:read "*l"
	process:close()
	return path
end

function remove_directory(path)
	assert(path:match "^/tmp/cqueues%-%w+$")
	os.execute("rm -rf " .. path)
end

-- SPDX-License-Identifier: MIT
-- What can be handed to a thread, and what arrives.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local thread = require "cqueues.thread"

-- In ours a traceback follows the text of an error.
thread.interpose("join", (function(join)
	return function(...)
		local ok, why = join(...)
		return ok, type(why) == "string" and why:gsub("\nstack traceback:.*$", "") or why
	end
end)(thread.interpose("join", nil)))

-- A thread writes its arguments, one a line, with their types.
local function pass(label, ...)
	local results = pack(pcall(thread.start, function(con, ...)
		con:setmode("b", "bn")
		con:write(select("#", ...), "\n")
		for i = 1, select("#", ...) do
			local value = select(i, ...)
			local kind = math.type and math.type(value) or type(value)
			local text = type(value) == "number" and ("%.17g"):format(value):gsub("^%-nan$", "nan") or tostring(value)
			con:write(kind, " ", type(value) == "function" and "" or text, "\0")
		end
	end, ...))
	if not results[1] then
		show(label, unpack(results, 1, results.n))
		return
	end
	local t, con = results[2], results[3]
	con:setmode("b", "bn")
	local count = con:read "*l"
	local all = con:read "*a" or ""
	show(label, count)
	for i = 1, tonumber(count) do
		local value = all:match("^(%l+ [^%z]*)%z")
		show("  " .. i, value)
		all = all:sub(#value + 2)
	end
	show("  rest", all, t:join(10))
end

part("none", function()
	pass "none"
end)

part("nil and booleans", function()
	pass("nil", nil)
	pass("nils", nil, nil, nil)
	pass("true", true)
	pass("false", false)
	pass("nil between", 1, nil, 3)
	pass("nil at the end", true, nil)
	pass("nil at the start", nil, false)
end)

part("numbers", function()
	pass("integers", 0, 1, -1, 255, 65536, -2147483648)
	pass("floats", 0.5, -0.25, 1e300, -1e-300)
	pass("no fraction, yet floats", 2.0, -0.0, 1e15, 3 / 1)
	pass("2^53", 2 ^ 53, -2 ^ 53)
	pass("infinities", 1 / 0, -1 / 0)
	if math.maxinteger then
		pass("extremes", math.maxinteger, math.mininteger)
	end
	pass("largest", 1.7976931348623157e308, 4.9406564584124654e-324)
end)

part("texts", function()
	pass("texts", "", "x", "with space", "1", "0x10")
	pass("controls", "a\nb", "a\rb", "a\tb", "\127")
	pass("bytes", "\128\255", "\195\188")
	pass("long", ("long "):rep(20))
end)

part("bytes of a text, NUL among them", function()
	local bytes = {}
	for i = 0, 255 do
		bytes[#bytes + 1] = string.char(i)
	end
	local text = table.concat(bytes)
	for _, sent in ipairs { text, "\0", "a\0b", "a\0", "\0\0\0", "", ("0123456789"):rep(10000) } do
		local t, con = thread.start(function(con, sent)
			con:setmode("b", "bn")
			con:write(sent)
		end, sent)
		con:setmode("b", "bn")
		local back = con:read "*a" or ""
		show("text of " .. #sent, #back, back == sent, t:join(10))
	end
end)

part("functions", function()
	local t, con = thread.start(function(con, double, name)
		con:write(type(double), " ", double(21), " ", name("x"), "\n")
	end, function(n) return n * 2 end, function(...) return select("#", ...) .. type(string) end)
	show("called", con:read "*l", t:join(10))
	local outer = 1
	show("with two", (pcall(thread.start, function() return outer + #unpack {} end)))
	show("of errno", thread.start(function(con, strerror)
		error(strerror(2), 0)
	end, errno.strerror):join(10))
end)

part("kept apart: changes there are not seen here", function()
	local text, number = "text", 1
	local t = thread.start(function(con, text, number)
		text = text .. "!"
		number = number + 1
	end, text, number)
	show("join", t:join(10))
	show("here", text, number)
end)

part("refused", function()
	pass("a table", {})
	pass("a table that says what it is", setmetatable({}, { __tostring = function() return "x" end }))
	pass("a coroutine", coroutine.create(function() end))
	for _, object in ipairs { io.stdout, (socket.pair()), condition.new(), cqueues.new() } do
		show("an object", (pcall(thread.start, function() end, object)))
	end
	show("a thread", (pcall(thread.start, function() end, (thread.start(function() end)))))
	show("among others", (pcall(thread.start, function() end, 1, "x", {}, true)))
	show("a table as the function", (pcall(thread.start, {})))
	show("one that can be called", (pcall(thread.start, setmetatable({}, { __call = function() end }))))
	show("a coroutine as the function", (pcall(thread.start, coroutine.create(function() end))))
	show("a file as the function", (pcall(thread.start, io.stdout)))
end)

part("several kinds at once", function()
	pass("all", nil, true, false, 1, 1.5, "x", "", nil, -7, nil)
	pass("functions among them", 1, function() end, nil, function() end)
end)

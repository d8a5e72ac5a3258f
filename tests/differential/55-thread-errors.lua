-- SPDX-License-Identifier: MIT
-- How threads end: errors, and what join says of them.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local thread = require "cqueues.thread"

-- In ours a traceback follows the text of an error.
thread.interpose("join", (function(join)
	return function(...)
		local ok, why = join(...)
		return ok, type(why) == "string" and why:gsub("\nstack traceback:.*$", "") or why
	end
end)(thread.interpose("join", nil)))

local function ends(label, f, ...)
	local t, con = thread.start(f, ...)
	show(label, t:join(10))
	con:close() -- not sooner: collected, it would end what the thread reads
end

-- Its text is Lua's own and another in each version; join must only bring it.
local function ends_with_text(label, pattern, f, ...)
	local t, con = thread.start(f, ...)
	local ok, why = t:join(10)
	con:close()
	show(label, ok, type(why), tostring(why):find(pattern) ~= nil)
end

part("no error", function()
	ends("nothing", function() end)
	ends("values", function() return 1, "x", {} end)
	ends("false", function() return false end)
	ends("nil and a reason", function() return nil, "reason", 5 end)
	ends("after a wait", function() require "cqueues".sleep(0.01) end)
	ends("an error that was caught", function() pcall(error, "x") end)
end)

part("texts", function()
	ends("with a position", function() error "boom" end)
	ends("at level 1", function() error("boom", 1) end)
	ends("at level 0", function() error("boom", 0) end)
	ends("empty", function() error("", 0) end)
	ends("lines", function() error("one\ntwo\n", 0) end)
	ends("bytes", function() error("\128\255\1", 0) end)
	ends("long", function() error(("long "):rep(100), 0) end)
	local ok, why = thread.start(function() error(("x"):rep(100000), 0) end):join(10)
	show("very long", ok, #why)
	ends("assert", function() assert(false, "assertion") end)
	ends("assert of a call that failed", function() assert(nil, "reason", 2) end)
	ends("from a deep function", function()
		local function f(n)
			if n == 0 then
				error("deep", 0)
			end
			f(n - 1)
			return 1
		end
		f(50)
	end)
	ends("from a coroutine", function() coroutine.wrap(function() error("within", 0) end)() end)
	ends("of an argument", function(con, text) error(text, 0) end, "handed over")
	ends("from an argument", function(con, f) f() end, function() error("of the argument", 0) end)
end)

part("numbers", function()
	ends("42", function() error(42, 0) end)
	ends("-1", function() error(-1, 0) end)
	ends("1.5", function() error(1.5, 0) end)
	ends("110", function() error(110, 0) end)
	ends("0", function() error(0, 0) end)
end)

part("Lua's own", function()
	ends_with_text("nil is indexed", "attempt to index", function() local t = nil return t.x end)
	ends_with_text("nil is called", "attempt to call", function() nosuchfunction() end)
	ends_with_text("arithmetic", "attempt to perform arithmetic", function() return {} + 1 end)
	ends_with_text("a bad argument", "bad argument #1", function() string.rep() end)
	ends_with_text("a module that is missing", "module 'no.such.module' not found", function() require "no.such.module" end)
	ends_with_text("a stack that overflows", "stack overflow", function()
		local function f() return 1 + f() end
		f()
	end)
	ends_with_text("yield", "attempt to yield", function() coroutine.yield(1) end)
	ends_with_text("a file that is missing", "No such file or directory", function() assert(io.open "/nonexistent/file") end)
end)

part("with tasks", function()
	ends("of a task", function()
		local cq = require "cqueues".new()
		cq:wrap(function() error("of a task", 0) end)
		assert(cq:loop(10))
	end)
	ends("of a task, not looked at", function()
		local cq = require "cqueues".new()
		cq:wrap(function() error("of a task", 0) end)
		cq:loop(10)
	end)
	ends("of a socket", function(con)
		con:setmode("b", "bn")
		con:onerror(function(_, what, code) error("onerror " .. what .. " " .. code, 0) end)
		con:settimeout(0.01)
		con:read(1)
	end)
	ends("joining itself", function()
		local thread = require "cqueues.thread"
		thread.self():join()
	end)
end)

part("join again and again", function()
	local t = thread.start(function() error("kept", 0) end)
	show("first", t:join(10))
	show("second", t:join())
	show("third", t:join(0))
	run(function() show("in a controller", t:join()) end)
	collectgarbage()
	show("after a collection", t:join())
end)

part("errors and what was written before", function()
	local t, con = thread.start(function(con)
		con:write "one\n"
		con:write "two\n"
		error("three", 0)
	end)
	show("join", t:join(10))
	show("read", con:read "*l")
	show("read", con:read "*l")
	show("read", con:read "*l")
end)

part("an error of one thread is not the others'", function()
	local bad = thread.start(function() error("bad", 0) end)
	local good, con = thread.start(function(con) con:write(con:read "*l", "\n") end)
	show("bad", bad:join(10))
	con:write "well\n"
	show("good", con:read "*l", good:join(10))
end)

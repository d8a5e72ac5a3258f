-- SPDX-License-Identifier: MIT
-- Starting threads: what is handed over, and what a thread finds.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local thread = require "cqueues.thread"
local cqueues = t.cqueues
local equal, values, check = t.equal, t.values, t.check
local PUC_HAS_ENV = _VERSION ~= "Lua 5.1"

-- What a function, run as a thread with these arguments, threw at last; nil if nothing.
local function outcome(f, ...)
	local started = check(thread.start(f, ...))
	local ok, why = started:join(10)
	equal(ok, true, "join")
	return why and (why:gsub("\nstack traceback:.*$", ""))
end

t.plain("values_keep_their_types", function()
	equal(outcome(function(_, ...)
		local words = {}
		for i = 1, select("#", ...) do
			local value = select(i, ...)
			local kind = math.type and math.type(value) or type(value)
			words[i] = kind:gsub("integer", "number"):gsub("float", "number") .. " " .. tostring(value):gsub("%.0$", "")
		end
		error(table.concat(words, ", "), 0)
	end, nil, true, false, 1, 2.5, "text", "", nil), "nil nil, boolean true, boolean false, number 1, number 2.5, string text, string , nil nil")
end)

t.plain("integers_stay_integers_and_floats_floats", function()
	if not math.type then
		t.skip "one kind of number here"
	end
	equal(outcome(function(_, a, b, c)
		error(math.type(a) .. " " .. math.type(b) .. " " .. tostring(c == math.mininteger), 0)
	end, 2, 2.0, math.mininteger), "integer float true")
end)

t.plain("texts_may_hold_any_byte_and_be_large", function()
	local bytes = {}
	for i = 0, 255 do
		bytes[i + 1] = string.char(i)
	end
	local all, large = table.concat(bytes), ("0123456789abcdef"):rep(262144)
	equal(outcome(function(_, all, large)
		for i = 0, 255 do
			assert(all:byte(i + 1) == i)
		end
		error(#all .. " " .. #large .. " " .. tostring(large == ("0123456789abcdef"):rep(262144)), 0)
	end, all, large), "256 4194304 true")
end)

t.plain("a_thousand_arguments_arrive", function()
	local many = {}
	for i = 1, 1000 do
		many[i] = i
	end
	equal(outcome(function(_, ...)
		local sum = 0
		for _, n in ipairs { ... } do
			sum = sum + n
		end
		error(select("#", ...) .. " " .. sum, 0)
	end, t.unpack(many)), "1000 500500")
end)

t.plain("functions_arrive_with_their_lines", function()
	local why = outcome(function(_, f) f() end, function() error "here" end)
	check(why:find "thread_start_spec%.lua:%d+: here$", why)
end)

t.plain("c_functions_arrive", function()
	equal(outcome(function(_, strerror) error(strerror(2), 0) end, t.errno.strerror), t.errno.strerror(2))
end)

t.plain("a_function_with_an_upvalue_is_refused_by_name", function()
	local mine = 1
	t.throws("function has upvalues (mine)", thread.start, function() return mine end)
	t.throws("bad argument #3", thread.start, function() end, 1, function() return mine end)
	t.throws("function has upvalues", thread.start, function() return mine, tostring(cqueues) end)
	t.throws("function has upvalues", thread.start, coroutine.wrap(function() end))
end)

t.plain("globals_are_no_upvalue_with_or_without_debug_information", function()
	equal(outcome(function() error(type(print), 0) end), "function")
	if not PUC_HAS_ENV then
		t.skip "globals are no upvalue here"
	end
	local load = loadstring or load
	local stripped = load(string.dump(function() error(type(print), 0) end, true))
	equal(outcome(stripped), "function")
end)

t.plain("what_cannot_travel_is_refused", function()
	for _, wrong in ipairs { {}, io.stdout, coroutine.create(function() end), cqueues.new() } do
		t.throws("string expected, got ", thread.start, function() end, 1, wrong)
		t.throws("string expected, got ", thread.start, wrong)
	end
end)

t.test("what_is_no_function_fails_in_the_thread", function()
	for _, wrong in ipairs { "return 1", 5, true } do
		local thr = thread.start(wrong)
		local ended, why = thr:join(5)
		equal(ended, true)
		t.check(tostring(why):find "attempt to call", why)
	end
	equal((thread.start()):join(5), true)
end)

t.plain("a_thread_has_globals_of_its_own", function()
	GLOBAL = "mine"
	equal(outcome(function()
		assert(GLOBAL == nil and arg == nil)
		GLOBAL, string.mine = "its", true
	end), nil)
	values({ "mine", nil, n = 2 }, GLOBAL, string.mine)
end)

t.plain("a_thread_searches_modules_where_its_starter_does", function()
	local path, cpath = package.path, package.cpath
	package.path, package.cpath = path .. ";/nowhere/?.lua", cpath .. ";/nowhere/?.so"
	local got = outcome(function() error(package.path .. " " .. package.cpath, 0) end)
	equal(got, package.path .. " " .. package.cpath)
	package.path, package.cpath = path, cpath
end)

t.plain("the_library_is_at_hand_without_searching_its_c_modules", function()
	local cpath = package.cpath
	package.cpath = "/nowhere/?.so"
	local got = outcome(function(con)
		local cqueues, socket, thread = require "cqueues", require "cqueues.socket", require "cqueues.thread"
		require "cqueues.signal"
		require "cqueues.notify"
		require "cqueues.dns"
		local cq = cqueues.new()
		local a, b = socket.pair()
		local heard
		cq:wrap(function() heard = b:read "*l" end)
		cq:wrap(function() a:write "over a pair\n" end)
		assert(cq:loop(5))
		error(heard .. " " .. socket.type(con) .. " " .. thread.type(thread.self()) .. " " .. tostring(cqueues.running()), 0)
	end)
	package.cpath = cpath
	equal(got, "over a pair socket thread nil")
end)

t.plain("self_is_one_object_in_a_thread_and_nil_elsewhere", function()
	values({ n = 1 }, thread.self())
	equal(outcome(function()
		local thread = require "cqueues.thread"
		local self = thread.self()
		collectgarbage()
		assert(rawequal(self, thread.self()))
		error(self:events() .. " " .. type(self:pollfd()) .. " " .. select("#", self:timeout()), 0)
	end), "r number 0")
end)

t.plain("all_signals_are_blocked_in_a_thread", function()
	equal(outcome(function()
		local signal = require "cqueues.signal"
		local l = signal.listen(signal.SIGTERM, signal.SIGUSR1)
		signal.raise(signal.SIGTERM, signal.SIGUSR1)
		local first, second = l:wait(5), l:wait(5)
		error(first + second - signal.SIGTERM - signal.SIGUSR1, 0)
	end), "0")
end)

t.test("lines_go_both_ways", function()
	local started, con = thread.start(function(con)
		for line in con:lines() do
			con:write(line:upper(), "\n")
		end
	end)
	for _, line in ipairs { "one", "", ("x"):rep(3000) } do
		con:write(line, "\n")
		equal(con:read "*l", line:upper())
	end
	con:shutdown "w"
	equal(con:read "*l", nil)
	values({ true, nil, n = 2 }, started:join(10))
end)

t.test("a_thread_sees_its_con_closed_and_collected", function()
	local function reads(con)
		error(tostring(con:read "*l"), 0)
	end
	local first, con = thread.start(reads)
	con:close()
	check(select(2, first:join(10)):find "^nil")
	local second = thread.start(reads)
	collectgarbage()
	collectgarbage()
	check(select(2, second:join(10)):find "^nil")
end)

t.plain("without_descriptors_start_returns_nil_nil_and_a_code", function()
	equal(t.child("ulimit -n 12", [[local t, errno, all = require "cqueues.thread", require "cqueues.errno", {}
		local a, b, code repeat a, b, code = t.start(function(con) con:read "*l" end) all[#all + 1] = { a, b } until not a
		io.write(tostring(a), " ", tostring(b), " ", errno[code])]]), "nil nil EMFILE")
end)

t.plain("loading_alone_is_enough", function()
	equal(t.child("true", [[local t, con = require "cqueues.thread".start(function(con, n) con:write(n, "\n") end, 7)
		io.write(con:read "*l", " ", tostring(t:join(5)))]]), "7 true")
end)

t.finish()

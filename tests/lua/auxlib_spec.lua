-- SPDX-License-Identifier: MIT
-- auxlib: assert with levels, fileresult, coroutines that let polls through.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local auxlib, cqueues, errno = require "cqueues.auxlib", t.cqueues, t.errno
local equal, values = t.equal, t.values

t.plain("assert_returns_all_it_was_given", function()
	values({ 1, nil, "x", nil, n = 4 }, auxlib.assert(1, nil, "x", nil))
end)

t.plain("assert_throws_the_text_of_an_error_number", function()
	t.throws("Broken pipe", auxlib.assert, nil, errno.EPIPE)
	t.throws("Broken pipe", auxlib.assert, false, nil, false, errno.EPIPE)
end)

t.plain("assert_throws_the_first_reason_it_finds", function()
	t.throws("reason", auxlib.assert, nil, "reason", errno.EPIPE)
	t.throws("Broken pipe", auxlib.assert, nil, errno.EPIPE, "reason")
	t.throws("reason", auxlib.assert, nil, setmetatable({}, { __tostring = function() return "reason" end }))
end)

t.plain("assert_without_a_reason_throws_nil", function()
	values({ false, t.no_error, n = 2 }, pcall(auxlib.assert, nil))
end)

t.plain("the_digit_of_assert_is_the_level_the_error_points_to", function()
	local line
	local function callee(f)
		line = debug.getinfo(1, "l").currentline + 1
		local x = f(nil, "reason")
		return x
	end
	local function caller(f)
		local x = callee(f)
		return x
	end
	local _, why = pcall(caller, auxlib.assert)
	equal(tonumber(why:match ":(%d+): reason"), line)
	_, why = pcall(caller, auxlib.assert2)
	equal(tonumber(why:match ":(%d+): reason"), line)
	_, why = pcall(caller, auxlib.assert3)
	equal(tonumber(why:match ":(%d+): reason"), line + 4)
end)

t.plain("fileresult_leaves_success_alone", function()
	values({ true, 5, nil, n = 3 }, auxlib.fileresult(true, 5, nil))
end)

t.plain("fileresult_makes_value_text_and_number_of_a_failure", function()
	values({ nil, errno.strerror(errno.ENOENT), errno.ENOENT, n = 3 }, auxlib.fileresult(nil, errno.ENOENT))
	values({ false, errno.strerror(errno.ENOENT), errno.ENOENT }, auxlib.fileresult(false, nil, errno.ENOENT))
	values({ nil, "reason", errno.ENOENT, n = 3 }, auxlib.fileresult(nil, "reason", errno.ENOENT))
	values({ nil, "reason", n = 2 }, auxlib.fileresult(nil, "reason"))
	values({ nil, n = 1 }, auxlib.fileresult(nil))
end)

t.test("resume_lets_polls_through_and_returns_other_yields", function()
	local co = coroutine.create(function(a, b)
		cqueues.sleep(0.001)
		local c = coroutine.yield(a, nil, b)
		cqueues.sleep(0.001)
		return c, nil
	end)
	values({ true, 1, nil, 2, n = 4 }, auxlib.resume(co, 1, 2))
	values({ true, 3, nil, n = 3 }, auxlib.resume(co, 3))
	equal((auxlib.resume(co)), false, "a dead coroutine")
end)

t.test("wrap_makes_a_generator_that_may_poll", function()
	local sum = 0
	local next = auxlib.wrap(function(limit)
		for i = 1, limit do
			cqueues.sleep(0.001)
			coroutine.yield(i)
		end
	end)
	local value = next(4)
	while value do
		sum = sum + value
		value = next()
	end
	equal(sum, 10)
end)

t.test("polls_rise_through_any_depth_of_wraps", function()
	local function deep(level)
		if level == 0 then
			return (cqueues.poll(0.001))
		end
		return auxlib.wrap(deep)(level - 1)
	end
	equal(deep(8), 0.001)
end)

t.test("errors_come_out_of_resume_and_wrap", function()
	local function bad()
		cqueues.sleep(0.001)
		error("bad", 0)
	end
	values({ false, "bad" }, auxlib.resume(coroutine.create(bad)))
	t.throws("bad", auxlib.wrap(bad))
end)

t.test("what_polls_return_reaches_the_coroutine", function()
	local a, b = t.pair()
	a:write "x"
	local reader = t.readable(b)
	equal(auxlib.wrap(function() return (cqueues.poll(reader, 5)) end)(), reader)
end)

t.plain("resume_and_wrap_work_without_a_controller", function()
	values({ true, 1, nil, n = 3 }, auxlib.resume(coroutine.create(function(...) return ... end), 1, nil))
	values({ 1, nil, n = 2 }, auxlib.wrap(function(...) return ... end)(1, nil))
	equal(auxlib.wrap(function() return (cqueues.poll(0.001)) end)(), 0.001)
end)

t.test("tostring_may_poll_in_the_metamethod", function()
	local object = setmetatable({}, { __tostring = function()
		cqueues.sleep(0.001)
		return "slept"
	end })
	equal(auxlib.tostring(object), "slept")
end)

t.plain("tostring_is_that_of_lua_otherwise", function()
	for _, value in ipairs { 12, 1.5, "x", true, print, {} } do
		equal(auxlib.tostring(value), tostring(value))
	end
	equal(auxlib.tostring(nil), "nil")
	t.throws("value expected", auxlib.tostring)
end)

t.finish()

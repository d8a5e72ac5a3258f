-- SPDX-License-Identifier: MIT
-- Lines that a task writes in one resumption: answers leave together; with `sethold "lines"` other lines do, after the first.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket = require "cqueues", require "cqueues.socket"
local errno = require "cqueues.errno"
local equal = t.equal

local function pair()
	local a, b = socket.pair()
	a:sethold "lines"
	a:setmode("b", "bl")
	b:setmode("b", "bn")
	return a, b
end

-- What has arrived by now.
local function arrived(s)
	return (s:recv(-4096))
end

t.test("the_first_line_leaves_at_once_and_the_others_when_the_task_waits", function()
	local a, b = pair()
	a:write "one\n"
	equal(arrived(b), "one\n")
	a:write "two\n"
	a:write "three\n"
	equal(arrived(b), nil)
	cqueues.sleep(0)
	equal(arrived(b), "two\nthree\n")
end)

t.test("what_is_held_leaves_when_the_task_ends", function()
	local a, b = pair()
	local controller = cqueues.new()
	controller:wrap(function()
		a:write "one\n"
		a:write "two\n"
	end)
	equal(controller:loop(5), true)
	equal(arrived(b), "one\ntwo\n")
end)

-- The end of a held line that did not fit in the buffer was no line any more, and stayed.
t.test("all_of_the_held_lines_leaves_however_many_there_are_for_the_buffer", function()
	for _, size in ipairs { 50, 333, 4095, 4096, 4097, 5000 } do
		for count = 1, 100, 9 do
			local a, b = pair()
			local controller = cqueues.new()
			controller:wrap(function()
				for _ = 1, count do
					a:write(("x"):rep(size - 1) .. "\n")
				end
			end)
			controller:wrap(function()
				t.check(b:fill(count * size, 5), ("%d lines of %d bytes"):format(count, size))
			end)
			equal(controller:loop(5), true)
			a:close()
			b:close()
		end
	end
end)

t.plain("outside_a_controller_every_line_leaves_at_once", function()
	local a, b = pair()
	a:write "one\n"
	a:write "two\n"
	equal(arrived(b), "one\ntwo\n")
end)

t.test("without_the_switch_each_line_leaves_by_itself", function()
	local a, b = pair()
	equal(a:sethold "answers", "lines")
	equal(a:sethold(), "answers")
	equal((socket.pair()):sethold(), "answers")
	a:write "one\n"
	a:write "two\n"
	equal(arrived(b), "one\ntwo\n")
end)

t.test("the_class_has_the_same_switch", function()
	equal(socket.sethold(true), "answers")
	local a, b = socket.pair()
	equal(socket.sethold "answers", "lines")
	equal(a:sethold(), "lines")
	a:write "one\n"
	a:write "two\n"
	equal(arrived(b), "one\n")
	equal((socket.pair()):sethold(), "answers")
	equal(a:sethold(false), "lines")
	equal(a:sethold(), "none")
	t.throws("invalid option 'some'", a.sethold, a, "some")
	t.throws("string expected", a.sethold, a, {})
end)

t.test("lines_read_from_the_buffer_are_answered_together", function()
	local a, b = pair()
	for which, leave in pairs { none = { "a\n", "b\n", "c\n" }, answers = { "", "", "a\nb\nc\n" }, lines = { "", "", "" } } do
		a:sethold(which)
		b:write "a\nb\nc\n"
		for i = 1, 3 do
			a:write((a:read "*l"), "\n")
			equal(arrived(b) or "", leave[i], which)
		end
		a:settimeout(0.01)
		a:onerror(function(_, _, code) return code end)
		a:read "*l"
		equal(arrived(b), which == "lines" and "a\nb\nc\n" or nil)
		a:settimeout()
		a:clearerr()
	end
end)

t.test("answers_that_are_held_leave_before_the_task_waits_for_anything", function()
	local a, b = socket.pair()
	a:setmode("b", "bl")
	b:setmode("b", "bn")
	b:write "a\nb\n"
	a:write((a:read "*l"), "\n")
	equal(arrived(b), nil)
	cqueues.sleep(0)
	equal(arrived(b), "a\n")
end)

t.test("asking_for_the_descriptor_sends_what_is_held", function()
	for _, how in ipairs { "pollfd", "pending", "flush", "shutdown", "close" } do
		local a, b = pair()
		a:write "one\n"
		a:write "two\n"
		a[how](a)
		equal(arrived(b), "one\ntwo\n", how)
	end
end)

-- The kernel tells a reset once, here to the send of a held line; the end that follows is not the peer's own.
t.test("a_reset_that_a_held_line_meets_is_told_to_the_reader", function()
	local a, b = t.tcp_pair()
	a:setmode("b", "bl")
	b:setmode("b", "bn")
	b:write "question\nrest"
	a:write "never read\n"
	cqueues.poll { timeout = 0.01 } -- it is in the other's kernel buffer, and stays there
	equal(a:read "*l", "question")
	a:write "answer\n"
	b:close()
	cqueues.poll { timeout = 0.01 }
	equal(a:read(4), "rest")
	local text, code = a:read(1)
	equal(text, nil)
	equal(code, errno.ECONNRESET)
end)

t.finish()

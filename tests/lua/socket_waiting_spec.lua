-- SPDX-License-Identifier: MIT
-- How methods of sockets wait in a task: what they hand over to the step must not be taken for what the task yields itself.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues = t.cqueues
local equal, values = t.equal, t.values

t.plain("a_method_that_cannot_yield_leaves_nothing_behind", function()
	local controller, caught, answer = cqueues.new(), nil, nil
	local a, b = t.pair()
	controller:wrap(function()
		caught = not pcall(string.gsub, "x", ".", function() a:read(1) end)
		answer = coroutine.yield("a plain yield")
		equal(a:read(1), "y")
	end)
	local step = coroutine.wrap(function() return controller:loop(5) end)
	equal(step(), "a plain yield")
	b:write "y"
	equal(step "the answer", true)
	equal(caught, true)
	equal(answer, "the answer")
end)

t.plain("a_task_waits_within_a_coroutine_of_its_own", function()
	local controller, words = cqueues.new(), {}
	local auxlib = require "cqueues.auxlib"
	local a, b = t.pair()
	controller:wrap(function()
		local inner = auxlib.wrap(function()
			words[1] = a:read(1)
			coroutine.yield "between"
			words[3] = a:read(1)
		end)
		words[2] = inner()
		inner()
		words[4] = a:read(1)
	end)
	for _, letter in ipairs { "x", "y", "z" } do
		t.check(controller:step(0))
		b:write(letter)
		b:flush()
		t.check(controller:step(5))
	end
	t.check(controller:loop(5))
	values({ "x", "between", "y", "z" }, t.unpack(words, 1, 4))
end)

t.plain("the_earlier_of_two_times_ends_a_wait", function()
	for _, times in ipairs { { nil, 0.01 }, { 0.01, nil }, { 5, 0.01 }, { 0.01, 5 }, { -1, 0.01 } } do
		local controller, code, took = cqueues.new(), nil, nil
		local a, b = t.pair()
		controller:wrap(function()
			local begun = cqueues.monotime()
			a:settimeout(times[1])
			code = select(2, a:xread(1, times[2]))
			took = cqueues.monotime() - begun
		end)
		if times[2] == 5 then
			controller:loop(0.03) -- that of the method counts; the socket's wakes the task, which waits again
			equal(code, nil)
		else
			t.check(controller:loop(5))
			equal(code, t.errno.ETIMEDOUT)
			t.check(took >= 0.01 and took < 2, ("took %.3f s"):format(took))
		end
		b:close()
	end
end)

t.plain("a_poll_method_that_was_replaced_is_asked", function()
	local socket = t.socket
	local asked, a, b = 0, t.pair()
	local original
	original = socket.interpose("pollfd", function(self)
		asked = asked + 1
		return original(self)
	end)
	local controller, got = cqueues.new(), nil
	controller:wrap(function() got = a:read(1) end)
	t.check(controller:step(0))
	b:write "x"
	b:flush()
	t.check(controller:loop(5))
	equal(got, "x")
	t.check(asked > 0, "asked")
end)

t.plain("a_task_that_was_resumed_by_hand_goes_on", function()
	local controller, got = cqueues.new(), nil
	local a, b = t.pair()
	local co = coroutine.create(function() got = a:read(1) end)
	controller:attach(co)
	t.check(controller:step(0))
	b:write "x"
	b:flush()
	t.check(coroutine.resume(co, 1, 2, 3))
	equal(got, "x")
	pcall(controller.step, controller, 0)
end)

t.plain("one_text_is_written_like_several", function()
	local a, b = t.pair()
	local big = ("x"):rep(2000000)
	a:settimeout(0.02)
	values({ nil, t.errno.ETIMEDOUT }, a:write(big)) -- nobody reads
	a:clearerr()
	local controller, written, read = cqueues.new(), nil, 0
	a:settimeout(nil)
	controller:wrap(function() written = a:write(big) end)
	controller:wrap(function()
		a:flush()
	end)
	controller:wrap(function()
		while true do
			read = read + #(b:read(-65536) or "")
		end
	end)
	for _ = 1, 2000 do
		t.check(controller:step(0.005))
		if written then
			break
		end
	end
	equal(written, a)
	t.check(read > 2000000, "bytes: " .. read)
end)

-- It seemed to wait for nothing, and whoever polled it then was not woken.
t.plain("a_socket_of_which_more_was_asked_than_there_was_waits_for_the_rest", function()
	for _, method in ipairs { "read", "xread", "recv" } do
		local a, b = t.pair()
		b:write "0123\n"
		t.equal(a:read(4), "0123")
		t.equal(a:events(), "")
		t.equal(a[method](a, -3), "\n")
		t.equal(a:events(), "r", method)
		b:write "more"
		t.equal(a[method](a, -3), "mor")
		t.equal(a:events(), "", method)
		t.equal(a[method](a, -3), "e")
		local controller, ready = cqueues.new(), nil
		controller:wrap(function() ready = cqueues.poll(a, 5) end)
		controller:step(0)
		b:write "x"
		controller:step(5)
		t.equal(ready, a, method)
	end
end)

-- What a program had written in "bf" stayed here, so that a peer which answers it with a descriptor was waited for in vain.
t.plain("a_receive_of_a_descriptor_or_a_datagram_sends_first_what_is_pending", function()
	for _, receive in ipairs { "recvfd", "recvfrom" } do
		local a, b = t.pair()
		a:setmode("bf", "bf")
		a:settimeout(0)
		t.returns_errors(a)
		a:write "question\n"
		equal(select(receive == "recvfd" and 3 or 2, a[receive](a)), t.errno.ETIMEDOUT)
		equal(b:recv "*l", "question", receive)
		equal(a:events(), "r", receive)
		a:clearerr()
		a:setmode("bf", "bfA")
		a:write "not yet"
		a[receive](a)
		equal(b:recv(-8), nil, receive)
	end
end)

-- It waited for nothing, and a peer that sends before it reads was waited for in vain.
t.plain("a_socket_waits_for_input_behind_a_flush_and_for_output_behind_the_end", function()
	local big = ("x"):rep(2000000)
	local function full()
		local a, b = t.pair()
		a:settimeout(0)
		t.returns_errors(a)
		a:send(big, 1, #big)
		return a, b
	end
	local empty = function(b) repeat until not b:recv(-65536) end
	for name, flush in pairs {
		flush = function(a) return a:flush() end,
		["write()"] = function(a) return a:write() end,
		["write ''"] = function(a) return a:write "" end,
		send = function(a) return a:send("", 1, 0) == 0 end,
	} do
		local a, b = full()
		a:recv "*l"
		equal(a:events(), "rw", name)
		empty(b)
		t.check(flush(a), name)
		equal(select(2, a:pending()), 0, name)
		equal(a:events(), "r", name)
	end
	for name, read in pairs {
		recv = function(a) return a:recv "*l" end,
		read = function(a) return a:read(1) end,
		unpack = function(a) return a:unpack(8) end,
		recvfd = function(a) return a:recvfd() end,
		fill = function(a) return a:fill(1) or nil end,
	} do
		local a, b = full()
		b:shutdown "w"
		equal(read(a), nil, name)
		equal(a:events(), "w", name)
		local controller, ready = cqueues.new(), nil
		controller:wrap(function() ready = cqueues.poll({ pollfd = a:pollfd(), events = a:events() }, 5) end)
		controller:step(0)
		empty(b)
		t.check(controller:loop(5))
		t.check(type(ready) == "table", name)
	end
end)

t.finish()

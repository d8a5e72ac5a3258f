-- SPDX-License-Identifier: MIT
-- Waits that are handed to the step beside the stack: what they return, when a task is resumed by somebody else, where
-- a task cannot wait, and in loops that run often enough for LuaJIT to compile them.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, condition, socket = t.cqueues, t.condition, require "cqueues.socket"
local equal, values, check = t.equal, t.values, t.check

local MANY = 300 -- LuaJIT compiles a loop after 56 rounds

local function pair()
	local a, b = socket.pair()
	a:setmode("bn", "bn")
	b:setmode("bn", "bn")
	return a, b
end

-- A coroutine that is a task and has come to its wait, the controller, and what it has returned.
local function parked(f)
	local controller, result = cqueues.new(), {}
	local co = coroutine.create(function()
		result.n, result[1], result[2] = (function(...) return select("#", ...), ... end)(f())
	end)
	controller:attach(co)
	check(controller:step(0))
	equal(coroutine.status(co), "suspended")
	return co, controller, result
end

-- What a program may pass that resumes a task by hand.
local PASSED = { { n = 0 }, { n = 1, true }, { n = 1, false }, { n = 2, nil, "y" }, { n = 1, 1 }, { n = 2, "y", true },
	{ n = 3, 1, 2, 3 }, { n = 1, cqueues._POLL }, { n = 2, cqueues._POLL, {} } }
local HANDS = not (_VERSION == "Lua 5.2" or _VERSION == "Lua 5.3") -- there a wait is a poll, which answers what is passed

t.plain("a_reader_that_is_resumed_by_hand_reads", function()
	for _, passed in ipairs(PASSED) do
		local a, b = pair()
		local co, _, result = parked(function() return a:read(1) end)
		b:write "x"
		check(coroutine.resume(co, t.unpack(passed, 1, passed.n)))
		values({ "x" }, t.unpack(result, 1, result.n))
	end
end)

t.plain("a_wait_for_a_condition_that_is_resumed_by_hand_was_not_signalled", function()
	for _, passed in ipairs(PASSED) do
		local cv = condition.new()
		local co, _, result = parked(function() return cv:wait() end)
		check(coroutine.resume(co, t.unpack(passed, 1, passed.n)))
		equal(result[1], false)
		check(result.n == 1 or not HANDS, "nothing else")
	end
end)

t.plain("a_step_and_a_loop_in_a_task_that_is_resumed_by_hand_run_to_their_ends", function()
	for _, passed in ipairs(PASSED) do
		for _, method in ipairs { "step", "loop" } do
			local inner, ended = cqueues.new(), false
			inner:wrap(function() cqueues.sleep(0.001) ended = true end)
			local co, _, result = parked(function() return inner[method](inner, 5) end)
			check(coroutine.resume(co, t.unpack(passed, 1, passed.n)))
			while coroutine.status(co) ~= "dead" do
				check(coroutine.resume(co))
			end
			values({ true }, t.unpack(result, 1, result.n))
			equal(ended, method == "loop") -- a step may find nothing to do
		end
	end
end)

t.plain("a_poll_that_is_resumed_by_hand_answers_what_is_passed", function()
	local a = pair()
	for _, wait in ipairs { function() return cqueues.poll(5) end, function() return cqueues.poll(condition.new()) end,
		function() return cqueues.poll(a, condition.new(), 5) end } do
		for _, passed in ipairs(PASSED) do
			local count, got
			local co = parked(function() count, got = (function(...) return select("#", ...), { ... } end)(wait()) end)
			check(coroutine.resume(co, t.unpack(passed, 1, passed.n)))
			equal(count, passed.n)
			for i = 1, passed.n do
				equal(got[i], passed[i])
			end
		end
	end
end)

-- Waits of every kind, each of its own making: whoever resumes one by hand gets no error of the library's.
local function waits()
	local queue, semaphore, mutex = require "cqueues.queue".new(), require "cqueues.semaphore".new(0), require "cqueues.mutex".new()
	local signal, dns = require "cqueues.signal", require "cqueues.dns"
	check(mutex:lock()) -- the code outside of tasks holds it
	local child = check(require "cqueues.process".spawn { "sleep", "60" })
	local listener, watcher = signal.listen(signal.SIGUSR2), require "cqueues.notify".opendir "/"
	local nowhere, port = t.receiver()
	local settings = { nameserver = { ("[127.0.0.1]:%d"):format(port) } }
	local pool = require "cqueues.dns.resolvers".new(settings)
	local resolver = require "cqueues.dns.resolver".new(settings)
	check(listener and watcher and nowhere)
	return {
		sleep = function() cqueues.sleep(0.01) end,
		poll = function() cqueues.poll(condition.new(), 0.01) end,
		condition = function() condition.new():wait(0.01) end,
		["condition and an object"] = function() condition.new():wait(condition.new(), 0.01) end,
		queue = function() queue:get(0.01) end,
		semaphore = function() semaphore:acquire(0.01) end,
		mutex = function() mutex:lock(0.01) end,
		signal = function() listener:wait(0.01) end,
		notifier = function() watcher:get(0.01) end,
		process = function() child:wait(0.01) end,
		promise = function() require "cqueues.promise".new():wait(0.01) end,
		resolver = function() resolver:query("a.test.", "A", "IN", 0.01) end,
		pool = function() pool:query("a.test.", "A", "IN", 0.01) end,
		dns = function() dns.query("a.test.", "A", "IN", 0.01) end,
		scope = function() cqueues.timeout(5, function() cqueues.sleep(0.01) end) end,
	}, function() child:kill(9) child:wait(5) end
end

t.plain("no_wait_that_is_resumed_by_hand_throws", function()
	require "cqueues.dns".setpool(require "cqueues.dns.resolvers".new { nameserver = { "[127.0.0.1]:9" } })
	for _, passed in ipairs(PASSED) do
		local all, clean_up = waits()
		for name, wait in pairs(all) do
			local controller, ended = cqueues.new(), false
			local co = coroutine.create(function()
				wait()
				ended = true
			end)
			controller:attach(co)
			check(controller:step(0))
			if coroutine.status(co) == "suspended" then
				local ok, why = coroutine.resume(co, t.unpack(passed, 1, passed.n))
				check(ok, name .. ": " .. tostring(why))
			end
			for _ = 1, 100 do
				if coroutine.status(co) == "dead" then
					break
				end
				local ok, why = controller:step(0.02)
				check(ok, name .. ", in the step: " .. tostring(why))
			end
			check(ended, name .. " has ended")
		end
		clean_up()
	end
end)

-- pcall in which a task may wait.
local catch = _VERSION == "Lua 5.1" and not jit and require "cqueues.protected".call or pcall

t.plain("the_end_of_a_wait_is_told_to_no_other_task_that_is_resumed_by_hand", function()
	local nowhere, port = t.receiver()
	local ended_waits = {
		poll = function() cqueues.poll(condition.new()) end,
		["poll with a limit"] = function() cqueues.poll(condition.new(), 5) end,
		sleep = function() cqueues.sleep(5) end,
		condition = function() condition.new():wait() end,
		["condition and an object"] = function() condition.new():wait(condition.new()) end,
		["the marker by hand"] = function() coroutine.yield(cqueues._POLL, condition.new()) end,
		socket = function() local a = t.bare(pair()) a:read(1) end,
		queue = function() require "cqueues.queue".new():get() end,
		["a step"] = function() local inner = cqueues.new() inner:wrap(cqueues.sleep, 5) inner:step() end,
	}
	local bystanders = {
		socket = function()
			local a, b = t.pair()
			return function() return a:read(1) end, function() b:write "x" end, "x"
		end,
		["socket in a coroutine of a task"] = function()
			local a, b = t.pair()
			return require "cqueues.auxlib".wrap(function() return a:read(1) end), function() b:write "x" end, "x"
		end,
		resolver = function()
			local resolver = require "cqueues.dns.resolver".new { nameserver = { ("[127.0.0.1]:%d"):format(port) } }
			return function() return (resolver:query "a.test.") end, function() resolver:close() end, nil
		end,
	}
	for name, wait in pairs(ended_waits) do
		for bystander, make in pairs(bystanders) do
			local f, finish, wanted = make()
			local controller, other, result, has_ended = cqueues.new(), cqueues.new(), nil, false
			local co = coroutine.create(function()
				result = t.pack(f())
				has_ended = true
			end)
			other:attach(co)
			check(other:step(0))
			controller:wrap(function()
				cqueues.timeout(0.001, function()
					catch(wait)
					check(coroutine.resume(co))
				end)
			end)
			check(controller:loop(5))
			check(not has_ended, name .. " has ended the wait of a " .. bystander)
			finish()
			for _ = 1, 10 do
				if has_ended then
					break
				end
				pcall(other.step, other, 0.1)
				check(has_ended or coroutine.resume(co))
			end
			equal(result[1], wanted)
		end
	end
	nowhere:close()
end)

t.test("the_end_of_a_wait_is_told_in_a_coroutine_of_the_task_also_if_values_are_dropped", function()
	for _, passes in ipairs { true, false } do
		local a, got = t.pair(), nil
		cqueues.timeout(0.001, function()
			local co = coroutine.create(function() got = t.pack(a:read(1)) end)
			local passed = t.pack(coroutine.resume(co))
			while coroutine.status(co) == "suspended" do
				local back = t.pack(coroutine.yield(t.unpack(passed, 2, passed.n)))
				passed = t.pack(coroutine.resume(co, t.unpack(back, 1, passes and back.n or 0)))
			end
		end)
		equal(got[2], t.errno.ETIMEDOUT)
	end
end)

t.plain("the_values_that_suspend_a_step_are_taken_once", function()
	for _, count in ipairs { 1, 3, 200 } do
		local inner, outer = cqueues.new(), cqueues.new()
		local waiter = coroutine.create(function() inner:step(5) end)
		outer:attach(waiter)
		check(outer:step(0))
		inner:wrap(function() coroutine.yield(t.unpack({}, 1, count)) end)
		local stepper = coroutine.create(function() return inner:step(0) end)
		equal(select("#", coroutine.resume(stepper)), 1 + count)
		coroutine.resume(waiter, cqueues._POLL) -- which cannot step, and must not take them again
		collectgarbage()
		collectgarbage()
		values({ true, true }, coroutine.resume(stepper))
		collectgarbage()
	end
end)

t.test("a_reader_that_is_resumed_by_hand_for_nothing_waits_on", function()
	local a, b = pair()
	local co, controller, result = parked(function() return a:read(1) end)
	check(coroutine.resume(co, "y"))
	equal(coroutine.status(co), "suspended")
	b:write "x"
	check(controller:step(1))
	for _ = 1, 10 do
		if result.n then break end
		check(coroutine.resume(co))
	end
	values({ "x" }, t.unpack(result, 1, result.n))
end)

t.test("a_loop_in_a_task_that_is_resumed_by_hand_goes_on", function()
	local inner, cv, ended = cqueues.new(), condition.new(), false
	inner:wrap(function() cv:wait() ended = true end)
	local co, controller, result = parked(function() return inner:loop() end)
	for _, value in ipairs { 1, "text" } do
		check(coroutine.resume(co, value))
		equal(coroutine.status(co), "suspended")
	end
	equal(ended, false)
	cv:signal()
	for _ = 1, 10 do
		pcall(controller.step, controller, 0)
		if ended and result.n then break end
		check(coroutine.resume(co))
	end
	equal(ended, true)
	equal(result[1], true)
end)

t.plain("a_task_that_could_not_wait_in_one_place_waits_in_another", function()
	local cv, a, b = condition.new(), pair()
	local inner = cqueues.new()
	inner:wrap(function() cqueues.sleep(0.001) end)
	local waits = { function() cv:wait() end, function() a:read(1) end, function() cqueues.sleep(1) end,
		function() inner:step() end, function() cqueues.poll(cv) end }
	for _, wait in ipairs(waits) do
		for _, later in ipairs { function() values({ 0.001 }, cqueues.poll(0.001)) end,
			function() values({ "down" }, coroutine.yield("up", 1)) end, function() values({ "down" }, coroutine.yield()) end,
			function() values({ true }, cv:wait()) end } do
			local controller, ended = cqueues.new(), false
			controller:wrap(function()
				pcall(table.sort, { 1, 2, 3 }, function(one, other)
					wait()
					return one < other
				end)
				collectgarbage()
				later()
				ended = true
			end)
			controller:wrap(function()
				while not ended do
					cqueues.sleep(0.001)
					cv:signal()
				end
			end)
			local co = coroutine.create(function() check(controller:loop(5)) end)
			repeat
				check(coroutine.resume(co, "down"))
			until coroutine.status(co) == "dead"
			check(ended)
		end
	end
end)

t.plain("what_is_waited_for_is_kept", function()
	local controller, got = cqueues.new(), {}
	local reader, writer = pair()
	controller:wrap(function() got[1] = (condition.new():wait(0.01)) end)
	controller:wrap(function()
		local it = reader
		reader = nil
		got[2] = select(2, it:xread(1, nil, 0.01))
	end)
	controller:wrap(function()
		local inner = cqueues.new()
		inner:wrap(function() cqueues.sleep(0.01) got[3] = true end)
		return inner:loop()
	end)
	while not controller:empty() do
		check(controller:step(0.1))
		collectgarbage()
	end
	values({ false, t.errno.ETIMEDOUT, true }, got[1], got[2], got[3])
	writer:close()
end)

t.test("a_wait_for_a_condition_answers_the_same_each_time", function()
	local cv, never, rounds = condition.new(), condition.new(), 0
	t.together(function()
		for _ = 1, MANY do
			values({ true }, cv:wait())
			values({ true }, cv:wait(5))
			values({ false, 0 }, never:wait(0))
			values({ false, 0, 0 }, never:wait(0, 0))
			rounds = rounds + 1
		end
	end, function()
		while rounds < MANY do
			cv:signal()
			cqueues.sleep(0)
		end
	end)
end)

t.test("a_condition_that_is_signalled_when_the_time_is_over_says_both", function()
	local cv, controller = condition.new(), cqueues.new()
	for _ = 1, MANY do
		local result
		controller:wrap(function() result = { cv:wait(0) } end)
		check(controller:step(0))
		cv:signal()
		check(controller:loop(1))
		values({ true, 0 }, t.unpack(result))
	end
end)

t.test("a_reader_gets_lines_numbers_of_bytes_and_the_end_each_time", function()
	local a, b = pair()
	t.together(function()
		for i = 1, MANY do
			values({ "line " .. i }, a:read())
			values({ "a", "bc" }, a:read(1, 2))
			values({ "rest\n" }, a:xread("*L", nil, 5))
			equal(a:write("answer\n", i % 2 == 0 and "more\n" or "last\n"), a)
		end
		values({ n = 1 }, a:read())
	end, function()
		for i = 1, MANY do
			check(b:write("line ", i, "\n"))
			cqueues.sleep(0)
			check(b:write "abc")
			cqueues.sleep(0)
			check(b:write "rest\n")
			values({ "answer", i % 2 == 0 and "more" or "last" }, b:read("*l", "*l"))
		end
		b:close()
	end)
end)

t.test("what_fails_each_time_is_told_each_time", function()
	local a, b = pair()
	a:onerror(function(_, name, code) return name .. " " .. code end)
	a:setmaxerrs("rw", MANY * 2)
	for i = 1, MANY do
		values({ nil, "read " .. t.errno.ETIMEDOUT }, a:xread("*l", nil, 0))
		a:clearerr()
		if i % 16 == 0 then
			values({ nil, "read " .. t.errno.ETIMEDOUT }, a:xread("*l", nil, 0.001))
			a:clearerr()
		end
		b:write "x\n"
		values({ "x" }, a:read())
	end
end)

t.test("connections_are_accepted_and_read_to_their_ends", function()
	local listener, port = t.listener()
	local served = 0
	t.together(function()
		while served < MANY do
			local connection = check(listener:accept())
			while true do
				local line = connection:read "*L"
				if not line then break end
				connection:write(line)
			end
			connection:close()
			served = served + 1
		end
	end, function()
		for i = 1, MANY do
			local client = t.bare(socket.connect("127.0.0.1", port))
			check(client:write(i, "\n"))
			equal(check(client:read()):match "%d+", tostring(i))
			client:close()
		end
	end)
end)

t.test("a_loop_in_a_task_runs_many_steps", function()
	local inner, a, b = cqueues.new(), pair()
	local count = 0
	inner:wrap(function()
		for _ = 1, MANY do
			equal(a:read(1), "x")
			count = count + 1
			a:write "y"
		end
	end)
	t.together(function()
		values({ true }, inner:loop())
	end, function()
		for _ = 1, MANY do
			b:write "x"
			equal(b:read(1), "y")
		end
	end)
	equal(count, MANY)
end)

t.test("a_loop_in_a_task_passes_on_failures_and_values_that_were_yielded", function()
	local inner, cv = cqueues.new(), condition.new()
	for i = 1, 3 do
		inner:wrap(function()
			cv:wait()
			if i == 2 then error("no " .. i, 0) end
			cqueues.sleep(0.001)
		end)
	end
	local failures = {}
	t.together(function()
		local next_failure = inner:errors()
		repeat
			failures[#failures + 1] = next_failure()
		until inner:empty()
	end, function()
		repeat -- on a slow machine they wait later
			cqueues.sleep(0.001)
			cv:signal()
		until inner:empty()
	end)
	values({ "no 2" }, t.unpack(failures))
end)

t.plain("a_condition_waits_by_a_poll_that_was_replaced_before_it_was_loaded", function()
	local pipe = io.popen(t.interpreter() .. [[ -e '
		local cqueues = require "cqueues"
		local poll, asked = cqueues.poll, 0
		cqueues.poll = function(...) asked = asked + 1 return poll(...) end
		local controller = cqueues.new()
		controller:wrap(function() require "cqueues.condition".new():wait(0) end)
		assert(controller:loop(5))
		print(asked)']])
	local said = pipe:read "*a"
	pipe:close()
	equal(said, "1\n")
end)

t.finish()

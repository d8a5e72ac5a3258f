-- SPDX-License-Identifier: MIT
-- Lua code that runs in the middle of a call of ours may do anything: methods of polled objects, __tostring and __index of
-- arguments, error handlers, finalizers. Whatever it does, nothing is used that is gone.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, condition = t.cqueues, t.socket, t.condition
local equal, values = t.equal, t.values

local function collect()
	collectgarbage()
	collectgarbage()
end

-- What such code may do to a victim.
local acts = {
	close = function(victim) victim:close() end,
	["close and collect"] = function(victim)
		victim:close()
		collect()
	end,
	collect = collect,
	throw = function() error("thrown", 0) end,
	["throw a table"] = function() error {} end,
	cancel = function(victim)
		if socket.type(victim) == "socket" then
			cqueues.cancel(victim:pollfd())
		end
	end,
	["open many"] = function()
		for _ = 1, 50 do
			socket.pair()
		end
	end,
	["resume the task"] = function(_, co)
		if co then
			coroutine.resume(co)
		end
	end,
	["step its controller"] = function()
		local controller = cqueues.running()
		if controller then
			controller:step(0)
		end
	end,
	["poll"] = function() cqueues.poll(0) end,
}

-- Runs f in a task of a controller, and outside of any; the controller is in order afterwards.
local function inside_and_outside(what, f)
	pcall(f)
	local controller, after = cqueues.new(), false
	controller:wrap(function() f(coroutine.running()) end)
	for _ = 1, 20 do
		local called = pcall(controller.step, controller, 0.01)
		t.check(called, what .. ": step throws")
	end
	controller:wrap(function() after = true end)
	t.check(pcall(controller.step, controller, 0), what .. ": step throws afterwards")
	t.check(after, what .. ": the controller is of no use afterwards")
	controller:close()
end

local victims = {
	socket = function() return (socket.pair()) end,
	listener = function() return socket.listen("127.0.0.1", 0) end,
	controller = function()
		local inner = cqueues.new()
		inner:wrap(cqueues.sleep, 1)
		return inner
	end,
}

t.plain("methods_of_polled_objects_may_do_anything", function()
	for kind, make in pairs(victims) do
		for name, act in pairs(acts) do
			for _, method in ipairs { "pollfd", "events", "timeout" } do
				for _, first in ipairs { true, false } do
					inside_and_outside(kind .. ", " .. name .. " in " .. method, function(co)
						local victim = make()
						local object = { [method] = function()
							act(victim, co)
							return nil
						end }
						if first then
							cqueues.poll(victim, object, 0.001)
						else
							cqueues.poll(object, victim, 0.001)
						end
					end)
				end
			end
		end
	end
end)

t.plain("fields_of_polled_objects_may_be_looked_up_by_anything", function()
	for name, act in pairs(acts) do
		inside_and_outside(name, function(co)
			local victim = socket.pair()
			cqueues.poll(victim, setmetatable({}, { __index = function()
				act(victim, co)
			end }), 0.001)
		end)
	end
end)

t.plain("the_text_of_what_is_written_may_come_from_anything", function()
	for name, act in pairs(acts) do
		for _, method in ipairs { "write", "xwrite" } do
			inside_and_outside(name .. " in " .. method, function(co)
				local a = socket.pair()
				local value = setmetatable({}, { __tostring = function()
					act(a, co)
					return "text"
				end })
				a[method](a, value, value)
			end)
		end
	end
end)

t.plain("fields_of_option_tables_may_be_looked_up_by_anything", function()
	local calls = {
		accept = function(s, options) return s:accept(options, 0) end,
		clients = function(s, options) return s:clients(options, 0)() end,
		starttls = function(s, options) return s:starttls(options, 0) end,
		dup = function(s, options)
			rawset(options, "socket", s)
			return socket.dup(options)
		end,
		fdopen = function(s, options)
			local copy = socket.dup(s)
			rawset(options, "fd", 1e6 + copy:pollfd()) -- none of ours
			return socket.fdopen(options)
		end,
		pair = function(_, options) return socket.pair(options) end,
		connect = function(_, options)
			rawset(options, "host", "127.0.0.1")
			rawset(options, "port", 1)
			return socket.connect(options)
		end,
		listen = function(_, options)
			rawset(options, "host", "127.0.0.1")
			rawset(options, "port", 0)
			return socket.listen(options)
		end,
	}
	for name, act in pairs(acts) do
		for method, call in pairs(calls) do
			inside_and_outside(name .. " in " .. method, function(co)
				local victim = socket.listen("127.0.0.1", 0)
				victim:listen()
				call(victim, setmetatable({}, { __index = function()
					act(victim, co)
				end }))
			end)
		end
	end
end)

t.plain("error_handlers_may_do_anything", function()
	for name, act in pairs(acts) do
		for _, method in ipairs { "read", "write", "fill", "accept", "flush" } do
			inside_and_outside(name .. " after " .. method, function(co)
				local a, b = socket.pair()
				b:close()
				a:settimeout(0)
				a:onerror(function(s, _, why)
					act(s, co)
					return why
				end)
				a:seterror("rw", 5)
				a[method](a, 10)
			end)
		end
	end
end)

t.plain("finalizers_may_close_what_is_being_read", function()
	for _ = 1, 200 do
		local a, b = t.pair()
		a:write(("x"):rep(1000) .. "\n")
		local sentinel = newproxy and newproxy(true) or setmetatable({}, { __gc = function() b:close() end })
		if newproxy then
			getmetatable(sentinel).__gc = function() b:close() end
		end
		sentinel = nil
		pcall(function()
			for _ = 1, 50 do
				b:unget "some bytes to read\n"
				b:read "*l"
			end
		end)
		a:close()
	end
	collect()
end)

t.plain("a_fresh_condition_that_a_method_returns_is_waited_for", function()
	local controller, result = cqueues.new(), nil
	local first = { pollfd = function() return condition.new() end }
	controller:wrap(function()
		result = cqueues.poll(first, { pollfd = collect }, 0.002)
	end)
	assert(controller:loop(5))
	equal(result, 0.002)
end)

t.plain("a_task_whose_coroutine_was_resumed_by_hand_breaks_nothing", function()
	local controller = cqueues.new()
	local a, b = t.pair()
	local co = coroutine.create(function()
		for _ = 1, 3 do
			cqueues.poll(t.readable(a), 0.01, 0.02, 0.03)
		end
	end)
	controller:attach(co)
	assert(controller:step(0))
	coroutine.resume(co)
	b:write "x\n"
	for _ = 1, 10 do
		t.check(pcall(controller.step, controller, 0.05), "step throws")
	end
end)

t.plain("a_task_that_attaches_itself_once_more_breaks_nothing", function()
	local controller = cqueues.new()
	local a = t.pair()
	local errors, turns = 0, 0
	controller:wrap(function()
		controller:attach(coroutine.running())
		for _ = 1, 3 do
			turns = turns + 1
			cqueues.poll(t.readable(a), 0.005)
		end
		a:settimeout(0.005)
		a:read(1)
	end)
	for _ = 1, 20 do
		if not controller:step(0.01) then
			errors = errors + 1 -- its coroutine has ended when the other task is to go on
		end
	end
	equal(turns, 3)
	equal(errors, 1)
	equal(controller:count(), 0)
end)

t.plain("thousands_of_polled_objects_may_fire_at_once", function()
	local many = {}
	for i = 1, 5000 do
		many[i] = { timeout = 0 }
	end
	for _, count in ipairs { 15, 16, 17, 100, 5000 } do
		local controller, got = cqueues.new(), nil
		controller:wrap(function()
			got = select("#", cqueues.poll(t.unpack(many, 1, count)))
		end)
		assert(controller:loop(5))
		equal(got, count)
	end
end)

t.plain("hooks_see_the_methods_of_polled_objects_and_change_nothing", function()
	for _, mask in ipairs { "l", "c", "r", "crl" } do
		local controller, events, result = cqueues.new(), 0, nil
		controller:wrap(function()
			debug.sethook(coroutine.running(), function() events = events + 1 end, mask, 3)
			result = cqueues.poll({ timeout = function()
				local seconds = 0.001
				return seconds
			end }, 1)
			for _ = 1, 10 do
				result = result or 1
			end
		end)
		assert(controller:loop(5))
		equal(type(result), "table", mask)
		t.check(events > 0, mask)
	end
end)

t.plain("methods_of_polled_objects_may_catch_errors_of_their_own", function()
	local controller, result = cqueues.new(), nil
	controller:wrap(function()
		result = cqueues.poll({ pollfd = function()
			pcall(error, "caught")
			xpcall(function() error "caught" end, function(why) return why end)
		end }, 0.001)
	end)
	assert(controller:loop(5))
	equal(result, 0.001)
end)

if _VERSION >= "Lua 5.4" then
	local load = load or loadstring
	local body = load [[
		local closed, act = ...
		local variable <close> = setmetatable({}, { __close = function(_, why) closed[#closed + 1] = why or "nothing" end })
		act()
	]]

	t.plain("to_be_closed_variables_of_failed_tasks_are_closed_after_their_traceback_can_be_had", function()
		local closed, controller = {}, cqueues.new()
		controller:wrap(body, closed, function() error("one", 0) end)
		controller:wrap(body, closed, function()
			cqueues.sleep(0.001)
			error("two", 0)
		end)
		controller:wrap(body, closed, function() cqueues.poll { pollfd = "no descriptor" } end)
		local count = 0
		repeat
			local ok, _, _, co = controller:loop(5)
			if not ok then
				count = count + 1
				t.check(#debug.traceback(co) > 20, "a traceback")
			end
		until ok
		equal(count, 3)
		equal(#closed, 3)
	end)

	t.plain("to_be_closed_variables_are_closed_with_their_controller", function()
		for _, how in ipairs { "close", "collect" } do
			local closed, controller = {}, cqueues.new()
			controller:wrap(body, closed, function() cqueues.sleep(10) end)
			assert(controller:step(0))
			if how == "close" then
				controller:close()
			end
			controller = nil
			collect()
			equal(#closed, 1, how)
		end
	end)
end

local tls = dofile((arg[0]:gsub("[^/]*$", "")) .. "tls.lua")(t)

-- It gave an object without a connection, whose methods crash.
tls.test("a_module_that_checktls_loads_may_close_the_socket", function()
	local a, b = t.pair()
	a:settimeout(0)
	a:starttls()
	local loaded, preloaded = package.loaded["openssl.ssl"], package.preload["openssl.ssl"]
	package.loaded["openssl.ssl"], package.preload["openssl.ssl"] = nil, function() a:close() end
	t.throws("closed", a.checktls, a)
	package.loaded["openssl.ssl"], package.preload["openssl.ssl"] = loaded, preloaded
	b:close()
end)

tls.test("one_ssl_object_serves_one_socket", function()
	local ssl = tls.ssl.new(tls.context.new("TLS", false))
	local a, b = t.pair() -- peers that were collected would end the streams
	local c, d = t.pair()
	a:settimeout(0.01)
	c:settimeout(0.01)
	values({ nil, t.errno.ETIMEDOUT }, a:starttls(ssl))
	values({ nil, t.errno.EBUSY }, c:starttls(ssl))
	a:close()
	c:close()
end)

t.finish()

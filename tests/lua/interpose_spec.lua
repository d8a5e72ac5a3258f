-- SPDX-License-Identifier: MIT
-- Methods that were replaced are seen by what is built on them, and may wait.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, errno = t.cqueues, t.socket, t.errno
local equal, values = t.equal, t.values

-- Replaces a method while f runs; each call goes through `wrapper`, which is given the method.
local function replaced(class, name, wrapper, f)
	local method
	method = class.interpose(name, function(...)
		return wrapper(method, ...)
	end)
	local ok, why = t.protect(f)
	class.interpose(name, method)
	if not ok then
		error(why, 0)
	end
end

-- How often a method is called while f runs.
local function calls(class, name, f)
	local count = 0
	replaced(class, name, function(method, ...)
		count = count + 1
		return method(...)
	end, f)
	return count
end

local readers = {
	read = function(s) return s:read "*l" end,
	xread = function(s) return s:xread("*l", 1) end,
	lines = function(s) return s:lines "*l"() end,
	xlines = function(s) return s:xlines("*l", 1)() end,
}

-- Each was counted twice, by recv or send and by the method that had called it.
t.plain("errors_of_replaced_recv_and_send_count_once", function()
	local methods = {
		recv = { "read", "xread" },
		send = { "write", "xwrite" },
	}
	for which, names in pairs(methods) do
		replaced(socket, which, function(method, ...)
			return method(...)
		end, function()
			for _, code in ipairs { errno.EIO, errno.EPIPE, errno.ETIMEDOUT } do
				for _, name in ipairs(names) do
					local a = t.returns_errors((t.pair()))
					a:setmaxerrs("rw", 3)
					a:seterror("rw", code)
					for _ = 1, 3 do
						t.check(pcall(a[name], a, which == "recv" and "*l" or "x"), name)
					end
					t.throws("exceeded unchecked error limit", a[name], a, which == "recv" and "*l" or "x")
				end
			end
		end)
	end
end)

t.test("what_reads_goes_through_recv", function()
	for name, read in pairs(readers) do
		local a, b = t.pair()
		a:write "line\n"
		local line
		local count = calls(socket, "recv", function()
			line = read(b)
		end)
		equal(line, "line", name)
		t.check(count > 0, name)
	end
end)

local writers = {
	write = function(s) return s:write("li", "ne\n") end,
	xwrite = function(s) return s:xwrite("line\n", 1) end,
}

t.test("what_writes_goes_through_send", function()
	for name, write in pairs(writers) do
		local a, b = t.pair()
		local result
		local count = calls(socket, "send", function()
			result = write(a)
		end)
		equal(result, a, name)
		equal(b:read "*l", "line", name)
		t.check(count > 0, name)
	end
end)

t.test("clients_go_through_accept", function()
	local server, port = t.listener()
	local client = socket.connect("127.0.0.1", port)
	local found
	local count = calls(socket, "accept", function()
		found = server:clients(1)() -- not in a for, where Lua 5.1 cannot wait
	end)
	equal(socket.type(found), "socket")
	equal(count, 1)
	client:close()
end)

t.test("a_replaced_recv_or_send_may_wait", function()
	local a, b = t.pair()
	local function slowly(method, ...)
		cqueues.sleep(0.001)
		return method(...)
	end
	replaced(socket, "send", slowly, function()
		a:write "one\ntwo\n"
	end)
	replaced(socket, "recv", slowly, function()
		equal(b:read "*l", "one")
		values({ "two" }, b:read "*l")
	end)
end)

t.test("end_of_file_timeouts_and_errors_are_the_same_through_recv", function()
	local a, b = t.pair()
	b:onerror(function(_, method, why) return method .. " " .. errno[why] end)
	replaced(socket, "recv", function(method, ...) return method(...) end, function()
		b:settimeout(0.01)
		values({ nil, "read ETIMEDOUT" }, b:read "*l")
		b:clearerr()
		a:write "a\nb"
		a:close()
		values({ "a", "b" }, b:read("*l", "*l"))
		values({ n = 1 }, b:read "*l")
	end)
end)

t.test("a_replaced_onerror_is_asked_for_the_handler", function()
	local _, b = t.pair()
	replaced(socket, "onerror", function()
		return function(_, method, why) return method .. " " .. errno[why] end
	end, function()
		b:settimeout(0.01)
		values({ nil, "read ETIMEDOUT" }, b:read "*l")
	end)
end)

t.test("a_replaced_timeout_limits_what_waits", function()
	local _, b = t.pair()
	replaced(socket, "timeout", function() return 0.01 end, function()
		values({ nil, errno.ETIMEDOUT }, b:read "*l")
	end)
end)

t.plain("loop_and_errors_step_by_the_method", function()
	for _, method in ipairs { "loop", "errors" } do
		local controller, ran = cqueues.new(), false
		controller:wrap(function()
			cqueues.poll()
			ran = true
		end)
		local count = calls(cqueues, "step", function()
			if method == "loop" then
				assert(controller:loop(1))
			else
				for why in controller:errors(1) do
					error(why, 0)
				end
			end
		end)
		t.check(ran and count >= 2, method)
	end
end)

t.plain("what_a_replaced_step_yields_goes_up", function()
	local method
	method = cqueues.interpose("step", function(...)
		coroutine.yield "from step"
		return method(...)
	end)
	local controller = cqueues.new()
	controller:wrap(function() end)
	local run = coroutine.wrap(function()
		return controller:loop(1)
	end)
	local first, last = run(), run()
	cqueues.interpose("step", method)
	equal(first, "from step")
	equal(last, true)
end)

t.plain("a_poll_that_was_replaced_before_sockets_were_loaded_is_what_they_wait_through", function()
	local program = [[
		local cqueues = require "cqueues"
		local poll, count = cqueues.poll, 0
		function cqueues.poll(...)
			count = count + 1
			return poll(...)
		end
		local socket, condition = require "cqueues.socket", require "cqueues.condition"
		local a, b = socket.pair()
		local controller = cqueues.new()
		controller:wrap(function() assert(b:read "*l" == "line") end)
		controller:step(0)
		assert(count == 1, "reading")
		controller:wrap(function() condition.new():wait(0.01) end)
		controller:step(0)
		assert(count == 2, "a condition")
		a:write "line\n"
		assert(controller:loop(5))
		print "as it should be"
	]]
	local told = t.child("true", program)
	equal(told, "as it should be\n")
end)

-- A program whose step attaches what has come in the meantime ended at once: its loop never called the step.
t.plain("a_step_that_was_replaced_is_called_for_a_controller_without_tasks", function()
	for name, loop in pairs {
		loop = function(controller) return controller:loop(5) end,
		errors = function(controller)
			local errors = {}
			for why in controller:errors(5) do
				errors[#errors + 1] = why
			end
			values({ "first", "second" }, t.unpack(errors))
			return true
		end,
	} do
		local controller, waiting, done = cqueues.new(), { "first", "second" }, 0
		replaced(cqueues, "step", function(step, self, ...)
			local why = table.remove(waiting, 1)
			if why then
				self:wrap(function()
					done = done + 1
					if name == "errors" then
						error(why, 0)
					end
				end)
			end
			return step(self, ...)
		end, function()
			t.check(loop(controller), name)
		end)
		equal(done, name == "errors" and 2 or 1, name)
	end
end)

t.finish()

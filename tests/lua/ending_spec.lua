-- SPDX-License-Identifier: MIT
-- Every method that waits, ended by a cancel and by a deadline: before it begins, and while it waits. It returns the code,
-- or throws a cancellation; nothing is lost by that, and whoever waits next succeeds.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local cqueues, errno, socket = t.cqueues, require "cqueues.errno", require "cqueues.socket"
local condition, promise = require "cqueues.condition", require "cqueues.promise"
local signal, notify, thread = require "cqueues.signal", require "cqueues.notify", require "cqueues.thread"
local queue, semaphore, mutex = require "cqueues.queue", require "cqueues.semaphore", require "cqueues.mutex"
local protected = require "cqueues.protected".call
local equal, check = t.equal, t.check

local function pair(kind)
	local a, b = socket.pair(kind)
	a:setmode("bn", "bn")
	b:setmode("bn", "bn")
	return a, b
end

-- A socket that takes no more, and what reads all that it has sent.
local function full()
	local a, b = pair()
	a:settimeout(0)
	while a:xwrite(("x"):rep(4096)) do end
	a:clearerr()
	a:settimeout(nil)
	return a, function()
		b:settimeout(0.2)
		while b:read(-65536) do end
		b:clearerr()
		b:settimeout(nil)
	end
end

-- The same, with output that is still held.
local function held()
	local a, drain = full()
	a:setmode(nil, "bf")
	a:settimeout(0)
	a:write "y"
	a:clearerr()
	a:settimeout(nil)
	return a, drain
end

local function line(b)
	return function()
		b:write "line\n"
		b:flush()
	end
end

-- Each makes what is needed and returns the call that waits, and what lets it succeed; the kind is that of socket_wait.c.
local waits = {
	{ "sleep", function() return function(seconds) cqueues.sleep(seconds or 0) return true end, nil, 1000 end },
	{ "poll", function() local cv = condition.new() return function() return (cqueues.poll(cv)) end, function() cv:signal() end end },
	{ "condition:wait", function() local cv = condition.new() return function() return (cv:wait()) end, function() cv:signal() end end },
	{ "promise:get", function() local p = promise.new() return function() return p:get() end, function() p:set(true, 1) end end },
	{ "promise:wait", function() local p = promise.new() return function() return p:wait() end, function() p:set(true, 1) end end },
	{ "queue:get", function() local q = queue.new() return function() return q:get() end, function() q:put "item" end end },
	{ "queue:put", function()
		local q = queue.new(1)
		q:put(1)
		return function() return q:put(2) end, function() q:get() end
	end },
	{ "semaphore:acquire", function() local s = semaphore.new(0) return function() return s:acquire() end, function() s:release() end end },
	{ "mutex:lock", function()
		local m, cv = mutex.new(), condition.new()
		cqueues.running():wrap(function()
			m:lock()
			cv:wait()
			m:unlock()
		end)
		cqueues.sleep(0)
		cqueues.sleep(0)
		return function() return m:lock() and (m:unlock() or true) end, function() cv:signal() end
	end },
	{ "controller:step", function()
		local cq, cv, done = cqueues.new(), condition.new(), false
		cq:wrap(function() cv:wait() done = true end)
		cq:step(0)
		return function() return cq:step() and done end, function() cv:signal() end
	end },
	{ "controller:loop", function()
		local cq, cv = cqueues.new(), condition.new()
		cq:wrap(function() cv:wait() end)
		cq:step(0)
		return function() return (cq:loop()) end, function() cv:signal() end
	end },
	{ "listener:wait", function()
		signal.block(signal.SIGUSR2)
		local listener = signal.listen(signal.SIGUSR2)
		return function() return listener:wait() end, function() signal.raise(signal.SIGUSR2) end
	end },
	{ "notifier:get", function()
		local folder = os.tmpname()
		local path = folder .. "/file"
		os.remove(folder)
		os.execute("mkdir " .. folder)
		local notifier = notify.opendir(folder)
		notifier:add "file"
		return function() return notifier:get() end, function() assert(io.open(path, "w")):close() end, nil,
			function() os.execute("rm -r " .. folder) end
	end },
	{ "thread:join", function()
		local worker, con = thread.start(function(con) con:read "*l" end)
		return function() return worker:join() end, line(con)
	end },
	{ "resolver:query", function()
		local answers = false
		local port = d.serve(function(name, type)
			return answers and type == "A" and { { "AN", name, "A", "\192\0\2\1" } } or nil
		end)
		local resolver = d.resolver(port, { timeout = 1 })
		return function() return resolver:query("www.test", "A") end, function() answers = true end
	end },
	{ "socket:read", function() local a, b = pair() return function() return a:read "*l" end, line(b) end, "READ" },
	{ "socket:xread", function() local a, b = pair() return function() return a:xread "*l" end, line(b) end, "XREAD" },
	{ "socket:lines", function() local a, b = pair() return function() return a:lines()() end, line(b) end, "LINES" },
	{ "socket:fill", function() local a, b = pair() return function() return a:fill(5) end, line(b) end, "FILL" },
	{ "socket:unpack", function() local a, b = pair() return function() return a:unpack(40) end, line(b) end, "UNPACK" },
	{ "socket:recvfd", function() local a, b = pair() return function() local text, _, code = a:recvfd() return text, code end, line(b) end, "RECVFD" },
	{ "socket:recvfrom", function()
		local a, b = pair(socket.SOCK_DGRAM)
		return function() return a:recvfrom() end, line(b)
	end, "RECVFROM" },
	{ "socket:write", function() local a, drain = full() return function() return a:write "y" end, drain end, "WRITE" },
	{ "socket:xwrite", function() local a, drain = full() return function() return a:xwrite "y" end, drain end, "XWRITE" },
	{ "socket:pack", function() local a, drain = full() return function() return a:pack(1, 8) end, drain end, "PACK" },
	{ "socket:flush", function()
		local a, drain = held()
		return function() return a:flush() end, drain
	end, "FLUSH" },
	{ "socket:finish", function()
		local a = held()
		return function() return a:finish() end -- once: it closes the socket in any case
	end, "FINISH" },
	{ "socket:sendfd", function() local a, drain = full() return function() return a:sendfd("y", nil) end, drain end, "SENDFD" },
	{ "socket:sendto", function()
		local paths = { os.tmpname(), os.tmpname() }
		local ends = {}
		for i, path in ipairs(paths) do
			os.remove(path)
			ends[i] = assert(socket.listen { path = path, type = socket.SOCK_DGRAM })
			assert(ends[i]:listen())
		end
		local a, b = ends[1], ends[2]
		a:settimeout(0)
		while a:sendto("x", paths[2]) do end
		a:clearerr()
		a:settimeout(nil)
		return function() return a:sendto("y", paths[2]) end, function()
			b:settimeout(0)
			while b:recvfrom() do end
			b:clearerr()
		end, nil, function()
			os.remove(paths[1])
			os.remove(paths[2])
		end
	end, "SENDTO" },
	{ "socket:accept", function()
		local server = socket.listen("127.0.0.1", 0)
		server:listen()
		local _, host, port = server:localname()
		return function() return server:accept() end, function() return assert(socket.connect(host, port):connect(5)) end
	end, "ACCEPT" },
	{ "socket:clients", function()
		local server = socket.listen("127.0.0.1", 0)
		server:listen()
		local _, host, port = server:localname()
		return function() return server:clients()() end, function() return assert(socket.connect(host, port):connect(5)) end
	end, "CLIENTS" },
	{ "socket:starttls", function()
		local ends = { pair() } -- both stay open
		return function() return ends[1]:starttls() end, nil -- a peer that shakes hands: socket_tls_spec.lua
	end, "STARTTLS" },
}

-- Ends a call at a moment; nil and the code, or the cancellation that it has thrown. Fails if it does not end.
local function ended(call, moment, by_deadline, argument)
	local results
	cqueues.scope(function(scope)
		scope:wrap(function()
			results = t.pack(protected(call, argument))
		end)
		if moment == "parked" then
			cqueues.sleep(0)
			cqueues.sleep(0.005)
			check(not results, "it waits")
		end
		if by_deadline then
			scope:deadline(0)
		else
			scope:cancel()
		end
		protected(cqueues.sleep, 100)
	end)
	return results
end

for _, wait in ipairs(waits) do
	local name, open = wait[1], wait[2]
	for _, moment in ipairs { "before", "parked" } do
		for _, code in ipairs { errno.ECANCELED, errno.ETIMEDOUT } do
			t.test(("%s_is_ended_%s_with_%s"):format(name:gsub(":", "_"), moment, errno[code]), function()
				local call, succeed, argument, clean = open()
				local results = ended(call, moment, code == errno.ETIMEDOUT, argument)
				if results[1] then
					equal(results[2] or nil, nil, "the first result")
					equal(results[3], code, "the second one")
				else
					equal(cqueues.type(results[2]), "cancellation")
					equal(results[2].code, code)
				end
				if succeed then
					local again
					cqueues.running():wrap(function()
						again = t.pack(protected(call))
					end)
					cqueues.sleep(0)
					cqueues.sleep(0.005)
					succeed()
					local limit = cqueues.monotime() + 5
					while not again and cqueues.monotime() < limit do
						cqueues.sleep(0.005)
					end
					check(again, "it ends")
					check(again[1] and again[2], "it succeeds afterwards: " .. tostring(again[2]))
				end
				if clean then
					clean()
				end
			end)
		end
	end
end

t.plain("no_method_of_sockets_is_missing_here", function()
	local file = assert(io.open(here .. "../../bindings/lua/src/socket_wait.c"))
	local source, count = file:read "*a", 0
	file:close()
	local known = { CONNECT = true, LISTEN = true } -- establishing: tests/capi/scope_waits.c
	for _, wait in ipairs(waits) do
		known[wait[3] or ""] = true
	end
	for kind in source:gmatch "%[(%u+)%] = {" do
		count = count + 1
		check(known[kind], kind)
	end
	check(count >= 17)
end)

t.finish()

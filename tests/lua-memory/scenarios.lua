-- SPDX-License-Identifier: MIT
--
-- What memory.c runs without memory: scenarios for all parts of the binding, each a name, a function, and for some a second one
-- that is called afterwards with memory. Each ends at once when a task in it fails, and leaves nothing for the next one.

local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local config = require "cqueues.dns.config"
local errno = require "cqueues.errno"
local hints = require "cqueues.dns.hints"
local hosts = require "cqueues.dns.hosts"
local mutex = require "cqueues.mutex"
local notify = require "cqueues.notify"
local packet = require "cqueues.dns.packet"
local process = require "cqueues.process"
local promise = require "cqueues.promise"
local protected = require "cqueues.protected"
local queue = require "cqueues.queue"
local record = require "cqueues.dns.record"
local resolver = require "cqueues.dns.resolver"
local resolvers = require "cqueues.dns.resolvers"
local semaphore = require "cqueues.semaphore"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"
local thread = require "cqueues.thread"
local tls = require "cqueues.tls"

local LIMIT = 10 -- seconds for what never takes as long
local folder = assert(os.getenv "SCENARIOS_FOLDER", "run.sh says where files may lie")

-- Runs functions as tasks until all have ended, or one has failed, whose error it throws.
local function tasks(...)
	local controller = cqueues.new()
	for i = 1, select("#", ...) do
		controller:wrap((select(i, ...)))
	end
	local ok, why = controller:loop(LIMIT)
	controller:close()
	if not ok then
		error(why, 0)
	end
end

-- What a call has returned, whose failure for any other reason than memory is an error.
local function need(value, ...)
	if not value then
		for i = 1, select("#", ...) do
			local code = select(i, ...)
			if type(code) == "number" then error(errno.strerror(code), 0) end
			if code then error(code, 0) end
		end
		error("nothing", 2)
	end
	return value, ...
end

local scenarios = {}
local function scenario(name, f, afterwards)
	scenarios[#scenarios + 1] = { name, f, afterwards }
end

scenario("tasks", function()
	local controller, inner = cqueues.new(), cqueues.new()
	inner:wrap(function(a, b)
		cqueues.sleep(0)
		return a .. b
	end, "a", "b")
	controller:wrap(function()
		while not inner:empty() do
			cqueues.poll(inner, 0.01)
			need(inner:step(0))
		end
	end)
	controller:attach(coroutine.create(function()
		cqueues.poll(0, { pollfd = 0, timeout = 0 })
		need(cqueues.running())
		local sink = need(io.open("/dev/null", "w"))
		cqueues.dump(sink)
		sink:close()
	end))
	for _ = 1, 3 do
		controller:wrap(function()
			cqueues.poll(0)
		end)
	end
	controller:wrap(function()
		need(#cqueues.tasks(controller) > 0)
		error "on purpose"
	end)
	for message in controller:errors(LIMIT) do
		if not message:find "on purpose" then error(message, 0) end
	end
	need(tostring(controller))
	controller:close()
end)

-- A step that throws for want of memory loses no task: with memory all come to their end.
local left, gate
scenario("tasks that end", function()
	left, gate = cqueues.new(), condition.new()
	for i = 1, 2 do
		left:wrap(function()
			cqueues.poll(0)
			error("on purpose " .. i)
		end)
		left:wrap(function()
			gate:wait()
			return i
		end)
	end
	left:wrap(function()
		cqueues.scope(function(scope)
			scope:supervise()
			scope:wrap(error, "on purpose")
			local joined = scope:wrap(function()
				cqueues.poll(0)
				return ("x"):rep(100)
			end)
			need(joined:join())
		end)
	end)
	left:wrap(function()
		cqueues.timeout(0, function() cqueues.poll(0) end)
		gate:signal()
	end)
	for message in left:errors(LIMIT) do
		if not tostring(message):find "on purpose" then error(message, 0) end
	end
	need(left:empty())
end, function()
	local seen = {}
	for _ = 1, 100 do
		if left:empty() then break end
		gate:signal() -- whoever was to do it may have had no memory
		local ok, why, message = pcall(left.step, left, 0.001)
		seen[#seen + 1] = not ok and tostring(why) or message
	end
	if not left:empty() then
		cqueues.dump(io.stdout, left)
		error(("%d tasks are left; steps said: %s"):format(left:count(), table.concat(seen, "; ")), 0)
	end
end)

scenario("pairs", function()
	local a, b = socket.pair()
	need(a, b)
	tasks(function()
		a:settimeout(LIMIT)
		local c, d = socket.pair()
		need(c, d)
		need(a:sendfd("fd", c))
		c:close()
		d:close()
		need(a:write("first line\nsecond\n", ("x"):rep(3000), "\n"))
		need(a:flush())
		need(a:shutdown "w")
		need(a:read "*a")
		a:close()
	end, function()
		b:settimeout(LIMIT)
		b:setmode("tl", "bf")
		b:onerror(function(s, method, code, level) return code end)
		local text, c = b:recvfd()
		need(text, c)
		c:close()
		need(b:read("*l", 3))
		need(b:unget "x")
		for _ = 1, 2 do need(b:read "*L") end
		need(b:pack(1, 16))
		need(b:write "reply")
		need(b:flush())
		need(b:stat().rcvd.count > 0)
		b:close()
	end)
end)

scenario("connections", function()
	local server = need(socket.listen { host = "127.0.0.1", port = 0, reuseaddr = true })
	need(server:listen())
	local _, _, port = server:localname()
	local abstract = need(socket.listen { path = "\0" .. folder })
	need(abstract:listen())
	tasks(function()
		local client = need(server:accept { nodelay = true })
		client:settimeout(LIMIT)
		local line = client:read "*l"
		while line do
			need(client:write(line, "\n"))
			line = client:read "*l"
		end
		client:close()
		local other = need(abstract:accept())
		other:close()
		server:close()
		abstract:close()
	end, function()
		local s = need(socket.connect { host = "127.0.0.1", port = port, nodelay = true })
		s:settimeout(LIMIT)
		need(s:connect())
		need(s:peername())
		need(s:xwrite("hello\n", "bn"))
		need(s:xread("*l", "b"))
		s:close()
		local o = need(socket.connect { path = "\0" .. folder })
		need(o:connect())
		o:close()
	end)
end)

scenario("datagrams", function()
	local receiver = need(socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM })
	need(receiver:listen())
	local _, host, port = receiver:localname()
	local sender = need(socket.connect { host = host, port = port, type = socket.SOCK_DGRAM })
	tasks(function()
		need(sender:connect())
		need(sender:write "message")
		need(sender:flush())
		need(sender:sendto("other", host, port))
	end, function()
		for _ = 1, 2 do
			local _, from, number = need(receiver:recvfrom(nil, LIMIT))
			need(from, number)
		end
	end)
	sender:close()
	receiver:close()
end)

scenario("failures of sockets", function()
	tasks(function()
		local server = need(socket.listen("127.0.0.1", 0))
		need(server:listen())
		local _, _, port = server:localname()
		server:close()
		local s = need(socket.connect("127.0.0.1", port))
		local ok, why = pcall(s.connect, s, 1)
		need(not ok)
		if not tostring(why):find "refused" then error(why, 0) end
		need(s:reason())
		s:clearerr()
		s:onerror(function(_, _, code) return code end)
		need(not s:connect(LIMIT))
		s:close()
		s = need(socket.connect { path = folder .. "/none" })
		s:onerror(function(_, _, code) return code end)
		need(not s:connect(LIMIT))
		need(s:reason())
		s:close()
	end)
end)

scenario("conditions", function()
	local one, other = condition.new(), condition.new(true)
	one:name "one"
	local function waits()
		need(one:wait(other, LIMIT))
	end
	tasks(waits, waits, function()
		cqueues.poll(0)
		one:signal(1)
		cqueues.poll(0)
		other:signal()
		one:signal()
	end)
end)

scenario("promises", function()
	tasks(function()
		local made = promise.new(function(a)
			cqueues.sleep(0)
			return a, 2
		end, 1)
		local later = promise.new()
		cqueues.running():wrap(function() later:set(true, "value") end)
		need(made:get(LIMIT))
		need(later:wait(LIMIT))
		local broken = promise.new(error, "on purpose")
		need(broken:wait(LIMIT))
		local ok, why = pcall(broken.get, broken)
		if not ok and not tostring(why):find "on purpose" then error(why, 0) end
	end)
end)

scenario("threads", function()
	local handle, con = thread.start(function(con, a, b)
		con:write(tostring(a), b or "", "\n")
	end, 12, "text")
	if not handle then error(errno.strerror(select(2, handle, con) or errno.ENOMEM), 0) end
	con:settimeout(LIMIT)
	local ok, why = pcall(function()
		tasks(function()
			need(con:read "*l")
			need(handle:join(LIMIT))
		end)
	end)
	con:close()
	handle:join(LIMIT)
	if not ok then error(why, 0) end
end)

scenario("signals", function()
	signal.block(signal.SIGUSR1)
	local listener = need(signal.listen(signal.SIGUSR1, signal.SIGUSR2))
	tasks(function()
		signal.raise(signal.SIGUSR1)
		need(listener:wait(LIMIT))
		need(signal.strsignal(signal.SIGUSR1))
		for _ in signal.flags(3) do end
	end)
	listener:close()
end)

os.execute("mkdir -p " .. folder)
scenario("watching files", function()
	local path = folder .. "/file"
	os.remove(path)
	local watched = need(notify.opendir(folder, notify.ALL))
	need(watched:add "file")
	tasks(function()
		need(io.open(path, "w")):close()
		local _, name = need(watched:get(LIMIT))
		need(name)
		need(notify.strflag(notify.CREATE))
	end)
	watched:close()
	os.remove(path)
end)

local function message()
	local made = packet.new(512)
	need(made:push("QUESTION", "example.test.", "MX"))
	need(made:push("ANSWER", "example.test.", "MX", "IN", 60, "\0\10\4mail\7example\4test\0"))
	need(made:push("ANSWER", "example.test.", "TXT", "IN", 60, "\4text\5other"))
	need(made:push("ADDITIONAL", "mail.example.test.", "A", "IN", 60, "\192\0\2\1"))
	made:setflags { qr = true, rd = true }
	return made
end

scenario("messages", function()
	local made = message()
	local read = need(packet.new(need(made:dump())))
	need(tostring(read))
	for found in read:grep { section = "ANSWER,ADDITIONAL" } do
		need(found:name() .. tostring(found))
		if found:type() == record.TXT then need(found:strings(), found:data()) end
	end
	need(read:flags().qr)
	need(read:load(made:dump()))
end)

scenario("configurations", function()
	local made = config.new { nameserver = { "127.0.0.1", "[::1]:5353" }, search = { "a.test", "b.test" },
		lookup = { "file", "bind" }, options = { timeout = 1, attempts = 2, edns0 = true } }
	need(tostring(made))
	need(made:get().options)
	need(config.new(made:get()))
	for name in made:search "host" do need(name) end
	local path = folder .. "/resolv.conf"
	local file = need(io.open(path, "w"))
	file:write("nameserver 127.0.0.1\nsearch a.test\nnonsense\n")
	file:close()
	local read = need(config.loadpath(path))
	need(read:warnings(), read:getns())
	local names = hosts.new()
	need(names:insert("127.0.0.9", "host.test"))
	need(tostring(names))
	local roots = hints.new()
	need(roots:insert(".", "127.0.0.1"))
	need(roots:insert("test.", made))
	for address in roots:grep "." do need(address) end
	need(tostring(roots))
end)

scenario("resolvers", function()
	local server = need(socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM })
	need(server:listen())
	local _, _, port = server:localname()
	local settings = { nameserver = { "[127.0.0.1]:" .. port }, lookup = { "bind" }, options = { timeout = 1, attempts = 1, cache = false, edns0 = false } }
	local names = hosts.new()
	tasks(function()
		for _ = 1, 2 do
			local bytes, host, from = need(server:recvfrom(nil, LIMIT))
			local answer = need(packet.new(bytes))
			answer:setflags { qr = true, ra = true }
			need(server:sendto(answer:dump(), host, from))
		end
	end, function()
		local one = need(resolver.new(config.new(settings), names))
		need(one:query("one.test.", "A", "IN", LIMIT))
		need(one:stat().queries)
		one:close()
		local pool = need(resolvers.new(config.new(settings), names))
		need(pool:query("two.test.", "AAAA", "IN", LIMIT))
		need(pool:check())
		pool.lowat = 0
		pool:put(need(pool:get(LIMIT)))
	end)
	server:close()
end)

scenario("processes", function()
	local child = need(process.spawn { "/bin/cat", stdin = "pipe", stdout = "pipe", setenv = { NAME = "value" } })
	local ok, why = pcall(tasks, function()
		need(child.stdin:write "a line\n")
		need(child.stdin:flush())
		child.stdin:close()
		need(child.stdout:read "*l")
		need(child:wait(LIMIT))
	end)
	child:kill(signal.SIGKILL)
	child:wait(LIMIT)
	child:close()
	if not ok then error(why, 0) end
end)

scenario("scopes", function()
	tasks(function()
		local value = cqueues.scope(function(scope)
			scope:name "outer"
			local task = scope:wrap(function(a) cqueues.sleep(0) return a end, 1)
			task:name "inner"
			need(task:join(LIMIT))
			scope:wrap(function() cqueues.sleep(10) end)
			scope:wrap(function() scope:cancel "enough" end)
			cqueues.sleep(10)
		end)
		need(not value)
		need(not cqueues.timeout(0.001, cqueues.sleep, 10))
		need(cqueues.shield(LIMIT, function() return true end))
		local ok, why = protected.call(cqueues.scope, function(scope)
			scope:supervise()
			scope:wrap(error, "on purpose")
		end)
		if not ok and not tostring(why):find "on purpose" then error(why, 0) end
	end)
end)

scenario("queues", function()
	local jobs, permits, lock = queue.new(2), semaphore.new(1), mutex.new()
	tasks(function()
		for i = 1, 4 do need(jobs:put(i, LIMIT)) end
		jobs:close()
	end, function()
		local next_job = jobs:items(LIMIT)
		repeat until not next_job() -- in Lua 5.1 no iterator waits
	end, function()
		permits:with(cqueues.sleep, 0)
		lock:with(cqueues.poll, 0)
	end, function()
		need(permits:acquire(LIMIT))
		permits:release()
		need(lock:lock(LIMIT))
		lock:unlock()
	end)
end)

scenario("TLS", function()
	local made = tls.new { verify = false, alpn = { "one", "two" }, name = "host.test" }
	local a, b = socket.pair()
	need(a, b)
	tasks(function()
		a:onerror(function(_, _, code) return code end)
		local ok = a:starttls(made, LIMIT)
		need(not ok)
		need(a:reason())
		a:close()
	end, function()
		need(b:read(-5))
		need(b:write(("no TLS\r\n"):rep(10)))
		need(b:flush())
		b:close()
	end)
end)

return scenarios

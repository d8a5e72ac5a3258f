-- SPDX-License-Identifier: MIT
-- A finalizer may run wherever Lua takes memory, hence in the middle of nearly every call of ours, and may close or change
-- the very object. setvbuf, recvfrom, starttls with kept input, notifiers and records went on with what was gone then: in
-- Lua 5.1 and 5.2 the collector runs before bytes are copied, and elsewhere between two uses of an object.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket = t.cqueues, t.socket

local function collect(pause, step_multiplier, step_size)
	if _VERSION >= "Lua 5.4" then
		collectgarbage("incremental", pause, step_multiplier, step_size)
	else
		collectgarbage("setpause", pause)
		collectgarbage("setstepmul", step_multiplier)
	end
	collectgarbage() -- from whose end on it is so
end

-- The collector does a whole cycle at each chance.
local function eager()
	if _VERSION >= "Lua 5.4" then
		collect(1, 1000, 40)
	else
		collect(0, 1000000)
	end
end

local function usual()
	if _VERSION >= "Lua 5.4" then
		collect(200, 100, 13)
	else
		collect(200, 200)
	end
end

-- Calls f when the collector has run so often.
local function arm(count, f)
	local function finalize()
		count = count - 1
		if count == 0 then
			f()
		elseif count > 0 then
			arm(count, f)
		end
	end
	if newproxy then
		getmetatable(newproxy(true)).__gc = finalize
	else
		setmetatable({}, { __gc = finalize })
	end
end

-- Puts other bytes where those of an object were.
local function overwrite()
	local rubbish = {}
	for i = 1, 40 do
		rubbish[i] = ("\165"):rep(i * 16) .. i
	end
	return rubbish
end

local COUNT = 12 -- more often than any of the calls takes memory

-- For each call and each moment: makes a victim, and calls. What comes back as text must be text of `data`.
local function try(calls, make, act, data)
	for name, call in pairs(calls) do
		for count = 1, COUNT do
			local victim, other = make()
			eager()
			arm(count, function()
				act(victim, other)
				overwrite()
			end)
			local results = { pcall(call, victim, other) }
			usual()
			t.check(results[1] or not tostring(results[2]):find "memory that is gone", results[2])
			for i = 2, results[1] and 3 or 0 do
				local text = results[i]
				t.check(type(text) ~= "string" or data:find(text, 1, true), name .. " tells of memory that is gone")
			end
			if type(other) == "userdata" then
				other:close()
			end
		end
	end
end

local bytes = ("0123456789abcdef"):rep(8) .. "no yes rw line full stream socket connected closed inet "

local function close(victim)
	victim:close()
end

local streams = {
	read = function(s) return s:read(100) end,
	xread = function(s) return s:xread(-100, 0) end,
	lines = function(s) return s:lines(100)() end,
	recv = function(s) return (s:recv(100)) end,
	unpack = function(s) s:unpack(40) end,
	fill = function(s) s:fill(20, 0) end,
	unget = function(s) s:unget(12345) end,
	write = function(s) s:write(1, 2.5, "text", setmetatable({}, { __tostring = function() return "3" end })) end,
	xwrite = function(s) s:xwrite("text", 0) end,
	send = function(s) s:send(12345, 1, 2) end,
	pack = function(s) s:pack(12345, 17) end,
	flush = function(s) s:flush(0) end,
	sendfd = function(s) s:sendfd(12345, s, 0) end,
	starttls = function(s)
		s:setmode "P"
		s:starttls(0)
	end,
	checktls = function(s) s:checktls() end,
	accept = function(s) s:accept(0) end,
	clients = function(s) s:clients(0)() end,
	connect = function(s) s:connect(0) end,
	setmode = function(s) s:setmode("tl", "bf") end,
	setvbuf = function(s)
		s:setvbuf("full", 100)
		s:setvbuf("no")
	end,
	setbufsiz = function(s) s:setbufsiz(100, 200) end,
	setmaxline = function(s) s:setmaxline(100, 200) end,
	settimeout = function(s) s:settimeout(1) end,
	onerror = function(s) s:onerror(function() end) end,
	clearerr = function(s) s:clearerr() end,
	seterror = function(s) s:seterror("rw", 1) end,
	setmaxerrs = function(s) s:setmaxerrs("rw", 1) end,
	tell = function(s)
		s:pending()
		s:eof()
		s:stat()
		s:localname()
		s:events()
		s:phase()
		s:reason()
		s:alpn()
	end,
	peername = function(s) s:peername() end,
	shutdown = function(s) s:shutdown "rw" end,
	dup = function(s) socket.dup(s):close() end,
	dup_of_table = function(s) socket.dup { socket = s }:close() end,
	poll = function(s) cqueues.poll(s, { pollfd = s }, 0) end,
}

t.plain("a_finalizer_may_close_the_socket_of_any_call", function()
	try(streams, function()
		local a, b = t.pair()
		a:settimeout(0)
		b:write(bytes)
		a:unget(bytes:sub(1, 64))
		return a, b
	end, close, bytes)
end)

t.plain("a_finalizer_may_close_the_socket_that_messages_come_from", function()
	local big = bytes:rep(20)
	try({
		recvfrom = function(s) return (s:recvfrom(5000, 0)) end,
		sendto = function(s) s:sendto(1234, "127.0.0.1", 9, 0) end,
	}, function()
		local a, b = t.pair "dgram"
		b:write(big)
		b:flush()
		return a, b
	end, close, big)
end)

-- Room for messages is shared by all sockets.
t.plain("a_finalizer_may_receive_another_message", function()
	local big, other = bytes:rep(20), ("X"):rep(8000)
	try({
		recvfrom = function(s) return (s:recvfrom(5000, 0)) end,
		recvfd = function(s) return (s:recvfd(5000, 0)) end,
	}, function()
		local a, b = t.pair "dgram"
		b:write(big)
		b:flush()
		return a, b
	end, function()
		local a, b = t.pair "dgram"
		b:write(other)
		b:flush()
		for size = 10000, 60000, 10000 do
			a:recvfrom(size, 0)
		end
		a:close()
		b:close()
		collectgarbage()
	end, big)
end)

t.plain("a_finalizer_may_fetch_from_a_notifier", function()
	local notify = require "cqueues.notify"
	local directory = t.directory()
	local name = "a name of forty letters, all of one kind"
	try({ get = function(n)
		local _, what = n:get(0)
		return what
	end }, function()
		local n = notify.opendir(directory)
		n:add(name)
		n:add "other"
		for _, file in ipairs { name, "other" } do
			local handle = assert(io.open(directory .. "/" .. file, "w"))
			handle:close()
		end
		return n
	end, function(n)
		for _ = 1, 4 do
			n:get(0)
		end
	end, name .. " other .")
end)

t.plain("a_finalizer_may_close_a_controller", function()
	try({
		wrap = function(c) c:wrap(function() end) end,
		attach = function(c) c:attach(coroutine.create(function() end)) end,
		step = function(c) c:step(0) end,
		loop = function(c) c:loop(0) end,
		poll = function(c) cqueues.poll(c, 0) end,
		cancel = function(c) c:cancel({ pollfd = function() return {} end }) end,
		pause = function(c) c:pause(1, 2) end,
		tell = function(c) return c:count(), c:empty(), c:timeout(), c:pollfd() end,
	}, function()
		local c = cqueues.new()
		c:wrap(function()
			for i = 1, 3 do
				cqueues.poll({ timeout = 0, tostring(i) }, 0)
			end
		end)
		return c
	end, close, "")
end)

t.plain("a_finalizer_may_change_the_packet_whose_records_are_looked_for", function()
	local packet = require "cqueues.dns.packet"
	local long = ("\250" .. ("t"):rep(250)):rep(8)
	local q = packet.new(8000)
	for _ = 1, 6 do
		q:push("AN", "owner.test", "TXT", "IN", 1, long)
	end
	local other = q:dump()
	try({
		short = function(p)
			local found = ""
			for r in p:grep { section = "AN", type = "A" } do
				found = found .. r:addr() .. " "
			end
			return found
		end,
		dump = function(p, before)
			local text = p:dump()
			t.check(text == before or text == other, "memory that is gone")
		end,
		long = function(p)
			for r in p:grep { section = "AN", type = "TXT" } do
				local data = r:data()
				t.check(not data:find("[^t]"), "memory that is gone")
			end
		end,
	}, function()
		local p = packet.new(8000)
		for i = 1, 3 do
			p:push("AN", "owner.test", "A", "IN", 1, "\10\1\1" .. string.char(i))
			p:push("AN", "owner.test", "TXT", "IN", 1, long)
		end
		return p, p:dump()
	end, function(p)
		p:load(other)
	end, "10.1.1.1 10.1.1.2 10.1.1.3 ")
end)

t.plain("a_finalizer_may_close_a_resolver", function()
	local resolver, hosts = require "cqueues.dns.resolver", require "cqueues.dns.hosts"
	local core = require "_cqueues.dns.resolver"
	local known = hosts.new()
	for i = 1, 40 do
		known:insert("127.0.1." .. i, "many.test")
	end
	try({
		submit = function(r) r:submit(12345) end,
		query = function(r) r:query("many.test", "A", "IN", 0.01) end,
		known = function(r) core._known(r, "many.test", 0) end,
		reason = function(r) return r:reason() end,
		stat = function(r) r:stat() end,
	}, function() return resolver.new({ lookup = { "file" } }, known) end, close, "")
end)

t.finish()

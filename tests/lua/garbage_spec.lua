-- SPDX-License-Identifier: MIT
-- What nobody refers to any more is collected, and what comes and goes keeps memory and descriptors flat.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, socket, condition = t.cqueues, t.socket, t.condition
local equal, check = t.equal, t.check

-- Makes things in a cycle, drops them, and tells whether all of them are collected. `make` gets a table that each of them
-- must refer to, and returns what shall be watched.
local function is_collected(make)
	local watched = setmetatable({}, { __mode = "k" })
	local function hide()
		local cycle = {}
		for _, thing in ipairs { make(cycle) } do
			cycle[#cycle + 1] = thing
			watched[thing] = true
		end
		watched[cycle] = true
	end
	hide()
	for _ = 1, 4 do -- userdata goes after its finalizer
		collectgarbage()
	end
	return next(watched) == nil
end

-- Each returns what lies in a cycle: a task that refers to the table, and so to the controller that runs it.
local cycles = {
	tasks = function(cycle)
		local cq = cqueues.new()
		cq:wrap(function() cqueues.poll() cqueues.sleep(9) return cycle end)
		check(cq:step(0))
		return cq
	end,
	tasks_that_never_ran = function(cycle)
		return (cqueues.new():wrap(function() return cycle end))
	end,
	sockets = function(cycle)
		local cq, a, b = cqueues.new(), socket.pair()
		cq:wrap(function() a:read "*l" return cycle end)
		check(cq:step(0))
		return cq, a, b
	end,
	handlers_of_sockets = function(cycle)
		local s = socket.pair()
		s:onerror(function() return cycle end)
		return s
	end,
	handlers_of_each_others_sockets = function(cycle)
		local a, b = socket.pair()
		a:onerror(function() return b, cycle end)
		b:onerror(function() return a, cycle end)
		return a, b
	end,
	conditions = function(cycle)
		local cq, c = cqueues.new(), condition.new()
		cq:wrap(function() c:wait() return cycle end)
		check(cq:step(0))
		return cq, c
	end,
	handlers_of_new_sockets = function(cycle)
		local before = socket.onerror(function() return cycle end)
		local s, other = socket.pair()
		socket.onerror(before)
		return s, other
	end,
	promises = function(cycle)
		local cq, p = cqueues.new(), require "cqueues.promise".new()
		cq:wrap(function() p:get() return cycle end)
		check(cq:step(0))
		return cq, p
	end,
	queues = function(cycle)
		local cq, q = cqueues.new(), require "cqueues.queue".new()
		cq:wrap(function() q:get() return cycle end)
		check(cq:step(0))
		return cq, q
	end,
	resolvers = function(cycle)
		local cq = cqueues.new()
		local r = require "cqueues.dns.resolver".stub { nameserver = { "127.0.0.1" } }
		cq:wrap(function() r:query("example.test") return cycle end)
		check(cq:step(0))
		return cq, r
	end,
	threads = function(cycle)
		local cq = cqueues.new()
		local thread, con = require "cqueues.thread".start(function(con) con:read "*l" end)
		cq:wrap(function() thread:join() return cycle end)
		check(cq:step(0))
		return cq, thread, con
	end,
	scopes = function(cycle)
		local cq = cqueues.new()
		cq:wrap(function()
			cqueues.scope(function(scope)
				cycle[1] = scope
				scope:wrap(function() cqueues.sleep(9) return cycle end)
				cqueues.sleep(9)
			end)
		end)
		check(cq:step(0))
		check(cq:step(0))
		return cq
	end,
	controllers_in_controllers = function(cycle)
		local outer, inner = cqueues.new(), cqueues.new()
		inner:wrap(function() cqueues.sleep(9) return cycle end)
		outer:wrap(function() inner:loop() return cycle end)
		check(outer:step(0))
		check(outer:step(0))
		return outer, inner
	end,
}

for kind, make in pairs(cycles) do
	t.plain("cycles_through_" .. kind .. "_are_collected", function()
		local before = t.descriptors()
		local collected = is_collected(make)
		if kind == "threads" then
			cqueues.sleep(0.1) -- the thread ends by itself
		end
		check(collected, "whether all is collected")
		check(t.descriptors() <= before, "descriptors")
	end)

	t.plain("cycles_through_" .. kind .. "_are_collected_once_their_controllers_are_closed", function()
		local before = t.descriptors()
		local collected = is_collected(function(cycle)
			local things = { make(cycle) }
			for i = #things, 1, -1 do
				if cqueues.type(things[i]) == "controller" then
					things[i]:close()
				end
			end
			return t.unpack(things)
		end)
		check(collected, "whether all is collected")
		if kind ~= "threads" then
			check(t.descriptors() <= before, "descriptors")
		end
	end)
end

-- Has a finalizer call f once what f refers to is garbage.
local function finalize(f)
	if newproxy then
		getmetatable(newproxy(true)).__gc = f
	else
		setmetatable({}, { __gc = f })
	end
end

t.plain("an_error_handler_lasts_as_long_as_its_socket", function()
	local sockets, peers, told = {}, {}, {}
	for i = 1, 40 do
		local s, peer = socket.pair()
		peers[i] = peer
		s:settimeout(0)
		s:onerror(function() return "handler " .. i end)
		sockets[i] = s
	end
	for _ = 1, 4 do
		collectgarbage()
	end
	for i, s in ipairs(sockets) do
		equal(select(2, s:read "*l"), "handler " .. i)
		s:onerror(i % 2 == 0 and function() return "other " .. i end or nil)
	end
	collectgarbage()
	for i, s in ipairs(sockets) do
		s:clearerr()
		equal(select(2, s:read "*l"), i % 2 == 0 and "other " .. i or t.errno.ETIMEDOUT)
	end
	(function()
		local s, peer = socket.pair()
		peers[#peers + 1] = peer
		s:settimeout(0)
		s:onerror(function() return "garbage too" end)
		finalize(function() told[1], told[2] = s:read "*l" end)
	end)()
	for _ = 1, 4 do
		collectgarbage()
	end
	t.values({ nil, "garbage too", n = 2 }, told[1], told[2])
end)

-- Kilobytes of Lua's memory after everything was collected.
local function kilobytes()
	collectgarbage()
	collectgarbage()
	return collectgarbage "count"
end

-- Runs something twice, the second time `times` as often, and compares what is left.
local function stays_flat(f, count)
	f(count / 10)
	local memory, descriptors = kilobytes(), t.descriptors()
	f(count)
	local more = kilobytes() - memory
	check(more < 100, ("%.0f kB more"):format(more))
	check(t.descriptors() <= descriptors, "descriptors")
end

t.plain("a_hundred_thousand_short_tasks_keep_memory_flat", function()
	local cq = cqueues.new()
	local highest = 0
	stays_flat(function(count)
		for _ = 1, count / 100 do
			for _ = 1, 100 do
				cq:wrap(cqueues.poll)
			end
			check(cq:loop())
			highest = math.max(highest, collectgarbage "count")
		end
	end, 100000)
	check(highest < 20000, ("%.0f kB at once"):format(highest))
end)

t.plain("short_tasks_of_one_scope_keep_memory_flat", function()
	check(cqueues.new():wrap(function()
		cqueues.scope(function(scope)
			stays_flat(function(count)
				for _ = 1, count do
					scope:wrap(function() end):join()
				end
			end, 10000)
		end)
	end):loop())
end)

t.plain("ten_thousand_short_connections_keep_memory_and_descriptors_flat", function()
	local cq = cqueues.new()
	local path = t.directory() .. "/socket"
	local listener = socket.listen { path = path }
	check(listener:listen())
	local highest = 0
	cq:wrap(function()
		local next_client = listener:clients() -- ends with the listener
		local client = next_client()
		while client do
			cq:wrap(function(s)
				s:write(s:read "*L")
				s:flush()
				s:close()
			end, client)
			client = next_client()
		end
	end)
	cq:wrap(function()
		stays_flat(function(count)
			for i = 1, count do
				local s = socket.connect { path = path }
				s:write(i, "\n")
				s:flush()
				equal(s:read "*l", tostring(math.floor(i)))
				s:close()
				if i % 500 == 0 then
					highest = math.max(highest, s and collectgarbage "count")
				end
			end
		end, 10000)
		listener:close()
	end)
	local ok, why = cq:loop()
	check(ok, why)
	check(highest < 20000, ("%.0f kB at once"):format(highest))
end)

t.finish()

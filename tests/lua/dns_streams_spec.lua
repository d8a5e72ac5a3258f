-- SPDX-License-Identifier: MIT
-- Connections to name servers: they are kept and shared, and a server may close them when it likes.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local cqueues, equal = t.cqueues, t.equal

-- Sockets alone: the pipe that tells the count is counted now and then.
local function open_sockets()
	local process = io.popen "find /proc/$PPID/fd -lname 'socket:*' | wc -l"
	local count = process:read "*n"
	process:close()
	return count
end

local function over_tcp(port, more)
	local options = { tcp = "only" }
	for name, value in pairs(more or {}) do
		options[name] = value
	end
	return d.resolver(port, options)
end

-- Asks for so many names one after the other.
local function ask(r, count, prefix)
	for i = 1, count do
		equal(d.addresses(r:query((prefix or "n") .. i .. ".test")), "192.0.2.1", "answer " .. i .. ": " .. tostring(r:reason()))
	end
end

t.test("a_hundred_queries_share_a_connection", function()
	local port, seen = d.connections(d.answer_all)
	local r = over_tcp(port)
	ask(r, 100)
	equal(seen.connections, 1)
	equal(seen.queries, 100)
	r:close()
end)

t.test("a_resolver_finds_the_connection_of_another_one", function()
	local port, seen = d.connections(d.answer_all)
	local one, two = over_tcp(port), over_tcp(port)
	ask(one, 1)
	ask(two, 1, "other")
	equal(seen.connections, 1)
	one:close()
	ask(two, 1, "third")
	equal(seen.connections, 1)
	two:close()
end)

t.test("a_closed_resolver_leaves_no_connection", function()
	local ended = t.condition.new()
	local port = d.connections(function(connection)
		d.answer_all(connection)
		ended:signal()
	end)
	collectgarbage()
	collectgarbage()
	local before = open_sockets()
	local r = over_tcp(port)
	ask(r, 3)
	r:close()
	t.check(ended:wait(5), "the connection ends")
	local until_then = cqueues.monotime() + 5
	while open_sockets() > before and cqueues.monotime() < until_then do
		cqueues.sleep(0.01) -- the server's end is closed by a task of its own
	end
	t.check(open_sockets() <= before, "descriptors")
end)

t.test("queries_at_once_share_a_connection_and_answers_come_in_any_order", function()
	local port, seen = d.connections(function(connection)
		local waiting = {}
		while true do
			local query = connection.query()
			if not query then
				return
			end
			waiting[#waiting + 1] = d.framed(query)
			if #waiting == 20 then
				while waiting[1] do
					connection.say(table.remove(waiting)) -- the last one first
				end
			end
		end
	end)
	local all, answers = {}, 0
	for i = 1, 20 do
		all[i] = over_tcp(port)
		t.cqueues.running():wrap(function()
			ask(all[i], 1, "task" .. i .. "-")
			answers = answers + 1
		end)
	end
	while answers < 20 do
		cqueues.sleep(0.01)
	end
	equal(seen.connections, 1)
	for _, r in ipairs(all) do
		r:close()
	end
end)

t.test("a_server_may_close_each_connection_after_an_answer", function()
	local port, seen = d.connections(function(connection)
		connection.say(d.framed(connection.query()))
	end)
	local r = over_tcp(port)
	ask(r, 10)
	equal(r:reason(), nil)
	equal(seen.queries, 10)
	r:close()
end)

t.test("a_connection_that_ended_while_idle_costs_no_attempt", function()
	local port, seen = d.connections(function(connection)
		connection.say(d.framed(connection.query()))
		cqueues.sleep(0.03)
	end)
	local r = over_tcp(port)
	for i = 1, 3 do
		ask(r, 1, "round" .. i .. "-")
		cqueues.sleep(0.1)
	end
	equal(seen.connections, 3)
	equal(r:stat().tcp.sent.count, 3, "nothing is sent over a connection that has ended")
	r:close()
end)

t.test("a_server_that_closes_each_connection_after_an_answer_answers_many_at_once", function()
	local port, seen = d.connections(function(connection)
		connection.say(d.framed(connection.query()))
	end)
	local answers, all = 0, {}
	for i = 1, 8 do
		all[i] = over_tcp(port)
		t.cqueues.running():wrap(function()
			ask(all[i], 1, "task" .. i .. "-")
			answers = answers + 1
		end)
	end
	while answers < 8 do
		cqueues.sleep(0.01)
	end
	equal(seen.connections, 8)
	for _, r in ipairs(all) do
		r:close()
	end
end)

t.test("queries_on_a_connection_that_ends_are_sent_once_more", function()
	local port, seen = d.connections(function(connection, number)
		if number > 1 then
			return d.answer_all(connection)
		end
		local first = connection.query()
		for _ = 1, 4 do
			connection.query()
		end
		connection.say(d.framed(first)) -- and the others get none
	end)
	local answers, all = 0, {}
	for i = 1, 5 do
		all[i] = over_tcp(port)
		t.cqueues.running():wrap(function()
			ask(all[i], 1, "task" .. i .. "-")
			answers = answers + 1
		end)
	end
	while answers < 5 do
		cqueues.sleep(0.01)
	end
	equal(seen.queries, 9)
	for _, r in ipairs(all) do
		r:close()
	end
end)

t.test("a_server_that_never_answers_is_asked_no_more_often_than_said", function()
	local port, seen = d.connections(function(connection)
		connection.query()
	end)
	local r = over_tcp(port, { attempts = 2 })
	local p, code = r:query "dead.test"
	equal(p == nil or nil, true)
	equal(code, t.errno.ENOANSWER or code)
	equal(seen.queries, 1, "a new connection that ends is the server's refusal")
	r:close()
end)

t.test("an_answer_may_come_byte_by_byte", function()
	local port = d.connections(function(connection)
		while true do
			local query = connection.query()
			if not query then
				return
			end
			for byte in d.framed(query):gmatch "." do
				connection.say(byte)
				cqueues.sleep(0)
			end
		end
	end)
	local r = over_tcp(port)
	ask(r, 2)
	r:close()
end)

t.test("two_answers_may_come_at_once_and_a_late_one_is_passed_over", function()
	local port, seen = d.connections(function(connection)
		connection.say(d.framed(connection.query()))
		local late = d.framed(connection.query())
		connection.say(late:sub(1, 5))
		local query = connection.query()
		connection.say(late:sub(6) .. d.framed(query))
		d.answer_all(connection)
	end)
	local one, two = over_tcp(port), over_tcp(port)
	ask(two, 1, "first") -- two keeps the connection
	one:submit "late.test"
	t.fails(t.errno.EAGAIN, one:fetch())
	cqueues.sleep(0.05)
	one:submit "localhost" -- nobody waits for the answer any more
	equal(d.addresses(one:fetch()), "127.0.0.1")
	ask(two, 3)
	equal(seen.connections, 1)
	equal(seen.queries, 5)
	one:close()
	two:close()
end)

t.test("an_answer_to_nothing_ends_the_connection", function()
	local port, seen = d.connections(function(connection, number)
		local query = connection.query()
		if number == 1 then
			local wrong = d.framed(query)
			connection.say(wrong:sub(1, 2) .. string.char((wrong:byte(3) + 1) % 256) .. wrong:sub(4))
			return
		end
		connection.say(d.framed(query))
	end)
	local r = over_tcp(port)
	local p = r:query "wrong.test"
	equal(p, nil)
	ask(r, 1)
	equal(seen.connections, 2)
	r:close()
end)

t.test("a_silent_connection_takes_no_further_queries", function()
	local port, seen = d.connections(function(connection, number)
		if number > 1 then
			return d.answer_all(connection)
		end
		connection.say(d.framed(connection.query()))
		while connection.query() do end -- it hangs from now on
	end)
	local r = over_tcp(port, { timeout = 1, attempts = 2 })
	ask(r, 1)
	ask(r, 1, "hangs")
	equal(seen.connections, 2)
	r:close()
end)

t.test("a_connection_outlives_a_query_that_is_given_up_soon_and_no_silence", function()
	local port, seen = d.connections(function(connection, number)
		local count = 0
		while true do
			local query = connection.query()
			if not query then
				return
			end
			count = count + 1
			if number > 1 or count == 1 or count == 3 then
				connection.say(d.framed(query))
			end
		end
	end)
	local r = over_tcp(port)
	ask(r, 1)
	t.fails(t.errno.ETIMEDOUT, r:query("soon.test", "A", "IN", 0.05))
	ask(r, 1, "second")
	equal(seen.connections, 1)
	t.fails(t.errno.ETIMEDOUT, r:query("late.test", "A", "IN", 1.1))
	ask(r, 1, "third")
	equal(seen.connections, 2)
	r:close()
end)

t.test("a_query_that_was_given_up_leaves_the_connection_to_others", function()
	local port, seen = d.connections(function(connection)
		while true do
			local query = connection.query()
			if not query then
				return
			end
			cqueues.sleep(0.05)
			connection.say(d.framed(query))
		end
	end)
	local gone, r = over_tcp(port), over_tcp(port)
	ask(r, 1)
	gone:submit "gone.test"
	gone:fetch()
	cqueues.running():wrap(function()
		cqueues.sleep(0.02)
		gone:close()
	end)
	ask(r, 1, "stays")
	equal(seen.connections, 1)
	r:close()
end)


t.finish()

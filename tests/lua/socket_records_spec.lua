-- SPDX-License-Identifier: MIT
-- What a socket and a controller keep for waiting methods and tasks, which is little for those that are as usual: what is not
-- as usual is kept as well.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local cqueues, errno, socket = t.cqueues, t.errno, require "cqueues.socket"
local equal, values = t.equal, t.values

t.plain("limits_of_errors_may_be_of_any_size", function()
	local s, peer = t.pair()
	s:settimeout(0)
	for _, limit in ipairs { 32767, 32768, -32768, -32769, 65536, 2 ^ 31, -2 ^ 31 - 1, 2 ^ 40, 7 } do
		s:setmaxerrs("r", limit)
		values({ limit, 100 }, s:setmaxerrs "rw")
	end
	peer:close()
end)

t.plain("errors_that_were_counted_count_under_another_limit", function()
	for _, limits in ipairs { { 100, 2 ^ 40 }, { 2 ^ 40, 100 }, { 2 ^ 40, 2 ^ 40 } } do
		local s, peer = t.pair()
		s:settimeout(0)
		s:setmaxerrs("r", limits[1])
		for _ = 1, 5 do
			t.fails(errno.ETIMEDOUT, s:read "*l")
		end
		s:setmaxerrs("r", limits[2])
		t.fails(errno.ETIMEDOUT, s:read "*l")
		s:setmaxerrs("r", 3)
		equal(pcall(s.read, s, "*l"), false)
		s:clearerr "r"
		t.fails(errno.ETIMEDOUT, s:read "*l")
		s:setmaxerrs("r", limits[1])
		s:clearerr "r"
		s:setmaxerrs("r", 0)
		t.fails(errno.ETIMEDOUT, s:read "*l")
		peer:close()
	end
end)

-- What each way to read waits for, and what it answers once the text has come.
local text = "0123456789\nnext\n--end\n"
local ways = {
	{ function(s) return s:read "*l" end, "0123456789" },
	{ function(s) return s:read(3) end, "012" },
	{ function(s) return s:read(-4) end, "0" },
	{ function(s) return s:read("*l", "*L", 2) end, "0123456789", "next\n", "--" },
	{ function(s) return s:read "--end" end, "0123456789\nnext" },
	{ function(s) return s:xread("*L", "b") end, "0123456789\n" },
	{ function(s) return s:xread("*l", 60) end, "0123456789" },
	{ function(s) return s:lines()() end, "0123456789" },
	{ function(s) return s:lines "*L"() end, "0123456789\n" },
	{ function(s) return s:lines(4)() end, "0123" },
	{ function(s) return s:lines("4")() end, "0123" },
	{ function(s) return s:lines("*l", "*L")() end, "0123456789", "next\n" },
	{ function(s) return s:lines "--end"() end, "0123456789\nnext" },
	{ function(s) return s:fill(12) end, true },
	{ function(s) return s:unpack(8) end, 48 },
}

local function each_way(limit, act)
	for i, way in ipairs(ways) do
		local controller, answer = cqueues.new(), nil
		local a, b = t.pair()
		a:setmode("b", "b")
		b:setmode("bn", "bn")
		a:settimeout(limit)
		controller:wrap(function() answer = t.pack(way[1](a)) end)
		t.check(controller:step(0))
		equal(answer, nil)
		act(controller, a, b, way, function() return answer end, i)
	end
end

for name, limit in pairs { without_a_limit = false, with_a_limit = 60 } do
	t.plain("each_way_to_read_goes_on_behind_a_wait_" .. name, function()
		each_way(limit or nil, function(controller, _, b, way, answer)
			for byte in text:gmatch "." do
				b:write(byte)
				t.check(controller:step(0))
			end
			b:write "\n"
			t.check(controller:step(0))
			b:shutdown "w"
			t.check(controller:loop(5))
			values({ (table.unpack or unpack)(way, 2) }, (table.unpack or unpack)(answer(), 1, answer().n))
		end)
	end)

	t.plain("a_socket_that_is_closed_and_collected_while_a_method_waits_" .. name, function()
		each_way(limit or nil, function(controller, a, b)
			a:close()
			local ok, why = controller:step(0)
			equal(ok, false)
			equal(tostring(why):find("socket closed", 1, true) ~= nil, true)
			b:close()
			collectgarbage()
			collectgarbage()
		end)
	end)
end

t.plain("a_method_that_two_tasks_wait_in_goes_on_in_both", function()
	local controller, got = cqueues.new(), {}
	local a, b = t.pair()
	for i = 1, 3 do
		controller:wrap(function() got[i] = a:read(i) end)
		t.check(controller:step(0))
	end
	b:write "123456"
	b:flush()
	t.check(controller:loop(5))
	equal(#table.concat(got), 6)
end)

t.plain("an_iterator_of_lines_reads_through_a_method_that_is_replaced_later", function()
	local a, b = t.pair()
	b:write "one\ntwo\nthree\n"
	b:flush()
	local lines = a:lines "*L"
	equal(lines(), "one\n")
	local formats, before = {}, nil
	before = socket.interpose("recv", function(self, format, ...)
		formats[#formats + 1] = format
		return before(self, format, ...)
	end)
	local ok, line = pcall(lines)
	socket.interpose("recv", before)
	equal(ok, true)
	equal(line, "two\n")
	equal(formats[1], "*L")
	b:close()
end)

t.plain("an_accept_that_fails_behind_a_wait_answers_nothing_else", function()
	local l = t.listener()
	local controller, answers = cqueues.new(), {}
	controller:wrap(function()
		answers[1] = t.pack(l:accept(0.01))
		answers[2] = t.pack(l:accept({ mode = "b" }, 0.01))
		for c in l:clients(0.01) do
			answers[3] = c
		end
	end)
	controller:loop(5)
	values({ nil, errno.ETIMEDOUT }, (table.unpack or unpack)(answers[1], 1, answers[1].n))
	values({ nil, errno.ETIMEDOUT }, (table.unpack or unpack)(answers[2], 1, answers[2].n))
	equal(answers[3], nil)
end)

t.plain("a_socket_that_an_accept_made_and_did_not_use_is_nobodys", function()
	local l, port = t.listener()
	local controller, first = cqueues.new(), nil
	controller:wrap(function()
		first = l:accept()
		equal(socket.type(first), "socket")
	end)
	t.check(controller:step(0))
	collectgarbage()
	collectgarbage()
	local c = socket.connect("127.0.0.1", port)
	t.check(c:connect(5))
	t.check(controller:loop(5))
	c:write "x\n"
	c:flush()
	equal(first:read "*l", "x")
end)

t.plain("tasks_come_and_go_in_any_number", function()
	local controller, ended = cqueues.new(), 0
	for round = 1, 3 do
		for i = 1, 1000 do
			controller:wrap(function()
				cqueues.sleep(i % 7 / 1000)
				ended = ended + 1
			end)
		end
		t.check(controller:step(0))
		equal(controller:count() > 0, true)
		t.check(controller:loop(10))
		equal(ended, 1000 * round)
		equal(controller:empty(), true)
	end
end)

t.plain("tasks_of_a_scope_are_told_of_among_many_that_are_in_none", function()
	local controller, told = cqueues.new(), nil
	for _ = 1, 100 do
		controller:wrap(function() cqueues.sleep(0.01) end)
	end
	controller:wrap(function()
		told = cqueues.scope(function(scope)
			local tasks = {}
			for i = 1, 20 do
				tasks[i] = scope:wrap(function()
					cqueues.sleep(0.005)
					return i
				end)
			end
			local sum = 0
			for i = 1, 20 do
				sum = sum + tasks[i]:join()
			end
			return sum
		end)
	end)
	t.check(controller:loop(10))
	equal(told, 210)
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- DNS resolvers, with a name server in the same controller.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local resolver = require "cqueues.dns.resolver"
local hosts = require "cqueues.dns.hosts"
local packet = require "cqueues.dns.packet"
local cqueues, errno = t.cqueues, t.errno
local equal, values = t.equal, t.values

local EILLEGAL, ENOQUERY, EFETCHED = -1684960063, -1684960058, -1684960056

-- What the server says to each name.
local function answer(name, type, protocol)
	if name == "silent.test." then
		return nil
	elseif name == "cut.test." and protocol == "udp" then
		return { flags = { tc = true } }
	elseif name:find "^slow" then
		cqueues.sleep(0.1)
	elseif name == "nx.test." then
		return { flags = { rcode = 3 } }
	elseif name == "fail.test." then
		return { flags = { rcode = 2 } }
	elseif name == "alias.test." then
		return { { "AN", name, "CNAME", d.domain "a.test" }, { "AN", "a.test", "A", "\192\0\2\9" } }
	end
	return type == "A" and { { "AN", name, "A", "\192\0\2\1" } } or type == "AAAA" and { { "AN", name, "AAAA", ("\1"):rep(16) } } or {}
end

t.test("a_question_is_answered", function()
	local port, seen = d.serve(answer)
	local r = d.resolver(port)
	local p = t.check(r:query "a.test")
	equal(packet.type(p), "dns packet")
	equal(d.found(p), "a.test. A, a.test. A")
	equal(d.addresses(r:query("a.test", "aaaa", "in", 5)), "101:101:101:101:101:101:101:101")
	equal(d.addresses(r:query("a.test", 1, 1)), "192.0.2.1")
	equal(d.addresses(r:query "alias.test"), "a.test. 192.0.2.9")
	values({ 4, nil, n = 2 }, seen.udp, r:reason())
	equal(r:stat().udp.rcvd.count, 4)
	r:close()
end)

t.test("an_answer_without_records_is_an_answer", function()
	local r = d.resolver((d.serve(answer)))
	equal(r:query("nx.test"):flags().rcode, packet.rcode.NXDOMAIN)
	equal(r:query("a.test", "MX"):flags().rcode, packet.rcode.NOERROR)
	equal(r:query("fail.test"):flags().rcode, packet.rcode.SERVFAIL)
	t.check(r:reason(), "reason"):find("fail.test", 1, true)
end)

t.test("a_cut_answer_is_fetched_by_tcp", function()
	local port, seen = d.serve(answer)
	local r = d.resolver(port)
	equal(d.addresses(r:query "cut.test"), "192.0.2.1")
	values({ 1, 1 }, seen.udp, seen.tcp)
	equal(d.addresses(d.resolver(port, { tcp = 1 }):query "a.test"), "192.0.2.1")
	values({ 1, 2 }, seen.udp, seen.tcp)
end)

t.test("a_timeout_gives_the_question_up_and_the_resolver_goes_on", function()
	local r = d.resolver((d.serve(answer)))
	local start = cqueues.monotime()
	t.fails(errno.ETIMEDOUT, r:query("silent.test", "A", "IN", 0.05))
	t.fails(errno.ETIMEDOUT, r:query("silent.test", "A", "IN", 0))
	t.check(cqueues.monotime() - start < 2, "in time")
	equal(d.addresses(r:query "a.test"), "192.0.2.1")
	equal(d.addresses(r:query("slow.test", "A", "IN", 5)), "192.0.2.1")
end)

t.test("silence_is_a_servfail_with_a_reason", function()
	local r = d.resolver((d.serve(answer)), { timeout = 1 })
	equal(r:query("silent.test"):flags().rcode, packet.rcode.SERVFAIL)
	t.check(r:reason():find("silent.test", 1, true), r:reason())
end)

t.test("submit_and_fetch_wait_by_polling_the_resolver", function()
	local r = d.resolver((d.serve(answer)))
	values({ false, EILLEGAL }, r:fetch())
	values({ -1, nil, 1, n = 3 }, r:pollfd(), r:events(), r:timeout())
	values({ true }, r:submit "slow.test")
	values({ false, errno.EAGAIN }, r:fetch())
	t.check(r:pollfd() >= 0, "a descriptor")
	values({ "r" }, r:events())
	t.check(r:timeout() > 0, "a timeout")
	local p, code = r:fetch()
	while code == errno.EAGAIN do
		equal(cqueues.poll(r, 5), r)
		p, code = r:fetch()
	end
	equal(d.addresses(p), "192.0.2.1")
	values({ false, EFETCHED }, r:fetch())
end)

t.test("polling_sees_methods_that_were_replaced", function()
	local r, calls = d.resolver((d.serve(answer))), 0
	local pollfd
	pollfd = resolver.interpose("pollfd", function(self)
		calls = calls + 1
		return pollfd(self)
	end)
	equal(d.addresses(r:query "slow.test"), "192.0.2.1")
	resolver.interpose("pollfd", pollfd)
	t.check(calls > 0, "calls")
end)

t.test("resolvers_wait_beside_each_other", function()
	local port = d.serve(answer)
	local start, done = cqueues.monotime(), 0
	local controller, ended = cqueues.running(), t.condition.new()
	for i = 1, 10 do
		controller:wrap(function()
			equal(d.addresses(d.resolver(port):query("slow" .. i .. ".test")), "192.0.2.1")
			done = done + 1
			ended:signal()
		end)
	end
	while done < 10 do
		ended:wait(5)
	end
	t.check(cqueues.monotime() - start < 3, "together")
end)

t.test("a_second_question_takes_the_place_of_the_first", function()
	local r = d.resolver((d.serve(answer)))
	local first, ended = nil, t.condition.new()
	cqueues.running():wrap(function()
		first = t.pack(r:query "silent.test")
		ended:signal()
	end)
	cqueues.sleep(0.02)
	equal(d.addresses(r:query "a.test"), "192.0.2.1")
	if not first then
		ended:wait(3)
	end
	values({ nil, errno.ECANCELED, n = 2 }, t.unpack(first or {}, 1, 2))
end)

t.test("closing_wakes_who_waits", function()
	local r = d.resolver((d.serve(answer)))
	local first, ended = nil, t.condition.new()
	cqueues.running():wrap(function()
		first = t.pack(r:query "silent.test")
		ended:signal()
	end)
	cqueues.sleep(0.02)
	r:close()
	if not first then
		ended:wait(3)
	end
	values({ nil, errno.ECANCELED, n = 2 }, t.unpack(first or {}, 1, 2))
	equal(resolver.type(r), "closed dns resolver")
	r:close()
	for _, method in ipairs { "query", "submit", "fetch", "stat", "pollfd", "events", "timeout", "reason" } do
		t.throws("resolver defunct", r[method], r, "a.test")
	end
end)

t.test("a_dead_task_leaves_the_resolver_usable", function()
	local r = d.resolver((d.serve(answer)))
	local other = cqueues.new()
	other:wrap(function() r:query "silent.test" end)
	other:step(0)
	other:close()
	equal(d.addresses(r:query "a.test"), "192.0.2.1")
end)

t.test("what_is_no_question_is_refused", function()
	local r = d.resolver((d.serve(answer)))
	t.throws("FOO: unknown DNS type", r.query, r, "a.test", "FOO")
	t.throws("FOO: unknown DNS class", r.submit, r, "a.test", "A", "FOO")
	t.throws("string expected", r.query, r)
	t.throws("number expected", r.query, r, "a.test", "A", "IN", "x")
	for _, number in ipairs { "10", "0", 0, 65536, -1 } do
		t.throws(number .. ": unknown DNS type", r.query, r, "a.test", number)
	end
	for _, name in ipairs { "", "a..b", "a\0b", ("x"):rep(300) } do
		values({ nil, EILLEGAL, n = 2 }, r:query(name))
	end
end)

t.plain("a_resolver_blocks_outside_a_controller", function()
	local h = hosts.new()
	h:insert("1.2.3.4", "a.test")
	equal(d.addresses(resolver.new({ lookup = { "file" } }, h):query "a.test"), "1.2.3.4")
	local s, port = t.receiver()
	local r = d.resolver(port)
	t.fails(errno.ETIMEDOUT, r:query("a.test", "A", "IN", 0.05))
	s:close()
end)

t.test("descriptors_are_closed_with_the_resolver", function()
	local port = d.serve(answer)
	local before = t.descriptors()
	for _ = 1, 20 do
		local r = d.resolver(port)
		r:query("a.test")
		r:submit "silent.test"
		r:fetch()
		r:close()
	end
	t.check(t.descriptors() <= before, "descriptors")
end)

-- Lesson: a resolver that keeps the socket of a query whose answer was lost leaks one for each loss.
t.test("lost_packets_leave_no_descriptor", function()
	local seen = {}
	local port = d.serve(function(name)
		seen[name] = (seen[name] or 0) + 1
		return not (name:find "^lost" and seen[name] == 1) and { { "AN", name, "A", "\127\0\0\1" } } or nil
	end)
	local r = d.resolver(port, { timeout = 1, attempts = 2 })
	equal(d.addresses(r:query "one.test"), "127.0.0.1")
	local before = t.descriptors()
	for i = 1, 2 do
		equal(d.addresses(r:query("lost" .. i .. ".test")), "127.0.0.1")
		equal(d.addresses(r:query("n" .. i .. ".test")), "127.0.0.1")
		equal(t.descriptors(), before)
	end
	equal(seen["lost1.test."], 2)
	r:close()
	equal(t.descriptors(), before - 1)
end)

t.finish()

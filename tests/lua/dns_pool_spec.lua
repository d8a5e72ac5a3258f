-- SPDX-License-Identifier: MIT
-- Pools of DNS resolvers, and cqueues.dns, which uses one.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local dns, resolvers, resolver = require "cqueues.dns", require "cqueues.dns.resolvers", require "cqueues.dns.resolver"
local hosts, config = require "cqueues.dns.hosts", require "cqueues.dns.config"
local cqueues, errno, socket = t.cqueues, t.errno, t.socket
local equal, values = t.equal, t.values

local ENONAME, EFAIL = -1684960054, -1684960053

local function from_hosts()
	local h = hosts.new()
	h:insert("10.0.0.1", "a.test")
	h:insert("10.0.0.2", "b.test")
	h:insert("::5", "a.test")
	return resolvers.new({ lookup = { "file" }, nameserver = {} }, h)
end

t.test("a_pool_asks_and_uses_its_resolvers_again", function()
	local pool = from_hosts()
	for _ = 1, 5 do
		equal(d.addresses(pool:query "a.test"), "10.0.0.1")
	end
	local one = pool:get()
	pool:put(one)
	equal(pool:get(), one)
	pool:put(one)
	t.throws("in the pool already", pool.put, pool, one)
	values({ true }, pool:check())
end)

t.test("who_finds_none_free_waits_for_one", function()
	local pool, running, most, done = from_hosts(), 0, 0, 0
	pool.hiwat = 3
	local ended = t.condition.new()
	for _ = 1, 12 do
		cqueues.running():wrap(function()
			local one = pool:get()
			running = running + 1
			most = math.max(most, running)
			cqueues.sleep(0.005)
			running = running - 1
			pool:put(one)
			done = done + 1
			ended:signal()
		end)
	end
	while done < 12 do
		ended:wait(5)
	end
	values({ 3, 0, 1 }, most, pool.busy, #pool.cache)
end)

t.test("waiting_ends_with_the_timeout", function()
	local pool = from_hosts()
	pool.hiwat = 1
	local one = pool:get()
	values({ nil, errno.ETIMEDOUT, n = 2 }, pool:get(0.02))
	values({ nil, errno.ETIMEDOUT, n = 2 }, pool:query("a.test", "A", "IN", 0.02))
	pool.timeout = 0.02
	values({ nil, errno.ETIMEDOUT, n = 2 }, pool:query "a.test")
	pool:put(one)
	equal(d.addresses(pool:query "a.test"), "10.0.0.1")
end)

t.test("a_waiting_task_does_not_spin", function()
	local pool = from_hosts()
	pool.hiwat = 1
	local one, controller = pool:get(), cqueues.new()
	controller:wrap(function() pool:query "a.test" end)
	controller:step(0)
	local start = os.clock()
	controller:step(0.1)
	t.check(os.clock() - start < 0.05, "processor time")
	pool:put(one)
	t.check(controller:loop(5) and controller:empty(), "it ends")
end)

t.test("a_resolver_that_is_lost_is_made_up_for", function()
	local pool, leaks = from_hosts(), 0
	pool.hiwat = 1
	equal(type(pool:onleak(function(...) leaks = leaks + 1 + select("#", ...) end)), "function")
	pool:get()
	for _ = 1, 4 do
		collectgarbage()
	end
	values({ 1, 0 }, leaks, pool.busy)
	equal(d.addresses(pool:query("a.test", "A", "IN", 1)), "10.0.0.1")
end)

t.test("a_resolver_is_closed_after_so_many_uses", function()
	local pool = from_hosts()
	pool.querymax = 2
	local one = pool:get()
	pool:put(one)
	equal(pool:get(), one)
	pool:put(one)
	equal(resolver.type(one), "closed dns resolver")
	equal(d.addresses(pool:query "b.test"), "10.0.0.2")
end)

t.test("a_closed_resolver_cannot_be_put_back", function()
	local pool = from_hosts()
	local one = pool:get()
	one:close()
	t.throws("resolver defunct", pool.put, pool, one)
end)

t.test("mistakes_in_a_question_do_not_cost_a_resolver", function()
	local pool = from_hosts()
	t.throws("FOO: unknown DNS type", pool.query, pool, "a.test", "FOO")
	t.throws("string expected", pool.query, pool)
	pool.timeout = {}
	t.throws("arithmetic on", pool.query, pool, "a.test")
	equal(pool.busy, 0)
end)

t.test("a_pool_whose_methods_are_replaced_asks_through_them", function()
	local pool, calls = from_hosts(), {}
	local get, put = pool.get, pool.put
	function pool:get(timeout)
		calls[#calls + 1] = timeout
		return get(self, timeout)
	end
	function pool:put(one)
		calls[#calls + 1] = resolver.type(one)
		return put(self, one)
	end
	equal(d.addresses(pool:query("a.test", "A", "IN", 7)), "10.0.0.1")
	values({ 7, "dns resolver", 0 }, calls[1], calls[2], pool.busy)
	function pool.get() return nil, errno.EAGAIN end
	values({ nil, errno.EAGAIN, n = 2 }, pool:query "a.test")
end)

t.test("one_replaced_method_is_enough", function()
	local pool, seen = from_hosts(), nil
	local put = pool.put
	function pool:put(one)
		seen = one
		return put(self, one)
	end
	equal(d.addresses(pool:query "a.test"), "10.0.0.1")
	values({ "dns resolver", 0, 1 }, resolver.type(seen), pool.busy, #pool.cache)
end)

t.test("a_resolver_that_is_put_back_or_closed_while_it_asks_is_counted_once", function()
	local silent = socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }
	t.check(silent:listen())
	local server = ("[127.0.0.1]:%d"):format((select(3, silent:localname())))
	for _, row in ipairs { { "put", "in the pool already", 1 }, { "close", "resolver defunct", 0 } } do
		local what, text, kept = row[1], row[2], row[3]
		local pool = resolvers.new { nameserver = { server }, search = {}, options = { timeout = 9, attempts = 1 } }
		cqueues.running():wrap(function()
			cqueues.sleep(0.005)
			local one = next(pool.alive)
			if what == "put" then pool:put(one) else one:close() end
		end)
		t.throws(text, pool.query, pool, "a.test", "A", "IN", t.deadline)
		values({ kept, true }, #pool.cache, pool:check())
		equal(pool.busy, what == "put" and 0 or 1) -- one that is closed counts until it is collected
	end
	silent:close()
end)

t.test("what_is_no_resolver_of_the_pool_is_taken_in_or_refused", function()
	local pool, other, foreign = from_hosts(), from_hosts(), resolver.new()
	local one = other:get()
	pool:put(one)
	pool:put(foreign)
	values({ 0, 1, 1 }, pool.busy, other.busy, #pool.cache)
	equal(pool.cache[1] == one and resolver.type(foreign) or resolver.type(one), "closed dns resolver")
	t.throws("resolver defunct", pool.put, pool, foreign)
	for _, wrong in ipairs { 7, "resolver", {}, pool } do
		t.throws("dns resolver expected, got " .. type(wrong), pool.put, pool, wrong)
	end
	values({ true }, pool:check())
end)

t.test("many_tasks_share_a_pool", function()
	local port = d.serve(function(name) return { { "AN", name, "A", "\192\0\2\1" } } end)
	local pool, done, ended = resolvers.new(d.options(port)), 0, t.condition.new()
	for i = 1, 60 do
		cqueues.running():wrap(function()
			equal(d.addresses(pool:query("n" .. i .. ".test")), "192.0.2.1")
			done = done + 1
			ended:signal()
		end)
	end
	while done < 60 do
		ended:wait(5)
	end
	equal(pool.busy, 0)
end)

t.test("the_common_pool_can_be_set", function()
	local before = dns.getpool()
	local own = from_hosts()
	equal(dns.setpool(own), before)
	equal(dns.getpool(), own)
	equal(d.addresses(dns.query("b.test", "A", "IN", 5)), "10.0.0.2")
	t.throws("not dns resolver pool", dns.setpool, {})
	equal(dns.setpool(before), own)
end)

t.test("a_server_that_is_silent_about_one_type_does_not_keep_the_other", function()
	local port = d.serve(function(name, type)
		return type == "A" and { { "AN", name, "A", "\127\0\0\9" } } or nil
	end)
	local old = dns.setpool(resolvers.new(d.options(port, { timeout = 30 })))
	local began = cqueues.monotime()
	local list = dns.addresses("half.test", nil, 0.3)
	equal(list and table.concat(list, " "), "127.0.0.9")
	equal(cqueues.monotime() - began < 5, true, "in time")
	dns.setpool(old)
end)

t.test("addresses_finds_those_of_a_host", function()
	local before = dns.setpool(from_hosts())
	equal(d.set(dns.addresses "a.test"), "10.0.0.1 ::5")
	equal(table.concat(dns.addresses("a.test", socket.AF_INET), " "), "10.0.0.1")
	equal(table.concat(dns.addresses("a.test", socket.AF_INET6, 5), " "), "::5")
	equal(dns.addresses "127.0.0.1"[1], "127.0.0.1")
	values({ nil, ENONAME }, (dns.addresses("127.0.0.1", socket.AF_INET6)), (select(2, dns.addresses("127.0.0.1", socket.AF_INET6))))
	t.throws("family", dns.addresses, "a.test", 77)
	local port = d.serve(function(name) return { flags = { rcode = name == "nx.test." and 3 or 2 } } end)
	dns.setpool(resolvers.new(d.options(port)))
	local list, code, reason = dns.addresses "nx.test"
	values({ nil, ENONAME, "string" }, list, code, type(reason))
	t.check(reason:find("nx.test", 1, true), reason)
	list, code, reason = dns.addresses "fail.test"
	values({ nil, EFAIL, "string" }, list, code, type(reason))
	dns.setpool(before or resolvers.stub())
end)

t.plain("random_numbers_are_below_the_limit_and_not_the_same_each_time", function()
	local seen = {}
	for _ = 1, 200 do
		local n = dns.random(3)
		t.check(n == 0 or n == 1 or n == 2, n)
		seen[n] = true
	end
	t.check(seen[0] and seen[1] and seen[2], "each")
	t.check(dns.random() ~= dns.random() or dns.random() ~= dns.random(), "different")
	for _, bad in ipairs { 0, 1, 1.5, 0 / 0 } do
		t.throws("interval is empty", dns.random, bad)
	end
	for _, none in ipairs { -1, 2 ^ 33, math.huge } do
		t.check(dns.random(none) >= 0)
	end
	equal(t.child("true", ("package.path=%q package.cpath=%q print(require'cqueues.dns'.random())"):format(package.path, package.cpath))
		== t.child("true", ("package.path=%q package.cpath=%q print(require'cqueues.dns'.random())"):format(package.path, package.cpath)), false)
end)

t.plain("the_version_is_that_of_the_library", function()
	values({ cqueues.VERSION, cqueues.VERSION, cqueues.VERSION }, dns.version())
end)

t.plain("bad_configurations_throw_where_they_are_given", function()
	t.throws("x", resolvers.new, { nameserver = { "x" } })
	t.throws("table expected", resolvers.stub, 5)
	equal(resolvers.type(resolvers.root { edns0 = true }), "dns resolver pool")
	equal(resolvers.type(resolvers.new(config.new())), "dns resolver pool")
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- DNS hosts and hints: tables of addresses.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local hosts, hints, config = require "cqueues.dns.hosts", require "cqueues.dns.hints", require "cqueues.dns.config"
local resolver = require "cqueues.dns.resolver"
local equal, values, errno = t.equal, t.values, t.errno

local function of(h, more)
	return resolver.new({ lookup = { "file" }, nameserver = {}, search = more }, h)
end

t.plain("hosts_are_written_as_in_their_file", function()
	local h = hosts.new()
	values({ true, true }, h:insert("1.2.3.4", "a.test"), h:insert("::1", "Six.test."))
	equal(tostring(h), "1.2.3.4          a.test.\n::1              Six.test.\n")
	equal(hosts.type(h), "dns hosts")
	t.throws("x: ", h.insert, h, "x", "a.test")
	t.throws("a..b: ", h.insert, h, "1.2.3.4", "a..b")
	t.throws("malformed", h.insert, h, "1.2.3.4", "")
	equal(tostring(hosts.root()), "")
end)

t.plain("a_file_is_read_and_bad_lines_are_listed", function()
	local path = d.file "127.0.0.1 one uno\n300.1.1.1 bad\n::1 six # seven\n"
	local h = hosts.loadpath(path)
	equal(tostring(h), "127.0.0.1        one.\n127.0.0.1        uno.\n::1              six.\n")
	local warnings = h:warnings()
	equal(#warnings, 1)
	t.check(warnings[1]:find(path .. ":2:", 1, true) and warnings[1]:find("300.1.1.1", 1, true), warnings[1])
	local file = io.open(path)
	equal(tostring(hosts.loadfile(file)), tostring(h))
	file:close()
	values({ false, errno.ENOENT }, h:loadpath "/nonexistent/file")
	equal(tostring(hosts.loadpath "/nonexistent/file"), "")
	equal(select(2, h:loadpath ""), errno.EINVAL)
end)

t.plain("a_resolver_answers_from_them_without_asking", function()
	local h = hosts.new()
	h:insert("1.2.3.4", "a.test")
	h:insert("1.2.3.5", "A.test", true)
	h:insert("::5", "a.test")
	local r = of(h, { "test" })
	equal(d.addresses(r:query "a.test"), "1.2.3.4 1.2.3.5")
	equal(d.addresses(r:query("a", "AAAA")), "::5")
	equal(d.addresses(r:query("4.3.2.1.in-addr.arpa", "PTR")), "a.test.")
	equal(d.addresses(r:query("a.test", "A", "IN", 0)), "1.2.3.4 1.2.3.5")
	equal(r:stat().queries, 0)
end)

t.plain("an_alias_is_no_answer_to_a_reverse_lookup", function()
	local h = hosts.new()
	h:insert("1.2.3.4", "alias.test", true)
	h:insert("1.2.3.4", "own.test", false)
	equal(d.addresses(of(h):query("4.3.2.1.in-addr.arpa", "PTR")), "own.test.")
end)

t.plain("hints_are_told_by_priority", function()
	local h = hints.new()
	h:insert("test.", "3.3.3.3", 3)
	h:insert("test", "[1.1.1.1]:5353", 1)
	h:insert("TEST.", "2.2.2.2", 2)
	local words = {}
	for address in h:grep "test." do
		words[#words + 1] = address
	end
	equal(table.concat(words, " "), "[1.1.1.1]:5353 2.2.2.2 3.3.3.3")
	values({ n = 0 }, h:grep()())
	equal(tostring(h), 'ZONE "test."\n\t(3) [3.3.3.3]:53\n\t(1) [1.1.1.1]:5353\n\t(2) [2.2.2.2]:53\n')
	t.throws("x: ", h.insert, h, ".", "x")
	t.throws("a..b: ", h.insert, h, "a..b", "1.1.1.1")
end)

t.plain("hints_come_from_a_configuration_or_from_the_root_servers", function()
	local c = config.new { nameserver = { "1.1.1.1", "::1" } }
	equal(tostring(hints.stub(c)), 'ZONE "."\n\t(1) [1.1.1.1]:53\n\t(2) [::1]:53\n')
	equal(tostring(hints.new(c)), "")
	local h, count = hints.new(), 0
	h:insert("a.test", c)
	equal(h:grep "a.test" (), "1.1.1.1")
	for _ in hints.root():grep "." do
		count = count + 1
	end
	equal(count, 26)
	equal(hints.type(h), "dns hints")
end)

t.finish()

-- SPDX-License-Identifier: MIT
-- What becomes of a name: files and local names before any query, search lists, failures that rank, equal questions.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local dns, resolvers, resolver = require "cqueues.dns", require "cqueues.dns.resolvers", require "cqueues.dns.resolver"
local hosts, config = require "cqueues.dns.hosts", require "cqueues.dns.config"
local cqueues, errno, socket = t.cqueues, t.errno, t.socket
local equal, values = t.equal, t.values

local EILLEGAL, ENONAME = -1684960063, -1684960054

local function table_of(entries)
	local h = hosts.new()
	for name, addresses in pairs(entries) do
		for address in addresses:gmatch "%S+" do
			h:insert(address, name)
		end
	end
	return h
end

-- What is found, what was asked, and the rcode.
local function asked_of(answer, more, entries, name, type)
	local port, seen = d.serve(answer)
	local r = d.resolver(port, more, table_of(entries))
	local p, code = r:query(name, type or "A")
	local found = d.addresses(p, code)
	return found, seen.udp, p and p:rcode()
end

local function wildcard(name)
	return { { "AN", name, "A", "\192\0\2\99" } }
end

local function nobody() end

t.test("files_and_local_names_come_before_any_query", function()
	local entries = { db = "127.0.0.7", ["full.corp.test"] = "127.0.0.6", six = "::6" }
	local more = { search = { "corp.test" }, lookup = { "file", "bind" }, timeout = 1 }
	for name, wanted in pairs { db = "127.0.0.7", DB = "127.0.0.7", full = "127.0.0.6", localhost = "127.0.0.1",
		["localhost."] = "127.0.0.1", ["a.localhost"] = "127.0.0.1", six = "" } do
		for _, server in ipairs { wildcard, nobody } do
			local found, asked = asked_of(server, more, entries, name)
			values({ wanted, 0 }, found, asked)
		end
	end
end)

t.test("files_that_come_last_have_what_dead_servers_do_not", function()
	local more = { search = { "corp.test" }, lookup = { "bind", "file" }, timeout = 1 }
	equal((asked_of(nobody, more, { db = "127.0.0.7" }, "db")), "127.0.0.7")
	local function denied() return { flags = { rcode = 3 } } end
	equal((asked_of(denied, more, { db = "127.0.0.7" }, "db")), "127.0.0.7")
end)

t.test("nsswitch_says_where_a_search_ends", function()
	local function server(name) return { flags = { rcode = name:find "gone" and 3 or 2 } } end
	local port = d.serve(server)
	local h = table_of { ["gone.test"] = "127.0.0.7", ["fails.test"] = "127.0.0.8" }
	for line, wanted in pairs {
		["dns files"] = { "127.0.0.7", "127.0.0.8" },
		["dns [NOTFOUND=return] files"] = { "", "127.0.0.8" },
		["dns [TRYAGAIN=return] files"] = { "127.0.0.7", "" },
		["dns [!UNAVAIL=return] files"] = { "", "" },
		["dns nis [NOTFOUND=return] files"] = { "127.0.0.7", "127.0.0.8" },
	} do
		local c = config.new(d.options(port))
		t.check(c:loadpath(d.file("hosts: " .. line .. "\n"), config.NSSWITCH_CONF), line)
		local r = resolver.new(c, h)
		for i, name in ipairs { "gone.test", "fails.test" } do
			equal(d.addresses(r:query(name)), wanted[i], line .. ", " .. name)
		end
	end
end)

t.test("a_failure_of_the_name_itself_outranks_what_domains_deny", function()
	local function server(name, kind)
		if name:find "lab%.test" then
			return { flags = { rcode = 3 } }
		elseif name == "four.test." then
			return kind == "A" and wildcard(name) or {}
		end
		return { flags = { rcode = ({ ["broken.test."] = 2, ["refused.test."] = 5 })[name] or 3 } }
	end
	local more = { search = { "a.lab.test", "b.lab.test", "lab.test" }, ndots = 5 }
	for _, case in ipairs { { "broken.test", "A", 2 }, { "refused.test", "A", 5 }, { "four.test", "AAAA", 0 }, { "none.test", "A", 3 } } do
		local _, _, rcode = asked_of(server, more, {}, case[1], case[2])
		equal(rcode, case[3], case[1])
	end
	local port = d.serve(server)
	local before = dns.setpool(resolvers.new(d.options(port, more), table_of {}))
	local _, code, reason = dns.addresses("none.test", socket.AF_INET)
	equal(code, ENONAME)
	t.check(reason:find "none%.test%.a%.lab%.test%..*none%.test%.lab%.test%.", reason)
	dns.setpool(before or resolvers.stub())
end)

t.test("what_is_known_needs_no_resolver", function()
	local port, seen = d.serve(nobody)
	local pool = resolvers.new(d.options(port, { lookup = { "file", "bind" } }),
		table_of { ads = "0.0.0.0", both = "10.0.0.1 ::5", near = "fe80::53%1" })
	pool.hiwat = 1
	local out = pool:get()
	local before = dns.setpool(pool)
	for name, wanted in pairs { ads = "0.0.0.0", both = "10.0.0.1 ::5", localhost = "127.0.0.1 ::1", ["127.0.0.1"] = "127.0.0.1",
		["::1"] = "::1" } do
		equal(d.set(t.check(dns.addresses(name, nil, 1))), wanted, name)
	end
	for _, name in ipairs { "near", "fe80::53%1", "FE80::0053%1" } do
		local address = t.check(dns.addresses(name, nil, 1))[1]
		t.check(address:find "^fe80::53%%%w+$", address)
	end
	values({ nil, ENONAME }, (dns.addresses("ads", socket.AF_INET6)), (select(2, dns.addresses("ads", socket.AF_INET6))))
	values({ nil, EILLEGAL }, (dns.addresses "a\\"), (select(2, dns.addresses "a\\")))
	values({ nil, errno.EAGAIN }, pool:known("other", socket.AF_INET))
	equal(seen.udp, 0)
	pool:put(out)
	dns.setpool(before or resolvers.stub())
end)

t.test("addresses_come_in_the_order_in_which_to_connect", function()
	-- No way leads to the reserved block 240.0.0.0/4.
	local before = dns.setpool(resolvers.new(d.options(d.serve(nobody), { lookup = { "file", "bind" } }),
		table_of { two = "240.0.0.1 127.0.0.3 127.0.0.3" }))
	equal(table.concat(t.check(dns.addresses "two"), " "), "127.0.0.3 127.0.0.3 240.0.0.1")
	dns.setpool(before or resolvers.stub())
	local port = d.serve(function(name)
		return { { "AN", name, "A", "\240\0\0\1" }, { "AN", name, "A", "\127\0\0\3" } }
	end)
	before = dns.setpool(resolvers.new(d.options(port), table_of {}))
	equal(table.concat(t.check(dns.addresses("www.test", socket.AF_INET)), " "), "127.0.0.3 240.0.0.1")
	dns.setpool(before or resolvers.stub())
end)

t.test("no_aaaa_asks_for_none", function()
	local kinds = {}
	local port = d.serve(function(name, kind)
		kinds[#kinds + 1] = kind
		return kind == "A" and wildcard(name) or { { "AN", name, "AAAA", ("\0"):rep(15) .. "\9" } }
	end)
	for _, c in ipairs { d.options(port, { ["no-aaaa"] = true }), d.options(port, { options = { ["no-aaaa"] = true } }) } do
		local before = dns.setpool(resolvers.new(c, table_of {}))
		equal(table.concat(t.check(dns.addresses "www.test"), " "), "192.0.2.99")
		equal(d.addresses(dns.query("www.test", "AAAA")), "")
		dns.setpool(before or resolvers.stub())
	end
	equal(table.concat(kinds, " "), "A A")
end)

t.test("equal_questions_at_once_are_one", function()
	local port, seen = d.serve(function(name) cqueues.sleep(0.05) return wildcard(name) end)
	local pool, done = resolvers.new(d.options(port), table_of {}), 0
	local ended = t.condition.new()
	for i = 1, 20 do
		cqueues.running():wrap(function()
			local name = i % 2 == 0 and "www.test." or "WWW.Test."
			local p = t.check(pool:query(name))
			equal(p:grep { section = "QD" } ():name(), name)
			equal(d.addresses(p), "192.0.2.99")
			done = done + 1
			ended:signal()
		end)
	end
	while done < 20 do
		ended:wait()
	end
	equal(seen.udp, 1)
end)

t.test("the_flag_ad_is_asked_for_and_told_of_servers_that_are_trusted", function()
	for _, trusted in ipairs { true, false } do
		local asked
		local port = d.serve(function(name, _, _, query)
			asked = query:flags().z
			local records = wildcard(name)
			records.flags = { z = 2 }
			return records
		end)
		for _, more in ipairs { { ["trust-ad"] = trusted }, { ["trust-ad"] = trusted, cache = true } } do
			local r = d.resolver(port, more)
			for _ = 1, 2 do
				equal(t.check(r:query "www.test"):flags().z, trusted and 2 or 0)
			end
			equal(asked, trusted and 2 or 0)
			r:close()
		end
	end
end)

t.plain("names_that_end_in_a_backslash_are_refused", function()
	local r = resolver.new({ search = { "a.test", "b.test" }, nameserver = {} }, hosts.new())
	for _, name in ipairs { "\\", "a\\", "a.b\\", "a\\\\\\", "a\\1", "a\\30" } do
		values({ false, EILLEGAL }, r:submit(name))
	end
end)

t.finish()

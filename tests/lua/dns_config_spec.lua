-- SPDX-License-Identifier: MIT
-- DNS configurations: tables, files, and the names that are asked for.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local config = require "cqueues.dns.config"
local equal, values, errno = t.equal, t.values, t.errno

local function list(words)
	return table.concat(words, " ")
end

t.plain("a_table_sets_everything_and_get_tells_it", function()
	local c = config.new { nameserver = { "127.0.0.1", "[::1]:5353" }, search = { "a.test", "b.test." }, lookup = { "file", "bind" },
		interface = "[1.2.3.4]:5", options = { edns0 = true, ndots = 3, timeout = 7, attempts = 4, tcp = config.TCP_ONLY } }
	local got = c:get()
	values({ "127.0.0.1 [::1]:5353", "a.test b.test.", "file bind", "[1.2.3.4]:5" }, list(got.nameserver), list(got.search),
		list(got.lookup), got.interface)
	local o = got.options
	values({ true, 3, 7, 4, 1, false, false, false }, o.edns0, o.ndots, o.timeout, o.attempts, o.tcp, o.rotate, o.recurse, o.smart)
	equal(tostring(config.new(got)), tostring(c))
end)

t.plain("options_may_stand_at_the_top_of_the_table", function()
	equal(config.new({ ndots = 4 }):getopts().ndots, 4)
	equal(config.new({ ndots = 4, options = {} }):getopts().ndots, 1)
end)

t.plain("cache_and_ports_are_told_when_they_are_not_the_usual_ones", function()
	local o = config.new({ cache = false, ports = 4 }):getopts()
	values({ false, 4 }, o.cache, o.ports)
	o = config.new():getopts()
	values({ nil, nil, n = 2 }, o.cache, o.ports)
end)

t.plain("tcp_may_be_a_word", function()
	equal(config.new({ tcp = "only" }):getopts().tcp, config.TCP_ONLY)
	equal(config.new({ tcp = "disable" }):getopts().tcp, config.TCP_DISABLE)
end)

t.plain("values_that_make_no_sense_are_refused_by_name", function()
	for name, bad in pairs { ndots = {}, timeout = "x", tcp = 3, ports = {} } do
		t.throws(name, config.new, { [name] = bad })
	end
	t.throws("table expected", config.new, { nameserver = "127.0.0.1" })
	t.throws("nameserver", config.new, { nameserver = { {} } })
	for _, bad in ipairs { "x.y", "", "1.2.3.4:53", "[1.2.3.4", "1.2.3.4]", "[1.2.3.4]:70000", "[1.2.3.4]:5x", "1.2.3.4\0" } do
		t.check(not pcall(config.new, { nameserver = { bad } }), bad)
		t.check(not pcall(config.new, { interface = bad }), bad)
	end
	t.throws("a..b", config.new, { search = { "a..b" } })
end)

t.plain("setters_change_one_thing", function()
	local c = config.new()
	values({ true, true, true, true, true }, c:setns { "9.9.9.9" }, c:setsearch { "q.test" }, c:setlookup { "file", "cache" },
		c:setopts { rotate = true }, c:setiface "::1")
	values({ "9.9.9.9", "q.test", "file cache", true, "::1" }, list(c:getns()), list(c:getsearch()), list(c:getlookup()),
		c:getopts().rotate, c:getiface())
	values({ n = 0 }, c:set { nameserver = {} })
	equal(#c:getns(), 0)
end)

t.plain("three_name_servers_count_and_any_number_of_domains", function()
	local c = config.new { nameserver = { "1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4" }, search = { "a", "b", "c", "d", "e" } }
	values({ 3, 5 }, #c:getns(), #c:getsearch())
end)

t.plain("resolv_conf_is_read_and_bad_lines_are_listed", function()
	local path = d.file "nameserver 1.2.3.4\nnameserver x.y\n# nothing\nfoo bar\noptions ndots:2 edns0 rotate smart timeout:3 attempts:9\n"
	local c = config.new()
	values({ true }, c:loadpath(path))
	values({ "1.2.3.4", 9 }, list(c:getns()), c:getopts().attempts)
	local warnings = c:warnings()
	equal(#warnings, 2)
	t.check(warnings[1]:find(path .. ":2:", 1, true) and warnings[1]:find("x.y", 1, true), warnings[1])
	t.check(warnings[2]:find(":4:", 1, true) and warnings[2]:find("foo", 1, true), warnings[2])
end)

t.plain("an_open_file_is_read_from_where_it_stands", function()
	local file = io.open(d.file "nameserver 1.1.1.1\nnameserver 2.2.2.2\n")
	file:read "*l"
	local c = config.new()
	values({ true }, c:loadfile(file))
	equal(list(c:getns()), "2.2.2.2")
	file:close()
	values({ true }, c:loadfile(file)) -- nothing to read
	equal(list(c:getns()), "2.2.2.2")
	t.throws("expected", c.loadfile, c, "x")
end)

t.plain("nsswitch_conf_tells_the_order_of_sources", function()
	local c = config.loadpath(d.file "hosts:dns [!SUCCESS=return] files mdns4\n", config.NSSWITCH_CONF)
	equal(list(c:getlookup()), "bind file")
	values({ true }, c:loadpath(d.file "nameserver 127.0.0.7\n", 7)) -- any other number: as resolv.conf
	equal(list(c:getns()), "127.0.0.7")
end)

t.plain("a_file_that_cannot_be_read_is_an_error_but_for_constructors", function()
	values({ false, errno.ENOENT }, config.new():loadpath "/nonexistent/file")
	for _, path in ipairs { "/nonexistent/file", "/", "" } do
		equal(tostring(config.loadpath(path)), tostring(config.new()))
	end
	local directory = io.open "/"
	if directory then
		equal(tostring(config.loadfile(directory)), tostring(config.new()))
	end
end)

t.plain("search_tells_the_names_to_ask_for", function()
	local function search(name, init)
		local words = {}
		for found in config.new(init):search(name) do
			words[#words + 1] = found
		end
		return list(words)
	end
	equal(search("a", { search = { "x.y", "z." } }), "a.x.y. a.z. a.")
	equal(search("a.b", { search = { "x" } }), "a.b. a.b.x.")
	equal(search("a.b", { search = { "x" }, ndots = 2 }), "a.b.x. a.b.")
	equal(search("a.", { search = { "x" } }), "a.")
	equal(search("a", { search = { "." } }), "a.")
	t.throws("string expected", function() config.new():search(5) end)
end)

t.plain("stub_and_root_start_from_the_systems_files", function()
	values({ false, true }, config.stub():getopts().recurse, config.root():getopts().recurse)
	equal(list(config.stub({ nameserver = { "1.1.1.1" } }):getns()), "1.1.1.1")
end)

t.finish()

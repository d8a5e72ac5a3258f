-- SPDX-License-Identifier: MIT
-- DNS configurations: tables, files, texts, and the order in which names of a search are tried.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "dns.lua")

local function show_config(label, c)
	show(label, c:get())
	show("  text", tostring(c))
end

part("constants", function()
	show("tcp", config.TCP_ENABLE, config.TCP_ONLY, config.TCP_DISABLE)
	show("syntax", config.RESOLV_CONF, config.NSSWITCH_CONF)
	show("type", config.type(config.new()), config.type {}, config.type "x", config.type())
end)

part("defaults", function()
	show_config("new", config.new())
	show_config("new of an empty table", config.new {})
	local c = config.new()
	show("getns", c:getns())
	show("getsearch", c:getsearch())
	show("getlookup", c:getlookup())
	show("getopts", c:getopts())
	show("getiface", c:getiface())
end)

part("everything set", function()
	local c = config.new { nameserver = { "127.0.0.1", "[10.0.0.1]:5353", "2001:DB8::1" }, search = { "a.test.", "b.test." },
		lookup = { "cache", "file", "bind" }, interface = "[1.2.3.4]:5",
		options = { edns0 = true, ndots = 3, timeout = 7, attempts = 4, rotate = true, recurse = true, smart = true, tcp = config.TCP_ONLY } }
	show_config("options apart", c)
	show_config("copy", config.new(c:get()))
	show_config("options at the top", config.new { edns0 = true, ndots = 2, timeout = 1, attempts = 1, rotate = true, recurse = true,
		smart = true, tcp = config.TCP_DISABLE })
	show("the table wins", config.new({ options = { ndots = 3 }, ndots = 4 }):getopts().ndots)
end)

part("name servers", function()
	for _, list in ipairs { {}, { "127.0.0.1" }, { "[127.0.0.1]:53" }, { "[127.0.0.1]:5300" }, { "::1" }, { "[::1]:53" }, { "[::1]:5300" },
		{ "[::1]" }, { "::ffff:1.2.3.4" }, { "0.0.0.0" }, { "::" }, { "1.1.1.1", "2.2.2.2", "3.3.3.3" },
		{ "1.1.1.1", "2.2.2.2", "3.3.3.3", "4.4.4.4" } } do
		local c = config.new { nameserver = list }
		show(table.concat(list, " "), c:getns())
		show("  text", tostring(c):match "^(.-)search")
	end
	for _, bad in ipairs { "x.y", "", "127.0.0.1:53", "1.2.3", "256.1.1.1", "1.2.3.4.5", "::g" } do
		refused(bad, config.new, { nameserver = { bad } })
	end
	refused("a string", config.new, { nameserver = "127.0.0.1" })
	refused("a table in it", config.new, { nameserver = { {} } })
end)

part("search domains", function()
	for _, list in ipairs { {}, { "a.test." }, { "a.test.", "b.test.", "c.", "d." }, { "UPPER.test." } } do
		local c = config.new { search = list }
		show(table.concat(list, " "), c:getsearch())
		show("  text", tostring(c):match "search[^\n]*")
	end
	refused("a string", config.new, { search = "a.test" })
end)

part("lookup", function()
	for _, list in ipairs { {}, { "file" }, { "bind" }, { "file", "bind" }, { "bind", "file" }, { "cache", "file", "bind" },
		{ "bind", "cache" }, { "File", "BIND" } } do
		local c = config.new { lookup = list }
		show(table.concat(list, " "), c:getlookup())
		show("  text", tostring(c):match "; hosts.-lookup[^\n]*")
	end
	refused("a string", config.new, { lookup = "file" })
end)

part("options", function()
	local values = { edns0 = { true, false, 1 }, rotate = { true, false, 1 }, recurse = { true, false, 1 }, smart = { true, false, 1 },
		ndots = { 0, 1, 15, "2" }, timeout = { 1, 30, "7" }, attempts = { 1, 5, "3" }, tcp = { 0, 1, 2 } }
	for _, name in ipairs { "edns0", "ndots", "timeout", "attempts", "rotate", "recurse", "smart", "tcp" } do
		for _, value in ipairs(values[name]) do
			local c = config.new { options = { [name] = value } }
			show(name .. " " .. tostring(value), c:getopts()[name], config.new({ [name] = value }):getopts()[name])
			show("  text", tostring(c):match "options[^\n]*")
		end
	end
	for _, name in ipairs { "ndots", "timeout", "attempts", "tcp" } do
		refused(name, config.new, { options = { [name] = "x" } })
		refused(name .. " as a boolean", config.new, { [name] = true })
	end
end)

part("interface", function()
	for _, address in ipairs { "127.0.0.1", "[192.168.1.1]:1234", "::1", "[::1]:99", "0.0.0.0" } do
		local c = config.new { interface = address }
		show(address, c:getiface(), c:get().interface)
	end
	refused("a name", config.new, { interface = "eth0.test" })
end)

part("setting", function()
	local c = config.new()
	show("set", c:set { ndots = 5, nameserver = { "1.1.1.1" } })
	show("set nothing", c:set {})
	show_config("now", c)
	show("setns", c:setns { "9.9.9.9", "8.8.8.8" })
	show("setsearch", c:setsearch { "q.test." })
	show("setlookup", c:setlookup { "file" })
	show("setopts", c:setopts { attempts = 9, rotate = true })
	show("setiface", c:setiface "[7.7.7.7]:77")
	show_config("now", c)
	c:setns { "1.1.1.1" }
	c:setsearch {}
	c:setopts { rotate = false }
	show_config("now", c)
	for _, name in ipairs { "setns", "setsearch", "setlookup", "setopts" } do
		refused(name, c[name], c)
		refused(name .. " 5", c[name], c, 5)
	end
	refused("setiface", c.setiface, c)
	refused("set", c.set, c)
	refused("set 5", c.set, c, 5)
end)

local function load(label, text, syntax, init)
	local c = config.new(init or {})
	show(label, c:loadpath(path_of(text), syntax))
	show("  servers", c:getns())
	show("  search", c:getsearch())
	show("  lookup", c:getlookup())
	show("  interface", c:getiface())
	show("  text", tostring(c):match "options[^\n]*")
end

part("resolv.conf", function()
	load("nothing", "")
	load("servers", "nameserver 1.2.3.4\nnameserver ::1\n")
	load("no newline at the end", "nameserver 1.2.3.4")
	load("blanks and tabs", "\tnameserver\t 1.2.3.4 \t\n\n   nameserver 5.6.7.8\n")
	load("CR LF", "nameserver 1.2.3.4\r\nsearch a.test b.test\r\n")
	load("with a port", "nameserver [1.2.3.4]:55\n")
	load("bad address", "nameserver x.y\nnameserver 5.6.7.8\n")
	load("four", "nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4\n")
	load("replaces", "nameserver 1.1.1.1\nsearch a\n", nil, { nameserver = { "9.9.9.9" }, search = { "z.", "y." } })
	load("keeps", "search a\n", nil, { nameserver = { "9.9.9.9" } })
	load("comments", "# nameserver 1.1.1.1\n; nameserver 2.2.2.2\nnameserver 3.3.3.3 # three\nnameserver 4.4.4.4 ; four\n")
	load("upper case", "NAMESERVER 1.1.1.1\nSearch X.test\nOptions NDOTS:3 Rotate\n")
	load("unknown words", "foo bar\nsortlist 1.2.3.4\nnameserver 4.4.4.4\nnameservers 5.5.5.5\n")
	load("search", "search a.test c.test.\n")
	load("search twice", "search a\nsearch b c\n")
	load("search of nothing", "search\n", nil, { search = { "z." } })
	load("four domains", "search a b c d\n")
	load("domain", "domain a.test\n")
	load("domain, then search", "domain a\nsearch b c\n")
	load("search, then domain", "search b c\ndomain a\n")
	load("lookup", "lookup file bind\n")
	load("lookup", "lookup cache bind\n")
	load("options", "options ndots:3 timeout:7 attempts:4 edns0 rotate\n")
	load("more options", "options recurse smart\n")
	load("two lines of options", "options ndots:4\noptions timeout:3\n")
	load("tcp", "options tcp\n")
	load("tcp:only", "options tcp:only\n")
	load("tcp:enable", "options tcp:enable\n", nil, { tcp = config.TCP_ONLY })
	load("tcp:disable", "options tcp:disable\n")
	load("unknown options", "options debug inet6 no-such:5 ndots:2\n")
	load("interface", "interface 1.2.3.4 55\n")
	load("interface without a port", "interface 1.2.3.4\n")
	load("read again", tostring(config.new { nameserver = { "1.1.1.1", "[2.2.2.2]:5" }, search = { "a.test." }, lookup = { "file", "bind" },
		options = { ndots = 2, timeout = 9, attempts = 3 } }))
end)

part("nsswitch.conf", function()
	for _, text in ipairs { "hosts: files dns\n", "hosts: dns files\n", "hosts:dns\n", "hosts: files\n", "", "hosts:\n", "hosts: db nis\n",
		"Hosts: Files DNS\n", "  hosts: files\n", "passwd: files\nhosts: dns\nnetworks: files\n", "hosts: files\nhosts: dns\n",
		"hosts: files mdns4_minimal [NOTFOUND=return] dns\n", "# hosts: dns\nhosts: files # dns\n", "hosts: dns myhostname files",
		"nameserver 1.2.3.4\n" } do
		local c = config.new { lookup = { "bind", "file" } }
		show(text, c:loadpath(path_of(text), config.NSSWITCH_CONF))
		show("  lookup", c:getlookup(), c:getns())
	end
end)

part("files", function()
	local c = config.new()
	show("none", named(c:loadpath "/nonexistent/resolv.conf"))
	refused("no path", c.loadpath, c)
	refused("no file", c.loadfile, c)
	refused("a word for a file", c.loadfile, c, "x")
	refused("syntax", c.loadpath, c, path_of "", "x")
	local file = assert(io.open(path_of "nameserver 7.7.7.7\n"))
	show("loadfile", c:loadfile(file))
	show("  servers", c:getns())
	file:seek "set"
	show("constructor", config.loadfile(file):getns())
	file:close()
	show("constructor", config.loadpath(path_of "nameserver 8.8.8.8\n"):getns())
	show("constructor, nsswitch", config.loadpath(path_of "hosts: files\n", config.NSSWITCH_CONF):getlookup())
	refused("constructor without path", config.loadpath)
	refused("constructor without file", config.loadfile)
	remove_files()
end)

part("stub and root", function()
	local stub, root = config.stub(), config.root()
	show("types", config.type(stub), config.type(root))
	show("recurse", stub:getopts().recurse, root:getopts().recurse)
	show("servers", #stub:getns() > 0)
	local c = config.stub { nameserver = { "1.1.1.1" }, ndots = 4, lookup = { "file" } }
	show("with a table", c:getns(), c:getopts().ndots, c:getlookup())
	c = config.root { nameserver = { "1.1.1.1" }, options = { tcp = config.TCP_DISABLE } }
	show("with a table", c:getns(), c:getopts().tcp, c:getopts().recurse)
	show("recurse=false", config.root({ recurse = false }):getopts().recurse)
end)

part("search", function()
	local function search(label, init, name)
		local words = {}
		for found in config.new(init):search(name) do
			words[#words + 1] = found
		end
		say(label, table.concat(words, " "))
	end
	search("no domains", {}, "a")
	search("one label", { search = { "x.y.", "z." } }, "a")
	search("domains without dots", { search = { "x.y", "z" } }, "a")
	search("two labels", { search = { "x.y.", "z." } }, "a.b")
	search("ends in a dot", { search = { "x.y." } }, "a.")
	search("two labels, ends in a dot", { search = { "x.y." } }, "a.b.")
	search("ndots 2", { search = { "x." }, ndots = 2 }, "a.b")
	search("ndots 2, three labels", { search = { "x." }, ndots = 2 }, "a.b.c")
	search("ndots 3, three labels", { search = { "x." }, ndots = 3 }, "a.b.c")
	search("ndots 0", { search = { "x." }, ndots = 0 }, "a")
	search("four", { search = { "a.", "b.", "c.", "d." } }, "n")
	search("upper case", { search = { "X." } }, "Name")
	search("the root", { search = { "x." } }, ".")
	local next_name = config.new({ search = { "x." } }):search "a"
	show("iterator", next_name(), next_name(), next_name(), next_name())
	refused("nothing", function() config.new():search() end)
	refused("a number", function() config.new():search(5) end)
end)

part("interpose", function()
	show("new", config.interpose("first", function(self) return self:getns()[1] end))
	show("call", config.new({ nameserver = { "1.2.3.4" } }):first())
end)

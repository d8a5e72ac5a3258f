-- SPDX-License-Identifier: MIT
-- Resolvers that ask a name server: UDP, TCP, what is taken for an answer, search lists, timeouts.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
dofile((arg[0]:gsub("[^/]*$", "")) .. "dns.lua")

local function a(name, last)
	return rr(name, "A", "\192\0\2" .. string.char(last or 1))
end

-- What the server says to each name. No name is asked twice of one server, as answers may be kept.
local script = {
	["two.test"] = function(q) return { an = { a(q.name, 1), a(q.name, 2) } } end,
	["none.test"] = function() return { ns = { soa "test" } } end,
	["nx.test"] = function() return { flags = 0x8183, ns = { soa "test" } } end,
	["mx.test"] = function(q)
		return { an = { rr(q.name, "MX", u16(10) .. domain "mail.test") }, ar = { a("mail.test", 9) } }
	end,
	["auth.test"] = function(q)
		return { flags = 0x8580, an = { a(q.name) }, ns = { rr("test", "NS", domain "ns.test") }, ar = { a("ns.test", 5) } }
	end,
	["alias.test"] = function(q)
		return { an = { rr(q.name, "CNAME", domain "other.test"), rr("other.test", "CNAME", domain "last.test"), a "last.test" } }
	end,
	["cname.test"] = function(q) return { an = { rr(q.name, "CNAME", domain "other.test") } } end,
	["cut.test"] = function(q) return q.protocol == "udp" and { flags = 0x8380 } or { an = { a(q.name, 3) } } end,
	["cut2.test"] = function(q) return { flags = 0x8380 } end,
	["id.test"] = function(q) return { { id = (q.id + 1) % 65536, an = { a(q.name, 66) } }, { an = { a(q.name, 1) } } } end,
	["question.test"] = function(q) return { { qd = { question("x.test", "A") }, an = { a(q.name, 66) } }, { an = { a(q.name, 1) } } } end,
	["garbage.test"] = function(q) return { "abc", ("\0"):rep(12), { an = { a(q.name, 1) } } } end,
	["slow.test"] = function(q) return { 0.1, { an = { a(q.name, 1) } } } end,
	["silent.test"] = function() end,
	["ipv6.test"] = function(q) return { an = { rr(q.name, "AAAA", ("\32\1"):rep(8)) } } end,
	["text.test"] = function(q) return { an = { rr(q.name, "TXT", counted "some text") } } end,
	["0.2.0.192.in-addr.arpa"] = function(q) return { an = { rr(q.name, "PTR", domain "host.test") } } end,
	["."] = function(q) return { an = { rr(".", "NS", domain "a.root.test") } } end,
}
script[""] = script["."]

local function answer(q)
	local f = script[q.name]
	if f then
		return f(q)
	elseif q.name:match "^fresh" or q.name:match "^www%d%.b%.test$" or q.name:match "^a%.b%.%a$" then
		return { an = { a(q.name, 7) } }
	end
	return { flags = 0x8183, ns = { soa "test" } }
end

local function make(client, port, options)
	options = options or {}
	options.nameserver = { "[127.0.0.1]:" .. port }
	options.interface = "[127.0.0.1]:" .. client
	options.lookup = options.lookup or { "bind" }
	options.timeout, options.attempts = options.timeout or 5, options.attempts or 1
	return resolver.new(options, options.hosts)
end

-- A task with a server, as part of its own.
local function serving(title, f)
	part(title, function()
		with_controller(function(controller)
			local client = free_port()
			local port = serve(controller, client, answer)
			f(client, port, controller)
		end)
	end)
end

part("a new one", function()
	local r = resolver.new { nameserver = { "127.0.0.1" } }
	show("type", resolver.type(r), resolver.type {}, resolver.type "x", resolver.type())
	show("stat", r:stat())
	show("events", r:events())
	show("timeout", type(r:timeout()))
	show("close", r:close())
	show("close again", r:close())
	show("type", resolver.type(r))
	for _, method in ipairs { "query", "submit", "fetch", "stat", "pollfd", "events", "timeout" } do
		refused(method, r[method], r, "a.test")
	end
	show("stub", resolver.type(resolver.stub()), resolver.type(resolver.stub { ndots = 3 }))
	show("root", resolver.type(resolver.root()), resolver.type(resolver.root { edns0 = true }))
	show("of objects", resolver.type(resolver.new(config.new(), hosts.new(), hints.new())))
	refused("bad configuration", resolver.new, { nameserver = { "x" } })
end)

serving("answers", function(client, port)
	local r = make(client, port)
	ask("A", r, "fresh1.test")
	ask("A, dot", r, "fresh2.test.")
	ask("two", r, "two.test", "A", "IN")
	ask("AAAA", r, "ipv6.test", "AAAA")
	ask("TXT, small letters", r, "text.test", "txt", "in")
	ask("MX by number", r, "mx.test", 15, 1)
	ask("PTR", r, "0.2.0.192.in-addr.arpa", "PTR")
	ask("NS of the root", r, ".", "NS")
	ask("CNAME", r, "cname.test", "CNAME")
	ask("no data", r, "none.test")
	ask("no such name", r, "nx.test")
	local p = ask("header", r, "auth.test")
	show("flags", p:flags())
	show("counts", p:count(1), p:count(2), p:count(4), p:count(8))
	r:close()
end)

serving("a chain of aliases", function(client, port)
	local r = make(client, port)
	local p = r:query "alias.test"
	show_records("question", p, { section = "QD" })
	show_records("answer", p, { section = "AN" })
	for record_of_type in p:grep { section = "AN", type = "A" } do
		show("address", record_of_type:addr(), record_of_type:name())
	end
	r:close()
end)

serving("truncated", function(client, port)
	local r = make(client, port)
	ask("by default", r, "cut.test")
	show("stat", r:stat().udp.sent.count, r:stat().udp.rcvd.count, r:stat().tcp.sent.count, r:stat().tcp.rcvd.count)
	r:close()
	r = make(client, port, { tcp = config.TCP_DISABLE })
	local p = ask("without TCP", r, "cut2.test")
	show("tc", p and p:flags().tc)
	r:close()
end)

serving("TCP only", function(client, port)
	local r = make(client, port, { tcp = config.TCP_ONLY })
	ask("first", r, "fresh3.test")
	ask("second", r, "fresh4.test", "A", "IN", 2)
	ask("no such name", r, "nx.test")
	show("stat", r:stat().udp.sent.count, r:stat().tcp.sent.count, r:stat().tcp.rcvd.count)
	r:close()
end)

serving("what is no answer", function(client, port)
	local r = make(client, port)
	ask("another identifier", r, "id.test")
	ask("another question", r, "question.test")
	ask("garbage", r, "garbage.test")
	r:close()
end)

serving("statistics", function(client, port)
	local r = make(client, port)
	r:query "fresh5.test"
	local stat = r:stat()
	show("one query", stat.queries, stat.udp.sent.count, stat.udp.rcvd.count, stat.udp.rcvd.bytes)
	show("bytes", stat.udp.sent.bytes > 0, stat.tcp.sent.bytes, stat.tcp.rcvd.bytes)
	r:query "fresh6.test"
	stat = r:stat()
	show("two", stat.queries, stat.udp.sent.count, stat.udp.rcvd.count)
	r:close()
end)

serving("search", function(client, port)
	local function search(label, name, options)
		local r = make(client, port, options)
		ask(label, r, name, "A", "IN", 5)
		r:close()
	end
	search("second domain", "www1", { search = { "a.test", "b.test", "c.test" } })
	search("dots enough", "a.b.c", { search = { "a.test" } })
	search("dot at the end", "www2.b.test.", { search = { "a.test" }, ndots = 5 })
	search("ndots", "a.b.d", { search = { "x.test" }, ndots = 3 })
	search("as it is first", "www3.b", { search = { "y.test", "test" } })
	search("nowhere", "nowhere", { search = { "z.test" } })
end)

serving("timeouts", function(client, port)
	local r = make(client, port)
	ask("0.1 s", r, "silent.test", "A", "IN", 0.1)
	ask("usable after it", r, "fresh7.test", "A", "IN", 2)
	ask("in time", r, "slow.test", "A", "IN", 2)
	r:close()
	r = make(client, port, { timeout = 1 })
	local start = cqueues.monotime()
	ask("attempts used up", r, "silent.test")
	show("soon", cqueues.monotime() - start < 2.5)
	r:close()
end)

part("trying again", function()
	with_controller(function(controller)
		local client, lost = free_port(), 0
		local port = serve(controller, client, function(q)
			lost = lost + 1
			return lost > 1 and { an = { a(q.name) } } or nil
		end)
		local r = make(client, port, { timeout = 1, attempts = 2 })
		ask("the same", r, "a.test")
		local stat = r:stat()
		show("stat", stat.udp.sent.count, stat.udp.rcvd.count)
		r:close()
	end)
	with_controller(function(controller)
		local client = free_port()
		local silent = serve(controller, client, function() end, { label = "first asked" })
		local second = serve(controller, client, answer, { label = "second asked", host = "127.0.0.2" })
		local r = resolver.new { nameserver = { "[127.0.0.1]:" .. silent, "[127.0.0.2]:" .. second }, lookup = { "bind" },
			interface = "[127.0.0.1]:" .. client, timeout = 1, attempts = 2 }
		ask("another", r, "fresh12.test")
		r:close()
	end)
end)

serving("submit and fetch", function(client, port)
	local r = make(client, port)
	show("submit", r:submit("slow.test", "A", "IN"))
	local p, code = r:fetch()
	show("fetch", p, error_name(code))
	show("poll", type(r:pollfd()), r:events(), type(r:timeout()))
	while not p and code == errno.EAGAIN do
		cqueues.poll(r, 1)
		p, code = r:fetch()
	end
	say("packet", body(p))
	show("fetched", r:fetch())
	show("submit another", r:submit "fresh8.test")
	p = r:query "fresh9.test"
	show_records("the last counts", p)
	refused("no name", r.submit, r)
	refused("type", r.submit, r, "a.test", "FOO")
	refused("class", r.submit, r, "a.test", "A", "FOO")
	refused("no name", r.query, r)
	refused("type", r.query, r, "a.test", "FOO")
	refused("class", r.query, r, "a.test", "A", "FOO")
	ask("empty name", r, "")
	r:close()
end)

serving("two resolvers at once", function(client, port, controller)
	local second = free_port()
	local other = serve(controller, second, answer, { label = "other asked", quiet = true })
	local r, s = make(client, port), make(second, other)
	local done = 0
	local wait = condition.new()
	for name, one in pairs { ["slow.test"] = r, ["fresh10.test"] = s } do
		controller:wrap(function()
			local p = one:query(name)
			done = done + 1
			if done == 1 then
				show_records("first", p)
			else
				show_records("second", p)
			end
			wait:signal()
		end)
	end
	while done < 2 do
		wait:wait(5)
	end
	r:close()
	s:close()
end)

serving("hosts first", function(client, port)
	local h = hosts.new()
	h:insert("10.0.0.1", "here.test")
	h:insert("10.0.0.2", "there.test")
	local r = make(client, port, { lookup = { "file", "bind" }, hosts = h })
	ask("in hosts", r, "here.test")
	ask("not there", r, "fresh11.test")
	ask("of another type", r, "here.test", "MX")
	r:close()
	r = make(client, port, { lookup = { "bind", "file" }, hosts = h })
	ask("not in DNS", r, "there.test")
	r:close()
end)

serving("smart, with all that is needed in the answer", function(client, port)
	local r = make(client, port, { smart = true })
	local p = r:query("mx.test", "MX")
	show_records("records", p)
	r:close()
end)

part("nobody there", function()
	local port = free_port()
	for _, tcp in ipairs { config.TCP_ENABLE, config.TCP_ONLY } do
		local r = resolver.new { nameserver = { "[127.0.0.1]:" .. port }, lookup = { "bind" }, timeout = 5, attempts = 1, tcp = tcp }
		ask(tostring(tcp), r, "a.test", "A", "IN", 2)
		r:close()
	end
end)

part("no servers, no lookup", function()
	for _, options in ipairs { { nameserver = {}, lookup = { "bind" } }, { nameserver = { "127.0.0.1" }, lookup = {} } } do
		local r = resolver.new(options)
		ask("nobody to ask", r, "a.test", "A", "IN", 1)
		r:close()
	end
end)

part("interpose", function()
	show("new", resolver.interpose("address", function(self, name)
		for r in self:query(name):grep { section = "AN", type = "A" } do
			return r:addr()
		end
	end))
	local h = hosts.new()
	h:insert("10.0.0.1", "here.test")
	show("call", resolver.new({ lookup = { "file" } }, h):address "here.test")
end)

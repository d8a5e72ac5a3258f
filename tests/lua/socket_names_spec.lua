-- SPDX-License-Identifier: MIT
-- Sockets that connect to and listen at names: what is found in a hosts table, in the DNS, or nowhere.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local dns, resolvers = require "cqueues.dns", require "cqueues.dns.resolvers"
local hosts = require "cqueues.dns.hosts"
local config = require "cqueues.dns.config"
local socket, errno, cqueues = t.socket, t.errno, t.cqueues
local equal = t.equal

local ENONAME, EFAIL = -1684960054, -1684960053

-- The names of all tests here; no server is ever asked.
local function know(entries, settings)
	local table = hosts.new()
	for _, entry in ipairs(entries) do
		table:insert(entry[1], entry[2])
	end
	settings = settings or { lookup = { "file" }, nameserver = {} }
	dns.setpool(resolvers.new(config.new(settings), table))
end

local function listener(address)
	local l = socket.listen { host = address or "127.0.0.1", port = 0, family = socket.AF_INET }
	t.check(l:listen(5), "listen")
	return l, (select(3, l:localname()))
end

t.test("a_name_from_the_hosts_table_is_connected_to", function()
	know { { "127.0.0.1", "server.test" } }
	local l, port = listener()
	local c = socket.connect("server.test", port)
	equal(c:connect(5), c)
	equal(c:phase(), "connected")
	local _, address = c:peername()
	equal(address, "127.0.0.1")
	c:setmode("b", "b")
	c:write "hello\n"
	c:flush()
	local s = l:accept(5)
	equal(s:read "*l", "hello")
end)

t.test("the_next_address_is_tried_when_one_refuses", function()
	-- 127.0.0.1 comes first: it is nearer to the source, which is itself, RFC 6724 rule 9.
	know { { "127.0.0.2", "two.test" }, { "127.0.0.1", "two.test" } }
	local address
	for _ = 1, 3 do -- another program may listen at that port of 127.0.0.1
		local l, port = listener "127.0.0.2"
		local c = socket.connect("two.test", port)
		equal(c:connect(5), c)
		address = select(2, c:peername())
		if address == "127.0.0.2" then
			t.check(l:accept(5), "accept")
			return
		end
	end
	equal(address, "127.0.0.2")
end)

-- Each waits for one of 32 resolvers first: its turn comes by a condition, which an interest in a socket once lost.
t.test("a_thousand_connect_at_once_by_names_of_their_own", function()
	local port = d.serve(function(name, kind) return kind == "A" and { { "AN", name, "A", "\127\0\0\1" } } or {} end)
	local before = dns.setpool(resolvers.new(d.options(port, { timeout = 10, attempts = 2 }), hosts.new()))
	local l, listening = listener()
	local controller, sockets, done = cqueues.running(), {}, 0
	local ended = t.condition.new()
	controller:wrap(function()
		for i = 1, 1000 do
			sockets[i] = l:accept(15)
		end
	end)
	for i = 1, 1000 do
		controller:wrap(function()
			local c = socket.connect("n" .. i .. ".test", listening)
			if i % 2 == 0 then -- polled like any object
				while not c:connect(0) do
					c:clearerr()
					cqueues.poll(c)
				end
			else
				t.check(c:connect(15), "connect")
			end
			c:close()
			done = done + 1
			ended:signal()
		end)
	end
	while done < 1000 do
		ended:wait()
	end
	for _, s in pairs(sockets) do
		s:close()
	end
	dns.setpool(before or resolvers.stub())
end)

t.test("a_name_without_an_address_says_so", function()
	know {}
	local c = socket.connect("nowhere.test", 1)
	t.returns_errors(c)
	local value, code = c:connect(5)
	equal(value, nil)
	equal(code == ENONAME or code == EFAIL, true, "CQ_ENONAME or CQ_EFAIL")
	equal(c:phase(), "failed")
	equal(c:reason():match "nowhere%.test" ~= nil, true, c:reason())
end)

t.test("who_refuses_is_named", function()
	know { { "127.0.0.1", "closed.test" } }
	local l, port = listener()
	l:close()
	local c = socket.connect("closed.test", port)
	local ok, why = pcall(c.read, c, "*l")
	equal(ok, false)
	equal(tostring(why):match ": Connection refused %(closed%.test: 127%.0%.0%.1:%d+%)$" ~= nil, true, tostring(why))
end)

t.test("the_time_limit_covers_the_lookup", function()
	local silent = t.check(socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }, "listen")
	t.check(silent:listen(5), "listen")
	local port = select(3, silent:localname())
	know({}, { lookup = { "bind" }, nameserver = { "[127.0.0.1]:" .. port }, options = { timeout = 30 } })
	local c = socket.connect("slow.test", 1)
	equal(c:phase(), "resolving")
	local began = cqueues.monotime()
	local value, code = c:connect(0.2)
	equal(value, nil)
	equal(code, errno.ETIMEDOUT)
	equal(cqueues.monotime() - began < 5, true, "in time")
	equal(c:phase(), "resolving")
	equal(c:reason():match("127%.0%.0%.1:" .. port) ~= nil, true, c:reason())
	c:close()
	silent:close()
end)

t.test("a_listener_has_a_name", function()
	know { { "127.0.0.1", "here.test" } }
	local l = socket.listen { host = "here.test", port = 0 }
	t.check(l:listen(5), "listen")
	equal(l:phase(), "listening")
	local _, address, port = l:localname()
	equal(address, "127.0.0.1")
	local c = socket.connect("here.test", port)
	equal(c:connect(5), c)
end)

t.test("closing_ends_the_wait_for_a_name", function()
	local silent = t.check(socket.listen { host = "127.0.0.1", port = 0, type = socket.SOCK_DGRAM }, "listen")
	t.check(silent:listen(5), "listen")
	local port = select(3, silent:localname())
	know({}, { lookup = { "bind" }, nameserver = { "[127.0.0.1]:" .. port }, options = { timeout = 30 } })
	local before = t.descriptors()
	local c = socket.connect("never.test", 1)
	local ended = false
	cqueues.running():wrap(function()
		pcall(c.connect, c, 20)
		ended = true
	end)
	cqueues.sleep(0.05)
	c:close()
	cqueues.sleep(0.05)
	equal(ended, true, "the waiter goes on")
	collectgarbage()
	equal(t.descriptors(), before)
	silent:close()
end)

t.finish()

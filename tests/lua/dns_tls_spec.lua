-- SPDX-License-Identifier: MIT
-- Name servers over TLS: who is believed, what is never sent in plain text, and what connections cost.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local config = require "cqueues.dns.config"
local hints = require "cqueues.dns.hints"
local resolver = require "cqueues.dns.resolver"
local resolvers = require "cqueues.dns.resolvers"
local tls = require "cqueues.tls"
local cqueues, equal, check = t.cqueues, t.equal, t.check

local ENOTVERIFIED = -1935895351

local folder
local function file(name)
	if not folder then
		folder = t.directory() .. "/certificates"
		local script = here == "" and "../certificates.sh" or here .. "../certificates.sh"
		local done = os.execute(("sh %q %q >/dev/null 2>&1"):format(script, folder))
		if done ~= true and done ~= 0 then
			t.skip "no certificates: the openssl program is needed"
		end
	end
	return folder .. "/" .. name
end

local function server(name, more)
	name = name or "server"
	local settings = { role = "server", certificate = file(name .. ".pem"), key = file(name .. ".key") }
	for field, value in pairs(more or {}) do
		settings[field] = value
	end
	return check(tls.new(settings))
end

local ours
local function trusting()
	ours = ours or check(tls.new { role = "client", authorities = file "ca.pem" })
	return ours
end

-- A resolver that asks this server over TLS; `name` is what its certificate must have, false for none.
local function over_tls(port, name, more)
	local address = ("tls://127.0.0.1:%d%s"):format(port, name == false and "" or "#" .. (name or "localhost"))
	local options = { nameserver = { address }, lookup = { "bind" }, cache = false, timeout = t.deadline / 2, attempts = 1,
		tls = trusting() }
	for field, value in pairs(more or {}) do
		options[field] = value
	end
	return resolver.new(options)
end

local function ask(r, count, prefix)
	for i = 1, count do
		equal(d.addresses(r:query((prefix or "n") .. i .. ".test")), "192.0.2.1", "answer " .. i .. ": " .. tostring(r:reason()))
	end
end

-- A server that knows no TLS: its port, and how many datagrams and connections came. `mute`: it closes no connection.
local function plain_server(mute)
	local listener, udp, port = t.both()
	local seen = { udp = 0, tcp = 0, sizes = {} }
	cqueues.running():wrap(function()
		while true do
			local c = listener:accept()
			seen.tcp = seen.tcp + 1
			seen[seen.tcp] = c
			if not mute then
				c:close()
			end
		end
	end)
	cqueues.running():wrap(function()
		while true do
			local bytes, address, from = udp:recvfrom()
			seen.udp = seen.udp + 1
			seen.sizes[#seen.sizes + 1] = #bytes
			udp:sendto(d.framed(bytes):sub(3), address, from)
		end
	end)
	return port, seen
end

-- No test's time is spent on them.
t.plain("certificates_are_made", function() file "ca.pem" end)

t.test("a_hundred_queries_share_a_handshake", function()
	local port, seen = d.connections(d.answer_all, server())
	local r = over_tls(port)
	ask(r, 100)
	equal(seen.connections, 1)
	equal(seen.queries, 100)
	equal(r:stat().udp.sent.count, 0)
	equal(r:stat().tcp.sent.count, 100)
	r:close()
end)

t.test("every_query_is_a_multiple_of_128_bytes", function()
	local port, seen = d.connections(d.answer_all, server())
	local r = over_tls(port)
	for length = 1, 63 do
		local name = ("x"):rep(length) .. "." .. ("y"):rep(length) .. "." .. ("z"):rep(length) .. ".test"
		equal(d.addresses(r:query(name)), "192.0.2.1")
	end
	local most = 0
	for _, size in ipairs(seen.sizes) do
		equal(size % 128, 0, "size " .. size)
		most = math.max(most, size)
	end
	equal(most, 256)
	equal(r:stat().tcp.sent.bytes, seen.queries * 2 + (function()
		local sum = 0
		for _, size in ipairs(seen.sizes) do
			sum = sum + size
		end
		return sum
	end)())
	r:close()
end)

t.test("queries_in_plain_text_are_not_padded", function()
	local port, seen = d.connections(d.answer_all)
	local r = d.resolver(port, { tcp = "only", edns0 = true, cookies = false })
	ask(r, 1)
	equal(seen.sizes[1], 12 + 4 + 9 + 11) -- header, type and class, name, OPT
	r:close()
end)

t.test("the_certificate_must_be_for_the_name_or_for_the_address", function()
	local port, seen = d.connections(d.answer_all, server())
	local open = {}
	for _, name in ipairs { "localhost", "127.0.0.1", false } do
		open[#open + 1] = over_tls(port, name)
		ask(open[#open], 1)
	end
	equal(seen.connections, 3, "routes with other names share nothing")
	local r = over_tls(port, "resolver.test")
	t.fails(ENOTVERIFIED, r:query "secret.test")
	equal(r:reason(), ("secret.test.: 127.0.0.1:%d: certificate verify failed: hostname mismatch: it is not for resolver.test")
		:format(port))
	equal(seen.queries, 3, "nothing was asked of it")
	r:close()
	local other = d.connections(d.answer_all, server "other") -- for other.test and 127.0.0.2
	r = over_tls(other, false)
	t.fails(ENOTVERIFIED, r:query "secret.test")
	check(r:reason():find("IP address mismatch: it is not for 127.0.0.1", 1, true), r:reason())
	r:close()
	r = over_tls(other, "other.test")
	ask(r, 1)
	r:close()
	-- A configuration that verifies nothing changes nothing.
	r = over_tls(port, "resolver.test", { tls = check(tls.new { role = "client", authorities = file "ca.pem", verify = "none" }) })
	t.fails(ENOTVERIFIED, r:query "secret.test")
	r:close()
	for _, one in ipairs(open) do
		one:close()
	end
end)

t.test("certificates_that_have_expired_or_are_of_strangers_are_refused", function()
	for name, reason in pairs { expired = "certificate has expired", untrusted = "unable to get local issuer certificate",
		alone = "self-signed certificate" } do
		local port, seen = d.connections(d.answer_all, server(name))
		local r = over_tls(port)
		t.fails(ENOTVERIFIED, r:query "secret.test")
		check(r:reason():find(reason, 1, true), r:reason())
		equal(seen.queries, 0)
		r:close()
	end
end)

t.test("a_server_without_tls_is_not_asked_in_plain_text", function()
	local port, seen = plain_server()
	local r = over_tls(port, "localhost", { timeout = 1 })
	local p = r:query "secret.test"
	check(not p or p:count() == 1, "no answer")
	equal(seen.udp, 0)
	r:close()
	local l, closed = t.listener()
	l:close()
	r = over_tls(closed)
	t.fails(t.errno.ECONNREFUSED, r:query "secret.test")
	r:close()
end)

t.test("the_next_server_is_asked_over_tls_as_well", function()
	local bad, refused = d.connections(d.answer_all, server "expired")
	local good = d.connections(d.answer_all, server())
	local r = over_tls(bad, nil, { nameserver = { ("tls://127.0.0.1:%d#localhost"):format(bad),
		("tls://127.0.0.1:%d#localhost"):format(good) } })
	ask(r, 2)
	equal(refused.queries, 0)
	r:close()
end)

t.test("sessions_are_resumed", function()
	local port, seen = d.connections(function(connection)
		connection.say(d.framed(connection.query()))
	end, server())
	local r = over_tls(port)
	ask(r, 10)
	equal(seen.queries, 10)
	check(seen.resumed >= 9, "resumed " .. seen.resumed)
	r:close()
end)

t.test("connections_over_tls_may_end_when_the_server_likes", function()
	local port, seen = d.connections(function(connection)
		connection.say(d.framed(connection.query()))
		cqueues.sleep(0.03)
	end, server())
	local r = over_tls(port)
	for i = 1, 3 do
		ask(r, 1, "round" .. i .. "-")
		cqueues.sleep(0.1)
	end
	equal(seen.queries, 3)
	r:close()
end)

t.test("answers_over_tls_come_in_any_order_and_byte_by_byte", function()
	local port, seen = d.connections(function(connection)
		local waiting = {}
		while true do
			local query = connection.query()
			if not query then
				return
			end
			waiting[#waiting + 1] = d.framed(query)
			if #waiting == 5 then
				for i = 5, 1, -1 do
					for byte in waiting[i]:gmatch "." do
						connection.say(byte)
					end
				end
			end
		end
	end, server())
	local answers, all = 0, {}
	for i = 1, 5 do
		all[i] = over_tls(port)
		cqueues.running():wrap(function()
			ask(all[i], 1, "task" .. i .. "-")
			answers = answers + 1
		end)
	end
	while answers < 5 do
		cqueues.sleep(0.01)
	end
	for _, r in ipairs(all) do
		r:close()
	end
	equal(seen.queries, 5)
	equal(seen.connections, 1)
end)

t.test("a_slow_server_costs_the_timeout_and_the_next_query_a_new_connection", function()
	local port, seen = d.connections(function(connection, number)
		if number > 1 then
			return d.answer_all(connection)
		end
		while connection.query() do end
	end, server())
	local r = over_tls(port, nil, { timeout = 1, attempts = 2 })
	local begun = cqueues.monotime()
	ask(r, 1)
	check(cqueues.monotime() - begun >= 0.9, "time")
	equal(seen.connections, 2)
	r:close()
end)

t.test("a_query_may_be_cancelled_anywhere", function()
	local port = d.connections(d.answer_all, server())
	for pause = 1, 10 do
		local r = over_tls(port)
		local begun, done
		cqueues.running():wrap(function()
			begun = true
			done = t.pack(r:query "gone.test")
		end)
		repeat cqueues.sleep(pause / 2000) until begun
		r:close()
		while not done do
			cqueues.sleep(0.001)
		end
		check(done[1] or done[2] == t.errno.ECANCELED, tostring(done[2]))
	end
end)

t.test("a_pool_shares_connections", function()
	local port, seen = d.connections(d.answer_all, server())
	local pool = resolvers.new { nameserver = { ("tls://127.0.0.1:%d#localhost"):format(port) }, lookup = { "bind" },
		cache = false, tls = trusting() }
	for i = 1, 10 do
		equal(d.addresses(pool:query("n" .. i .. ".test")), "192.0.2.1")
	end
	equal(seen.connections, 1)
end)

-- -- The option --------------------------------------------------------------------------------

local function option(port, value, more)
	local options = d.options(port, { ["dns-over-tls"] = value, tls = trusting() })
	for field, each in pairs(more or {}) do
		options[field] = each
	end
	return resolver.new(options)
end

t.test("with_the_option_servers_are_verified_by_their_addresses", function()
	local port, seen = d.connections(d.answer_all, server())
	local r = option(port, true)
	ask(r, 2)
	equal(seen.connections, 1)
	r:close()
	local other, refused = d.connections(d.answer_all, server "other")
	r = option(other, true)
	t.fails(ENOTVERIFIED, r:query "secret.test")
	equal(refused.queries, 0)
	r:close()
	local plain, asked = plain_server()
	r = option(plain, true, { timeout = 1 })
	r:query "secret.test"
	equal(asked.udp, 0)
	r:close()
	r = option(plain, true, { timeout = 1, nameserver = {} })
	r:close()
end)

t.test("opportunistic_looks_at_no_certificate", function()
	for _, name in ipairs { "server", "expired", "untrusted", "other" } do
		local port, seen = d.connections(d.answer_all, server(name))
		local r = option(port, "opportunistic")
		ask(r, 3)
		equal(seen.connections, 1)
		equal(seen.sizes[1] % 128, 0)
		equal(r:stat().udp.sent.count, 0)
		r:close()
	end
end)

t.test("opportunistic_asks_in_plain_text_where_there_is_no_tls_and_remembers_it", function()
	local port, seen = plain_server()
	local r = option(port, "opportunistic")
	ask(r, 3)
	equal(seen.tcp, 1)
	equal(table.concat(seen.sizes, " "), "25 25 25", "without EDNS, as the configuration says")
	r:close()
end)

t.test("opportunistic_does_not_wait_long_for_a_handshake", function()
	local port = plain_server(true)
	local r = option(port, "opportunistic")
	local begun = cqueues.monotime()
	ask(r, 1)
	local first = cqueues.monotime()
	ask(r, 1, "second")
	check(first - begun > 1 and first - begun < 4, "time " .. first - begun)
	check(cqueues.monotime() - first < 1, "time of the second")
	r:close()
end)

-- -- Text ---------------------------------------------------------------------------------------

t.test("servers_over_tls_are_read_back_as_they_are_written", function()
	for given, written in pairs {
		["tls://1.2.3.4"] = "tls://1.2.3.4",
		["tls://1.2.3.4:853#dns.example"] = "tls://1.2.3.4#dns.example",
		["tls://1.2.3.4:8853"] = "tls://1.2.3.4:8853",
		["tls://[1.2.3.4]:8853#a.example"] = "tls://1.2.3.4:8853#a.example",
		["tls://[2001:db8::1]#a.example"] = "tls://[2001:db8::1]#a.example",
		["tls://2001:db8::1#a.example"] = "tls://[2001:db8::1]#a.example",
		["tls://[2001:db8::1]:53#10.0.0.1"] = "tls://[2001:db8::1]:53#10.0.0.1",
	} do
		local c = config.new { nameserver = { given } }
		equal(c:getns()[1], written)
		equal(config.new { nameserver = { written } }:getns()[1], written)
		local path = d.file(tostring(c) .. "# a comment\n")
		local again = config.loadpath(path)
		equal(again:getns()[1], written)
		equal(tostring(again), tostring(c))
		local h = hints.new()
		h:insert(".", given)
		equal(h:grep "." (), written)
		check(tostring(h):find(written, 1, true))
	end
	for _, bad in ipairs { "tls://", "tls://#a.example", "tls://1.2.3.4#", "tls://a.example", "tls://1.2.3.4:x", "tls://1.2.3.4#a b",
		"tls://1.2.3.4#a#b", "tls://1.2.3.4#" .. ("a"):rep(255), "https://1.2.3.4", "tls://1.2.3.4:70000" } do
		t.throws(bad, config.new, { nameserver = { bad } })
	end
end)

t.test("comments_begin_behind_the_name", function()
	local c = config.loadpath(d.file [[
nameserver tls://1.2.3.4#dns.example # a comment
nameserver tls://1.2.3.5;a comment
nameserver 1.2.3.6#a comment
# nameserver tls://1.2.3.7
]])
	equal(table.concat(c:getns(), " "), "tls://1.2.3.4#dns.example tls://1.2.3.5 1.2.3.6")
	equal(#c:warnings(), 0)
end)

t.test("the_option_is_told_and_read_back", function()
	for value, text in pairs { [true] = " dns-over-tls\n", opportunistic = " dns-over-tls:opportunistic\n" } do
		local c = config.new { ["dns-over-tls"] = value }
		equal(c:getopts()["dns-over-tls"], value)
		check(tostring(c):find(text, 1, true), tostring(c))
		equal(config.loadpath(d.file(tostring(c))):getopts()["dns-over-tls"], value)
		equal(#config.loadpath(d.file(tostring(c))):warnings(), 0)
		c:setopts { ["dns-over-tls"] = false }
		equal(c:getopts()["dns-over-tls"], nil)
	end
	t.throws("dns-over-tls", config.new, { ["dns-over-tls"] = "perhaps" })
	t.throws("dns-over-tls", config.new, { ["dns-over-tls"] = 1 })
	t.throws("tls", config.new, { tls = "ca.pem" })
	t.throws("tls", config.new, { tls = {} })
	equal(config.new():settls(trusting()), true)
	equal(config.new():settls(nil), true)
end)

t.test("the_words_of_a_wait_tell_of_tls", function()
	local port = d.connections(function(connection)
		while connection.query() do end
	end, server())
	local r = over_tls(port)
	local controller = cqueues.running()
	controller:wrap(function() r:query "words.test" end)
	cqueues.sleep(0.2)
	local text = {}
	cqueues.dump({ write = function(_, ...) text[#text + 1] = table.concat { ... } end }, controller)
	local found = table.concat(text):match "answer of [^\n]*"
	equal((found or ""):match "^.*try 1", ("answer of 127.0.0.1:%d (TLS) to A words.test., try 1"):format(port))
	r:close()
end)

t.finish()

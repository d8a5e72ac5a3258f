-- SPDX-License-Identifier: MIT
-- What makes replies hard to forge: cookies, and random letter case.
local here = arg[0]:gsub("[^/]*$", "")
local t = dofile(here .. "harness.lua")
local d = dofile(here .. "dns.lua")(t)
local config = require "cqueues.dns.config"
local equal = t.equal

-- The data of the cookie in a query, whose last record is OPT with that option alone; "" for none.
local function cookie_of(query)
	local bytes = query:dump()
	for _, size in ipairs { 8, 24 } do
		if bytes:sub(-size - 4, -size - 1) == "\0\10" .. d.u16(size) then
			return bytes:sub(-size)
		end
	end
	return ""
end

-- A server that gives each client cookie the same server cookie; `seen` lists the sizes of those that came.
local function cook(seen, spoil)
	return function(name, _, protocol, query)
		local cookie = cookie_of(query)
		seen[#seen + 1] = protocol .. #cookie
		local data = cookie:sub(1, 8) .. ("s"):rep(16)
		local opt = { "AR", ".", "OPT", "\0\10\0\24" .. data, 0 }
		return { { "AN", name, "A", "\192\0\2\1" }, cookie ~= "" and not spoil[protocol .. #seen] and opt or nil }
	end
end

t.test("a_cookie_goes_to_the_server_and_one_without_is_not_believed_of_it", function()
	local seen = {}
	local r = d.resolver(d.serve(cook(seen, { udp3 = true })), { edns0 = true })
	for _, name in ipairs { "one.test", "two.test", "three.test" } do
		equal(d.addresses(r:query(name)), "192.0.2.1")
	end
	equal(table.concat(seen, " "), "udp8 udp24 udp24 tcp24")
	r:close()
end)

t.test("cookies_can_be_turned_off", function()
	local seen = {}
	local r = d.resolver(d.serve(cook(seen, {})), { edns0 = true, cookies = false })
	equal(d.addresses(r:query "one.test"), "192.0.2.1")
	equal(table.concat(seen, " "), "udp0")
	r:close()
end)

t.test("names_go_in_random_letters_and_come_back_in_those_of_the_asker", function()
	local asked = {}
	local port = d.serve(function(_, _, _, query)
		local name = query:grep { section = "QD" } ():name()
		asked[#asked + 1] = name
		return { { "AN", name, "A", "\192\0\2\1" } }
	end)
	-- The server of these specs writes small letters into the question, so the second query goes over TCP, where that
	-- is believed; the third name is asked in its own letters.
	local r = d.resolver(port, { ["use-caps-for-id"] = true })
	for _, name in ipairs { "A-name-that-is-Long-enough.test.", "another-name.test." } do
		local p = t.check(r:query(name))
		equal(p:grep { section = "QD" } ():name(), name)
		equal(p:grep { section = "AN" } ():name(), name)
	end
	equal(#asked, 3)
	equal(asked[1]:lower(), "a-name-that-is-long-enough.test.")
	t.check(asked[1] ~= "A-name-that-is-Long-enough.test." and asked[1] == asked[2], "letters")
	equal(asked[3], "another-name.test.")
	r:close()
end)

t.plain("both_options_are_told_when_they_are_not_the_usual_ones", function()
	local o = config.new({ cookies = false, ["use-caps-for-id"] = true })
	equal(o:getopts().cookies, false)
	equal(o:getopts()["use-caps-for-id"], true)
	t.check(tostring(o):find(" nocookies use%-caps%-for%-id"), tostring(o))
	equal(config.new():getopts().cookies, nil)
	equal(config.new():getopts()["use-caps-for-id"], nil)
end)

t.finish()

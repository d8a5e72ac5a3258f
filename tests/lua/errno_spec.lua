-- SPDX-License-Identifier: MIT
-- errno: names, numbers, texts.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local errno, equal = t.errno, t.equal

t.plain("every_name_has_a_number_and_every_number_a_name_of_it", function()
	local names = 0
	for name, number in pairs(errno) do
		if type(name) == "string" and type(number) == "number" and number > 0 then
			names = names + 1
			t.check(name:match "^E[%u%d]+$", "the name " .. name)
			equal(errno[errno[number]], number, "the name of " .. number)
		end
	end
	t.check(names >= 70, "names known")
end)

t.plain("the_common_errors_are_there", function()
	for name in ("EAGAIN EPIPE ETIMEDOUT EBADF EINVAL ECONNREFUSED ECONNRESET EADDRINUSE EMFILE ENOENT"):gmatch "%S+" do
		t.check(errno[name], name)
		equal(errno[errno[name]], name)
	end
end)

t.plain("strerror_says_what_the_system_says", function()
	equal(errno.strerror(errno.EPIPE), "Broken pipe")
	local _, message, number = io.open "/no/such/file"
	t.check(message:find(errno.strerror(number), 1, true), message)
end)

t.plain("an_unknown_name_is_nil_and_an_unknown_number_still_has_a_text", function()
	equal(errno.ENOSUCHNAME, nil)
	equal(errno[123456], nil)
	t.check(#errno.strerror(123456) > 0, "text")
end)

t.plain("the_library_s_own_numbers_have_texts_of_their_own", function()
	-- sockets begin at -('sck9'), DNS at -('dns@'), as four bytes
	for _, base in ipairs { -0x73636b39, -0x646e7340 } do
		local seen = {}
		for i = 0, 4 do
			local text = errno.strerror(base + i)
			t.check(not text:find "Unknown error", text)
			t.check(not seen[text], "once only: " .. text)
			seen[text] = true
		end
	end
end)

t.plain("strerror_wants_a_number", function()
	t.throws("number expected", errno.strerror)
	t.throws("number expected", errno.strerror, "EPIPE")
end)

t.finish()

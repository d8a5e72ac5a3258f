-- SPDX-License-Identifier: MIT
-- Error numbers: what is a number, which have no name, and the texts of all.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local base = { sck9 = -1935895353, ["dns@"] = -1684960064 }

part("members", function()
	show("functions", type(errno.strerror), type(errno.loader))
	show("loader", errno.loader() == errno)
	show("the module again", require "cqueues.errno" == errno)
	show("no such names", errno.strsignal, errno.EWHATEVER, errno.eperm, errno[""], errno[true])
end)

part("numbers without a name", function()
	local missing = {}
	for number = -1, 140 do
		if errno[number] == nil then
			missing[#missing + 1] = number
		end
	end
	say("missing", table.concat(missing, " "))
	for _, number in pairs(base) do
		show("of the library", (errno[number] or "CQ_E"):find "^CQ_E", type(errno.strerror(number)))
	end
	show("fractions and texts", errno[1.5], errno["1"])
end)

part("names and numbers are each other's", function()
	local names, bad = 0, {}
	for key, value in pairs(errno) do
		if type(key) == "number" and type(value) == "string" and key > 0 then
			names = names + 1
			if errno[value] ~= key then
				bad[#bad + 1] = key
			end
		end
	end
	show("numbers", names)
	show("that lead elsewhere", #bad)
	show("EAGAIN", errno[errno.EWOULDBLOCK])
	show("EOPNOTSUPP", errno[errno.ENOTSUP])
end)

part("texts", function()
	for number = -2, 140 do
		show("strerror " .. number, errno.strerror(number))
	end
	for _, number in ipairs { 1000, 99999, 2147483647, -2147483648, base.sck9 - 1, base.sck9 + 5, base["dns@"] - 1, base["dns@"] + 12 } do
		show("strerror " .. number, errno.strerror(number))
	end
end)

part("what is a number", function()
	for _, value in ipairs { 2, 2.0, "2", "2.0", " 2 ", "0x2" } do
		try("strerror " .. text_of(value), errno.strerror, value)
	end
	for _, value in ipairs { "", "x", "ENOENT", true, false, {}, print, io.stdout } do
		try("strerror of " .. (type(value) == "string" and value or type(value)), errno.strerror, value)
	end
	try("without one", errno.strerror)
	try("nil", errno.strerror, nil)
	try("further ones", errno.strerror, 2, 3, "x")
	show("one value", select("#", errno.strerror(2)))
end)

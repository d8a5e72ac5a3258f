-- SPDX-License-Identifier: MIT
-- Names, numbers and texts of errors.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "every name, both ways, and its text"
local list = {}
for key, value in pairs(errno) do
	if type(key) == "string" and type(value) == "number" and value > 0 then
		list[#list + 1] = key
	end
end
table.sort(list)
for _, key in ipairs(list) do
	-- a number with several names may give any of them
	io.write(key, " ", errno[key], " ", tostring(errno[errno[errno[key]]] == errno[key]), " ", errno.strerror(errno[key]), "\n")
end

section "every number"
local numbers = {}
for key, value in pairs(errno) do
	if type(key) == "number" and key > 0 then
		numbers[#numbers + 1] = key
	end
end
table.sort(numbers)
for _, number in ipairs(numbers) do
	io.write(number, " ", number == errno.EDEADLK and "EDEADLK" or errno[number], "\n")
end

section "names of old"
show("aliases", errno.EAGAIN == errno.EWOULDBLOCK, errno.EDEADLK == errno.EDEADLOCK, errno.ENOTSUP == errno.EOPNOTSUPP)
show("unknown", errno.ENOSUCHNAME, errno[99999])

section "strerror"
show("0", errno.strerror(0))
show("unknown", errno.strerror(99999))
try("none", errno.strerror)
try("a word", errno.strerror, "x")
try("a numeric string", errno.strerror, "2")
try("nil", errno.strerror, nil)

section "the library's own numbers: which have a text"
local function base(letters)
	local a, b, c, d = letters:byte(1, 4)
	return -(((a * 256 + b) * 256 + c) * 256 + d)
end
for i = 0, 4 do
	show("sck9 " .. i, not errno.strerror(base "sck9" + i):find "Unknown error")
end
for i = 0, 11 do
	show("dns@ " .. i, not errno.strerror(base "dns@" + i):find "Unknown error")
end
show("-1", errno.strerror(-1))

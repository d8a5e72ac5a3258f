-- SPDX-License-Identifier: MIT
-- Whole programs: an echo server, a line protocol, a header protocol, over TCP and UNIX.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "echo server, ten clients"
local cq = cqueues.new()
local srv = socket.listen("127.0.0.1", 0)
srv:listen(5)
local port = select(3, srv:localname())
cq:wrap(function()
	for _ = 1, 10 do
		local con = srv:accept(5)
		cq:wrap(function()
			local line = con:read "*L"
			while line do
				con:write(line)
				line = con:read "*L"
			end
			con:shutdown "w"
		end)
	end
end)
local answers = {}
for i = 1, 10 do
	cq:wrap(function()
		local con = socket.connect("127.0.0.1", port)
		for j = 1, 5 do
			con:write("client ", i, " line ", j, "\n")
			local answer = con:read "*l"
			answers[#answers + 1] = answer
		end
		con:close()
	end)
end
show("loop", cq:loop(10))
table.sort(answers)
show("answers", #answers, answers[1], answers[#answers])

section "a protocol of headers and body"
cq = cqueues.new()
cq:wrap(function()
	local con = srv:accept(5)
	show("request", con:read "*l")
	local length
	local header = con:read "*h"
	while header do
		show("header", header)
		length = length or tonumber(header:match "^Length: (%d+)")
		header = con:read "*h"
	end
	show("blank", con:read "*L")
	show("body", con:read(length))
	con:write("HTTP/1.0 200 OK\n", "\n", "done")
	con:flush()
	con:close()
end)
cq:wrap(function()
	local con = socket.connect("127.0.0.1", port)
	con:write "POST / HTTP/1.0\n"
	con:write "Folded: one\n two\nLength: 8\n\n"
	con:setmode(nil, "bf")
	con:write "body\r\ntxt"
	con:flush()
	show("status", con:read "*l")
	show("blank", con:read "*l")
	show("rest", con:read "*a")
end)
show("loop", cq:loop(10))

section "a megabyte each way at once over UNIX"
local directory = new_directory()
local l = socket.listen { path = directory .. "/socket" }
l:listen(5)
local text = ("0123456789abcdef"):rep(65536)
cq = cqueues.new()
local function both(label, s)
	s:setmode("b", "bn")
	local me = cqueues.running()
	me:wrap(function()
		s:write(text)
		s:shutdown "w"
	end)
	show("received all", s:read "*a" == text)
end
cq:wrap(function() both("server", l:accept(5)) end)
cq:wrap(function() both("client", socket.connect { path = directory .. "/socket" }) end)
show("loop", cq:loop(10))
remove_directory(directory)

section "without a controller"
local c = socket.connect("127.0.0.1", port)
c:write "hello\n"
local s = srv:accept(5)
show("read", s:read "*l")
s:write "answer\n"
show("read", c:read "*l")
c:close()
show("end", s:read "*l")

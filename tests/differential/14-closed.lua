-- SPDX-License-Identifier: MIT
-- A socket after close: what is thrown and what its peer sees.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function closed()
	local a, b = pair()
	a:close()
	return a, b
end

section "close"
local a, b = pair()
show("close", a:close())
show("close again", a:close())
show("type", socket.type(a))
show("peer reads", b:read "*l")
show("peer eof", b:eof())

section "methods on it"
local calls = {
	{ "read", "*l" }, { "write", "x" }, { "flush" }, { "fill", 1 }, { "unget", "x" }, { "pending" },
	{ "uncork" }, { "recv", "*l" }, { "send", "x", 1, 1 }, { "shutdown", "rw" }, { "eof" },
	{ "error" }, { "clearerr" }, { "seterror", "r", 1 }, { "peername" }, { "localname" },
	{ "stat" }, { "connect" }, { "listen" }, { "accept", 0 },
	{ "setvbuf", "full" }, { "setmode", "b" }, { "setbufsiz" }, { "setmaxline" },
	{ "settimeout", 1 }, { "setmaxerrs" }, { "onerror" }, { "pollfd" }, { "events" },
	{ "timeout" }, { "xread", "*l" }, { "xwrite", "x" }, { "clear" }, { "pack", 1, 8 }, { "unpack", 8 },
}
for _, call in ipairs(calls) do
	local s = closed()
	local results = pack(pcall(s[call[1]], s, unpack(call, 2)))
	-- the number and the name of the argument are the affair of each implementation
	show(call[1], results[1], type(results[2]) == "string" and results[2]:match "socket closed" or type(results[2]))
end
show("lines", pcall(function() local s = closed() return type(s:lines()) end))
try("clients", function() local s = closed() return type(s:clients()) end)

section "not a socket"
a = pair()
for _, method in ipairs { "pending", "eof", "peername", "close" } do
	for _, object in ipairs { 5, cqueues.new(), "x", {} } do
		local ok, why = pcall(a[method], object)
		show(method, ok, (tostring(why):match "bad argument #1 .*CQS Socket expected"))
	end
end

section "a peer that closes with data unread"
a, b = pair()
a:write "one\ntwo"
a:close()
show("read", b:read "*l")
show("read", b:read "*l")
show("read", b:read "*l")

section "closing while another task reads"
a, b = pair()
run(function()
	local ok, value, code = protect(b.read, b, "*l")
	show("reader", ok, ok and value or tostring(value):match "socket closed" or "other", error_name(code))
end, function()
	cqueues.sleep(0.01)
	b:close()
	show("closed", socket.type(b))
end)

section "closing the peer while another task reads"
a, b = pair()
run(function()
	show("reader", b:read "*l")
	show("reader", b:eof())
end, function()
	cqueues.sleep(0.01)
	a:close()
end)

-- SPDX-License-Identifier: MIT
-- Errors of a stream: what is returned, what is kept, what is thrown.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "a new pair"
local a, b = pair()
show("error", a:error())
show("error r", a:error "r")
show("error w", a:error "w")
show("error wr", a:error "wr")
show("error empty", a:error "")
show("error rrw", a:error "rrw")
try("error x", a.error, a, "x")
try("error rx", a.error, a, "rx")
try("error true", a.error, a, true)
show("error nil", a:error(nil))

section "seterror and clearerr"
show("seterror r", a:seterror("r", errno.EIO))
show("error", named(a:error()))
show("seterror w", a:seterror("w", errno.EPIPE))
show("error wr", named(a:error "wr"))
show("eof", a:eof())
show("seterror rw", a:seterror("rw", errno.ENOMEM))
show("error", named(a:error()))
show("clearerr r", named(a:clearerr "r"))
show("error", named(a:error()))
show("clearerr", named(a:clearerr()))
show("error", named(a:error()))
show("clearerr again", named(a:clearerr()))
show("seterror nil", pcall(a.seterror, a, "rw", nil))
show("seterror 0", pcall(a.seterror, a, "rw", 0))
show("error", a:error())
try("seterror x", a.seterror, a, "x", 5)
try("seterror()", a.seterror, a)
try("clearerr x", a.clearerr, a, "x")
show("clear", a:clear())

section "a kept error answers reads"
a, b = pair()
a:write "data\n"
returns_errors(b)
b:seterror("r", errno.EIO)
show("read", named(b:read "*l"))
show("write", b:write "x")
show("clearerr", named(b:clearerr()))
show("read", named(b:read "*l"))

section "a kept error answers writes"
a, b = pair()
returns_errors(a)
a:seterror("w", errno.EIO)
show("write", named(a:write "x"))
show("flush", named(a:flush()))
show("read", pcall(function() b:write "y\n" return a:read "*l" end))
show("clearerr", named(a:clearerr()))
show("write", a:write "x")

section "timeout on read"
a, b = pair()
b:settimeout(0.01)
a:write "part"
show("read *l", named(b:read "*l"))
show("error", named(b:error()))
show("pending", b:pending())
show("again", named(b:read "*l"))
a:write " two\n"
show("with data but the error kept", named(b:read "*l"))
show("clearerr", named(b:clearerr()))
show("read", b:read "*l")
show("read", named(b:read(5)))
b:clearerr()
a:write "1234"
show("read 5", named(b:read(5)))
b:clearerr()
show("pending", b:pending())
a:write "5"
show("read 5", named(b:read(5)))
a:write "one\ntw"
show("two formats", named(b:read("*l", "*l", "*l")))
b:clearerr()
show("read -10", named(b:read(-10)))

section "the error kept covers buffered data too"
a, b = pair()
a:write "one\ntwo\n"
show("read", b:read "*l")
show("pending", b:pending())
b:seterror("r", errno.ETIMEDOUT)
show("read", named(b:read "*l"))
show("recv", b:recv "*l")
show("fill", named(b:fill(1)))
show("xread", named(b:xread "*l"))
show("lines", named(b:lines()()))
show("unpack", named(b:unpack(8)))
show("clearerr", named(b:clearerr()))

section "timeout on several formats keeps what is not returned"
a, b = pair()
b:settimeout(0.01)
a:write "123"
show("read 2 2", named(b:read(2, 2)))
b:clearerr()
show("rest", b:read(-10))

section "end of input is no error"
a, b = pair()
a:shutdown "w"
show("read", b:read "*l")
show("error", b:error())
show("eof", b:eof())
show("read", b:read "*l")
show("write", b:write "x")

section "writing to a closed peer"
a, b = pair()
b:close()
show("write", named(a:write "x"))
show("error", named(a:error()))
show("eof", a:eof())
show("write again", named(a:write "x"))
show("clearerr", named(a:clearerr()))
show("eof", a:eof())
show("write again", named(a:write "x"))
show("pending", a:pending())
show("read", named(a:read "*l"))
show("flush", named(a:flush()))
show("eof", a:eof())

section "eof"
a, b = pair()
show("both", a:eof())
show("r", a:eof "r")
show("w", a:eof "w")
show("wr", a:eof "wr")
show("empty", a:eof "")
show("shutdown r", a:shutdown "r")
show("unchanged", a:eof())
show("read", a:read "*l")
show("after", a:eof())
a, b = pair()
show("shutdown w", a:shutdown "w")
show("unchanged", a:eof())
show("write", named(a:write "x"))
show("after", a:eof())

section "shutdown"
a, b = pair()
show("none", a:shutdown())
show("peer reads", b:read "*l")
show("again", a:shutdown())
show("rw", a:shutdown "rw")
a, b = pair()
show("wr", a:shutdown "wr")
try("x", a.shutdown, a, "x")
try("empty", a.shutdown, a, "")
try("true", a.shutdown, a, true)
try("nil", a.shutdown, a, nil)
local l = socket.listen("127.0.0.1", 0)
l:listen()
show("of a listener", named(l:shutdown "w"))
local c = socket.connect("127.0.0.1", (select(3, l:localname())))
show("before the connection", named(c:shutdown "w"))
c:connect(5)
show("after it", named(c:shutdown "w"))

local function connection()
	local listener = socket.listen("127.0.0.1", 0)
	listener:listen()
	local client = socket.connect("127.0.0.1", (select(3, listener:localname())))
	client:connect(5)
	local server = listener:accept(5)
	listener:close()
	returns_errors(client):setmode("bn", "bn")
	returns_errors(server):setmode("bn", "bn")
	return client, server
end

section "shutdown again, when the connection is over"
for _, words in ipairs { { "rw", "rw", "r", "w" }, { "w", "w" }, { "rw", "w", "rw" } } do
	local client, server = connection()
	show("first", client:shutdown(words[1]))
	server:shutdown "rw"
	cqueues.sleep(0.01)
	for i = 2, #words do
		show(words[1] .. ", " .. words[i], named(client:shutdown(words[i])))
	end
end

section "a reset is told to who reads, not to who writes what was shut down"
for _, method in ipairs { "write", "flush", "write alone" } do
	local client, server = connection()
	if method ~= "write alone" then
		client:send("pending", 1, 7, "bf")
	end
	client:shutdown "rw"
	server:write "x"
	cqueues.poll({ pollfd = client:pollfd(), events = "r" }, 1)
	cqueues.sleep(0.01)
	show(method, named(client[method:match "%a+"](client, method:find "write" and "y" or nil)))
	client:clearerr()
	show("read", named(client:read(-10)))
	show("ends", client:eof())
	show("errors", named(client:error()))
end

section "a limit of returned errors"
a, b = pair()
returns_errors(b)
b:settimeout(0)
show("setmaxerrs", b:setmaxerrs("r", 3))
for i = 1, 5 do
	local ok, value, code = pcall(b.read, b, "*l")
	show("read " .. i, ok, ok and value or (tostring(value):match(errno.strerror(errno.ETIMEDOUT))), error_name(code))
end
show("clearerr", named(b:clearerr "r"))
for i = 1, 5 do
	local ok, value, code = pcall(b.read, b, "*l")
	show("read " .. i, ok, ok and value or (tostring(value):match(errno.strerror(errno.ETIMEDOUT))), error_name(code))
end
show("setmaxerrs", b:setmaxerrs "rw")

section "the default limit of returned errors"
a, b = pair()
b:settimeout(0)
local count = 0
for i = 1, 200 do
	if pcall(b.read, b, "*l") then
		count = i
	else
		break
	end
end
show("returned", count)
a, b = pair()
b:close()
count = 0
for i = 1, 200 do
	if pcall(a.write, a, "x") then
		count = i
	else
		break
	end
end
show("written", count)

-- How often each method answers with an error that sticks, of five times that are allowed.
local limited = {
	{ "recv", "r", function(s) return s:recv(3) end },
	{ "read", "r", function(s) return s:read(3) end },
	{ "read *a", "r", function(s) return s:read "*a" end },
	{ "xread", "r", function(s) return s:xread("*l", "tn", 0) end },
	{ "lines", "r", function(s) return s:lines()() end },
	{ "fill", "r", function(s) return s:fill(3) end },
	{ "unpack", "r", function(s) return s:unpack(8) end },
	{ "send", "w", function(s) return s:send("x", 1, 1) end },
	{ "write", "w", function(s) return s:write "x" end },
	{ "xwrite", "w", function(s) return s:xwrite("x", "bn", 0) end },
	{ "flush", "w", function(s) return s:flush() end },
}

local function count_answers(which)
	for _, method in ipairs(limited) do
		for _, code in ipairs { "EPIPE", "EIO", "ETIMEDOUT", "none" } do
			local s, peer = pair()
			returns_errors(s)
			s:settimeout(0)
			s:setmaxerrs(5)
			if code ~= "none" then
				s:seterror(method[2], errno[code])
			end
			local count = 0
			while count < 10 and pcall(method[3], s) do
				count = count + 1
			end
			show(which .. method[1] .. ", " .. code, count)
			peer:close() -- not before
		end
	end
end

section "how many returned errors each method counts"
count_answers ""

section "the same, recv and send replaced"
local recv, send
recv = socket.interpose("recv", function(...) return recv(...) end)
send = socket.interpose("send", function(...) return send(...) end)
count_answers "replaced, "

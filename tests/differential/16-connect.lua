-- SPDX-License-Identifier: MIT
-- Making connections: connect, listen, accept, clients, and how each fails.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function named(value, code, ...)
	if type(value) == "userdata" then
		value = text_of(value)
	end
	return value, type(code) == "number" and error_name(code) or code, ...
end

local function listener()
	local l = socket.listen("127.0.0.1", 0)
	l:listen(5)
	return l, select(3, l:localname())
end

section "connect returns at once"
local l, port = listener()
local c = socket.connect("127.0.0.1", port)
show("type", socket.type(c))
show("connect", c:connect(5) == c)
show("again", c:connect(5) == c)
show("write", c:write "hello\n" == c)
local s = l:accept(5)
show("accept", socket.type(s))
show("read", s:read "*l")

section "writing and reading do the connecting"
c = socket.connect { host = "127.0.0.1", port = tostring(port) }
show("write", c:write "hello\n" == c)
s = l:accept(5)
show("read", s:read "*l")
s:write "answer\n"
show("answer", c:read "*l")

section "modes of new connections"
show("client", c:setmode())
show("server", s:setmode())
show("client", c:setvbuf "line")
show("client timeout", c:settimeout())

section "accept with nobody there"
local before = cqueues.monotime()
show("accept 0", named(l:accept(0)))
show("accept 0.01", named(l:accept(0.01)))
show("error", named(l:error "r"))
show("accept {} 0", named(l:accept({}, 0)))
show("clients 0", named(l:clients(0)()))
show("soon", cqueues.monotime() - before < 2)
l:settimeout(0.01)
show("accept of a listener with a timeout", named(l:accept()))
l:settimeout()

section "clients"
local connections = {}
for i = 1, 3 do
	connections[i] = socket.connect("127.0.0.1", port)
	connections[i]:connect(5)
end
local count = 0
for connection in l:clients(0.05) do
	count = count + 1
	show("connection", count, socket.type(connection))
end
local iterator, x, y = l:clients { nodelay = true }
show("iterator", type(iterator), x, y)

section "accept with options"
for _, options in ipairs { {}, { nodelay = true }, { nonblock = true }, { nosuchoption = 1 }, { mode = "b" } } do
	c = socket.connect("127.0.0.1", port)
	show("accept", socket.type(l:accept(options, 5)))
end
c = socket.connect("127.0.0.1", port)
show("timeout in options", socket.type(l:accept { timeout = 5 }))

section "accept within a controller, several waiting"
l, port = listener()
local accepted = 0
local function take()
	local connection = l:accept(5)
	accepted = accepted + (connection and 1 or 0)
end
run(take, take, take, function()
	for _ = 1, 3 do
		connections[#connections + 1] = socket.connect("127.0.0.1", port)
		connections[#connections]:connect(5)
	end
end)
show("accepted", accepted)

section "connection refused"
l, port = listener()
l:close()
c = returns_errors(socket.connect("127.0.0.1", port))
show("connect", named(c:connect(5)))
show("error", c:error())
show("connect again", named(c:connect(5)))
show("read", named(c:read "*l"))
show("write", named(c:write "x\n"))
show("flush", named(c:flush()))
show("error", named(c:error()))
c = socket.connect("127.0.0.1", port)
local ok, why = pcall(c.connect, c, 5)
show("connect throws", ok, (tostring(why):gsub("^%S+:%d+: ", ""):gsub(tostring(port), "PORT")))
c = socket.connect("127.0.0.1", port)
ok, why = pcall(c.read, c, "*l")
show("read throws", ok, (tostring(why):gsub("^%S+:%d+: ", ""):gsub(tostring(port), "PORT")))

section "a port in use"
l, port = listener()
local l2 = returns_errors(socket.listen { host = "127.0.0.1", port = port, reuseport = false })
show("listen", named(l2:listen(5)))
show("accept", named(l2:accept(5)))
l2 = socket.listen { host = "127.0.0.1", port = port }
ok, why = pcall(l2.listen, l2, 5)
show("listen throws", ok, (tostring(why):gsub("^%S+:%d+: ", ""):gsub(tostring(port), "PORT")))

section "connect on a listener, listen on a connection"
l, port = listener()
returns_errors(l)
c = returns_errors(socket.connect("127.0.0.1", port))
c:connect(5)
show("accept on a connection", named(c:accept(0)))

section "UNIX"
local directory = new_directory()
local path = directory .. "/socket"
c = returns_errors(socket.connect { path = path })
show("connect to nothing", named(c:connect(1)))
l = socket.listen { path = path }
show("listen", l:listen(5) == l)
c = socket.connect { path = path }
show("connect", c:connect(5) == c)
s = l:accept(5)
s:write "hello\n"
show("read", c:read "*l")
l2 = returns_errors(socket.listen { path = path })
show("listen again", named(l2:listen(1)))
l2 = returns_errors(socket.listen { path = path, unlink = true })
show("listen with unlink", l2:listen(1) == l2)
l:close()
l2:close()
c = returns_errors(socket.connect { path = path })
show("connect to a closed listener", named(c:connect(1)))
l = returns_errors(socket.listen { path = directory .. "/no/such/directory" })
show("listen in no directory", named(l:listen(1)))

local function permissions(name)
	local process = io.popen("stat -c %a " .. directory .. "/" .. name)
	local text = process:read "*l"
	process:close()
	return text
end
local all = {
	{ "mode1", mode = "0600" }, { "mode2", mode = "rw-------" }, { "mode3", mode = 384 },
	{ "mask1", mask = "0077" }, { "mask2", mask = "rwx------" }, { "mask3", mask = "0077", mode = "0600" },
}
for _, options in ipairs(all) do
	options.path = directory .. "/" .. options[1]
	local listening = socket.listen { path = options.path, mode = options.mode, mask = options.mask }
	show(options[1], listening:listen(1) == listening, permissions(options[1]))
	listening:close()
end
remove_directory(directory)

section "wrong arguments"
try("connect()", socket.connect)
try("connect nil", socket.connect, nil, 80)
try("connect true", socket.connect, true)
try("connect without port", function() return socket.type(socket.connect "127.0.0.1") end)
try("connect {}", socket.connect, {})
try("connect { port }", socket.connect, { port = 80 })
try("connect { host = true }", socket.connect, { host = true, port = 80 })
try("listen()", socket.listen)
try("listen {}", socket.listen, {})
try("port of letters", function() return named(socket.connect("127.0.0.1", "x")) end)
try("port too large", function() return named(socket.connect("127.0.0.1", 70000)) end)
try("negative port", function() return named(socket.connect("127.0.0.1", -1)) end)
try("pair of an unknown name", socket.pair, "nosuch")
try("pair 999", socket.pair, 999)
try("pair true", socket.pair, true)
try("pair {}", function() return socket.type(socket.pair {}) end)
try("pair { type }", function() return socket.type(socket.pair { type = socket.SOCK_STREAM }) end)

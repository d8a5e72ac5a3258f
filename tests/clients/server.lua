-- SPDX-License-Identifier: MIT
-- A web server, by lua-http, on a port that the system chooses.
--
--	server.lua [NAME=VALUE...]
--
--	tls=PATH       over TLS only, with the certificate PATH.pem and the key PATH.key
--	alpn=NAME,...  the protocols it knows; without, it does not answer the extension
--	path=PATH      on a Unix socket
--	version=N      speaks this version of HTTP only, instead of finding out
--	timeout=N      how many seconds a client may be idle, or take to begin
--	cq=HOW         who runs its controller: itself ("loop"), a task of another one ("nested"), or a loop around
--	               poll and step ("step")

local cqueues = require "cqueues"
local digest = require "openssl.digest"
local headers = require "http.headers"
local http_server = require "http.server"
local http_tls = require "http.tls"
local pkey = require "openssl.pkey"
local websocket = require "http.websocket"
local x509 = require "openssl.x509"

local options = {}
for _, argument in ipairs(arg) do
	local name, value = argument:match "^(%w+)=(.*)$"
	options[name] = value
end

io.stdout:setvbuf "line"

local function read(path)
	local file = assert(io.open(path))
	local text = assert(file:read "*a")
	file:close()
	return text
end

local function alphabet(size)
	local letters = "abcdefghijklmnopqrstuvwxyz"
	return (letters:rep(math.floor(size / 26) + 1):sub(1, size))
end

local function answer(stream, status, more, ended)
	local response = headers.new()
	response:append(":status", status)
	for _, pair in ipairs(more or {}) do
		response:append(pair[1], pair[2])
	end
	assert(stream:write_headers(response, ended or false))
end

local function say(stream, text, status)
	answer(stream, status or "200", { { "content-type", "text/plain" }, { "content-length", tostring(#text) } })
	assert(stream:write_chunk(text, true))
end

local routes = {}

-- /hello
function routes.hello(stream)
	say(stream, "hello\n")
end

-- /size/N: a body of that many octets
function routes.size(stream, _, size)
	say(stream, alphabet(tonumber(size)))
end

-- /chunks/N: so many lines, each sent by itself, with no length said before
function routes.chunks(stream, _, count)
	answer(stream, "200")
	for i = 1, tonumber(count) do
		assert(stream:write_chunk(("line %d\n"):format(i), false))
	end
	assert(stream:write_chunk("", true))
end

local function continue(stream, request)
	if (request:get "expect" or ""):lower() == "100-continue" then
		assert(stream:write_continue())
	end
end

-- Not by `for chunk in stream:each_chunk()`: the iterator of a for loop cannot yield in Lua 5.1.
local function for_each_chunk(stream, act)
	local chunk = stream:get_next_chunk()
	while chunk do
		act(chunk)
		chunk = stream:get_next_chunk()
	end
end

-- /echo: what comes, piece by piece while it comes
function routes.echo(stream, request)
	continue(stream, request)
	answer(stream, "200")
	for_each_chunk(stream, function(chunk) assert(stream:write_chunk(chunk, false)) end)
	assert(stream:write_chunk("", true))
end

-- /digest: how much came, and its SHA-256
function routes.digest(stream, request)
	continue(stream, request)
	local sum, size = digest.new "sha256", 0
	for_each_chunk(stream, function(chunk)
		size = size + #chunk
		sum:update(chunk)
	end)
	local hex = sum:final():gsub(".", function(c) return ("%02x"):format(c:byte()) end)
	say(stream, ("%d %s\n"):format(size, hex))
end

-- /refuse: an answer before the body was asked for
function routes.refuse(stream)
	say(stream, "no, thank you\n", "403")
end

-- /request: the request, in words
function routes.request(stream, request)
	local _, _, port = stream:peername()
	local lines = { request:get ":method", tostring(stream.connection.version), tostring(port) }
	say(stream, table.concat(lines, " ") .. "\n")
end

-- /never: no answer
function routes.never()
	cqueues.sleep(30)
end

-- /half: the begin of an answer
function routes.half(stream)
	answer(stream, "200")
	assert(stream:write_chunk("the begin\n", false))
	cqueues.sleep(30)
end

-- /later/MILLISECONDS: an answer after some time
function routes.later(stream, _, milliseconds)
	cqueues.sleep(tonumber(milliseconds) / 1000)
	say(stream, milliseconds .. "\n")
end

-- /redirect: somewhere else
function routes.redirect(stream)
	answer(stream, "302", { { "location", "/hello" }, { "content-length", "0" } }, true)
end

-- /cookie: gives one, or says which one came
function routes.cookie(stream, request)
	local text = (request:get "cookie" or "none") .. "\n"
	answer(stream, "200", { { "set-cookie", "name=value; Path=/" }, { "content-length", tostring(#text) } })
	assert(stream:write_chunk(text, true))
end

-- /error: a handler that fails
function routes.error()
	error "a handler that fails"
end

local server

-- /stop: the end of the server
function routes.stop(stream)
	say(stream, "stopping\n")
	stream:shutdown()
	server:close()
end

-- A WebSocket: says what it hears, and closes when it hears "bye".
local function converse(socket)
	assert(socket:accept { protocols = { "echo" } })
	local message, kind = socket:receive()
	while message and message ~= "bye" do
		assert(socket:send(message, kind))
		message, kind = socket:receive()
	end
	assert(socket:close(1000, "goodbye", 5))
	print("the WebSocket was closed")
end

local timeout = tonumber(options.timeout or 10)

local function onstream(_, stream)
	local request = stream:get_headers(timeout)
	if not request then return end
	local path = request:get ":path" or ""
	local name, argument = path:match "^/(%w+)/?(%w*)"
	if name == "ws" then
		local socket = assert(websocket.new_from_stream(stream, request))
		return converse(socket)
	elseif request:get ":method" == "HEAD" then
		answer(stream, "200", { { "content-length", "1000" } }, true)
	elseif routes[name or ""] then
		routes[name](stream, request, argument)
	else
		say(stream, "no such page\n", "404")
	end
end

local function onerror(_, _, operation, err, errno)
	print(("error: %s: %s (%s)"):format(operation, tostring(err), tostring(errno)))
end

local function context()
	local ctx = http_tls.new_server_context()
	assert(ctx:setCertificate(x509.new(read(options.tls .. ".pem"))))
	assert(ctx:setPrivateKey(pkey.new(read(options.tls .. ".key"))))
	if options.alpn then
		ctx:setAlpnSelect(function(_, offered)
			for _, protocol in ipairs(offered) do
				if ("," .. options.alpn .. ","):find("," .. protocol .. ",", 1, true) then return protocol end
			end
		end)
	end
	return ctx
end

server = assert(http_server.listen {
	host = not options.path and "127.0.0.1" or nil,
	port = not options.path and 0 or nil,
	path = options.path,
	tls = options.tls ~= nil,
	ctx = options.tls and context() or nil,
	version = tonumber(options.version),
	connection_setup_timeout = timeout,
	intra_stream_timeout = timeout,
	onstream = onstream,
	onerror = onerror,
})
assert(server:listen())
local _, address, port = server:localname()
print(("listening on %s %s"):format(tostring(address), tostring(port)))

local run = {}

function run.loop()
	assert(server:loop())
end

function run.nested()
	local outer = cqueues.new()
	outer:wrap(function() assert(server:loop()) end)
	assert(outer:loop())
end

function run.step()
	while not server:empty() do
		cqueues.poll(server)
		assert(server:step(0))
	end
end

run[options.cq or "loop"]()
print "stopped"

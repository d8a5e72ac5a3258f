-- SPDX-License-Identifier: MIT
-- Clients, by lua-http. Each prints what it saw; the test compares.
--
--	client.lua HOW ACTION URI [NAME=VALUE...]
--
-- HOW is "task", for one of a controller, or "main", for the program itself, where waiting blocks it. Names:
-- version=N, seconds=N, count=N, size=N, proxy=URI, expect=yes.

local cqueues = require "cqueues"
local client = require "http.client"
local digest = require "openssl.digest"
local errno = require "cqueues.errno"
local headers = require "http.headers"
local http_request = require "http.request"
local http_util = require "http.util"
local websocket = require "http.websocket"

local how, action, uri = arg[1], arg[2], arg[3]
local options = {}
for i = 4, #arg do
	local name, value = arg[i]:match "^(%w+)=(.*)$"
	options[name] = tonumber(value) or value
end
local seconds = options.seconds or 8

io.stdout:setvbuf "line"

local function request(target)
	local new = http_request.new_from_uri(target or uri)
	new.version = options.version
	new.proxy = options.proxy
	return new
end

local function named(number)
	return number and (errno[number] or number) or "no number"
end

local function alphabet(size)
	local letters = "abcdefghijklmnopqrstuvwxyz"
	return (letters:rep(math.floor(size / 26) + 1):sub(1, size))
end

local function sum(text)
	return (digest.new("sha256"):final(text):gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function parts()
	local scheme, host, port = uri:match "^(%w+)://([^:/]+):(%d+)"
	return scheme, host, tonumber(port)
end

-- connect(): one connection to where the URI leads.
local function connect()
	local scheme, host, port = parts()
	return assert(client.connect({
		host = host, port = port, tls = scheme == "https", version = options.version,
	}, seconds))
end

-- ask(connection, path): a stream that the request was written to.
local function ask(connection, path)
	local scheme, host, port = parts()
	local wanted = headers.new()
	wanted:append(":method", "GET")
	wanted:append(":scheme", scheme)
	wanted:append(":path", path)
	wanted:append(":authority", http_util.to_authority(host, port, scheme))
	local stream = assert(connection:new_stream())
	assert(stream:write_headers(wanted, true, seconds))
	return stream
end

local function hear(stream)
	local response = assert(stream:get_headers(seconds))
	return response:get ":status", assert(stream:get_body_as_string(seconds))
end

local actions = {}

-- One request: the version, the status, and the body, or what its sum is when it is long.
function actions.get()
	local response, stream = assert(request():go(seconds))
	local body = assert(stream:get_body_as_string(seconds))
	print(stream.connection.version, response:get ":status", #body > 1000 and sum(body) or body)
end

-- What a request fails with.
function actions.fail()
	local begun = cqueues.monotime()
	local response, err, number = request():go(seconds)
	assert(response == nil, "there was an answer")
	local took = cqueues.monotime() - begun
	print(named(number), tostring(err), took < seconds + 2 and "in time" or took)
end

-- A body that stops halfway: a timeout, and what there was of it.
function actions.half()
	local _, stream = assert(request():go(8))
	local first = assert(stream:get_next_chunk(8))
	local second, _, number = stream:get_next_chunk(seconds)
	print(first, tostring(second), named(number))
	stream:shutdown()
end

-- Several requests one after the other, on one connection.
function actions.again()
	local connection = connect()
	for _ = 1, options.count do
		local status, body = hear(ask(connection, "/request"))
		print(status, body)
	end
	connection:close()
end

-- Several requests before the first answer, on one connection. HTTP/1 lets the next stream write when the one before
-- has written.
function actions.pipeline()
	local connection, streams = connect(), {}
	for i = 1, options.count do
		streams[i] = ask(connection, "/size/" .. i)
	end
	for i = 1, options.count do
		print(hear(streams[i]))
	end
	connection:close()
end

-- Several requests at once on one connection, of which the last is answered first.
function actions.streams()
	local connection = connect()
	local inner = cqueues.new()
	for i = options.count, 1, -1 do
		inner:wrap(function() print(hear(ask(connection, "/later/" .. i * 100))) end)
	end
	assert(inner:loop())
	connection:close()
end

-- As many clients at once, in one controller.
function actions.many()
	local inner, good = cqueues.new(), 0
	for _ = 1, options.count do
		inner:wrap(function()
			local response, stream = assert(request():go(seconds))
			assert(response:get ":status" == "200")
			if stream:get_body_as_string(seconds) == alphabet(options.size) then good = good + 1 end
		end)
	end
	assert(inner:loop())
	print(good .. " were answered")
end

-- A body that is made while it is sent.
function actions.upload()
	local sent, piece, new = 0, alphabet(26 * 1000), request()
	new.headers:upsert(":method", "POST")
	new:set_body(function()
		if sent >= options.size then return nil end
		sent = sent + #piece
		return piece
	end)
	new.headers:delete "expect"
	if options.expect then
		new.headers:append("expect", "100-continue")
		new.expect_100_timeout = seconds
	end
	local response, stream = assert(new:go(seconds))
	print(response:get ":status", stream:get_body_as_string(seconds))
	print(sent .. " were sent")
end

-- A body with a known length.
function actions.post()
	local new = request()
	new.headers:upsert(":method", "POST")
	new:set_body(alphabet(options.size))
	local response, stream = assert(new:go(seconds))
	local body = assert(stream:get_body_as_string(seconds))
	print(response:get ":status", #body > 1000 and sum(body) or body)
end

-- Two requests of one client, which keeps cookies and follows redirections.
function actions.twice()
	for _ = 1, 2 do
		local _, stream = assert(request():go(seconds))
		io.write(assert(stream:get_body_as_string(seconds)))
	end
end

-- A conversation by WebSocket, with messages up to a size.
function actions.ws()
	local socket = websocket.new_from_uri(uri, { "echo" })
	assert(socket:connect(seconds))
	print("protocol", socket.protocol)
	for i, size in ipairs { 0, 1, 125, 126, 65535, 65536 } do
		size = math.min(size, options.size or size)
		local kind = i % 2 == 0 and "binary" or "text"
		assert(socket:send(alphabet(size), kind, seconds))
		local message, found = assert(socket:receive(seconds))
		assert(message == alphabet(size) and found == kind, "another message")
	end
	assert(socket:send_ping("ping", seconds))
	assert(socket:send("bye", "text", seconds))
	local message, _, code = socket:receive(seconds)
	print(tostring(message), named(code))
	print(socket:close(1000, "", seconds))
end

-- A WebSocket that hears nothing for some time, and then goes on.
function actions.quiet()
	local socket = websocket.new_from_uri(uri)
	assert(socket:connect(8))
	local message, _, number = socket:receive(seconds)
	print(tostring(message), named(number))
	assert(socket:send("still there", "text", 8))
	print(socket:receive(8))
	socket:close(1000, "", 8)
end

-- The interface that LuaSocket's users know.
function actions.luasocket()
	local body, status = require("http.compat.socket").request(uri)
	print(status, body)
end

-- The interface that Prosody's modules know.
function actions.prosody()
	require("http.compat.prosody").request(uri, {}, function(body, status) print(status, body) end)
end

-- A server and its clients in one controller.
function actions.together()
	local cq = cqueues.running()
	local server = assert(require("http.server").listen {
		cq = cq, host = "127.0.0.1", port = 0, tls = false,
		onstream = function(_, stream)
			assert(stream:get_headers())
			local body = assert(stream:get_body_as_string())
			local response = headers.new()
			response:append(":status", "200")
			assert(stream:write_headers(response, false))
			assert(stream:write_chunk(body:upper(), true))
		end,
	})
	assert(server:listen())
	local _, host, port = server:localname()
	local left = options.count
	for i = 1, options.count do
		cq:wrap(function()
			local new = http_request.new_from_uri(("http://%s:%d/"):format(host, port))
			new.version = i % 2 == 0 and 2 or nil
			new.headers:upsert(":method", "POST")
			new:set_body("number " .. i)
			local _, stream = assert(new:go(seconds))
			assert(stream:get_body_as_string(seconds) == "NUMBER " .. i)
			left = left - 1
			if left == 0 then
				print "all were answered"
				server:close()
			end
		end)
	end
end

if how == "main" then
	actions[action]()
else
	local cq = cqueues.new()
	cq:wrap(actions[action])
	assert(cq:loop())
end

-- SPDX-License-Identifier: MIT
--
-- Functions of cqueues.socket that make sockets, class defaults, and tables of options.

local make = require "make"

local list = {}

local function same(env) return (make.pair(env)) end

-- What the socket that was made is like.
local function made(env)
	local s = env.result
	if socket.type(s) ~= "socket" then
		return "none"
	end
	s:onerror(function(_, _, code) return code end)
	s:settimeout(0)
	local ok, words = pcall(function()
		return { s:setmode(), (s:localname()) }
	end)
	return tostring(ok) .. " " .. (ok and table.concat(words, " ") or "")
end

local function maker(name, fields)
	fields.name = "socket." .. name
	local call = loadstring or load
	local source = "local pack, kept = ... return function(_, ...) return kept(pack(socket.%s(...))) end"
	local current
	fields.call = call(source:format(name), "=table.lua")(pack, function(results)
		current.result = results[1]
		for i = 1, results.n do
			if socket.type(results[i]) == "socket" then
				make.keep(current, results[i])
			end
		end
		return results
	end)
	fields.make = function(env) current = env end
	fields.after = fields.after or made
	fields.class, fields.same, fields.closed = "socket", same, make.closed_socket
	list[#list + 1] = fields
	return fields
end

local options = { "reuseaddr", "reuseport", "nodelay", "nopush", "v6only", "oobinline", "broadcast", "nonblock",
	"cloexec", "nosigpipe", "verify", "sendname", "time", "family", "type", "mode", "mask", "unlink", "bind", "host",
	"port", "path" }
local named = { "sa_bind", "sun_mode", "sun_mask", "sun_unlink", "sin_reuseaddr", "sin_reuseport", "sin_broadcast",
	"sin_nodelay", "sin_nopush", "sin_v6only", "sin_oobinline", "fd_nonblock", "fd_cloexec", "fd_nosigpipe", "tls_verify",
	"tls_sendname", "st_time" }

maker("connect", { places = 4, base = { "127.0.0.1", 1 } })
maker("connect", { fields = options, base = { { host = "127.0.0.1", port = 1 } } })
maker("connect", { fields = named, base = { { host = "127.0.0.1", port = 1 } } })
maker("connect", { fields = { "path", "mode", "mask", "unlink" }, base = { { path = "none" } } })
maker("listen", { places = 4, base = { "127.0.0.1", 0 } })
maker("listen", { fields = options, base = { { host = "127.0.0.1", port = 0 } } })
maker("listen", { fields = named, base = { { host = "127.0.0.1", port = 0 } } })
maker("listen", { fields = { "path", "mode", "mask", "unlink" },
	base = function() return { { path = "listener", unlink = true } } end })
maker("pair", { places = 2 })
maker("pair", { fields = { "type", "1", "nonblock", "cloexec", "nosigpipe", "time", "nodelay" }, base = { {} } })

local names = 0
for _, fields in ipairs(list) do
	names = names + 1
	fields.name = fields.name .. (fields.fields and "{}" .. (fields.base and names or "") or "")
end

-- Class defaults: what a new socket has afterwards. They are set back after each case.
local function setting(name, fields)
	fields.name, fields.call = "socket." .. name, "socket." .. name
	fields.class, fields.same, fields.closed = "socket", same, make.closed_socket
	fields.make = function(env)
		env.closing[#env.closing + 1] = function()
			socket.setvbuf("line", 4096)
			socket.setmode("tl", "tl")
			socket.setbufsiz(4096, 4096)
			socket.setmaxline(4096, 4096)
			socket.settimeout(nil)
			socket.setmaxerrs("rw", 100)
			socket.onerror(nil)
		end
	end
	fields.after = function(env)
		local a = make.keep(env, socket.pair())
		local i, o = a:setmode()
		local m, n = a:setbufsiz()
		local k, l = a:setmaxline()
		return table.concat({ tostring(i), tostring(o), tostring(m), tostring(n), tostring(k), tostring(l),
			tostring(a:settimeout()), tostring(a:setmaxerrs()), type(a:onerror()) }, " ")
	end
	list[#list + 1] = fields
end

setting("setvbuf", { places = 2, base = { "full", 100 } })
setting("setmode", { places = 2, base = { "b", "b" } })
setting("setbufsiz", { places = 2, base = { 100, 100 } })
setting("setmaxline", { places = 2, base = { 100, 100 } })
setting("settimeout", { places = 1 })
setting("setmaxerrs", { places = 2, base = { "r", 5 } })
setting("onerror", { places = 1 })

list[#list + 1] = { name = "socket.type", call = "socket.type", places = 1, class = "socket", same = same,
	closed = make.closed_socket }
list[#list + 1] = { name = "socket[]", call = function(_, key) return pack(socket[key]) end, places = 1,
	not_kinds = { absent = true, huge = true } }
for _, name in ipairs { "AF_UNSPEC", "AF_INET", "AF_INET6", "AF_UNIX", "SOCK_STREAM", "SOCK_DGRAM",
	"SOCK_SEQPACKET" } do
	list[#list + 1] = { name = "socket." .. name, call = function() return pack(socket[name]) end }
end

-- Methods that take tables of options.
local method = make.methods(list, "socket", { make = make.socket, after = make.socket_left, same = same,
	closed = make.closed_socket })

method("accept{}", { call = "o:accept", fields = { "nodelay", "nonblock", "cloexec", "nosigpipe", "verify", "time", "reuseaddr", "oobinline",
	"timeout", "family", "mode" }, base = { {} }, states = { "called" } })

return list

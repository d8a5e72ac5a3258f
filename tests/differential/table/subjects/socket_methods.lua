-- SPDX-License-Identifier: MIT
--
-- The methods of sockets.

local make = require "make"

local streams = { "fresh", "unread", "closed", "buffered", "ended", "shut", "message", "listening", "called",
	"connecting", "refused" }
local few = { "fresh", "unread", "closed" }

local list = {}

local method = make.methods(list, "socket", { make = make.socket, after = make.socket_left, closed = make.closed_socket,
	same = function(env) return (make.pair(env)) end,
	states = { "fresh", "unread", "closed", "ended", "message", "listening", "connecting", "refused" } })

method("read", { states = streams, places = 2, waits = true, base = { "*l" } })
method("xread", { places = 3, waits = true, base = { "*l", nil, nil, n = 3 }, timeout_place = 2 })
method("lines", { places = 2, waits = true, base = { "*l" }, iterate = 2 })
method("xlines", { states = few, places = 3, waits = true, base = { "*l", nil, nil, n = 3 }, iterate = 2,
	timeout_place = 2 })
method("write", { states = streams, places = 2, waits = true, base = { "line\n" } })
method("xwrite", { places = 3, waits = true, base = { "line\n", nil, nil, n = 3 }, timeout_place = 2 })
method("flush", { states = streams, places = 2, waits = true, timeout_place = 2 })
method("fill", { states = streams, places = 2, waits = true, base = { 2 }, timeout_place = 2 })
method("unget", { states = streams, places = 1, base = { "back" } })
method("pending", { states = streams, places = 1 })
method("uncork", { places = 1 })
method("recv", { states = streams, places = 2, base = { "*l" } })
method("send", { states = streams, places = 4, base = { "line\n", 1, 5 } })
method("recvfd", { places = 2, waits = true, timeout_place = 2 })
-- Which descriptors are open besides the first is the library's own affair.
method("sendfd", { places = 3, waits = true, base = { "x", nil, nil, n = 3 }, timeout_place = 3,
	not_kinds = { digits = true } })
method("shutdown", { states = streams, places = 1, base = { "w" } })
method("eof", { states = streams, places = 1 })
method("error", { states = streams, places = 1 })
method("clearerr", { states = streams, places = 1 })
method("seterror", { states = few, places = 2, base = { "r", 1 } })
method("setmaxerrs", { states = few, places = 2, base = { "r", 5 } })
method("peername", { states = streams, places = 1, volatile = "port" })
method("localname", { states = streams, places = 1, volatile = "port" })
method("peereid", { states = streams, places = 1, volatile = "number" })
method("peerpid", { states = streams, places = 1, volatile = "number" })
method("stat", { states = streams, places = 1, volatile = "number" })
method("connect", { states = streams, places = 1, waits = true, timeout_place = 1 })
method("listen", { states = streams, places = 1, waits = true, timeout_place = 1 })
method("accept", { places = 2, waits = true, states = { "fresh", "listening", "called", "closed", "refused" },
	timeout_place = 1 })
method("clients", { places = 2, waits = true, iterate = 1, states = { "fresh", "listening", "called", "closed" },
	timeout_place = 1 })
method("checktls", { places = 1 })
method("starttls", { places = 2, waits = true, timeout_place = 1, base = function(env)
	return { nil, env.where == "outside" and 0.01 or 5, n = 2 }
end })
method("setvbuf", { states = few, places = 2, base = { "full", 100 } })
method("setmode", { states = few, places = 2, base = { "b", "b" } })
method("setbufsiz", { states = few, places = 2, base = { 100, 100 } })
method("setmaxline", { states = few, places = 2, base = { 100, 100 } })
method("settimeout", { states = few, places = 1 })
method("onerror", { states = few, places = 1 })
method("pollfd", { places = 1, volatile = "descriptor" })
method("events", { places = 1 })
method("timeout", { places = 1 })
method("clear", { states = streams, places = 1 })
method("pack", { states = few, places = 3, waits = true, base = { 1, 8 } })
method("unpack", { states = streams, places = 1, waits = true, base = { 8 } })
method("close", { states = streams, places = 1 })

return list

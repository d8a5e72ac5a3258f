-- SPDX-License-Identifier: MIT
-- The options of connect, listen, accept, pair, dup and fdopen: which values they take, what they do.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local function named(...)
	local list = pack(...)
	for i = 1, list.n do
		list[i] = type(list[i]) == "number" and list[i] > 2 and error_name(list[i]) or list[i]
	end
	return unpack(list, 1, list.n)
end

local function listener(options)
	options = options or {}
	options.host, options.port = options.host or "127.0.0.1", options.port or 0
	local l = returns_errors(socket.listen(options))
	l:listen(5)
	return l, select(3, l:localname())
end

-- What the kernel knows of the descriptor: does it block, is it kept over exec?
local function flags(s)
	local file = io.open("/proc/self/fdinfo/" .. s:pollfd())
	local octal = file and file:read("*a"):match "flags:%s*(%d+)"
	if file then
		file:close()
	end
	local bits = octal and tonumber(octal, 8)
	if not bits then
		return "unknown"
	end
	local function has(mask)
		return math.floor(bits / mask) % 2 == 1
	end
	return (has(2048) and "nonblock" or "block") .. " " .. (has(524288) and "cloexec" or "kept")
end

-- The text of an argument error. Ours names the field, too.
local function why(message)
	return (tostring(message):match("%((.*)%)"):gsub("^field [%w.]+: ", ""))
end

local booleans = { "unlink", "reuseaddr", "reuseport", "broadcast", "nodelay", "nopush", "v6only", "oobinline",
	"nonblock", "cloexec", "nosigpipe", "verify", "time", "sun_unlink", "sin_reuseaddr", "sin_reuseport",
	"sin_broadcast", "sin_nodelay", "sin_nopush", "sin_v6only", "sin_oobinline", "fd_nonblock", "fd_cloexec",
	"fd_nosigpipe", "tls_verify", "st_time" }
local anchor, port = listener()

part("what booleans take", function()
	for _, field in ipairs(booleans) do
		local words = {}
		for _, value in ipairs { true, 1, 0, "x", "true", {}, print } do
			local ok, s = pcall(socket.connect, { host = "127.0.0.1", port = port, [field] = value })
			words[#words + 1] = ok and socket.type(s) or why(s)
		end
		show(field, unpack(words))
	end
end)

part("what numbers and strings take", function()
	for _, field in ipairs { "family", "type", "mode", "mask", "sun_mode", "sun_mask", "sendname", "tls_sendname" } do
		local words = {}
		-- Ours refuses permissions in other letters; the original takes them for some number.
		local letters = field:find "m[oa][ds][ek]" and "0" or "x"
		for _, value in ipairs { true, "1", 1, letters, {}, print } do
			local ok, s = pcall(socket.connect, { host = "127.0.0.1", port = port, [field] = value })
			words[#words + 1] = ok and socket.type(s) or why(s)
		end
		show(field, unpack(words))
	end
end)

part("what is checked elsewhere", function()
	local a = socket.pair()
	local wrong = { nodelay = 1 }
	try("listen", socket.listen, { host = "127.0.0.1", port = 0, nodelay = 1 })
	try("pair", socket.pair, wrong)
	try("dup", socket.dup, { fd = a:pollfd(), nodelay = 1 })
	try("fdopen", socket.fdopen, { fd = a:pollfd(), nodelay = 1 })
	local c = socket.connect("127.0.0.1", port)
	c:connect(5)
	try("accept", anchor.accept, anchor, wrong, 1)
	c = socket.connect("127.0.0.1", port)
	c:connect(5)
	try("clients", function()
		anchor:clients(wrong, 1)()
	end)
	try("an unknown field", function()
		return socket.type(socket.connect { host = "127.0.0.1", port = port, nosuch = {} })
	end)
end)

part("types of sockets", function()
	local function both(value)
		local ok, a, b, code = pcall(socket.pair, value)
		local okt, c, d, codet = pcall(socket.pair, { type = value })
		return ok, ok and socket.type(a), ok and named(code), okt, okt and socket.type(c), okt and named(codet)
	end
	for _, value in ipairs { socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, "1", "2", 0, 999, -1, true } do
		show(tostring(value), both(value))
	end
	show("stream", socket.pair "stream")
	show("dgram", socket.pair "dgram")
	try("DGRAM", socket.pair, "DGRAM")
	local c = socket.connect("127.0.0.1", port, socket.AF_INET, socket.SOCK_DGRAM)
	show("in a list", returns_errors(c):connect(5) == c)
	try("family of letters in a list", socket.connect, "127.0.0.1", port, "x")
end)

part("nonblock and cloexec", function()
	local all = { {}, { nonblock = true }, { nonblock = false }, { cloexec = false }, { fd_nonblock = false },
		{ fd_cloexec = false }, { nonblock = false, cloexec = false } }
	for i, options in ipairs(all) do
		local function with(more)
			for key, value in pairs(options) do
				more[key] = value
			end
			return more
		end
		local words = {}
		local a, b = socket.pair(with {})
		local c = socket.connect(with { host = "127.0.0.1", port = port })
		pcall(c.connect, c, 5)
		local s = anchor:accept(with {}, 5)
		local d = socket.dup(with { fd = a:pollfd() })
		local l = socket.listen(with { host = "127.0.0.1", port = 0 })
		l:listen(5)
		-- Ours never lets a listener block: who was there when the poller said so may be gone.
		for j, each in ipairs { a, b, c, s, d } do
			words[j] = flags(each)
		end
		show(tostring(i), unpack(words))
	end
	-- Both own the descriptor, so both stay until the end.
	first = socket.pair { cloexec = false, nonblock = false }
	show("before fdopen", flags(first))
	second = socket.fdopen(first:pollfd())
	show("after fdopen", flags(second))
end)

part("time", function()
	for _, options in ipairs { {}, { time = true }, { time = false }, { st_time = false } } do
		local a, b = socket.pair(options)
		a:write "x\n"
		b:read "*l"
		local sent, rcvd = a:stat().sent, b:stat().rcvd
		show("counted and timed", sent.count, rcvd.count, sent.time > 0, rcvd.time > 0, a:stat().rcvd.time)
	end
	while anchor:accept(0) do end
	for _, time in ipairs { true, false } do
		local c = socket.connect("127.0.0.1", port)
		c:connect(5)
		local s = anchor:accept({ time = time }, 5)
		s:write "x\n"
		show("accepted", s:stat().sent.time > 0)
	end
end)

part("reuseport", function()
	local l, taken = listener { reuseport = true }
	local again = returns_errors(socket.listen { host = "127.0.0.1", port = taken, reuseport = true })
	show("both", named(again:listen(5) == again))
	local without = returns_errors(socket.listen { host = "127.0.0.1", port = taken })
	show("one without", named(without:listen(5)))
	show("still there", select(3, l:localname()) == taken)
end)

part("broadcast", function()
	for _, broadcast in ipairs { false, true } do
		local c = returns_errors(socket.connect { host = "127.255.255.255", port = 40000,
			type = socket.SOCK_DGRAM, broadcast = broadcast })
		local s, code = c:connect(5)
		show(tostring(broadcast), s == c, named(code))
	end
end)

part("nopush and uncork", function()
	local l, fresh = listener()
	local c = socket.connect { host = "127.0.0.1", port = fresh, nopush = true, nodelay = true }
	c:connect(5)
	local s = l:accept({ nodelay = true }, 5)
	c:setmode("b", "bn")
	c:write "held"
	show("held", named(s:recv(4)))
	show("uncork", c:uncork())
	show("let go", s:read(4))
end)

part("v6only", function()
	for _, only in ipairs { true, false } do
		local l = returns_errors(socket.listen { host = "::", port = 0, v6only = only })
		local ok, code = l:listen(5)
		if ok ~= l then
			show("no IPv6", named(ok, code))
		else
			local c = returns_errors(socket.connect("127.0.0.1", (select(3, l:localname()))))
			show("IPv4 to " .. tostring(only), c:connect(5) == c)
			c = returns_errors(socket.connect("::1", (select(3, l:localname()))))
			show("IPv6 to " .. tostring(only), c:connect(5) == c)
		end
	end
	local l = listener { v6only = true }
	show("on IPv4", socket.type(l))
end)

part("bind", function()
	local function connect(options)
		options.host, options.port = options.host or "127.0.0.1", options.port or port
		local c = returns_errors(socket.connect(options))
		local s, code = c:connect(5)
		return s == c or s, named(code), s and select(2, c:localname())
	end
	show("string", connect { bind = "127.0.0.2" })
	show("second name", connect { sa_bind = "127.0.0.3" })
	show("table", connect { bind = { addr = "127.0.0.4", port = 0 } })
	show("table without port", connect { bind = { addr = "127.0.0.4" } })
	show("not ours", connect { bind = "192.0.2.1" })
	show("another family", connect { bind = "::1" })
	try("no address", connect, { bind = "x" })
	try("empty", connect, { bind = {} })
	try("true", connect, { bind = true })
	try("port only", connect, { bind = { port = 1 } })
	local directory = new_directory()
	local l = socket.listen { path = directory .. "/l" }
	l:listen(5)
	local c = socket.connect { path = directory .. "/l", bind = { path = directory .. "/c" } }
	show("path", c:connect(5) == c, select(2, c:localname()))
	show("seen by the listener", select(2, l:accept(5):peername()))
	remove_directory(directory)
end)

part("dup and fdopen", function()
	local a = socket.pair()
	for _, value in ipairs { a:pollfd(), tostring(a:pollfd()), a, io.tmpfile(), { fd = a:pollfd() }, { fd = a } } do
		show("dup " .. type(value), socket.type(socket.dup(value)))
	end
	for _, value in ipairs { true, "x", {}, { fd = "x" }, print, -1, { fd = -1 }, cqueues.new() } do
		show("dup " .. type(value), named(socket.dup(value)))
	end
	show("fdopen -1", named(socket.fdopen(-1)))
	show("fdopen table", named(socket.fdopen { fd = -1 }))
	try("fdopen true", socket.fdopen, true)
	try("fdopen {}", socket.fdopen, {})
	try("fdopen {x}", socket.fdopen, { fd = "x" })
end)

-- SPDX-License-Identifier: MIT
--
-- Sockets: a pair of any kind, a and b, and a pair of streams, c and d, in any modes, outside of tasks, in one task, or
-- in several that share them.

local TEXTS = { "a", "hello", "\n", "one\ntwo\n", "x\n", "K: v\n", "K: v\n w\n", "\n\n", "K: v\n w\nL: x\n\n", "rest",
	"0123456789", "end\n", "\0\255", "12\n", "long line without an end, of some bytes", "T: 1\nU: 2\n\nbody" }
-- In text mode what `read(n)` makes of a CR is a difference (docs/differences.md), so these are for binary modes alone; and so
-- is what "*h" makes of one that comes alone.
local TEXTS_WITH_CR = { "x\r\n", "\r\n", "K: v\r\nL: w\r\n\r\nbody", "a\rb\r\n" }
local MODES = { "b", "t", "bn", "tn", "bl", "tl", "bf", "tf", "n", "l", "f", "ba", "", "bnA", "t-", "-n" }
local BINARY_MODES = { "b", "bn", "bl", "bf", "ba", "bnA" }
local FORMATS = { "*l", "*L", "*a", "*h", "*H", 1, 3, 5, 10, -1, -5, -100, 0, "4", "*l", "*L", "-3" }
-- docs/differences.md: "A message is never split, whatever the buffer size", nor cut at less than 4096.
local SIZES = { 300, 500, 4096, math.huge }
local SIDES = { "r", "w", "rw", nil, "wr" }
-- Spans differ, so that two that begin together end in the same order each time.
local SHORT = { 0, 0.013, 0.017, 0.024 }
local TIMEOUTS = { a = 0.02, b = 0.027, c = 0.03, d = 0.034 }

local function text(g)
	local some = g:choose(g.has_cr and g:chance(40) and TEXTS_WITH_CR or TEXTS)
	return g:chance(30) and some .. g:choose(TEXTS) or some
end

local function mode(g)
	return g:choose(g.has_cr and BINARY_MODES or MODES)
end

local function some_socket(g)
	return g:choose { "a", "b", "a", "b", "a", "b", "c", "d" }
end

local function side(g)
	return SIDES[g:number(5)]
end

-- A reset is told once, to whatever asks the kernel first; later calls say EPIPE.
local function plain(code)
	return code == errno.ECONNRESET and errno.EPIPE or code
end

local HANDLERS = {
	code = function(_, _, code) return plain(code) end,
	["nil"] = function() end,
	throw = function(_, method, code) error(("handler: %s %d"):format(tostring(method), plain(code)), 0) end,
	text = function(_, method, code) return "told by " .. tostring(method), plain(code) end,
	eof = function(_, method, code)
		if plain(code) == errno.EPIPE then
			return nil
		end
		return plain(code), method
	end,
}
local HANDLER_NAMES = { "code", "code", "default", "throw", "nil", "text", "eof" }

local catalogue = new_catalogue()

local function all_plain(...)
	local list = pack(...)
	for i = 1, list.n do
		list[i] = plain(list[i])
	end
	return unpack(list, 1, list.n)
end

-- An operation on a socket: the first argument is its name.
local function method(name, weight, make, run)
	catalogue:add(name, weight, function(g)
		return some_socket(g), make(g)
	end, function(world, which, ...)
		local s = world[which]
		if run then
			return all_plain(run(s, world, ...))
		end
		return all_plain(s[name](s, ...))
	end)
end

local function none() end

local function is_message_socket(s, world)
	return world.has_messages and (s == world.a or s == world.b)
end

-- The values of two makers, one behind the other.
local function both(first, second)
	return function(g)
		local a = first(g)
		return a, second(g)
	end
end

local function format(g)
	return g:choose(FORMATS)
end

local function mode_and_timeout(g)
	local m = g:maybe(mode(g))
	return m, g:maybe(g:choose(SHORT))
end

-- What an iterator gives first, and, if that was something, next.
local function first_two(iterator)
	local values = pack(iterator())
	if values[1] == nil then
		return unpack(values, 1, values.n)
	end
	return values[1], iterator()
end

method("write", 12, function(g)
	if g:chance(25) then
		return text(g), text(g)
	end
	return text(g)
end)
method("xwrite", 4, both(text, mode_and_timeout))
method("send", 4, function(g)
	local some = text(g)
	if g.has_cr then -- in one piece, so that no CR comes alone
		return some, 1, #some, g:maybe(mode(g), 40)
	end
	-- No wrong place: docs/differences.md: "A wrong argument throws, also of a socket whose error is still to be told".
	local first = g:chance(25) and g:number(#some) or 1
	return some, first, g:choose { #some, #some, 0, 1, 2 }, g:maybe(mode(g), 40)
end)
method("read", 10, function(g)
	local count = g:number(10)
	if count == 1 then
		return
	elseif count <= 3 then
		return format(g), format(g)
	end
	return format(g)
end)
method("xread", 8, both(format, mode_and_timeout))
method("recv", 8, both(format, function(g) return g:maybe(mode(g), 40) end))
method("lines", 2, format, function(s, _, ...) return first_two(s:lines(...)) end)
method("xlines", 2, both(format, mode_and_timeout), function(s, _, ...) return first_two(s:xlines(...)) end)
method("fill", 3, function(g) return g:choose { 0, 1, 3, 8, 30 }, g:maybe(g:choose(SHORT), 60) end)
-- docs/differences.md: "A message is never split", and what is put back is none of the next one.
method("unget", 3, text, function(s, world, some)
	return not is_message_socket(s, world) and s:unget(some)
end)
-- How much input has been read ahead is each library's own affair.
method("pending", 3, none, function(s) return (select(2, s:pending())) end)
method("eof", 2, none, function(s) return (select(2, s:eof "rw")) end)
method("setmode", 2, function(g)
	local input = g:maybe(mode(g))
	return input, g:maybe(mode(g))
end)
method("setvbuf", 2, function(g) return g:choose { "no", "line", "full" }, g:maybe(g:choose(SIZES)) end)
local function two_sizes(g)
	local input = g:maybe(g:choose(SIZES))
	return input, g:maybe(g:choose(SIZES))
end
method("setmaxline", 1, two_sizes)
method("setbufsiz", 1, two_sizes)
method("flush", 4, function(g)
	local how = g:maybe(g:choose { "n", "l", "f" }, 30)
	return how, g:maybe(g:choose(SHORT), 40)
end)
-- docs/differences.md: "A message that failed is dropped", and those behind it are sent; so none fails here. Of TCP, the
-- input is not shut down: "`shutdown "rw"` of a connection that the peer has ended", "After `shutdown "r"`".
method("shutdown", 2, function(g) return g:choose { "r", "w", "rw", "w", "w" } end, function(s, world, how)
	return not is_message_socket(s, world) and (s:shutdown(world.has_tcp and "w" or how))
end)
method("error", 2, side)
method("clearerr", 2, side)
method("seterror", 1, function(g)
	local which = g:choose { "r", "w", "rw" }
	return which, g:choose { errno.EPIPE, errno.ETIMEDOUT, errno.EIO, 0 }
end)
method("setmaxerrs", 1, function(g) return g:maybe(g:choose { "r", "w" }), g:choose { 0, 1, 2, 5 } end)
method("settimeout", 1, function(g) return g:choose { 0.015, 0, 0.011 } end)
method("timeout", 1, none)
method("unpack", 1, function(g) return g:choose { 8, 3, 5, 1 } end)
method("pack", 1, function(g)
	local number = g:choose { 1, 255, 1000 }
	return number, g:choose { 8, 16, 4, 32 }, g:maybe(mode(g), 20)
end)
method("uncork", 1, none)
method("clear", 1, none)
method("close", 1, none, function(s, world)
	return not is_message_socket(s, world) and (s:close())
end)
method("onerror", 2, function(g) return g:choose(HANDLER_NAMES) end, function(s, _, handler)
	s:onerror(HANDLERS[handler])
end)

-- What tasks do beside.
local function is_open(s)
	return socket.type(s) == "socket"
end

catalogue:add("poll", 4, function(g)
	local list = { n = g:number(3) + 1 }
	for i = 1, list.n - 1 do
		list[i] = g:choose { "a", "b", "c", "d", 0.01, 0, "condition", "promise", "a", "a for r", "a for w" }
	end
	list[list.n] = g:choose { 0, 0.016 }
	return list
end, function(world, list)
	local objects = {}
	for i = 1, list.n do
		local which, events = tostring(list[i]):match "^(%l) for (%l)$"
		local object = world[which or list[i]]
		if object and socket.type(object) and not is_open(object) then
			object = 0 -- polling what is closed is an error that stands in families/controllers.lua
		elseif events == "w" and world.has_tasks then
			object = 0 -- docs/differences.md: "Only those are woken whose events have come."
		elseif which then
			object = name({ pollfd = object:pollfd(), events = events, timeout = 0.01 }, "polled")
		end
		objects[i] = object or list[i]
	end
	return cqueues.poll(unpack(objects, 1, list.n))
end)
catalogue:add("sleep", 2, function(g) return g:choose { 0, 0.003, 0.007, 0.01 } end, function(_, t) return cqueues.sleep(t) end)
catalogue:add("yield", 1, nil, function(world) return world.in_task and cqueues.poll() end)
catalogue:add("signal", 2, function(g) return g:maybe(g:number(2), 60) end, function(world, ...)
	return world.condition:signal(...)
end)
-- docs/differences.md: "condition:wait() outside a controller blocks"; and so does promise:get.
catalogue:add("wait", 3, function(g)
	local t = g:choose { 0.009, 0.014, 0 }
	return t, g:maybe(g:choose { "a", "b" }, 30)
end, function(world, t, which)
	if not world.in_task then
		return "outside"
	elseif which and is_open(world[which]) then
		return world.condition:wait(t, world[which])
	end
	return world.condition:wait(t)
end)
catalogue:add("settle", 1, function(g) return g:chance(50), text(g) end, function(world, ok, value)
	return (pcall(world.promise.set, world.promise, ok, value))
end)
catalogue:add("promised", 1, function(g) return g:choose(SHORT) end, function(world, t)
	if world.in_task then
		return world.promise:wait(t), world.promise:status()
	end
end)
catalogue:add("start", 1, nil, function(world)
	local task, number = world.task .. "+", world.started
	world.controller:wrap(function() line(task, "started") end)
	return number
end)
catalogue:add("inner", 1, function(g) return g:choose(SHORT) end, function(_, t)
	local inner = cqueues.new()
	inner:wrap(cqueues.sleep, 0.005)
	local ok, why = inner:loop(t)
	return ok, why, t > 0 and inner:count()
end)

local family = { catalogue = catalogue }

local KINDS = { "stream", "stream", "stream", "tcp", "dgram", "seqpacket" }

function family.make(g)
	g.has_cr = g:chance(25)
	local options = { kind = g:choose(KINDS), place = g:choose { "outside", "task", "tasks", "tasks" }, lifo = g:chance(30) }
	for _, which in ipairs { "a", "b", "c", "d" } do
		options[which] = { input = mode(g), output = mode(g), handler = g:choose(HANDLER_NAMES) }
	end
	local tasks = {}
	local count = options.place == "tasks" and g:number(2) + 1 or 1
	for i = 1, count do
		tasks[i] = { name = "t" .. i, operations = g:list(catalogue, count > 1 and 3 + g:number(5) or 6 + g:number(9)) }
	end
	return { options = options, tasks = tasks }
end

local function pair_of(kind)
	if kind == "tcp" then
		local listener = socket.listen("127.0.0.1", 0)
		listener:listen()
		local a = socket.connect("127.0.0.1", (select(3, listener:localname())))
		a:connect(1)
		local b = listener:accept(1)
		listener:close()
		return a, b
	end
	return socket.pair(socket["SOCK_" .. kind:upper()])
end

local function new_world(options)
	local world = { condition = condition.new(options.lifo), promise = promise.new(), controller = cqueues.new() }
	world.has_tcp = options.kind == "tcp"
	world.has_messages = options.kind == "dgram" or options.kind == "seqpacket"
	world.a, world.b = pair_of(options.kind)
	world.c, world.d = pair_of "stream"
	for _, key in ipairs { "a", "b", "c", "d", "condition", "promise", "controller" } do
		name(world[key], key)
	end
	for _, which in ipairs { "a", "b", "c", "d" } do
		local s, option = world[which], options[which]
		s:setmode(option.input, option.output)
		s:settimeout(TIMEOUTS[which])
		s:onerror(HANDLERS[option.handler])
	end
	return world
end

-- All input that is left, and what ends it. Of messages one read returns one.
local function all_input(s)
	local parts = {}
	while true do
		local some, why = s:recv(-4096)
		if not some then
			return table.concat(parts), error_name(why)
		end
		parts[#parts + 1] = some
	end
end

-- How a connection is over. docs/differences.md: "`shutdown "rw"` of a TCP connection": a call that failed is made again by each
-- read of the original. A reset is told once, to whatever asks the kernel first; and whether the kernel tells of one when a socket is
-- closed depends on how much was read ahead.
local GONE = { EPIPE = true, ECONNRESET = true, ENOTCONN = true }

-- What has stayed in the sockets.
local function show_rest(world)
	for _, which in ipairs { "a", "b", "c", "d" } do
		local s = world[which]
		if is_open(s) then
			local input, output = s:setmode()
			line("rest", ("%s: output %s, end %s, errors %s, modes %s"):format(which, told((select(2, s:pending()))),
				world.has_tcp and "?" or told((select(2, s:eof()))), told(all_plain(s:error())), told(input, output)))
		end
	end
	for _, which in ipairs { "a", "b", "c", "d" } do
		local s = world[which]
		if is_open(s) then
			s:onerror(HANDLERS.code)
			s:setmode("bn", "bn")
			s:clearerr()
			local input, why = all_input(s)
			if GONE[why] then
				line("rest", which .. ": input " .. told(input) .. ", gone")
			else
				line("rest", which .. ": input " .. told(input, why) .. ", ends " .. told(s:eof()))
			end
		end
	end
end

function family.run(program)
	local world = new_world(program.options)
	if program.options.place == "outside" then
		perform_all(world, "t1", program.tasks[1].operations)
	else
		world.in_task, world.has_tasks = true, #program.tasks > 1
		for _, task in ipairs(program.tasks) do
			world.controller:wrap(perform_all, world, task.name, task.operations)
		end
		local deadline = cqueues.monotime() + 2
		while not world.controller:empty() and cqueues.monotime() < deadline do
			local ok, why = world.controller:loop(0.3)
			if not ok then
				line("loop", told(why))
			end
		end
		line("loop", "tasks left: " .. world.controller:count())
	end
	show_rest(world)
end

return family

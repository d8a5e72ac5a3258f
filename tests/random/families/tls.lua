-- SPDX-License-Identifier: MIT
--
-- TLS: a client c and a server s, each in a task of its own that reads, writes, starts TLS, shuts down and closes in any
-- order, over TLS 1.2 or 1.3. Needs luaossl.

dofile((arg[0]:gsub("[^/]*$", "")) .. "../differential/tls.lua")

local TEXTS = { "a", "hello\n", "one\ntwo\n", "long line without an end", "end\n", "K: v\n\nbody", ("z"):rep(20000) .. "\n" }
local MODES = { "bn", "bl", "bf", "tn", "tl", "tf", "bnA", "bfA", "bna" }
local FORMATS = { "*l", "*L", 1, 3, 5, -1, -5, -100, "*l", "*a" }
local SPANS = { 0.011, 0.023, 0.041, 0 }

local catalogue = new_catalogue()

-- Codes of OpenSSL differ in their sign and reasons; that there is one is compared. How much is read ahead is each library's own
-- affair, and with it whether the kernel tells a peer that closes by a reset or an end.
local GONE = { [errno.EPIPE] = true, [errno.ECONNRESET] = true, [errno.ENOTCONN] = true }

local function plain(...)
	local list = pack(...)
	if not list[1] and (list.n < 2 or GONE[list[2]]) then
		return "gone"
	end
	for i = 1, list.n do
		local value = list[i]
		if type(value) == "number" and value < 0 then
			list[i] = "a code of TLS"
		elseif type(value) == "userdata" and not socket.type(value) then
			list[i] = "TLS"
		end
	end
	return unpack(list, 1, list.n)
end

-- docs/differences.md: "While a handshake is not done, or when it has failed, output is taken"; "Each call after a failure
-- returns the same code"; "A peer that ends during the handshake".
local NOT_WITHOUT_HANDSHAKE = { write = true, send = true, flush = true, shutdown = true, unget = true, uncork = true }

local WITH_A_FAILED_ONE = { close = true, error = true, clearerr = true, setmode = true }

-- Is that what the operation would be about? A handshake that has begun can be gone on with, but not one that failed.
local function lacks_handshake(world, name)
	local state = world.handshakes[world.task]
	return state and NOT_WITHOUT_HANDSHAKE[name] or state == "failed" and not WITH_A_FAILED_ONE[name]
end

local function method(name, weight, make, run)
	catalogue:add(name, weight, make, function(world, ...)
		local s = world[world.task]
		if lacks_handshake(world, name) then
			return "no handshake"
		elseif run then
			return plain(run(s, world, ...))
		end
		return plain(s[name](s, ...))
	end)
end

local function text(g) return g:choose(TEXTS) end
local function format(g) return g:choose(FORMATS) end

-- docs/differences.md: "`write` honours the timeout", so all that writes here says how long.
-- Over TCP a long one is cut: with one send to a peer that has gone it succeeds, with more of them it does not.
method("write", 10, text, function(s, world, some)
	return s:xwrite(world.has_tcp and some:sub(-1000) or some, nil, 0.031)
end)
-- Not the long text: how much of it each library takes before it fails is its own affair.
method("send", 3, function(g) return TEXTS[g:number(6)], g:maybe(g:choose(MODES)) end, function(s, _, some, mode)
	return s:send(some, 1, #some, mode)
end)
method("read", 9, format)
method("read two", 1, format, function(s, _, some) return s:read(some, -5) end)
method("lines", 1, one_of { "*l", "*L" }, function(s, _, some) return s:lines(some)() end)
method("xread", 2, function(g) return format(g), g:choose(MODES), g:choose(SPANS) end)
method("recv", 4, format)
method("starttls", 4, function(g) return g:maybe(g:choose { 0, 0, 0.013, 0.027 }, 40) end, function(s, world, t)
	local task = world.task
	world.handshakes[task] = "begun"
	local result, code = s:starttls(world.contexts[task], t)
	world.handshakes[task] = not result and (code == errno.ETIMEDOUT and "begun" or "failed") or nil
	return result, code
end)
catalogue:add("sleep", 3, one_of(SPANS), function(_, t) return cqueues.sleep(t) end)
-- docs/differences.md: "After `shutdown "r"`", over TCP.
method("shutdown", 2, one_of { "w", "r", "w" }, function(s, world, how)
	local done = s:shutdown(world.has_tcp and "w" or how)
	return world.has_tcp or done
end)
method("close", 1, nil, function(s) return (s:close()) end)
method("checktls", 2, nil, function(s) return (s:checktls()) end)
method("flush", 3, function(g) return g:maybe("n"), g:maybe(g:choose(SPANS)) end)
method("fill", 2, function(g) return g:choose { 4, 8, 12 }, g:choose(SPANS) end)
method("unget", 1, one_of { "back\n" })
method("uncork", 1)
method("setmode", 1, function(g) return g:choose(MODES), g:choose(MODES) end)
method("error", 1)
method("clearerr", 1)
method("poll", 3, one_of(SPANS), function(s, _, t)
	return socket.type(s) == "socket" and cqueues.poll(s, t) ~= nil
end)

local family = { catalogue = catalogue }

function family.make(g)
	local options = { tcp = g:chance(30), tls12 = g:chance(40) }
	local tasks = {}
	local both = g:chance(60)
	for i, which in ipairs { "c", "s" } do
		options[which] = { input = g:choose(MODES), output = g:choose(MODES), timeout = g:choose { 0.061, 0.067, 0.033 } }
		local operations = g:list(catalogue, 3 + g:number(6))
		if both then
			g.operations = g.operations + 1
			table.insert(operations, g:number(3), { number = g.operations, name = "starttls", arguments = { n = 0 } })
		end
		tasks[i] = { name = which, operations = operations }
	end
	return { options = options, tasks = tasks }
end

local function new_world(options)
	local protocol = options.tls12 and "TLSv1_2" or "TLS"
	local world = { handshakes = {}, contexts = { c = client_context(false, false, protocol), s = server_context(protocol) } }
	world.has_tcp = options.tcp
	if options.tcp then
		world.c, world.s = make()
	else
		world.c, world.s = socket.pair "stream"
	end
	for _, which in ipairs { "c", "s" } do
		local s, option = world[which], options[which]
		s:onerror(function(_, _, code) return code end)
		s:setmode(option.input, option.output)
		s:settimeout(option.timeout)
		name(s, which)
	end
	return world
end

function family.run(program)
	local world = new_world(program.options)
	local controller = cqueues.new()
	for _, task in ipairs(program.tasks) do
		controller:wrap(function()
			for _, operation in ipairs(task.operations) do
				world.task = task.name
				perform(world, task.name, operation)
			end
		end)
	end
	for _ = 1, 20 do
		local ok, why = controller:loop(0.2)
		if not ok then
			line("loop", told(why))
		end
		if controller:empty() then
			break
		end
	end
	line("loop", "tasks left: " .. controller:count())
end

return family

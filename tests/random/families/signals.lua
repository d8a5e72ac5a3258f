-- SPDX-License-Identifier: MIT
--
-- Signals: listeners, signals that are raised, blocked, ignored, and waited for, also by `pause` of a controller.

local signal = require "cqueues.signal"
local catalogue = new_catalogue()
local SIGNALS = { "SIGUSR1", "SIGUSR2", "SIGHUP", "SIGALRM", "SIGCHLD" }
local SPANS = { 0, 0.011, 0.023 }

local words = {}
for _, which in ipairs(SIGNALS) do
	words[signal[which]] = which
end

-- A signal in words. docs/differences.md: "All signals of the system have names"; `signal[1]` is a feature in the original.
local function word(number)
	return words[number] or number
end

local function some(g) return g:choose(SIGNALS) end

local function several(g)
	local list = {}
	for i = 1, g:number(3) do
		list[i] = some(g)
	end
	return list
end

local function numbers_of(list)
	local numbers = {}
	for i, signal_name in ipairs(list) do
		numbers[i] = signal[signal_name]
	end
	return unpack(numbers)
end

catalogue:add("listen", 4, several, function(world, list)
	local listener = signal.listen(numbers_of(list))
	world.listeners[#world.listeners + 1] = name(listener, "listener " .. #world.listeners)
	return signal.type(listener), listener:events(), listener:timeout()
end)
catalogue:add("raise", 8, some, function(_, which) return (pcall(signal.raise, signal[which])) end)

local function on_listener(kind, weight, make, run)
	catalogue:add(kind, weight, function(g)
		return g:number(3), make and make(g)
	end, function(world, which, ...)
		local listener = world.listeners[(which - 1) % math.max(#world.listeners, 1) + 1]
		if listener then
			return run(listener, ...)
		end
	end)
end

local function span(g) return g:choose(SPANS) end

on_listener("wait", 5, span, function(listener, t) return word(listener:wait(t)) end)
on_listener("poll", 3, span, function(listener, t) return cqueues.poll(listener, t) end)
on_listener("poll, then wait", 2, span, function(listener, t) return cqueues.poll(listener, t), word(listener:wait(0)) end)
on_listener("descriptor", 1, nil, function(listener) return type(listener:pollfd()), listener:events(), listener:timeout() end)
catalogue:add("ignore", 1, some, function(_, which) signal.ignore(signal[which]) end)
catalogue:add("default", 1, some, function(_, which)
	signal.ignore(signal[which]) -- what is pending is dropped: it would end the process
	signal.default(signal[which])
end)
catalogue:add("discard", 1, some, function(_, which) signal.discard(signal[which]) end)
catalogue:add("block", 1, several, function(_, list) return signal.block(numbers_of(list)) end)
catalogue:add("forget", 1, nil, function(world)
	world.listeners[#world.listeners] = nil
	collectgarbage()
	collectgarbage()
end)
catalogue:add("text", 1, some, function(_, which) return signal.strsignal(signal[which]) end)

-- A controller of its own whose task waits for a socket that is ready, a listener, or for so long, and pauses. The signals
-- that it lets through are ignored, as they would end the process.
catalogue:add("pause", 3, function(g) return several(g), g:chance(50), g:choose { 0.003, 0.009 } end, function(_, list, is_ready, t)
	local controller = cqueues.new()
	local a, b = socket.pair()
	if is_ready then
		b:xwrite("x", "bn")
	end
	controller:wrap(cqueues.poll, a, t)
	local ok, why = controller:step(0)
	for _, which in ipairs(list) do
		signal.ignore(signal[which])
	end
	local paused = pcall(controller.pause, controller, numbers_of(list))
	return ok, why, paused, controller:loop(0.1)
end)

local family = { catalogue = catalogue }

function family.make(g)
	return { options = { in_task = g:chance(50) }, tasks = { { name = "t1", operations = g:list(catalogue, 4 + g:number(9)) } } }
end

function family.run(program)
	local world = { listeners = {} }
	for _, which in ipairs(SIGNALS) do
		signal.block(signal[which])
	end
	perform_alone(world, program, 5)
	local last = signal.listen(numbers_of(SIGNALS))
	local left = {}
	repeat
		local number = last:wait(0)
		left[#left + 1] = number and word(number)
	until not number
	table.sort(left)
	line("rest", table.concat(left, " "))
end

return family

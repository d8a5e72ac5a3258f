-- SPDX-License-Identifier: MIT
-- Signals: names and numbers, features, texts, and what becomes of mask and dispositions.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local signal = require "cqueues.signal"

local names = { "SIGALRM", "SIGCHLD", "SIGHUP", "SIGINT", "SIGKILL", "SIGPIPE", "SIGQUIT", "SIGTERM", "SIGUSR1", "SIGUSR2" }
local features = { "SIGNALFD", "EVFILT_SIGNAL", "SIGTIMEDWAIT", "KQUEUE", "KQUEUE1" }
local changers = { "ignore", "default", "discard", "block", "unblock", "raise" }
local WINCH, CONT, STOP, FIRST_REALTIME, LAST = 28, 18, 19, 34, 64

-- The signals of a set in /proc/self/status, of those that this script touches.
local touched = { [signal.SIGUSR1] = true, [signal.SIGUSR2] = true, [signal.SIGALRM] = true, [signal.SIGTERM] = true,
	[signal.SIGHUP] = true, [WINCH] = true, [CONT] = true, [STOP] = true, [signal.SIGKILL] = true, [FIRST_REALTIME] = true, [LAST] = true }

local function set(field)
	local numbers = {}
	for line in io.lines "/proc/self/status" do
		local digits = line:match("^" .. field .. ":%s*(%x+)")
		if digits then
			for i = 1, #digits do
				local nibble = tonumber(digits:sub(-i, -i), 16)
				for bit = 0, 3 do
					local number = (i - 1) * 4 + bit + 1
					if math.floor(nibble / 2 ^ bit) % 2 == 1 and touched[number] then
						numbers[#numbers + 1] = number
					end
				end
			end
		end
	end
	return table.concat(numbers, " ")
end

local function sets(label)
	say(label, ("blocked [%s] pending [%s] ignored [%s] caught [%s]"):format(set "SigBlk", set "SigPnd", set "SigIgn", set "SigCgt"))
end

part("members", function()
	for _, field in ipairs { "block", "default", "discard", "flags", "ignore", "interpose", "listen", "loader", "raise", "strflag",
		"strsignal", "type", "unblock" } do
		show(field, type(signal[field]))
	end
	show("no such names", signal.SIGNOSUCH, signal.sigterm, signal.wait, signal[0], signal[-1], signal[65], signal[true])
end)

part("names and numbers", function()
	for _, name in ipairs(names) do
		show(name, signal[name])
	end
	-- 1, 2, 4, 8 and 16 are taken by the features in one of both
	for _, number in ipairs { 3, 9, 10, 12, 13, 14, 15, 17 } do
		show(tostring(number), signal[number])
	end
end)

part("features", function()
	for _, name in ipairs(features) do
		show(name, signal[name], signal.strflag(signal[name]))
	end
	show("FEATURES", signal.FEATURES, signal.strflag(signal.FEATURES))
end)

part("strflag", function()
	for bits = 0, 33 do
		show("strflag " .. bits, signal.strflag(bits))
	end
	for _, bits in ipairs { 64, 255, 1024, 65536, 2147483647, -1, -2, "5", 3.0 } do
		show("strflag " .. text_of(bits), signal.strflag(bits))
	end
	show("none", signal.strflag())
	show("several", signal.strflag(4, 1))
	show("several bits each", signal.strflag(3, 6, 32, 24))
	show("the same twice", signal.strflag(1, 1))
	for _, bad in ipairs { "x", true, {}, "SIGNALFD" } do
		try("strflag of " .. (type(bad) == "string" and bad or type(bad)), signal.strflag, bad)
		try("  as the second", signal.strflag, 1, bad)
	end
	try("nil", signal.strflag, nil)
end)

local function list(...)
	local bits = {}
	for bit, other in signal.flags(...) do
		bits[#bits + 1] = other == nil and bit or "more than one value"
	end
	return table.concat(bits, " ")
end

part("flags", function()
	for bits = 0, 32 do
		say("flags " .. bits, list(bits))
	end
	for _, bits in ipairs { 33, 64, 255, 65535, -1, "6", 5.0, signal.FEATURES } do
		say("flags " .. text_of(bits), list(bits))
	end
	say("none", list())
	say("two", list(4, 1))
	say("that share some", list(3, 6))
	say("three", list(16, 0, 2))
	for _, bad in ipairs { "x", true, {} } do
		try("flags of " .. type(bad), signal.flags, bad)
		try("  as the second", signal.flags, 1, bad)
	end
	try("nil", signal.flags, nil)
	show("returned", select("#", signal.flags(1)), type(signal.flags(1)))
	local next_flag = signal.flags(5)
	show("called by hand", next_flag(), next_flag(), next_flag())
end)

part("strsignal", function()
	for number = -1, 66 do
		show("strsignal " .. number, signal.strsignal(number))
	end
	for _, number in ipairs { 100, 99999, -99999, "2", 2.0 } do
		show("strsignal " .. text_of(number), signal.strsignal(number))
	end
	for _, bad in ipairs { "x", "SIGINT", true, {} } do
		try("strsignal of " .. (type(bad) == "string" and bad or type(bad)), signal.strsignal, bad)
	end
	try("none", signal.strsignal)
	try("nil", signal.strsignal, nil)
end)

part("arguments", function()
	for _, field in ipairs(changers) do
		local change = signal[field]
		try(field .. " of none", change)
		try(field, change, WINCH)
		try(field .. ", as a text", change, tostring(WINCH))
		try(field .. ", with a fraction of 0", change, WINCH + 0.0)
		try(field .. " of two", change, WINCH, CONT)
		try(field .. " twice the same", change, WINCH, WINCH)
		try(field .. " nil", change, nil)
		try(field .. " of a name", change, "SIGWINCH")
		try(field .. " of a table", change, { WINCH })
		try(field .. " of a boolean", change, true)
		try(field .. ", the second nil", change, WINCH, nil)
		try(field .. ", the second a name", change, WINCH, "x")
		show(field .. " returns", select("#", change(WINCH)))
	end
	signal.default(WINCH, CONT)
	signal.unblock(WINCH, CONT)
end)

part("dispositions that cannot be", function()
	for _, field in ipairs { "ignore", "default", "discard" } do
		for _, number in ipairs { 0, -1, 32, 33, 65, 99999, signal.SIGKILL, STOP } do
			try(field .. " " .. number, signal[field], number)
		end
		-- those named before the wrong one are changed
		try(field .. ", the second cannot", signal[field], signal.SIGUSR1, signal.SIGKILL, signal.SIGUSR2)
		sets("  then")
		signal.default(signal.SIGUSR1, signal.SIGUSR2)
	end
end)

-- Ours lets nobody raise them; see docs/differences.md.
part("numbers that are no signals are skipped", function()
	for _, field in ipairs { "block", "unblock" } do
		for _, number in ipairs { 0, -1, 65, 99999 } do
			try(field .. " " .. number, signal[field], number)
		end
	end
	try("block what cannot be blocked", signal.block, signal.SIGKILL, STOP)
	sets("then")
	try("with others", signal.block, 0, signal.SIGUSR1, 99999, signal.SIGKILL, signal.SIGUSR2)
	sets("then")
	try("unblock", signal.unblock, -1, signal.SIGUSR2, signal.SIGKILL, signal.SIGUSR1)
	sets("then")
end)

part("mask and dispositions", function()
	sets("at first")
	local steps = {
		{ "block", signal.SIGUSR1 }, { "block", signal.SIGUSR2, signal.SIGTERM }, { "block", signal.SIGUSR1 },
		{ "raise", signal.SIGUSR1 }, { "raise", signal.SIGUSR1, signal.SIGUSR2 }, { "ignore", signal.SIGUSR1 },
		{ "default", signal.SIGUSR1 }, { "discard", signal.SIGUSR2 }, { "unblock", signal.SIGUSR2 }, { "raise", signal.SIGUSR2 },
		{ "unblock", signal.SIGUSR1, signal.SIGTERM }, { "ignore", signal.SIGUSR1, signal.SIGALRM, signal.SIGTERM },
		{ "raise", signal.SIGUSR1, signal.SIGALRM, signal.SIGTERM, signal.SIGALRM },
		{ "discard", signal.SIGUSR1, signal.SIGALRM, signal.SIGHUP, signal.SIGTERM },
		{ "raise", signal.SIGUSR1, signal.SIGALRM, signal.SIGHUP, signal.SIGTERM, signal.SIGUSR2 },
		{ "block", LAST, FIRST_REALTIME }, { "unblock", LAST }, { "unblock", FIRST_REALTIME },
		{ "discard", LAST, FIRST_REALTIME }, { "raise", LAST, FIRST_REALTIME }, { "default", LAST, FIRST_REALTIME },
		{ "default", signal.SIGUSR1, signal.SIGUSR2, signal.SIGALRM, signal.SIGHUP, signal.SIGTERM },
		{ "unblock" }, { "default" }, { "ignore" },
	}
	for _, step in ipairs(steps) do
		show(table.concat(step, " "), signal[step[1]](unpack(step, 2)))
		sets("  then")
	end
end)

part("default ends the process", function()
	-- a child of the same interpreter, which is the first word of all
	local interpreter = arg[-1]
	for _, name in ipairs { "SIGTERM", "SIGUSR1", "SIGKILL" } do
		local script = ('local s = require "cqueues.signal" s.discard(s.SIGTERM, s.SIGUSR1) s.raise(s.SIGTERM, s.SIGUSR1) '
			.. 'io.stdout:write "alive " io.stdout:flush() s.default(s.SIGTERM, s.SIGUSR1) s.raise(s.%s) print "never"'):format(name)
		local process = io.popen(("{ %s -e '%s'; echo status $?; } 2>/dev/null"):format(interpreter, script))
		show(name, process:read "*a")
		process:close()
	end
end)

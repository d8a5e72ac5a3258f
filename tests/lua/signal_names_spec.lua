-- SPDX-License-Identifier: MIT
-- Signals: names, texts, flags, and what becomes of them.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local signal = require "cqueues.signal"
local equal, values, check = t.equal, t.values, t.check
local TERM, USR1, USR2, KILL = signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGKILL
local NO_SIGNAL = 99999

-- Runs a text with the modules at hand as a process of its own; what it prints.
local function process(text)
	return (t.child("true", 'local signal, cqueues = require "cqueues.signal", require "cqueues" ' .. text):gsub("%s+$", ""))
end

-- What becomes of a signal in a process that this one starts: it is ignored there if it is here.
local function ends_a_child(number)
	local child = io.popen(("sh -c 'kill -%d $$; echo alive' 2>&1"):format(number))
	local text = child:read "*a"
	child:close()
	return not text:find "alive"
end

t.plain("every_signal_has_a_number_and_a_name", function()
	for _, name in ipairs { "HUP", "INT", "QUIT", "ILL", "ABRT", "FPE", "KILL", "SEGV", "PIPE", "ALRM", "TERM", "USR1", "USR2", "CHLD",
		"CONT", "STOP", "TSTP", "TTIN", "TTOU", "BUS", "TRAP", "WINCH", "IO", "URG" } do
		local number = check(signal["SIG" .. name], name)
		equal(signal[number], "SIG" .. name)
	end
	values({ "SIGHUP", "SIGINT", 9 }, signal[1], signal[2], signal.SIGKILL)
end)

t.plain("a_feature_takes_no_signals_number", function()
	for _, name in ipairs { "SIGNALFD", "EVFILT_SIGNAL", "SIGTIMEDWAIT", "KQUEUE", "KQUEUE1" } do
		check(not signal[signal[name]] or signal[signal[name]]:find "^SIG%u+", name)
	end
end)

t.plain("features_are_flags_with_words", function()
	values({ "signalfd", "sigtimedwait" }, signal.strflag(signal.SIGNALFD + signal.SIGTIMEDWAIT))
	check(select("#", signal.strflag(signal.FEATURES)) > 0)
	check(select("#", signal.strflag((" "):rep(200):byte(1, 200))) == 0)
	local bits = {}
	for bit in signal.flags(signal.KQUEUE + 1024, signal.SIGNALFD) do
		bits[#bits + 1] = bit
	end
	values({ signal.SIGNALFD, signal.KQUEUE }, t.unpack(bits))
end)

t.plain("strsignal_takes_any_number", function()
	equal(signal.strsignal(TERM), "Terminated")
	check(signal.strsignal(NO_SIGNAL):find(NO_SIGNAL, 1, true))
	check(type(signal.strsignal(-1)) == "string")
end)

t.plain("block_and_unblock_pass_over_what_is_no_signal", function()
	values({ true }, signal.block())
	values({ true }, signal.block(NO_SIGNAL, USR1, -1, KILL, 0))
	local l = signal.listen(USR1)
	signal.raise(USR1)
	equal(l:wait(0), USR1)
	values({ true }, signal.unblock(USR1, NO_SIGNAL))
	equal(process [[signal.block(0, signal.SIGUSR1, 99999) signal.raise(signal.SIGUSR1) io.stdout:write "alive" io.stdout:flush()
		signal.unblock(signal.SIGUSR1, 99999) print "never"]], "alive")
end)

t.plain("a_wrong_argument_changes_nothing", function()
	equal(process [[pcall(signal.block, signal.SIGUSR1, "x") signal.raise(signal.SIGUSR1) print "never"]], "")
	t.throws("bad argument #2", signal.ignore, USR1, {})
	check(ends_a_child(USR1))
end)

t.plain("ignore_and_its_kind_refuse_what_is_no_signal", function()
	equal(signal.raise(NO_SIGNAL), true)
	for _, name in ipairs { "ignore", "default", "discard" } do
		t.throws("signal." .. name .. ": Invalid argument", signal[name], NO_SIGNAL)
	end
	t.throws("signal.ignore: Invalid argument", signal.ignore, KILL)
end)

t.plain("more_signals_than_there_are_can_be_named", function()
	local many = {}
	for i = 1, 200 do
		many[i] = USR2
	end
	values({ true }, signal.block(t.unpack(many)))
	local l = signal.listen(t.unpack(many))
	signal.raise(t.unpack(many))
	equal(l:wait(0), USR2)
	equal(l:wait(0), nil)
	signal.unblock(USR2)
end)

t.plain("discard_has_a_signal_interrupt_and_nothing_else", function()
	signal.discard(USR1)
	signal.raise(USR1)
	check(ends_a_child(USR1), "a handler is this process's own")
	signal.ignore(USR1)
	signal.raise(USR1)
	check(not ends_a_child(USR1))
	signal.default(USR1)
	check(ends_a_child(USR1))
end)

t.plain("default_is_to_end_the_process", function()
	equal(process [[signal.discard(signal.SIGTERM) signal.raise(signal.SIGTERM) io.stdout:write "alive" io.stdout:flush()
		signal.default(signal.SIGTERM) signal.raise(signal.SIGTERM) print "never"]], "alive")
end)

t.plain("loading_alone_is_enough", function()
	equal(t.child("true", [[local s = require "cqueues.signal" s.block(s.SIGUSR1)
		local l = s.listen(s.SIGUSR1) s.raise(s.SIGUSR1) io.write(l:wait(5) == s.SIGUSR1 and "got it" or "not")]]), "got it")
end)

t.finish()

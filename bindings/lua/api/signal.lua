-- SPDX-License-Identifier: MIT
--
-- The module cqueues.signal.

return {
	name = "cqueues.signal",
	since = "original",
	text = "Signals that are waited for like anything else. Block them first, before other threads are started; nobody's handlers are touched.",
	example = [[
local signal = require "cqueues.signal"

signal.block(signal.SIGTERM, signal.SIGINT)
local listener = signal.listen(signal.SIGTERM, signal.SIGINT)
cq:wrap(function()
	print("told to end by " .. signal.strsignal(listener:wait()))
end)]],
	fields = {
		{ "[SIG*]: integer", "The number of each signal: `signal.SIGINT`.", names = "^SIG%u[%u%d]+$" },
		{ "[integer]: string", "The name of each number: `signal[2]` is \"SIGINT\"." },
		{ "FEATURES: integer", "How the system tells of signals: bits of the constants that follow." },
		{ "SIGNALFD: integer", "signalfd(2)." },
		{ "EVFILT_SIGNAL: integer", "Filters of kqueue(2)." },
		{ "SIGTIMEDWAIT: integer", "sigtimedwait(2), asked at intervals." },
		{ "KQUEUE: integer", "kqueue(2)." },
		{ "KQUEUE1: integer", "kqueue1(2)." },
	},
	functions = {
		{ "listen(signal: integer, ...: integer): cqueues.SignalListener", "Makes a listener for some signals. A signal should have one listener.",
			takes = { signal = "none: a listener for nothing" },
			throws = { "a number is no signal, or is SIGKILL or SIGSTOP" } },
		{ "block(...: integer): true", "Blocks signals in the calling thread.", throws = { "a number is no signal" } },
		{ "unblock(...: integer): true", "Unblocks signals in the calling thread.", throws = { "a number is no signal" } },
		{ "ignore(...: integer): true", "Has the process ignore signals: SIG_IGN.", throws = { "a number is no signal" } },
		{ "default(...: integer): true", "Has signals do what they do by default: SIG_DFL.", throws = { "a number is no signal" } },
		{ "discard(...: integer): true", "Sets a handler that does nothing, so that signals end system calls that wait with EINTR.", throws = { "a number is no signal" } },
		{ "raise(...: integer): true", "Sends signals to the calling thread.", throws = { "a number is no signal" } },
		{ "strsignal(signal: integer): string", "Tells the system's name for a signal." },
		{ "strflag(...: integer): ...: string", "Tells the names of features that are among the bits." },
		{ "flags(...: integer): fun(): integer?", "Returns an iterator over the bits of features that are set." },
		{ "type(value?: any): \"signal listener\"|nil", "Tells whether a value is a listener." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all listeners. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.SignalListener",
			text = "A listener for signals.",
			methods = {
				{ "wait(timeout?: number): integer? signal, integer? code", "Waits for one of its signals. Returns its number, or nil when the time is over.",
					takes = { timeout = "false: no limit" },
					errors = { EBADF = "it was closed", ECANCELED = "a scope has ended the wait" } },
				{ "settimeout(timeout?: number): number? before", "Where no descriptor tells of signals (Solaris): sets after how long to look again. Returns the one before.",
					takes = { timeout = "false: none" } },
				{ "features(): integer", "Tells how the system tells of signals, as `signal.FEATURES`." },
				{ "pollfd(): integer?", "Tells the descriptor to poll." },
				{ "events(): string", "Tells what to poll it for." },
				{ "close()", "Closes it. `wait` then answers nil and EBADF, also to whoever waits; other methods throw.", since = "1.0.0" },
				{ "timeout(): number?", "Tells after how many seconds to look again." },
			},
		},
	},
}

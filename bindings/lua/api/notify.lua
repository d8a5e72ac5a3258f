-- SPDX-License-Identifier: MIT
--
-- The module cqueues.notify.

return {
	name = "cqueues.notify",
	since = "original",
	text = "Changes of files: a notifier watches a directory and tells what happens to the names that were added.",
	example = [[
local notify = require "cqueues.notify"

local notifier = notify.opendir "/etc"
notifier:add "resolv.conf"
for changes, name in notifier:changes() do
	print(name, notify.strflag(changes))
end]],
	fields = {
		{ "CREATE: integer", "A name came." },
		{ "ATTRIB: integer", "Its metadata changed." },
		{ "MODIFY: integer", "Its contents changed." },
		{ "REVOKE: integer", "It became unreachable." },
		{ "DELETE: integer", "It went." },
		{ "ALL: integer", "All of these." },
		{ "OVERFLOW: integer", "More happened than the system kept; told of \".\".", since = "1.0.0" },
		{ "RENAMED: integer", "It came or went by a rename. It is no part of ALL: `notify.ALL + notify.RENAMED` asks for it. On Linux only.", since = "1.0.0" },
		{ "PRESENT: integer", "It was there already, see the field `existing` of `opendir`.", since = "1.0.0" },
		{ "[integer]: string", "The name of each bit." },
		{ "FEATURES: integer", "How the system tells of changes: bits of the constants that follow." },
		{ "INOTIFY: integer", "inotify(7)." },
		{ "FEN: integer", "File events of Solaris." },
		{ "KQUEUE: integer", "kqueue(2)." },
		{ "KQUEUE1: integer", "kqueue1(2)." },
		{ "OPENAT: integer", "openat(2)." },
		{ "FDOPENDIR: integer", "fdopendir(3)." },
		{ "O_CLOEXEC: integer", "The flag of open(2)." },
		{ "IN_CLOEXEC: integer", "The flag of inotify_init1(2)." },
	},
	tables = {
		{ name = "cqueues.notify.Options", text = "What `opendir` takes as a table.", since = "1.0.0", fields = {
			{ "path: string", "The directory." },
			{ "changes?: integer", "Of what to tell; all without it." },
			{ "recursive?: boolean", "Whether all directories below are watched, too." },
			{ "existing?: boolean", "Whether the wanted entries that are there already are told first, as PRESENT." },
			{ "pattern?: string|string[]", "Names to tell of, as with `match`." },
		} },
	},
	functions = {
		{ "opendir(path: string|cqueues.notify.Options, changes?: integer): cqueues.Notifier? notifier, integer? code",
			"Watches a directory.",
			errors = { ENOENT = "there is no such directory", ENOTDIR = "it is no directory", CQ_EWATCHES = "the system's limit of watches is reached", CQ_EINSTANCES = "the system's limit of notifiers is reached" } },
		{ "strflag(...: integer): ...: string", "Tells the names of the bits that are set." },
		{ "flags(...: integer): fun(): integer?", "Returns an iterator over the bits that are set." },
		{ "type(value?: any): \"file notifier\"|nil", "Tells whether a value is a notifier." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all notifiers. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.Notifier",
			text = "A watched directory.",
			methods = {
				{ "add(name: string, changes?: integer): true? done, integer? code", "Tells of an entry from now on, whether it is there or not.", takes = { changes = "false: all changes" },
					errors = { CQ_EWATCHES = "the system's limit of watches is reached" } },
				{ "match(pattern: string, changes?: integer): true? done, integer? code", "Tells of entries whose names fit a pattern: `*.c`, `sub/*.h`, as fnmatch(3).", takes = { changes = "false: all changes" }, since = "1.0.0" },
				{ "get(timeout?: number): integer? changes, string|integer|nil name", "Waits for a change. Returns what happened, as bits, and the name that it happened to; nil when the time is over.",
					takes = { timeout = "false: no limit" },
					errors = { ENOENT = "the directory is gone", EBADF = "it was closed", ECANCELED = "a scope has ended the wait" } },
				{ "changes(timeout?: number): (fun(): integer?, string|integer|nil)", "Returns an iterator over `get`.", takes = { timeout = "false: no limit" } },
				{ "step(timeout?: number): boolean", "Takes over what the system has to tell, without waiting; nothing while a change is there for `get`.", takes = { timeout = "any value: it counts for nothing" } },
				{ "pollfd(): integer", "Tells the descriptor to poll." },
				{ "events(): string", "Tells what to poll it for." },
				{ "close()", "Closes it. `get` then answers nil and EBADF, also to whoever waits; other methods throw.", since = "1.0.0" },
				{ "timeout(): number?", "0 while something is there that the descriptor does not tell of; otherwise nil." },
			},
		},
	},
}

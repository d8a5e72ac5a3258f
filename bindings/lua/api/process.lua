-- SPDX-License-Identifier: MIT
--
-- The module cqueues.process.

return {
	name = "cqueues.process",
	since = "1.0.0",
	text = "Child processes: started, waited for and signalled. `docs/processes.md` has more.",
	example = [[
local process = require "cqueues.process"

local sort = assert(process.spawn { "sort", "-n", stdin = "pipe", stdout = "pipe" })
sort.stdin:write("10\n", "9\n")
sort.stdin:close()
print(sort.stdout:read "*a")
print(sort:wait()) -- exited 0]],
	aliases = {
		{ "cqueues.process.Stream", "\"inherit\"|\"null\"|\"pipe\"|cqueues.Socket|file*|integer",
			"What a stream of a child is: that of the calling process, /dev/null, a socket whose other end the caller gets, or a copy of a descriptor." },
	},
	tables = {
		{ name = "cqueues.process.Options", text = "What `spawn` takes. Other fields are an error.", fields = {
			{ "[integer]: string|number", "The program and its arguments. A program without a slash is looked for in PATH." },
			{ "cwd?: string", "The working directory." },
			{ "setenv?: table<string, string|number|false>", "Changes of the environment; false takes a variable out." },
			{ "env?: table<string, string|number|false>", "The whole environment." },
			{ "stdin?: cqueues.process.Stream", "Standard input." },
			{ "stdout?: cqueues.process.Stream", "Standard output." },
			{ "stderr?: cqueues.process.Stream|\"stdout\"", "Standard error; \"stdout\": what standard output is." },
			{ "group?: boolean", "Whether the process leads a process group." },
			{ "session?: boolean", "Whether it leads a session." },
		} },
	},
	functions = {
		{ "spawn(options: cqueues.process.Options): cqueues.Process? process, integer? code", "Starts a process.",
			errors = { ENOENT = "there is no such program", EACCES = "it may not be run", ENOSYS = "the system has no way to set a field" },
			throws = { "a field is unknown or of the wrong type" } },
		{ "type(value?: any): \"process\"|nil", "Tells whether a value is a process." },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.Process",
			text = "A child process. It can be a to-be-closed variable.",
			fields = {
				{ "stdin?: cqueues.Socket", "The caller's end of a stream that is a pipe." },
				{ "stdout?: cqueues.Socket", "The same of standard output." },
				{ "stderr?: cqueues.Socket", "The same of standard error." },
			},
			methods = {
				{ "wait(timeout?: number): \"exited\"|\"signaled\"|nil how, integer? number", "Waits for the end. Returns \"exited\" and the exit code, or \"signaled\" and the signal's number. It may be called again.",
					takes = { timeout = "false: no limit" },
					errors = { ETIMEDOUT = "the process runs still", ECHILD = "the program has waited for it by other means", ECANCELED = "a scope has ended the wait" } },
				{ "kill(signal?: integer): true? done, integer? code", "Sends a signal; SIGTERM without a number.",
					errors = { ESRCH = "the process has ended", EINVAL = "the number is no signal" } },
				{ "pid(): integer", "Tells its number." },
				{ "close()", "Gives the process up, which goes on, and closes the three sockets. Closing twice is safe; other methods throw from then on." },
				{ "pollfd(): integer?", "Tells the descriptor to poll; nil where there is none." },
				{ "events(): string", "Tells what to poll it for." },
				{ "timeout(): number?", "Tells after how many seconds to ask again; nil where a descriptor tells." },
			},
		},
	},
}

-- SPDX-License-Identifier: MIT
--
-- The module cqueues.thread.

return {
	name = "cqueues.thread",
	since = "original",
	text = "Threads of the system, each with a Lua state of its own, that talk over a pair of sockets.",
	example = [[
local thread = require "cqueues.thread"

local handle, socket = thread.start(function(socket, name)
	socket:write("hello ", name, "\n")
end, "world")
print(socket:read "*l")
handle:join()]],
	functions = {
		{ "start(f: function|string, ...: any): cqueues.Thread? thread, cqueues.Socket? socket, integer? code",
			"Starts a thread that runs `f(socket, ...)` in a Lua state of its own, with all signals blocked. The socket is connected to the one returned. Nil, booleans, numbers, strings, light userdata and functions without upvalues keep their types; what has `__tostring` or is a number comes as it is or as text.",
			throws = { "the function has upvalues, or an argument cannot be handed over" },
			errors = { EAGAIN = "the system has no room for a thread; two nils come before it", EMFILE = "no descriptor is left" },
			takes = { f = "any value that can be handed over: what is no function fails in the thread, as `join` tells" } },
		{ "self(): cqueues.Thread?", "Returns the calling thread's handle; nil in a thread that was not started here." },
		{ "type(value?: any): \"thread\"|nil", "Tells whether a value is a thread's handle." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all handles. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.Thread",
			text = "A thread's handle. Handles of one thread are equal.",
			methods = {
				{ "join(timeout?: number): boolean ended, string|integer|nil why",
					"Waits for the thread's end. Returns true, and nil or what went wrong in it: a text or an error number. It may be called again.",
					takes = { timeout = "false: no limit" },
					errors = { ETIMEDOUT = "the thread runs still", EOWNERDEAD = "pthread_exit(3) has ended the thread", ECANCELED = "a scope has ended the wait" },
					throws = { "the thread joins itself" } },
				{ "pollfd(): integer", "Tells the descriptor that is readable when the thread has ended." },
				{ "events(): string", "Tells what to poll it for: \"r\"." },
				{ "timeout(): number?", "Returns nil: there is no limit." },
			},
		},
	},
}

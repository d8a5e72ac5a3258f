-- SPDX-License-Identifier: MIT
--
-- The module cqueues: controllers, which run tasks, and what tasks wait by.

local pollable_text = [[
What a task can wait for: an object with the members `pollfd`, `events` and `timeout`, each a method or a plain value, or
a number of seconds. All objects of this library that can be waited for have these members. A `pollfd` is a descriptor or a
condition, `events` a text of the letters "r", "w" and "p" or a mask of poll(2), `timeout` a number of seconds or nil.]]

return {
	name = "cqueues",
	since = "original",
	text = [[
Controllers run coroutines, called tasks, and resume each when what it waits for has happened. A controller is itself
something that can be polled, so it can run within another one or within any other event loop.]],
	example = [[
local cqueues = require "cqueues"

local cq = cqueues.new()
cq:wrap(function()
	cqueues.sleep(0.1)
	print "a tenth of a second later"
end)
assert(cq:loop())]],

	fields = {
		{ "VENDOR: string", "\"libcqueues\"." },
		{ "VERSION: integer", "The version of the Lua interface, a date as digits: 20200726." },
	},

	aliases = {
		{ "cqueues.Pollable", "number|table|userdata", pollable_text },
	},

	functions = {
		{ "new(): cqueues.Controller", "Makes a controller.", throws = { "no descriptor or no memory is left" } },
		{ "create(): cqueues.Controller? controller, string? why, integer? code",
			"Makes a controller, or tells why that cannot be done.",
			errors = { EMFILE = "no descriptor is left", ENOMEM = "no memory is left" } },
		{ "type(value?: any): \"controller\"|\"closed controller\"|\"cancellation\"|nil",
			"Tells whether a value is a controller, a closed one, or what is thrown when a scope ends a wait." },
		{ "interpose(name: string, method?: function): function? before",
			"Sets a method of all controllers. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		{ "monotime(): number seconds", "Tells the time of the monotonic clock: the system's, unless a test has moved it by `clockadvance` or `clockrate`." },
		{ "clockadvance(seconds: number)",
			"Moves the clock of `monotime` forward, for tests of programs: all timeouts and deadlines of this library are times of that clock, in the whole process. What is due by that goes on in the next step. A controller that waits in another thread meanwhile has to be alerted. Nothing moves it back.",
			throws = { "the number is negative, not a number or not finite, or the clock would have run for more than 292 years" }, since = "1.0.0",
			example = [[
local cq = cqueues.new()
cq:wrap(function()
	cqueues.sleep(3600)
	print "an hour later"
end)
assert(cq:step(0))
cqueues.clockadvance(3600)
assert(cq:step(0))]] },
		{ "clockrate(rate: number)",
			"Sets how fast that clock runs from now on: 1 as the system's, as in the beginning, 0 not at all: then only `clockadvance` moves it, and a step with a timeout waits until it has.",
			throws = { "the number is negative, not a number, or more than a million" }, since = "1.0.0" },
		{ "cancel(...: integer|cqueues.Pollable)",
			"Ends all waits for some descriptors in all controllers: the tasks that wait for them go on. Call it before a descriptor that is not of this library is closed. An object stands for the descriptor of its `pollfd`; -1, and descriptors that nobody waits for, are passed over.",
			takes = { ["..."] = "nil and what has no `pollfd`: it is passed over" } },
		{ "poll(...: cqueues.Pollable): ...: any ready",
			"Waits until at least one of the objects is ready, or the least of the numbers has passed in seconds. Returns those that are ready, in the order in which they were given; a number is returned when its time is over. Without arguments the task goes on in the next step. Outside of a task it blocks.",
			throws = { "an object cannot be polled, or what its methods return makes no sense", "the task's waits are ended by its scope: a cancellation" },
			takes = { ["..."] = "nil: it is passed over" },
			example = [[
local ready = cqueues.poll(socket, 5)
if ready == socket then
	print(socket:read "*l")
end]] },
		{ "sleep(seconds?: number)", "Waits for some seconds. Other tasks run meanwhile. Without seconds the task goes on in the next step.", takes = { seconds = "what `cqueues.poll` takes" },
			throws = { "the task's waits are ended by its scope: a cancellation" } },
		{ "checkfields(on?: boolean): boolean before", "Sets whether unknown fields of option tables are errors, for sockets and `notify.opendir`, in this Lua state. Returns how it was before.", since = "1.0.0", takes = { on = "any value, for what it is in a condition" } },
		{ "traceback(thread?: thread, message?: any): any text",
			"Tells where a coroutine stands, as `debug.traceback` does, without the functions of this library; without a coroutine, where the caller stands. The message comes first. A message that is no text comes back as it is.", since = "1.0.0" },
		{ "tracebacks(on?: boolean): boolean before",
			"Sets whether messages of `step`, `loop` and `errors` that are texts have such a traceback of their task behind them, in this Lua state. Returns how it was before; false in the beginning, as with the original.", since = "1.0.0", takes = { on = "any value, for what it is in a condition" } },
		{ "running(): cqueues.Controller? controller, boolean is_task",
			"Tells which controller's task runs, nil outside of tasks, and whether the running coroutine is the task itself and not a coroutine that it has resumed." },
		{ "reset()", "Makes the kernel queues of all controllers anew. Call it in a child process after fork(2), so that it does not change those of its parent." },
		{ "scope(f: fun(scope: cqueues.Scope, ...: any): ..., ...: any): ...: any",
			"Runs `f(scope, ...)` in a new scope, waits for the tasks that it starts in the scope, and returns what it returns; see the module cqueues.scope.",
			errors = { ECANCELED = "the scope was cancelled before `f` returned; the reason follows", ETIMEDOUT = "its deadline has passed before `f` returned" },
			throws = { "the first error of `f` or of a task in the scope", "no task runs" }, since = "1.0.0" },
		{ "timeout(seconds: number, f: fun(...: any): ..., ...: any): ...: any",
			"Runs `f(...)` for at most so many seconds and returns what it returns.",
			errors = { ETIMEDOUT = "the time is over" }, throws = { "what `f` throws", "no task runs" }, since = "1.0.0",
			example = [[
local line, why = cqueues.timeout(2, function()
	socket:write "What is the time?\n"
	return socket:read "*l"
end)]] },
		{ "shield(seconds: number, f: fun(...: any): ..., ...: any): ...: any",
			"Runs `f(...)`, and for at most so many seconds nothing outside ends its waits: time for cleaning up. Returns what `f` returns.",
			errors = { ECANCELED = "what was kept out has ended `f` after the time was over" },
			throws = { "what `f` throws", "no task runs" }, since = "1.0.0" },
		{ "tasks(controller?: cqueues.Controller): cqueues.dump.Task[]", "Lists the tasks of all controllers, or of one; see the module cqueues.dump.", since = "1.0.0" },
		{ "dump(file?: file*, controller?: cqueues.Controller): file*|true", "Writes the tasks of all controllers, or of one, as a tree for people; see the module cqueues.dump.", takes = { file = "an object with a method `write`, such as a socket" }, since = "1.0.0" },
		{ "assert(value?: any, ...: any): ...: any", "The same as `auxlib.assert`; kept for programs that were written before cqueues.auxlib.", deprecated = "auxlib.assert", hidden = true,
			throws = { "the value is nil or false" } },
		{ "resume(co: thread, ...: any): boolean ok, ...: any", "The same as `auxlib.resume`; kept for programs that were written before cqueues.auxlib.", deprecated = "auxlib.resume", hidden = true },
		{ "wrap(f: function): fun(...: any): ...", "The same as `auxlib.wrap`; kept for programs that were written before cqueues.auxlib.", deprecated = "auxlib.wrap", hidden = true },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},

	classes = {
		{
			name = "cqueues.Controller",
			text = "A controller: its tasks, and what they wait for.",
			methods = {
				{ "attach(co: thread): cqueues.Controller self", "Makes a coroutine a task. It first runs in the next step." },
				{ "wrap(f: function, ...: any): cqueues.Controller self", "Starts a task that runs `f(...)`. It first runs in the next step." },
				{ "step(timeout?: number): boolean ok, any message, integer? code, thread? task, any object, integer? fd",
					"Waits until something is ready, at most so many seconds, and runs the tasks that are ready. In a task of another controller it lets other tasks run meanwhile; elsewhere it blocks, unless the time is 0. Returns true; or false when a task has failed, with what it has thrown, an error number, the coroutine, and the object and the descriptor that could not be polled, as far as there are such. It can be called again afterwards.",
					takes = { timeout = "a value that is no number: it is no limit" },
					throws = { "a task of this controller calls it", "the controller is closed" } },
				{ "loop(timeout?: number): boolean ok, any message, integer? code, thread? task, any object, integer? fd",
					"Steps until no tasks are left, a task fails or the time is over. Returns what `step` returns.",
					takes = { timeout = "false: no limit" },
					throws = { "a task of this controller calls it", "the controller is closed" } },
				{ "errors(timeout?: number): (fun(): any, integer?, thread?, any, integer?)",
					"Returns an iterator over the errors of `loop`. It ends when no tasks are left or the time, which is that of the whole iteration, is over.",
					takes = { self = "any value; what is wrong with it is told when the iterator is called", timeout = "false: no limit" },
					example = [[
for message in cq:errors() do
	io.stderr:write(tostring(message), "\n")
end]] },
				{ "empty(): boolean", "Tells whether no tasks are left." },
				{ "count(): integer", "Counts the tasks." },
				{ "cancel(...: integer|cqueues.Pollable)", "Ends the waits for some descriptors in this controller; see `cqueues.cancel`.",
					takes = { ["..."] = "nil and what has no `pollfd`: it is passed over" } },
				{ "pause(...: integer)", "Blocks the process until the controller has something to do or a signal is delivered that is not among those given: pselect(2). Prefer a signal listener." },
				{ "alert(): cqueues.Controller self", "Makes the controller's descriptor ready, so that whoever waits for the controller steps it." },
				{ "reset()", "Makes the kernel queue of this controller anew; see `cqueues.reset`." },
				{ "close()", "Closes the controller with its tasks, which never go on. Closing it twice is safe; other methods throw from then on.",
					throws = { "a task of this controller calls it" } },
				{ "pollfd(): integer", "Tells the descriptor that is readable when a step has something to do." },
				{ "events(): string", "Tells what the descriptor must be polled for: \"r\"." },
				{ "timeout(): number?", "Tells after how many seconds a step has something to do, whatever the descriptor says; nil if that is not known." },
				{ "shutdown(grace?: number): cqueues.Controller self", "Shuts down in good order: accepting ends with ECANCELED, scopes that are idle end at once, and what is left after the grace ends with ETIMEDOUT. Without a grace the rest is never ended.", since = "1.0.0" },
				{ "closing(): boolean", "Tells whether `shutdown` has been called.", since = "1.0.0" },
				{ "inspect(path?: string): cqueues.Controller? self, integer? code", "Serves what the tasks wait for at a UNIX socket, for the program `cq`. Without a path serving ends.", since = "1.0.0",
					errors = { EADDRINUSE = "somebody serves there already", ENAMETOOLONG = "the path does not fit a UNIX address" } },
			},
		},
	},
}

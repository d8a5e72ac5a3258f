-- SPDX-License-Identifier: MIT
--
-- The module cqueues.scope.

return {
	name = "cqueues.scope",
	since = "1.0.0",
	text = "Scopes: tasks that end together, and code that has a time limit. The functions are those of the module cqueues, too. `docs/scopes.md` tells what the end of a scope does.",
	example = [[
cq:wrap(function()
	cqueues.scope(function(scope)
		for _, host in ipairs(hosts) do
			scope:wrap(fetch, host)
		end
	end) -- returns when all have ended; when one fails, the others end
end)]],
	functions = {
		{ "scope(f: fun(scope: cqueues.Scope, ...: any): ..., ...: any): ...: any",
			"Runs `f(scope, ...)` in a new scope, waits for the tasks that it starts in the scope, and returns what it returns.",
			errors = { ECANCELED = "the scope was cancelled before `f` returned; the reason follows", ETIMEDOUT = "its deadline has passed before `f` returned" },
			throws = { "the first error of `f` or of a task in the scope", "no task runs" } },
		{ "timeout(seconds: number, f: fun(...: any): ..., ...: any): ...: any",
			"Runs `f(...)` for at most so many seconds and returns what it returns.",
			errors = { ETIMEDOUT = "the time is over" }, throws = { "what `f` throws", "no task runs" } },
		{ "shield(seconds: number, f: fun(...: any): ..., ...: any): ...: any",
			"Runs `f(...)`, and for at most so many seconds nothing outside ends its waits. Returns what `f` returns.",
			errors = { ECANCELED = "what was kept out has ended `f` after the time was over" }, throws = { "what `f` throws", "no task runs" } },
		{ "loader(): table", "Returns a new table of the module." },
	},
	classes = {
		{
			name = "cqueues.Scope",
			text = "A group of tasks that end together. Its methods throw \"the scope is over\" once the function that has begun it has returned.",
			methods = {
				{ "wrap(f: function, ...: any): cqueues.Task", "Starts a task in the scope that runs `f(...)`.", throws = { "the scope has ended: the reason" } },
				{ "cancel(reason?: string)", "Ends the scope: every wait of its tasks and of the code in it ends.", takes = { reason = "any value, which tostring makes a text" } },
				{ "deadline(seconds?: number)", "Ends the scope in so many seconds; nil takes the deadline away.", takes = { seconds = "false: no deadline" } },
				{ "supervise(on?: boolean): cqueues.Scope self", "With true, or without an argument, the other tasks go on when one fails." },
				{ "idle(is_idle?: boolean): cqueues.Scope self", "With true, or without an argument, what the scope does may end at once when the controller shuts down." },
				{ "count(): integer", "Counts the tasks of the scope that are left, and the scopes in it that have tasks." },
				{ "status(): integer? code, string? reason", "Returns nothing; once the scope has ended, the error number with which waits in it end, and why.",
					errors = { ECANCELED = "it was cancelled, or one of its tasks has failed", ETIMEDOUT = "its deadline has passed" } },
				{ "name(name?: string): cqueues.Scope self", "Names the scope, for whoever debugs the program." },
			},
		},
		{
			name = "cqueues.Task",
			text = "A task that was started in a scope.",
			methods = {
				{ "cancel(reason?: string): boolean", "Ends every wait of the task, and of tasks in scopes that it has begun. Returns false if it is over.", takes = { reason = "any value, which tostring makes a text" } },
				{ "join(timeout?: number): ...: any", "Waits for its end and returns what its function has returned.", takes = { timeout = "false: no limit" },
					errors = { ETIMEDOUT = "the time is over, or a deadline has ended the task", ECANCELED = "the task was cancelled; the reason follows" },
					throws = { "what the task has thrown" } },
				{ "status(): \"running\"|\"cancelling\"|\"done\"|\"failed\"|\"cancelled\"", "Tells whether it runs, whatever it waits for, or how it has ended." },
				{ "name(name?: string): string?", "Tells its name; sets it before, if one is given." },
			},
		},
		{
			name = "cqueues.Cancellation",
			text = "What a wait throws that a scope has ended. `tostring` makes it the reason; `cqueues.type` calls it \"cancellation\".",
			fields = {
				{ "code: integer", "ECANCELED or ETIMEDOUT." },
				{ "reason: string", "Why." },
			},
			methods = {},
		},
	},
}

-- SPDX-License-Identifier: MIT
--
-- The module cqueues.promise.

return {
	name = "cqueues.promise",
	since = "original",
	text = "Promises: values that come later, or the reason why they never will.",
	example = [[
local promise = require "cqueues.promise"

cq:wrap(function()
	local answer = promise.new(function() return slow_question() end)
	do_something_else()
	print(answer:get())
end)]],
	is_class = true,
	functions = {
		{ "new(f?: function, ...: any): cqueues.Promise", "Makes a promise. With a function, a new task of the running controller runs `f(...)`: what it returns fulfils the promise, what it throws rejects it. Without one, `set` settles it.",
			throws = { "there is a function, and no controller runs" },
			takes = { f = "any value: what cannot be called rejects the promise" } },
		{ "type(value?: any): \"promise\"|nil", "Tells whether a value is a promise." },
		{ "loader(): table", "Returns a new table of the module, whose promises are of a class of their own." },
	},
	classes = {
		{
			name = "cqueues.Promise",
			text = "A promise. Calling it is `get` without a limit; `tostring` waits, too, and is the first value as text. It can be polled: it is ready once it is settled.",
			fields = {
				{ "pollfd: cqueues.Condition", "What is signalled when it is settled." },
				{ "timeout?: number", "0 once it is settled." },
			},
			methods = {
				{ "set(ok?: boolean, ...: any)", "Settles it, and wakes all who wait for it. With true the others are its values; otherwise the second argument is the reason.",
					throws = { "it is settled already" }, takes = { self = "any value that can be indexed, as far as it has what a promise has" } },
				{ "get(timeout?: number): ...: any values", "Waits until it is settled. Returns its values, or nothing when the time is over.",
					throws = { "it was rejected: the reason" }, takes = { timeout = "what `cqueues.poll` takes", self = "any value that can be indexed, as far as it has what a promise has" } },
				{ "wait(timeout?: number): cqueues.Promise? self", "Waits until it is settled. Returns the promise, or nil when the time is over.",
					takes = { timeout = "what `cqueues.poll` takes", self = "any value that can be indexed, as far as it has what a promise has" } },
				{ "status(): \"pending\"|\"fulfilled\"|\"rejected\"", "Tells whether it is settled, and how.", takes = { self = "any value that can be indexed, as far as it has what a promise has" } },
			},
		},
	},
}

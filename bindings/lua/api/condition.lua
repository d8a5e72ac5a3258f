-- SPDX-License-Identifier: MIT
--
-- The module cqueues.condition.

return {
	name = "cqueues.condition",
	since = "original",
	text = "Condition variables: tasks wait until another task signals.",
	example = [[
local condition = require "cqueues.condition"

local changed = condition.new()
cq:wrap(function()
	changed:wait()
	print "woken"
end)
cq:wrap(function() changed:signal() end)]],
	functions = {
		{ "new(lifo?: boolean): cqueues.Condition", "Makes a condition. With true the task that has waited least is woken first, otherwise the one that has waited longest.",
			throws = { "no memory is left" } },
		{ "type(value?: any): \"condition\"|nil", "Tells whether a value is a condition." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all conditions. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
	},
	classes = {
		{
			name = "cqueues.Condition",
			text = "A condition. Calling it returns it, so that it can stand where a method `pollfd` is asked for.",
			methods = {
				{ "wait(...: cqueues.Pollable): boolean signalled, ...: any ready",
					"Waits until the condition is signalled, or one of the other objects is ready; see `cqueues.poll`. Returns whether it was signalled, and those of the others that are ready.",
					throws = { "an object cannot be polled", "the task's waits are ended by its scope: a cancellation" },
					takes = { ["..."] = "nil: it is passed over" } },
				{ "signal(count?: integer): integer woken", "Wakes all tasks that wait, or at most so many. Returns how many.",
					takes = { count = "false: all" } },
				{ "pollfd(): cqueues.Condition", "Returns the condition itself." },
				{ "events(): string?", "Returns nil: there is no descriptor.", takes = { self = "any value" } },
				{ "timeout(): number?", "Returns nil: there is no limit.", takes = { self = "any value" } },
				{ "name(name?: string): cqueues.Condition self", "Names the condition for whoever looks at the program from outside (`cq ps`).", since = "1.0.0" },
			},
		},
	},
}

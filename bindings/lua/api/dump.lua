-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dump.

return {
	name = "cqueues.dump",
	since = "1.0.0",
	text = "What the tasks of a program wait for, as a table and as a tree for people.",
	tables = {
		{ name = "cqueues.dump.Task", text = "A task, as `tasks` tells it.", fields = {
			{ "controller: cqueues.Controller", "The controller that runs it." },
			{ "state: \"running\"|\"ready\"|\"parked\"", "What it does." },
			{ "name?: string", "Its name." },
			{ "wait?: string", "What it waits for, in words." },
			{ "deadline?: number", "When its wait ends at the latest, as `cqueues.monotime` tells time." },
			{ "since?: number", "Since when it waits." },
			{ "thread?: thread", "Its coroutine." },
			{ "scope?: string", "The name of its scope." },
		} },
	},
	functions = {
		{ "tasks(controller?: cqueues.Controller): cqueues.dump.Task[]", "Lists the tasks of all controllers, or of one.",
			throws = { "the controller is closed" } },
		{ "dump(file?: file*, controller?: cqueues.Controller): file*|true", "Writes the tasks of all controllers, or of one, as a tree to a file, or to standard error. Each task has the lines of the program where it stands. Returns what the file's `write` returns.",
			throws = { "the controller is closed" }, takes = { file = "an object with a method `write`, such as a socket" } },
	},
}

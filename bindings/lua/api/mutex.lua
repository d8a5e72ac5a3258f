-- SPDX-License-Identifier: MIT
--
-- The module cqueues.mutex.

return {
	name = "cqueues.mutex",
	since = "1.0.0",
	text = "Mutexes: one task at a time.",
	example = [[
local output = require "cqueues.mutex".new()
output:with(function()
	socket:write "first half, "
	cqueues.sleep(1)
	socket:write "second half\n"
end)]],
	is_class = true,
	functions = {
		{ "new(): cqueues.Mutex", "Makes a mutex that nobody holds." },
		{ "type(value?: any): \"mutex\"|nil", "Tells whether a value is a mutex." },
	},
	classes = {
		{
			name = "cqueues.Mutex",
			text = "A mutex. Its holder is the coroutine that has locked it.",
			methods = {
				{ "lock(timeout?: number): true? done, integer? code", "Locks it; waits while another task holds it.", takes = { timeout = "false: no limit" }, errors = { ETIMEDOUT = "the time is over" },
					throws = { "the task holds it already" } },
				{ "unlock()", "Unlocks it, and hands it to the task that has waited longest.", throws = { "the task does not hold it" } },
				{ "with(f: function, ...: any): ...: any", "Calls `f(...)` while it holds the mutex, for which it waits. Returns what `f` returns.", throws = { "what `f` throws" } },
			},
		},
	},
}

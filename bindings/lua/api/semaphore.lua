-- SPDX-License-Identifier: MIT
--
-- The module cqueues.semaphore.

return {
	name = "cqueues.semaphore",
	since = "1.0.0",
	text = "Semaphores: a number of permits that tasks take and give back.",
	example = [[
local connections = require "cqueues.semaphore".new(10)
connections:with(function() fetch(url) end) -- ten at a time]],
	is_class = true,
	functions = {
		{ "new(count?: integer): cqueues.Semaphore", "Makes a semaphore with so many permits; 1 without a number.", takes = { count = "false: 1" } },
		{ "type(value?: any): \"semaphore\"|nil", "Tells whether a value is a semaphore." },
	},
	classes = {
		{
			name = "cqueues.Semaphore",
			text = "A semaphore.",
			methods = {
				{ "acquire(timeout?: number): true? done, integer? code", "Takes a permit; waits while there is none.", errors = { ETIMEDOUT = "the time is over" }, takes = { timeout = "false: no limit" } },
				{ "release(count?: integer)", "Gives permits back, or adds some; 1 without a number. Any task may.", takes = { count = "false: 1" } },
				{ "count(): integer", "Counts the permits that can be taken without waiting." },
				{ "with(f: function, ...: any): ...: any", "Calls `f(...)` with a permit, for which it waits, and gives it back afterwards. Returns what `f` returns.", throws = { "what `f` throws" } },
			},
		},
	},
}

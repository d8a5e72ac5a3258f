-- SPDX-License-Identifier: MIT
--
-- The module cqueues.queue.

return {
	name = "cqueues.queue",
	since = "1.0.0",
	text = "Queues: values on their way from some tasks to others, first in, first out. Tasks that wait are served in the order in which they came. `docs/queues.md` has more.",
	example = [[
local queue = require "cqueues.queue"

local jobs = queue.new(3)
cq:wrap(function()
	for job in jobs:items() do
		print(job)
	end
end)
cq:wrap(function()
	jobs:put "sweep" -- waits while three jobs wait
	jobs:close()
end)]],
	is_class = true,
	functions = {
		{ "new(limit?: integer): cqueues.Queue", "Makes a queue for at most so many values; without a limit, or with 0, for any number.",
			takes = { limit = "false: no limit" } },
		{ "type(value?: any): \"queue\"|nil", "Tells whether a value is a queue." },
	},
	classes = {
		{
			name = "cqueues.Queue",
			text = "A queue. It can be polled: it is ready when `get` would not wait.",
			fields = {
				{ "pollfd: cqueues.Condition", "What is signalled when there is something to get." },
				{ "timeout?: number", "0 while there is something to get." },
			},
			methods = {
				{ "put(value?: any, timeout?: number): true? done, integer? code", "Puts a value, which may be nil, at the end; waits while the queue is full.", takes = { timeout = "false: no limit" },
					errors = { ETIMEDOUT = "the time is over; the value is not in the queue", EPIPE = "the queue is closed" } },
				{ "get(timeout?: number): any value, integer? code", "Takes the first value; waits while there is none.", takes = { timeout = "false: no limit" },
					errors = { ETIMEDOUT = "the time is over", EPIPE = "the queue is closed and empty" } },
				{ "items(timeout?: number): fun(): any", "Returns an iterator over `get`. It ends when the queue is closed and empty, at a value that is nil, and when none comes in time.", takes = { timeout = "false: no limit" } },
				{ "close()", "Lets nothing more in, and wakes all who wait. What is in the queue can still be got. Closing twice is safe." },
				{ "count(): integer", "Counts the values in the queue." },
			},
		},
	},
}

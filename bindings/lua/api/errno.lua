-- SPDX-License-Identifier: MIT
--
-- The module cqueues.errno.

return {
	name = "cqueues.errno",
	since = "original",
	text = "Error numbers: those of the system, which are positive, and those of the library, which are negative.",
	example = [[
local errno = require "cqueues.errno"

local line, why = socket:read "*l"
if why == errno.ETIMEDOUT then
	print(errno.strerror(why)) -- "Connection timed out"
end]],
	fields = {
		{ "[E*]: integer", "The number of each name: `errno.ENOENT` is 2 on most systems. The library's own names begin with CQ_: `errno.CQ_ETLS`.", names = "^C?Q?_?E[%w_]+$" },
		{ "[integer]: string", "The name of each number: `errno[errno.ENOENT]` is \"ENOENT\"." },
	},
	functions = {
		{ "strerror(code: integer): string", "Tells what an error number means." },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
}

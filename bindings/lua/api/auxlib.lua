-- SPDX-License-Identifier: MIT
--
-- The module cqueues.auxlib: companions of Lua's own functions.

local list = {
	{ "assert(value?: any, ...: any): ...: any",
		"Returns its arguments when the first is neither nil nor false. Otherwise it throws the first text found among the others; a number is an error number and is told as text. The error points to the caller.",
		throws = { "the value is nil or false" },
		example = [[
local assert = require "cqueues.auxlib".assert
local controller = assert(cqueues.create())]] },
}

for level = 2, 9 do
	list[#list + 1] = { ("assert%d(value?: any, ...: any): ...: any"):format(level),
		("The same as `assert`, and the error points to the function %d levels up, as with `error`."):format(level),
		throws = { "the value is nil or false" } }
end

for _, entry in ipairs {
	{ "fileresult(value?: any, ...: any): ...: any",
		"Returns its arguments when the first is neither nil nor false. Otherwise it returns them as Lua's io library tells failures: the first, a text, an error number. The text is made of the first number among the others." },
	{ "resume(co: thread, ...: any): boolean ok, ...: any",
		"Does what coroutine.resume does, but what the coroutine waits for with `cqueues.poll`, or any method that waits, goes up to the controller. So a task may use coroutines of its own, such as generators, that wait." },
	{ "wrap(f: function): fun(...: any): ...",
		"Does what coroutine.wrap does, and hands waits up to the controller as `resume` does." },
	{ "tostring(value?: any): string", "Does what tostring does; the metamethod `__tostring` may wait, on Lua 5.1 too." },
	{ "loader(): table", "Returns a new table of the module." },
} do
	list[#list + 1] = entry
end

return {
	name = "cqueues.auxlib",
	since = "original",
	text = "Companions of Lua's own functions that know of waiting and of error numbers.",
	functions = list,
}

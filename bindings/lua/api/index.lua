-- SPDX-License-Identifier: MIT
--
-- The Lua interface of the library: which modules there are, and what holds for all of them. Beside this file stands a
-- description of each module, from which `make lua-api` makes the type definitions in bindings/lua/types and docs/lua.md,
-- and with which tests/lua/api_spec.lua and tests/lua/wrong_types.lua compare the modules.
--
-- A description is a table:
--
--   name, since, text, example   of the module
--   is_class                     its table is also the metatable of its objects, as programs know it
--   fields, functions            what the module has
--   tables                       tables that functions take or return, with their fields
--   aliases                      names for types: { name, type, text }
--   classes                      objects: name, text, fields, methods, since; `object` is what examples call them
--
-- A field is { "name: type", text }, "name?: type" if it may be nil; `also` is a second name, `takes` as with arguments, `unset` says that a new object has none. "[E*]: type" stands for all names that fit the Lua
-- pattern `names`, "[integer]: type" for numbers as keys. A function is
--
--   { "name(argument: type, optional?: type, ...: type): type name, type name", text,
--     overloads   further signatures
--     takes       for each argument: what it takes beside its type, in words; such values are no error
--                 A text that begins with "false:" means that value alone, one with "in LuaJIT" that interpreter. `self` is the object of a method.
--     says        for each argument: the text of the error, where it is not as usual
--     errors      for each error number that it returns behind nil or false: when
--     throws      a list: when it throws, beside for arguments of wrong types
--     since       "original", or the version of this library that has it first
--     hidden      found by indexing the module, not by going through it
--     deprecated  what to use instead
--     example }
--
-- Types are written as LuaCATS has them.

return {
	-- The order of docs/lua.md.
	modules = {
		"cqueues", "socket", "tls", "condition", "promise", "scope", "queue", "semaphore", "mutex", "signal", "thread",
		"process", "notify", "dns", "dns_config", "dns_hosts", "dns_hints", "dns_packet", "dns_record", "dns_resolver",
		"dns_resolvers", "auxlib", "errno", "dump",
	},

	-- Modules that only the others load.
	internal = {
		["cqueues.arguments"] = true,
		["cqueues.protected"] = true,
		["cqueues.traceback"] = true,
		["cqueues.waiters"] = true,
	},

	title = "The Lua interface",
	text = [[
Every module, function, method, field and constant of the Lua interface. `guide.md` is the place to begin, and `recipes.md` has
programs to start from. What things do together is told in the other documents:
`sockets.md`, `dns.md`, `events.md`, `queues.md`, `scopes.md`, `processes.md`, `inspect.md`. What differs from the original
library cqueues is in `differences.md`.

This file is made from `bindings/lua/api/` by `make lua-api`, as are the type definitions for editors in
`bindings/lua/types/`.]],

	conventions = {
		"An argument whose name has a question mark may be left out or nil. Surplus arguments count for nothing.",
		"Where a number is asked for, a text of digits is one; where a text is asked for, a number is one. Where a boolean is asked for, nil and false are false, and any other value is true.",
		"An argument of another type is an error that names the function, the argument and what was expected: \"bad argument #2 to 'fill' (number expected, got table)\". What an argument takes beside its type is told with the function.",
		"Failures are returned: nil or false, and behind it an error number, whose text `errno.strerror` tells. \"Errors\" lists the usual ones. \"Throws\" lists what throws beside arguments of wrong types.",
		"Times are seconds and may have a fraction. Without a time limit a method waits as long as it takes; NaN is no limit.",
		"A method that waits lets other tasks run meanwhile. Outside of a controller it blocks.",
		"\"Since\" is \"original\" for what the original library has, too; otherwise the version of this library that has it first.",
	},
}

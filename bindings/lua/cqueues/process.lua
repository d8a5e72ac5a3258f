-- SPDX-License-Identifier: MIT
-- cqueues.process: the table that `spawn` takes, and waiting for a process, which is polling it until it has ended.

local core = require "_cqueues.process"
local cqueues = require "cqueues"
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT

local process = require "_cqueues"._public(core)

local begin, outcome, descriptor = core._begin, core._outcome, core._descriptor
local wait, is_end = require "_cqueues"._waiter()
local POLL, monotime = cqueues._POLL, cqueues.monotime

local unpack = table.unpack or unpack

local STREAMS = { "stdin", "stdout", "stderr" }
local WORDS = { inherit = true, null = true, pipe = true }
local FIELDS = { env = "table", setenv = "table", cwd = "string", group = "boolean", session = "boolean" }

local function fail(format, ...)
	error("process.spawn: " .. format:format(...), 0)
end

-- A text that is the same for C.
local function check_text(value, what)
	if type(value) == "number" then
		value = tostring(value)
	end
	if type(value) ~= "string" then
		fail("%s is a %s, not a string", what, type(value))
	elseif value:find("\0", 1, true) then
		fail("%s has a NUL", what)
	end
	return value
end

-- The words "inherit", "null", "pipe" and, for stderr, "stdout"; or the number of a descriptor.
local function check_stream(value, name)
	if value == nil then
		return "inherit"
	elseif WORDS[value] or value == "stdout" and name == "stderr" then
		return value
	end
	local fd = type(value) ~= "string" and descriptor(value) or -1
	if fd < 0 then
		fail("field '%s' is no stream: a word, an open socket or file, or a descriptor is expected", name)
	end
	return fd
end

local function check_fields(options)
	local known = { stdin = true, stdout = true, stderr = true }
	for name, value in pairs(options) do
		local wanted = FIELDS[name]
		if wanted and type(value) ~= wanted then
			fail("field '%s' is a %s, not a %s", name, type(value), wanted)
		elseif not wanted and not known[name] and not (type(name) == "number" and name >= 1 and name <= #options) then
			fail("unknown field '%s'", tostring(name))
		end
	end
end

local function arguments(options)
	if options[1] == nil then
		fail("no program is given")
	end
	local list = {}
	for i = 1, #options do
		list[i] = check_text(options[i], "argument " .. i)
	end
	return list
end

-- All changes of the environment; false takes a variable out.
local function variables(options)
	local all = {}
	for _, field in ipairs { "env", "setenv" } do
		for key, value in pairs(options[field] or {}) do
			local name = check_text(key, "a name in " .. field)
			if name == "" or name:find("=", 1, true) then
				fail("a name in %s is empty or has a '='", field)
			end
			all[name] = value and check_text(value, "the value of " .. name)
		end
	end
	return all
end

local function check(options)
	if type(options) ~= "table" then
		error(("bad argument #1 to 'spawn' (table expected, got %s)"):format(type(options)), 0)
	end
	check_fields(options)
	local streams = {}
	for i, name in ipairs(STREAMS) do
		streams[i] = check_stream(options[name], name)
	end
	local cwd = options.cwd and check_text(options.cwd, "field 'cwd'")
	return { arguments(options), variables(options), options.env ~= nil, cwd, streams[1], streams[2], streams[3],
		options.group, options.session }
end

--- Starts a process: `process.spawn{ "prog", "argument", cwd = "/", stdout = "pipe" }`.
--
-- Returns a process, or nil and an error number.
function process.spawn(options)
	local ok, checked = pcall(check, options)
	if not ok then
		error(checked, 2)
	end
	return core._spawn(unpack(checked, 1, 9))
end

--- Waits until the process has ended, at most that many seconds. "exited" and its exit code, "signaled" and the signal's
-- number; nil and ETIMEDOUT while it runs. May be called again.
function core._methods.wait(self, seconds)
	local left, deadline = begin(self, seconds)
	while true do
		local ended, how, number = outcome(self)
		if ended then
			return how, number
		end
		left = deadline and deadline - monotime()
		if left and left <= 0 then
			return nil, ETIMEDOUT
		end
		local mark, stopped = wait(self, left)
		if mark == POLL and is_end(stopped) then
			return nil, stopped.code
		end
	end
end

function process.loader()
	return process
end

return process

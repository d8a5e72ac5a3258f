-- SPDX-License-Identifier: MIT
-- cqueues.socket: nearly everything is in C; see the notes on waiting there.
--
-- What stands here are the methods that call others: if recv, send or accept were replaced (`interpose`), the
-- methods built on them are done in Lua, so that the replacement sees each call, and may wait.

local core = require "_cqueues.socket"
local cqueues = require "cqueues"
local errno = require "_cqueues.errno"

local EAGAIN, EPIPE, ETIMEDOUT, ECANCELED = errno.EAGAIN, errno.EPIPE, errno.ETIMEDOUT, errno.ECANCELED
local arguments = require "cqueues.arguments"
local INPUT, OUTPUT = 0, 1
local DROPPED = 65536 -- bytes that finish drops at a time

local socket = require "_cqueues"._public(core)

local poll, monotime = cqueues.poll, cqueues.monotime
local deadline_of, note = core._deadline, core._note

-- A program that replaced cqueues.poll before it loaded this module waits through its own.
if poll ~= require "_cqueues"._poll then
	require "_cqueues"._wait_by(poll)
end

local POLL = cqueues._POLL
local waiter, is_end = require "_cqueues"._waiter()

-- Waits for the socket. Returns why it is not ready: ETIMEDOUT when the deadline has passed, or the code that the wait
-- was ended with.
local function wait(self, deadline)
	local left = deadline and deadline - monotime()
	if left and left <= 0 then
		return ETIMEDOUT
	end
	local mark, ended = waiter(self, left)
	return mark == POLL and is_end(ended) and ended.code or nil
end

-- Asks the error handler: what it answers is returned behind nil. An error that sticks counts towards the limit of the socket if
-- it comes from nothing that has counted it, as recv and send do.
local function fail(self, method, side, code, counts)
	local handler, level = note(self, code == ECANCELED and -1 or side, code, counts) -- the end of a task's waits sticks to no direction
	local answer = handler(self, method, code, level)
	return answer
end

local function told(self, which)
	local code = self:error(which)
	return code and code ~= EPIPE and code or nil
end

local replacements = {}

-- One read by recv: the value; or nil, a code and whether that is final.
local function receive(self, format, mode, deadline)
	while true do
		local value, why = self:recv(format, mode)
		if value ~= nil or not why or why == EPIPE then
			return value, why
		end
		why = why == EAGAIN and wait(self, deadline) or why
		if why ~= EAGAIN then
			return nil, why, true
		end
	end
end

local function read_all(self, deadline, formats, count)
	local values = {}
	for i = 1, count do
		local value, why, final = receive(self, formats[i], nil, deadline)
		if final then
			values[i] = nil
			local answer = fail(self, "read", INPUT, why)
			return values, i + 1, answer
		elseif value == nil and not why then
			return values, i - 1
		elseif value == nil then
			return values, i
		end
		values[i] = value
	end
	return values, count
end

local unpack = table.unpack or unpack

function replacements.read(self, ...)
	local count = math.max(select("#", ...), 1)
	local values, last, answer = read_all(self, deadline_of(self), { ... }, count)
	if answer ~= nil then
		values[last] = answer
	end
	return unpack(values, 1, last)
end

-- Mode and timeout in either order.
local function mode_and_timeout(a, b)
	if type(a) == "number" then
		a, b = b, a
	end
	return a or nil, b or nil
end

function replacements.xread(self, format, a, b)
	local mode, timeout = mode_and_timeout(a, b)
	local value, why, final = receive(self, format, mode, deadline_of(self, timeout))
	if final then
		local answer = fail(self, "read", INPUT, why)
		return nil, answer
	end
	return value
end

-- Sends a string by send: true, or nil, a code.
local function send(self, text, mode, deadline)
	local first, size = 1, #text
	repeat
		local count, why = self:send(text, first, size, mode)
		first = first + count
		local ended = why == EAGAIN and wait(self, deadline)
		if ended or why and why ~= EAGAIN then
			return nil, ended or why
		end
	until first > size and not why
	return true
end

function replacements.write(self, ...)
	local deadline = deadline_of(self)
	local stuck = told(self, "w")
	if stuck then
		local answer = fail(self, "write", OUTPUT, stuck, true)
		return nil, answer
	end
	for i = 1, select("#", ...) do
		local value = (select(i, ...))
		if not value then
			break
		end
		local ok, why = send(self, tostring(value), nil, deadline)
		if not ok then
			local answer = fail(self, "flush", OUTPUT, why)
			return nil, answer
		end
	end
	return self
end

function replacements.xwrite(self, text, a, b)
	local mode, timeout = mode_and_timeout(a, b)
	local ok, why = send(self, tostring(text), mode, deadline_of(self, timeout))
	if not ok then
		local answer = fail(self, "flush", OUTPUT, why)
		return nil, answer
	end
	return self
end

function replacements.clients(self, ...)
	local options, timeout = ...
	local was_open = socket.type(self) == "socket"
	return function()
		if socket.type(self) == "socket" or not was_open then
			return (self:accept(options, timeout))
		end
	end
end

core._use(replacements)

local function check_socket(value, name)
	if not socket.type(value) then
		arguments.refuse_self(value, name, "CQS Socket")
	end
end

--- Closes the socket when what was written is sent, or that many seconds have passed: those of the socket's timeout if
-- there are none given. True, or nil and what the error handler answers, as flush. The peer is told the end: TLS, too,
-- says goodbye. What has come and was not read is dropped, so that the kernel does not reset the connection for it.
core._define("finish", function(self, timeout)
	check_socket(self, "finish")
	local sent, why = core._finish(self, timeout and arguments.seconds(timeout, 1, "finish"))
	if socket.type(self) == "socket" then
		if sent then
			self:setmode "b"
			repeat until not self:recv(-DROPPED)
		end
		self:close()
	end
	if not sent then
		return nil, why
	end
	return true
end)

function socket.loader()
	return socket
end

return socket

#!/usr/bin/env lua
-- SPDX-License-Identifier: MIT
-- A chat server for nc(1) and telnet(1): what one user says, all others get.
--
--   lua chat.lua [ADDRESS [PORT [IDLE]]]      port 0 lets the system choose a free one
--
-- /nick NAME changes a user's name, /who lists the users, /quit ends. A user who says nothing for IDLE (300) seconds is sent
-- away, and so is one who does not take what the others say. SIGTERM and SIGINT stop the server: it says goodbye to all.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local queue = require "cqueues.queue"
local signal = require "cqueues.signal"
local socket = require "cqueues.socket"

local address, port, idle = ...
idle = tonumber(idle or 300)

local LONGEST, BACKLOG, GRACE = 1000, 100, 2 -- bytes of a line, lines that a user has not taken yet, seconds for goodbyes
local ENDS = { [errno.ETIMEDOUT] = "idle for too long", [errno.ECANCELED] = "the server stops" }
local users, guests = {}, 0

-- Queues a line for one user. Never waits: who does not read must not hold up the others.
local function tell(user, ...)
	if not user.late and not user.lines:put(string.format(...) .. "\n", 0) then
		user.late = true
		user.reading:cancel()
	end
end

local function tell_others(user, ...)
	for _, other in pairs(users) do
		if other ~= user then tell(other, ...) end
	end
end

local commands = {}

function commands.who(user)
	local names = {}
	for name in pairs(users) do names[#names + 1] = name end
	table.sort(names)
	tell(user, "* here: %s", table.concat(names, ", "))
end

function commands.nick(user, name)
	if not name:match "^[%w_-]+$" or #name > 20 then
		return tell(user, "* a name has up to 20 letters, digits, _ and -")
	elseif users[name] then
		return tell(user, "* %s is taken", name)
	end
	users[user.name], users[name] = nil, user
	tell_others(user, "* %s is now %s", user.name, name)
	user.name = name
	tell(user, "* you are now %s", name)
end

-- Obeys one line of a user. False if it was the last.
local function obey(user, line)
	local command, argument = line:match "^/(%a+)%s*(.-)%s*$"
	if command == "quit" then
		return false
	elseif commands[command] then
		commands[command](user, argument)
	elseif line:sub(1, 1) == "/" then
		tell(user, "* there are /nick NAME, /who and /quit")
	elseif line ~= "" then
		tell_others(user, "%s: %s", user.name, (line:gsub("%c", "?"))) -- no escape sequences for other people's terminals
	end
	return true
end

-- Reads what a user says, until the end; returns why it ended.
local function listen(user)
	local line, code
	cqueues.scope(function(reading)
		reading:idle() -- ends at once when the server stops
		user.reading = reading
		tell_others(user, "* %s has come", user.name)
		tell(user, "* welcome, you are %s", user.name)
		repeat
			line, code = user.client:read "*l"
		until not line or not obey(user, line)
		users[user.name] = nil
	end)
	return user.late and "too slow" or ENDS[code] or "bye"
end

-- Writes what is queued for a user, until the queue is closed and empty.
local function write_lines(user)
	local line = user.lines:get()
	while line and user.client:write(line) do
		line = user.lines:get()
	end
end

local function connection(client)
	client:onerror(function(_, _, code) return code end) -- whatever happens, methods return it
	client:setmode("t", "bl") -- takes lines with CR LF and with LF
	client:setmaxline(LONGEST)
	client:settimeout(idle)
	guests = guests + 1
	local user = { name = "guest" .. guests, client = client, lines = queue.new(BACKLOG) }
	users[user.name] = user
	cqueues.scope(function(scope)
		scope:wrap(write_lines, user)
		local why = listen(user)
		tell_others(user, "* %s has gone: %s", user.name, why)
		user.lines:put("* goodbye: " .. why .. "\n", 0)
		user.lines:close()
		scope:deadline(GRACE) -- for the writer
	end)
	client:finish(0) -- what the client has not taken by now is dropped
end

signal.block(signal.SIGTERM, signal.SIGINT)
local stop = signal.listen(signal.SIGTERM, signal.SIGINT)
local listener = assert(socket.listen(address or "127.0.0.1", tonumber(port or 8001)))
assert(listener:listen())
print(("listening on %s %d"):format(select(2, listener:localname())))
io.stdout:flush()

local controller = cqueues.new()
controller:wrap(function()
	local client = listener:accept { nodelay = true }
	while client do
		controller:wrap(connection, client)
		client = listener:accept { nodelay = true }
	end
	listener:close()
end)
controller:wrap(function()
	stop:wait()
	controller:shutdown(GRACE) -- nobody else comes in, and the reading of every user ends
end)
-- A task that fails ends only itself.
for message in controller:errors() do
	io.stderr:write(tostring(message), "\n")
end

-- SPDX-License-Identifier: MIT
-- What a task waits for that polls a socket: after each call, in each state of the socket; and what of the pending output
-- the call has sent.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local LARGE = ("x"):rep(1000000) -- more than the kernel takes

local function drain(b)
	while b:recv(-100000) do end
end

local function fill(a)
	a:send(LARGE, 1, #LARGE)
end

local states = {
	{ "fresh", function() end },
	{ "without input", function(a) a:recv "*l" end },
	{ "full", function(a) fill(a) end },
	{ "full and without input", function(a) fill(a) a:recv "*l" end },
	{ "drained", function(a, b) fill(a) drain(b) end },
	{ "drained and without input", function(a, b) fill(a) a:recv "*l" drain(b) end },
	{ "full and with input", function(a, b) b:write "line\n" fill(a) end },
	{ "full and with input that was missed", function(a, b) fill(a) a:recv "*l" b:write "line\n" end },
	{ "at the end", function(_, b) b:shutdown "w" end },
	{ "full and at the end", function(a, b) b:shutdown "w" fill(a) end },
	{ "full, without input, and at the end", function(a, b) fill(a) a:recv "*l" b:shutdown "w" end },
	{ "with output", function(a) a:send("x", 1, 1, "f") end },
	{ "with output and input", function(a, b) b:write "line\n" a:send("x", 1, 1, "f") end },
	{ "with output and at the end", function(a, b) b:shutdown "w" a:send("x", 1, 1, "f") end },
	{ "without input and with output", function(a) a:recv "*l" a:send("x", 1, 1, "f") end },
	{ "after a timeout", function(a) a:xread("*l", 0) end },
	{ "after a timeout and with output", function(a) a:xread("*l", 0) a:send("x", 1, 1, "f") end },
	{ "after a timeout of writing", function(a) a:xwrite(LARGE, nil, 0) end },
	{ "with a failed input and output", function(a) a:seterror("r", errno.EIO) a:send("x", 1, 1, "f") end },
	{ "with output that failed", function(a) a:send("x", 1, 1, "f") a:seterror("w", errno.EIO) end },
}

local calls = {
	{ "recv a line", function(a) return a:recv "*l" end },
	{ "recv bytes", function(a) return a:recv(3) end },
	{ "recv some", function(a) return a:recv(-3) end },
	{ "recv nothing", function(a) return a:recv(0) end },
	{ "recv all", function(a) return a:recv "*a" end },
	{ "recv A", function(a) return a:recv("*l", "A") end },
	{ "read", function(a) return a:read "*l" end },
	{ "xread", function(a) return a:xread("*l", 0) end },
	{ "lines", function(a) return a:lines "*l"() end },
	{ "unpack", function(a) return a:unpack(8) end },
	{ "recvfd", function(a) return a:recvfd(nil, 0) end },
	{ "flush", function(a) return a:flush(0) end },
	{ "xwrite", function(a) return a:xwrite("text\n", 0) end },
	{ "sendfd", function(a) return a:sendfd("m", io.stdout) end },
	{ "pack", function(a) return a:pack(7, 8) end },
	{ "eof", function(a) return a:eof() end },
	{ "clearerr", function(a) return a:clearerr() end },
	{ "shutdown w", function(a) return a:shutdown "w" end },
	{ "setmode", function(a) return a:setmode("bn", "bn") end },
	-- The original waits for ever where there is no room.
	{ "write", function(a) return a:write "text\n" end, waits = true },
	{ "write ''", function(a) return a:write "" end, waits = true },
	{ "write()", function(a) return a:write() end, waits = true },
	-- What it waits for then is told below.
	{ "send nothing", function(a) return a:send("", 1, 0) end, hidden = true },
	{ "send behind all", function(a) return a:send("abc", 3, 2) end, hidden = true },
	{ "xwrite ''", function(a) return a:xwrite("", 0) end, hidden = true },
}

-- Where ours differs: in line mode a full buffer leaves without a line.
local function differs(state, call, mode)
	local empty = call.hidden or call[1]:find "^write ?['(]"
	return empty and state:find "drained" and mode:find "l"
end

for _, mode in ipairs { "bn", "bl", "bf", "tl" } do
	for _, state in ipairs(states) do
		section(mode .. ", " .. state[1])
		for _, call in ipairs(calls) do
			local full = state[1]:find "full" or state[1]:find "of writing"
			if not (call.waits and full or differs(state[1], call, mode)) then
				local a, b = pair()
				returns_errors(a)
				returns_errors(b)
				a:setmode(mode, mode)
				a:settimeout(0)
				state[2](a, b)
				local result = pack(call[2](a, b))
				for i = 1, result.n do
					result[i] = i > 1 and type(result[i]) == "number" and error_name(result[i]) or result[i]
				end
				show(call[1], unpack(result, 1, result.n))
				local events = a:events()
				show("    events", call.hidden and events:gsub("r", "") or events)
				show("    output", select(2, a:pending()) > 0, (b:recv(-3)))
				a:close()
				b:close()
			end
		end
	end
end

-- SPDX-License-Identifier: MIT
--
-- Signals, threads and file notifications.

local make = require "make"
local signal = require "cqueues.signal"
local thread = require "cqueues.thread"
local notify = require "cqueues.notify"

local list = {}

-- Kinds that are no time for a wait to end.
local no_end = { absent = true, ["nil"] = true, ["false"] = true, ["minus-infinity"] = true }

local function call(name, fields)
	local module, rest = name:match "^(%l+)%.(.*)"
	fields.name = name
	fields.call = fields.call or ("require 'cqueues.%s'.%s"):format(module or "", rest or "")
	list[#list + 1] = fields
end

-- Signals.
local function listener(env, state)
	signal.block(signal.SIGUSR1)
	local l = signal.listen(signal.SIGUSR1)
	if state == "pending" then
		signal.raise(signal.SIGUSR1)
	end
	env.closing[1] = function() l:wait(0) end
	return l
end

local function same() return signal.listen(signal.SIGUSR2) end

for _, name in ipairs { "strsignal", "strflag", "flags", "ignore", "default", "discard", "block", "unblock", "listen",
	"type" } do
	call("signal." .. name, { places = 2, base = { 10 }, class = "signal", same = same, iterate = 4 })
end
call("signal.raise", { places = 2, base = { 28 }, class = "signal", alone = { zero = true, one = true, digits = true,
	fraction = true } })
list[#list + 1] = make.interpose("cqueues.signal", "signal", "events", same)
call("signal[]", { call = function(_, key) return pack(signal[key]) end, places = 1,
	not_kinds = { absent = true } })
local method = make.methods(list, "signal", { make = listener, states = { "fresh", "pending" }, same = same })
for name, fields in pairs {
	wait = { places = 1, waits = true, timeout_place = 1, base = { 0.002 }, not_kinds = no_end },
	settimeout = { places = 1 }, features = { places = 1 }, pollfd = { places = 1, volatile = "descriptor" },
	events = { places = 1 }, timeout = { places = 1 },
} do
	method(name, fields)
end

-- Threads.
local function started(env, state)
	local t, con = thread.start(function(con, how)
		con:read "*l"
		if how == "failed" then
			error("thrown in a thread", 0)
		end
	end, state)
	env.closing[1] = function()
		con:write "go\n"
		con:flush()
		t:join(5)
		con:close()
	end
	if state ~= "running" then
		con:write "go\n"
		con:flush()
		if state == "joined" then
			t:join(5)
		else
			cqueues.poll(t, 5)
		end
	end
	return t
end

method = make.methods(list, "thread", { make = started, states = { "running", "ended", "failed", "joined" } })
for name, fields in pairs {
	join = { places = 1, waits = true, timeout_place = 1, base = { 0.002 }, not_kinds = no_end },
	pollfd = { volatile = "descriptor" }, events = {}, timeout = {},
} do
	method(name, fields)
end
call("thread.type", { places = 1 })
call("thread.self", { places = 1 })
list[#list + 1] = make.interpose("cqueues.thread", "thread", "events", function(env) return started(env, "joined") end)
-- What a thread is given, as it tells it.
local function told(_, f, ...)
	local t, con, code = thread.start(f, ...)
	if not t then
		return pack(t, con, code)
	end
	con:settimeout(5)
	local text = con:read "*a"
	local ok, why = t:join(5)
	con:close()
	return pack(text, ok, type(why) == "string" and why:gsub("\nstack.*", "") or why)
end
local function teller(con, ...)
	for i = 1, select("#", ...) do
		local value = select(i, ...)
		con:write(type(value), " ", tostring(value):gsub("0x%x+", "ADDRESS"):gsub("[%x]+$", ""), "\n")
	end
	con:close()
end
call("thread.start", { call = told, places = 3, base = { teller, 1 }, class = "thread",
	not_kinds = { ["function"] = true } })

-- File notifications.
local function directory(env)
	env.path = (os.getenv "CASES_DIRECTORY" or ".") .. "/watched"
	os.execute("mkdir -p " .. env.path)
	return env.path
end

local function notifier(env, state)
	local n
	repeat -- there may be only so many, and the system frees those that were closed some time later
		n = notify.opendir(directory(env))
	until n or not collectgarbage()
	if state == "changed" then
		n:add "file"
		io.open(env.path .. "/file", "w"):close()
		env.closing[1] = function() os.remove(env.path .. "/file") end
	end
	return n
end

method = make.methods(list, "notify", { make = notifier, states = { "fresh", "changed" } })
for name, fields in pairs {
	add = { places = 2, base = { "name" } },
	get = { places = 1, waits = true, timeout_place = 1, base = { 0.002 }, not_kinds = no_end },
	changes = { places = 1, waits = true, timeout_place = 1, base = { 0.002 }, iterate = 2,
		not_kinds = no_end },
	step = { places = 1, timeout_place = 1 },
	pollfd = { places = 1, volatile = "descriptor" }, events = { places = 1 }, timeout = { places = 1 },
} do
	method(name, fields)
end
for _, name in ipairs { "flags", "strflag", "type" } do
	call("notify." .. name, { places = 2, base = { 1 }, iterate = 6 })
end
call("notify.opendir", { places = 2, base = { "." } })
list[#list].call = function(_, ...)
	local r
	repeat
		r = pack(notify.opendir(...))
	until r[1] or r[2] ~= errno.EMFILE and r[3] ~= errno.EMFILE or not collectgarbage()
	return r
end
list[#list + 1] = make.interpose("cqueues.notify", "notify", "events", notifier)
call("notify[]", { call = function(_, key) return pack(notify[key]) end, places = 1, not_kinds = { absent = true } })

table.sort(list, function(a, b) return a.name < b.name end)
return list

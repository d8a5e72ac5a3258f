-- SPDX-License-Identifier: MIT
-- The modules of signals, threads, notifications and errors: loaded alone, in any order, beside each other.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

local modules = { "cqueues.signal", "cqueues.thread", "cqueues.notify", "cqueues.errno" }

local members = {
	["cqueues.signal"] = { "block", "default", "discard", "flags", "ignore", "interpose", "listen", "loader", "raise", "strflag", "strsignal",
		"type", "unblock", "FEATURES", "SIGTERM", "SIGNALFD" },
	["cqueues.thread"] = { "interpose", "loader", "self", "start", "type" },
	["cqueues.notify"] = { "flags", "interpose", "loader", "opendir", "strflag", "type", "ALL", "CREATE", "FEATURES", "INOTIFY" },
	["cqueues.errno"] = { "loader", "strerror", "EAGAIN" },
}

-- A child of the same interpreter, in which nothing is loaded yet.
local function child(script)
	local process = io.popen(("%s -e '%s' 2>&1"):format(arg[-1], script))
	local text = process:read "*a"
	process:close()
	return text
end

-- One use of each, as a script.
local uses = {
	["cqueues.signal"] = [[local s = require "cqueues.signal" s.block(s.SIGUSR1) local l = s.listen(s.SIGUSR1)
		print("signal", l:wait(0)) s.raise(s.SIGUSR1) print("signal", l:wait(5), s.type(l)) ]],
	["cqueues.thread"] = [[local t, con = require "cqueues.thread".start(function(con, n) con:write(n, "\n") error("end", 0) end, 7)
		print("thread", con:read "*l", (select(2, t:join(5)):gsub("\nstack.*", ""))) ]],
	-- the system frees notifiers some time after they were closed, and a user may have only so many
	["cqueues.notify"] = [[local n, o, code = require "cqueues.notify"
		repeat o, code = n.opendir "/proc" until o or code > 0 and code ~= require "cqueues.errno".EMFILE
		print("notify", o:get(0)) print("notify", n.type(o)) ]],
	["cqueues.errno"] = [[print("errno", require "cqueues.errno".strerror(2)) ]],
}

part("members", function()
	for _, module in ipairs(modules) do
		local words = {}
		for _, field in ipairs(members[module]) do
			words[#words + 1] = field .. "=" .. type(require(module)[field])
		end
		say(module, table.concat(words, " "))
		show("  the same again", require(module) == require(module), getmetatable(require(module)))
	end
end)

part("each alone", function()
	for _, module in ipairs(modules) do
		show(module, child(uses[module]))
	end
end)

part("in any order", function()
	local function permute(done, left)
		if #left == 0 then
			local script, names = {}, {}
			for i, module in ipairs(done) do
				script[i] = ("do %s end "):format(uses[module])
				names[i] = module:match "%w+$"
			end
			show(table.concat(names, " "), child(table.concat(script)))
			return
		end
		for i = 1, #left do
			local rest = {}
			for k = 1, #left do
				if k ~= i then
					rest[#rest + 1] = left[k]
				end
			end
			local first = { unpack(done) }
			first[#first + 1] = left[i]
			permute(first, rest)
		end
	end
	permute({}, modules)
end)

part("all required before any is used", function()
	for _, order in ipairs { { 1, 2, 3, 4 }, { 4, 3, 2, 1 }, { 2, 4, 1, 3 } } do
		local script = {}
		for _, i in ipairs(order) do
			script[#script + 1] = ('require "%s" '):format(modules[i])
		end
		for _, module in ipairs(modules) do
			script[#script + 1] = ("do %s end "):format(uses[module])
		end
		show(table.concat(order, " "), child(table.concat(script)))
	end
end)

part("with the rest of the library", function()
	for _, other in ipairs { "cqueues", "cqueues.socket", "cqueues.condition", "cqueues.promise", "cqueues.auxlib", "cqueues.dns" } do
		local script = { ('require "%s" '):format(other) }
		for _, module in ipairs(modules) do
			script[#script + 1] = ("do %s end "):format(uses[module])
		end
		show(other .. " first", child(table.concat(script)))
	end
end)

-- One program with all of them: a thread that works, a file that changes, a signal that ends it.
part("together in one controller", function()
	local signal, thread, notify = require "cqueues.signal", require "cqueues.thread", require "cqueues.notify"
	local directory = new_directory()
	local lines = {}
	local n = notify.opendir(directory)
	n:add "done"
	signal.block(signal.SIGUSR2)
	local l = signal.listen(signal.SIGUSR2)
	local t, con = thread.start(function(con, directory)
		con:write(con:read "*l", " heard\n")
		local f = io.open(directory .. "/done", "w")
		f:close()
	end, directory)
	run(function()
		con:write "a line\n"
		local line = con:read "*l"
		lines[#lines + 1] = line
	end, function()
		local bits, file = n:get(10)
		lines[#lines + 1] = "file " .. tostring(file) .. " " .. tostring(notify.strflag(bits))
		signal.raise(signal.SIGUSR2)
	end, function()
		local number = l:wait(10)
		lines[#lines + 1] = "signal " .. tostring(number)
	end, function()
		local ok, why = t:join(10)
		lines[#lines + 1] = "joined " .. tostring(ok) .. " " .. tostring(why)
	end)
	table.sort(lines)
	for _, line in ipairs(lines) do
		say("task", line)
	end
	signal.unblock(signal.SIGUSR2)
	remove_directory(directory)
end)

part("types do not mix", function()
	local signal, thread, notify = require "cqueues.signal", require "cqueues.thread", require "cqueues.notify"
	local t, con = thread.start(function() end)
	local objects = { { "listener", signal.listen() }, { "thread", t }, { "notifier", notify.opendir "/proc" }, { "socket", con },
		{ "controller", cqueues.new() }, { "condition", condition.new() } }
	for _, object in ipairs(objects) do
		local value = object[2]
		show(object[1], signal.type(value), thread.type(value), notify.type(value), socket.type(value), cqueues.type(value),
			condition.type(value))
	end
	t:join(10)
end)

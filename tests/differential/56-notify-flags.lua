-- SPDX-License-Identifier: MIT
-- File notifications: names and numbers, flags, what can be opened and added.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local notify = require "cqueues.notify"

local changes = { "CREATE", "ATTRIB", "MODIFY", "REVOKE", "DELETE", "ALL" }
local features = { "INOTIFY", "FEN", "KQUEUE", "KQUEUE1", "OPENAT", "FDOPENDIR", "O_CLOEXEC", "IN_CLOEXEC" }

part("members", function()
	for _, field in ipairs { "flags", "interpose", "loader", "opendir", "strflag", "type" } do
		show(field, type(notify[field]))
	end
	show("no such names", notify.NOSUCH, notify.create, notify.add, notify.get, notify[0], notify[-1], notify[256], notify[true])
end)

part("names and numbers", function()
	for _, list in ipairs { changes, features } do
		for _, name in ipairs(list) do
			show(name, notify[name], notify[notify[name]])
		end
	end
	local sum = 0
	for i = 1, 5 do
		sum = sum + notify[changes[i]]
	end
	show("ALL is all of them", sum == notify.ALL)
	for bits = 1, 31 do -- 32 is a bit of ours
		show(tostring(bits), notify[bits])
	end
end)

part("strflag", function()
	for bits = 0, 31 do
		show("strflag " .. bits, notify.strflag(bits))
	end
	for _, name in ipairs(features) do
		show(name, notify.strflag(notify[name]))
	end
	for _, bits in ipairs { notify.ALL, notify.INOTIFY + notify.CREATE, 1024, 2147483647 - 32 - 64 - 128, -225, "5", 3.0 } do
		show("strflag " .. text_of(bits), notify.strflag(bits))
	end
	for _, bad in ipairs { "x", true, {}, "CREATE" } do
		try("strflag of " .. (type(bad) == "string" and bad or type(bad)), notify.strflag, bad)
	end
	try("nil", notify.strflag, nil)
end)

local function list(...)
	local bits = {}
	for bit, other in notify.flags(...) do
		bits[#bits + 1] = other == nil and ("%d"):format(bit) or "more than one value"
	end
	return table.concat(bits, " ")
end

part("flags", function()
	for bits = 0, 31 do
		say("flags " .. bits, list(bits))
	end
	for _, bits in ipairs { notify.FEATURES, notify.INOTIFY + 3, "6", 5.0 } do
		say("flags " .. text_of(bits), list(bits))
	end
	say("none", list())
	say("two", list(notify.DELETE, notify.CREATE))
	say("that share some", list(3, 6))
	say("the guide's", list(notify.CREATE + notify.DELETE, notify.MODIFY))
	for _, bad in ipairs { "x", true, {} } do
		try("flags of " .. type(bad), notify.flags, bad)
		try("  as the second", notify.flags, 1, bad)
	end
	try("nil", notify.flags, nil)
	show("returned", select("#", notify.flags(1)), type(notify.flags(1)))
	local next_flag = notify.flags(5)
	show("called by hand", next_flag(), next_flag(), next_flag())
end)

local directory = new_directory()

-- The system frees notifiers some time after they were closed, and a user may have only so many:
-- with none left, wait.
local function opendir(...)
	collectgarbage()
	collectgarbage()
	for _ = 1, 500 do
		local results = pack(notify.opendir(...))
		if results[1] or results[2] ~= errno.EMFILE and results[2] > 0 then -- ours has a code of its own for that
			return unpack(results, 1, results.n)
		end
		cqueues.sleep(0.02)
	end
end

part("opendir", function()
	os.execute(("touch %s/file; mkdir %s/sub; ln -s %s/sub %s/link; ln -s /nonexistent %s/dangling"):format(directory, directory,
		directory, directory, directory))
	local function open(label, ...)
		local results = pack(pcall(opendir, ...))
		if results[1] and results[2] then
			show(label, results.n - 1, type(results[2]), notify.type(results[2]))
		else
			show(label, results.n - 1, results[2], error_name(results[3]))
		end
	end
	open("a directory", directory)
	open("with a slash", directory .. "/")
	open("within", directory .. "/sub/..")
	open("a link to one", directory .. "/link")
	open("here", ".")
	open("root", "/")
	open("missing", directory .. "/missing")
	open("below what is missing", directory .. "/missing/sub")
	open("a file", directory .. "/file")
	open("below a file", directory .. "/file/sub")
	open("a link to nowhere", directory .. "/dangling")
	open("nothing", "")
	open("too long a name", directory .. "/" .. ("x"):rep(300))
	open("a number", 5)
	for _, bits in ipairs { notify.ALL, notify.CREATE, notify.CREATE + notify.DELETE, 0 } do
		open("changes " .. bits, directory, bits)
	end
	open("changes nil", directory, nil)
	for _, bad in ipairs { true, print } do
		try("a " .. type(bad), notify.opendir, bad)
	end
	try("nil", notify.opendir, nil)
	try("without a path", notify.opendir)
end)

part("a notifier", function()
	local n = opendir(directory)
	show("type", type(n), notify.type(n))
	show("events", n:events())
	show("timeout", (n:timeout()))
	show("pollfd", type(n:pollfd()), n:pollfd() == n:pollfd())
	show("equality", n == n, n == opendir(directory))
	show("no such method", n.nosuch)
	show("assigned", (pcall(function() n.nosuch = 1 end)))
	show("others' types", cqueues.type(n), socket.type(n), condition.type(n))
	for _, value in ipairs { 1, "x", {}, io.stdout, notify } do
		show("type of " .. type(value), notify.type(value))
	end
	show("type of nil", notify.type(nil))
	show("type of nothing", notify.type())
	local words = {}
	for _, method in ipairs { "add", "changes", "events", "get", "pollfd", "step", "timeout" } do
		words[#words + 1] = method .. "=" .. type(n[method])
	end
	say("methods", table.concat(words, " "))
	for _, method in ipairs { "add", "events", "pollfd", "step", "timeout" } do
		show(method .. " of a number", (pcall(n[method], 5, "x")))
		show(method .. " of a table", (pcall(n[method], {}, "x")))
		show(method .. " of nothing", (pcall(n[method])))
	end
end)

part("add", function()
	local n = opendir(directory)
	for _, name in ipairs { "file", "sub", "link", "dangling", "missing", ".", "..", ".hidden", "with space", "\128\255", ("x"):rep(255) } do
		try("add " .. (#name < 20 and name or "255 bytes"), n.add, n, name)
	end
	try("again", n.add, n, "file")
	try("a number", n.add, n, 5)
	for _, bits in ipairs { notify.ALL, notify.CREATE, notify.MODIFY + notify.ATTRIB, 0, "4", 2.0 } do
		try("changes " .. text_of(bits), n.add, n, "name" .. bits, bits)
	end
	try("changes nil", n.add, n, "other", nil)
	for _, name in ipairs { "sub/file", "/etc/passwd", "sub/", "/", "./file", ("x"):rep(256), ("x"):rep(5000) } do
		try("add " .. (#name < 20 and name or #name .. " bytes"), n.add, n, name)
	end
	for _, bad in ipairs { true, {}, print } do
		try("add a " .. type(bad), n.add, n, bad)
		try("  as changes", n.add, n, "name", bad)
	end
	try("changes of a word", n.add, n, "name", "x")
	try("nil", n.add, n, nil)
	try("nothing", n.add, n)
	show("one value", select("#", n:add "one"))
end)

part("nothing happened", function()
	local n = opendir(directory)
	n:add "file"
	show("get 0", n:get(0))
	show("number of values", select("#", n:get(0)))
	show("get 0.02", n:get(0.02))
	show("get below 0", n:get(-1))
	show("get of a text", n:get "0")
	for _, bad in ipairs { "x", true, {} } do
		show("get of a " .. type(bad), (pcall(n.get, n, bad)))
	end
	show("get of wrong selves", (pcall(n.get, 5, 0)), (pcall(n.get)))
	show("step", n:step())
	show("step with a timeout", n:step(0), n:step(0.01))
	show("number of values", select("#", n:step()))
	show("changes", select("#", n:changes(0)), type(n:changes(0)))
	local times = 0
	for _ in n:changes(0.02) do
		times = times + 1
	end
	show("changes seen", times)
	show("poll", cqueues.poll(n, 0.01))
	run(function()
		show("get 0", n:get(0))
		show("get 0.02", n:get(0.02))
		show("number of values", select("#", n:get(0.01)))
		show("poll", cqueues.poll(n, 0.01))
	end)
end)

part("interpose", function()
	local n = opendir(directory)
	show("new", notify.interpose("twice", function(self, number) return notify.type(self), number * 2 end))
	show("called", n:twice(4))
	local get = notify.interpose("get", function() return "mine" end)
	show("get", type(get), n:get())
	show("back", type(notify.interpose("get", get)), n:get(0))
	show("taken away", type(notify.interpose("twice", nil)), n.twice)
end)

remove_directory(directory)

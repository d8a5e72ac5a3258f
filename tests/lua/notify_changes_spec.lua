-- SPDX-License-Identifier: MIT
-- File notifications: what is told, of which names, and waiting for it.
local t = dofile((arg[0]:gsub("[^/]*$", "")) .. "harness.lua")
local notify = require "cqueues.notify"
local cqueues, errno = t.cqueues, t.errno
local equal, values, check = t.equal, t.values, t.check
local EINSTANCES = -1935895334

-- The system frees notifiers some time after they were closed, and a user may have only so many.
local function open(...)
	local finish = cqueues.monotime() + t.deadline
	collectgarbage()
	collectgarbage()
	while true do
		local n, code = notify.opendir(...)
		if n or (code ~= EINSTANCES and code ~= errno.EMFILE) or cqueues.monotime() > finish then
			return n, code
		end
		cqueues.sleep(0.02)
	end
end

local function write(path, text)
	local file = check(io.open(path, "a"), path)
	file:write(text or "x")
	file:close()
end

-- All that is told by now: { name = "CREATE+MODIFY" }.
local function told(n)
	local names = {}
	for changes, name in n:changes(0) do
		names[name] = table.concat({ notify.strflag(changes) }, "+")
	end
	return names
end

t.plain("changes_have_names_and_numbers", function()
	equal(notify.ALL, notify.CREATE + notify.ATTRIB + notify.MODIFY + notify.REVOKE + notify.DELETE)
	for _, name in ipairs { "CREATE", "ATTRIB", "MODIFY", "REVOKE", "DELETE", "OVERFLOW", "ALL", "INOTIFY", "KQUEUE" } do
		equal(notify[notify[name]], name)
	end
	values({ "CREATE", "DELETE", "OVERFLOW" }, notify.strflag(notify.CREATE + notify.DELETE + notify.OVERFLOW))
	check(select("#", notify.strflag(notify.FEATURES)) > 0)
	local bits = {}
	for bit in notify.flags(notify.CREATE + notify.DELETE, notify.MODIFY) do
		bits[#bits + 1] = notify[bit]
	end
	values({ "CREATE", "MODIFY", "DELETE" }, t.unpack(bits))
end)

t.plain("an_added_name_is_told_others_show_as_the_directory", function()
	local directory = t.directory()
	local n = open(directory)
	values({ true }, n:add "mine")
	write(directory .. "/mine")
	write(directory .. "/other")
	local names = told(n)
	check(names.mine:find "CREATE", names.mine)
	values({ "CREATE", nil, n = 2 }, names["."], names.other)
	write(directory .. "/mine")
	names = told(n)
	check(names.mine:find "MODIFY", names.mine)
	os.remove(directory .. "/mine")
	names = told(n)
	values({ "DELETE", "DELETE" }, names.mine, names["."])
end)

t.plain("only_the_changes_asked_for_are_told", function()
	local directory = t.directory()
	local n = open(directory, notify.DELETE)
	n:add("mine", notify.DELETE + 1024) -- a bit that does not exist is passed over
	write(directory .. "/mine")
	equal(next(told(n)), nil)
	os.remove(directory .. "/mine")
	local names = told(n)
	values({ "DELETE", "DELETE" }, names.mine, names["."])
end)

t.plain("a_table_names_what_to_watch", function()
	local directory = t.directory()
	local n = open { path = directory, changes = notify.CREATE, pattern = { "*.lua", "*.c" } }
	for _, name in ipairs { "a.lua", "b.c", "c.h" } do
		write(directory .. "/" .. name)
	end
	local names = told(n)
	values({ "CREATE", "CREATE", nil, n = 3 }, names["a.lua"], names["b.c"], names["c.h"])
	n:match("*.h", notify.MODIFY)
	write(directory .. "/c.h")
	equal(told(n)["c.h"], "MODIFY")
	local single = open { path = directory, pattern = "*.lua" }
	write(directory .. "/a.lua")
	check(told(single)["a.lua"])
end)

t.plain("a_whole_tree_can_be_watched", function()
	local directory = t.directory()
	os.execute("mkdir " .. directory .. "/sub")
	local n = open { path = directory, recursive = true }
	write(directory .. "/sub/file")
	check(told(n)["sub/file"])
	os.execute("mkdir -p " .. directory .. "/new/below")
	write(directory .. "/new/below/file")
	told(n)
	write(directory .. "/new/below/file")
	check(told(n)["new/below/file"])
end)

t.plain("fields_of_the_wrong_type_are_named", function()
	t.throws("string expected, got table", notify.opendir, {})
	t.throws("string expected, got table", notify.opendir, setmetatable({}, { __index = { path = "/" } }))
	t.throws("field path: text without a NUL expected", notify.opendir, { path = "/tmp\0x" })
	t.throws("field changes: number expected, got string", notify.opendir, { path = "/", changes = "x" })
	t.throws("field pattern: string expected, got number", function()
		open { path = "/", pattern = { 5 } }
	end)
	t.throws("text with a NUL inside", notify.opendir, "/tmp\0x")
	t.check(notify.type(notify.opendir("/tmp", "x")), "changes that are no number are not looked at")
	t.throws("string expected, got nil", notify.opendir, nil)
end)

t.plain("failures_of_opendir_are_codes", function()
	local directory = t.directory()
	write(directory .. "/file")
	values({ nil, errno.ENOENT, n = 2 }, open(directory .. "/missing"))
	values({ nil, errno.ENOTDIR, n = 2 }, open(directory .. "/file"))
	values({ nil, errno.ENOENT, n = 2 }, open "")
end)

t.plain("names_that_are_none_are_refused", function()
	local n = open "/"
	t.throws("notify.add: " .. errno.strerror(errno.EISDIR), n.add, n, "a/b")
	t.throws("notify.add: " .. errno.strerror(errno.ENAMETOOLONG), n.add, n, ("x"):rep(256))
	t.throws("text with a NUL inside", n.add, n, "a\0b")
	values({ true }, n:add(("x"):rep(255)))
	t.throws("number expected, got string", n.add, n, "a", "x")
end)

local function wait_spec(test, where)
	test("get_ends_in_time_" .. where, function()
		local n = open(t.directory())
		values({ n = 1 }, n:get(0))
		values({ n = 1 }, n:get(-1))
		local before = cqueues.monotime()
		values({ n = 1 }, n:get(0.05))
		check(cqueues.monotime() - before >= 0.05)
		values({ n = 1 }, n:changes(0.01)())
	end)

	test("get_and_poll_tell_what_is_there_" .. where, function()
		local directory = t.directory() .. "/of its own"
		os.execute("mkdir '" .. directory .. "'")
		local n = open(directory)
		n:add "mine"
		values({ 0.01 }, cqueues.poll(n, 0.01))
		write(directory .. "/mine")
		values({ n }, cqueues.poll(n, 5))
		values({ true }, n:step())
		equal(n:timeout(), 0)
		check(cqueues.poll(n, 5) == n, "it is ready for what was read before, too")
		local _, name = n:get()
		equal(name, "mine")
		values({ notify.CREATE, "." }, n:get(5))
		values({ n = 0 }, n:timeout())
		values({ n = 1 }, n:get(0))
	end)

	test("get_names_a_wrong_argument_" .. where, function()
		local n = open "/"
		t.throws("bad argument #1 to 'get' (number expected, got string)", function() local r = n:get "x" return r end)
		t.throws("CQS Notify expected, got number", n.get, 5)
		t.throws("CQS Notify expected, got nil", n.changes)
		t.throws("number expected, got table", n.changes, n, {})
	end)

	test("a_directory_that_is_gone_ends_the_changes_" .. where, function()
		local directory = t.directory()
		local n = open(directory)
		n:add "mine"
		write(directory .. "/mine")
		check(n:get(5))
		os.execute("rm -r " .. directory)
		local names, next_change = {}, n:changes() -- in Lua 5.1 a loop over it could not wait
		repeat
			local changes, name = next_change()
			names[name] = changes
		until not changes
		check(names.mine and names["."])
		for _, seconds in ipairs { 0, 5 } do
			values({ nil, errno.ENOENT, n = 2 }, n:get(seconds))
		end
		values({ nil, errno.ENOENT, n = 2 }, n:get())
		check(cqueues.poll(n, 5) == n)
	end)
end
wait_spec(t.plain, "outside_a_controller")
wait_spec(t.test, "in_a_task")

t.test("others_run_while_a_task_waits", function()
	local directory, turns = t.directory(), 0
	local n = open(directory)
	t.together(function()
		values({ notify.CREATE, "." }, n:get(10))
		equal(turns, 3)
	end, function()
		for _ = 1, 3 do
			cqueues.sleep(0.001)
			turns = turns + 1
		end
		os.execute("mkdir " .. directory .. "/new")
	end)
end)

t.test("a_wake_up_for_nothing_does_not_start_the_time_anew", function()
	local directory = t.directory()
	write(directory .. "/other")
	local n = open(directory)
	n:add "mine"
	t.together(function()
		local before = cqueues.monotime()
		values({ n = 1 }, n:get(0.1))
		local took = cqueues.monotime() - before
		check(took >= 0.1 and took < 1, took)
	end, function()
		for _ = 1, 15 do
			cqueues.sleep(0.01)
			write(directory .. "/other") -- of which nothing is told
		end
	end)
end)

t.test("a_notifier_can_be_lost_while_it_is_polled", function()
	local controller = cqueues.new()
	controller:wrap(function()
		open("/"):get()
	end)
	check(controller:step(0))
	collectgarbage()
	check(controller:step(0))
	controller:close()
	collectgarbage()
	collectgarbage()
end)

t.plain("poll_asks_methods_that_were_replaced", function()
	local n, asked = open "/", 0
	local timeout
	timeout = notify.interpose("timeout", function(self)
		asked = asked + 1
		return timeout(self)
	end)
	cqueues.poll(n, 0)
	notify.interpose("timeout", timeout)
	equal(asked, 1)
end)

t.plain("methods_stay_when_modules_are_loaded_again", function()
	local n = open "/"
	for _, name in ipairs { "cqueues.notify", "_cqueues.notify", "_cqueues", "cqueues" } do
		package.loaded[name] = nil
		local again = require "cqueues.notify"
		equal(again.type(n), "file notifier")
		equal(n:get(0), nil)
	end
	equal(notify.interpose("twice", function(_, number) return 2 * number end), nil)
	equal(n:twice(2), 4)
end)

t.plain("loading_alone_is_enough", function()
	local directory = t.directory()
	equal(t.child("true", ([[local notify, n = require "cqueues.notify"
		repeat n = notify.opendir "%s" collectgarbage() until n
		io.open("%s/file", "w"):close() local bits, name = n:get(5) io.write(notify[bits], " ", name)]]):format(directory, directory)), "CREATE .")
end)

t.test("what_is_there_already_is_told_first_if_that_is_asked_for", function()
	local path = t.directory()
	os.execute(("mkdir %s/sub && touch %s/a.txt %s/b.lua %s/sub/c.lua"):format(path, path, path, path))
	local tree = open { path = path, recursive = true, existing = true }
	local all = told(tree)
	equal(all["a.txt"], "PRESENT")
	equal(all["sub/c.lua"], "PRESENT")
	equal(all.sub, "PRESENT")
	write(path .. "/b.lua")
	local changes, name = tree:get(t.deadline)
	equal(name, "b.lua")
	equal(notify.strflag(changes), "MODIFY")
	tree:close()
	local some = open { path = path, existing = true, pattern = "*.lua" }
	some:add "a.txt"
	some:add "not there"
	all = told(some)
	equal(all["b.lua"], "PRESENT")
	equal(all["a.txt"], "PRESENT")
	equal(all["not there"], nil)
	equal(all.sub, nil)
	some:close()
	equal(next(told(open { path = path })), nil)
end)

t.test("a_rename_is_told_apart_where_that_is_asked_for", function()
	if not table.concat({ notify.strflag(notify.FEATURES) }, " "):find "inotify" then
		t.skip "only inotify tells"
	end
	local path = t.directory()
	write(path .. "/old")
	write(path .. "/gone")
	local asked = notify.ALL + notify.RENAMED
	local n = open { path = path, recursive = true, changes = asked }
	local usual = open { path = path, recursive = true }
	os.rename(path .. "/old", path .. "/new")
	os.remove(path .. "/gone")
	local all = told(n)
	equal(all.old, "DELETE+RENAMED")
	equal(all.new, "CREATE+RENAMED")
	equal(all.gone, "DELETE")
	equal(told(usual).old, "DELETE")
end)

t.finish()

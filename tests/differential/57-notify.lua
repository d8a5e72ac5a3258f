-- SPDX-License-Identifier: MIT
-- File notifications: what is told of each kind of change, and of which names.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")
local notify = require "cqueues.notify"

local directory = new_directory()
local watched = directory .. "/watched"

local function sh(command)
	os.execute("cd " .. watched .. " && { " .. command .. "; }")
end

-- All that is told until nothing more is there: "CREATE+MODIFY a, CREATE .".
local function told(n)
	local lines = {}
	repeat
		local bits, file = n:get(0)
		if bits then
			lines[#lines + 1] = table.concat({ notify.strflag(bits) }, "+") .. " " .. tostring(file)
		end
	until not bits
	return #lines > 0 and table.concat(lines, ", ") or "nothing"
end

-- The system frees notifiers some time after they were closed, and a user may have only so many:
-- with none left, wait.
local function open(path)
	collectgarbage()
	collectgarbage()
	for _ = 1, 500 do
		local n, code = notify.opendir(path)
		if n or code ~= errno.EMFILE and code > 0 then -- ours has a code of its own for that
			return n, code
		end
		cqueues.sleep(0.02)
	end
end

-- A fresh directory, prepared by a command; names to add may come with their changes.
local function watch(prepare, names)
	os.execute(("cd %s && rm -rf watched out && mkdir watched out && cd watched && { %s; }"):format(directory, prepare))
	local n = assert(open(watched))
	for _, added in ipairs(names) do
		if type(added) == "table" then
			n:add(added[1], added[2])
		else
			n:add(added)
		end
	end
	return n
end

-- The same directory once more, for notifiers that watch it already.
local function again(prepare, ...)
	sh("rm -rf * ../out/*; " .. prepare)
	for i = 1, select("#", ...) do
		told((select(i, ...)))
	end
end

local operations = {
	{ "create", ":", "touch a" },
	{ "create with data", ":", "echo x >a", each = true },
	{ "append", "touch a", "echo x >>a", each = true },
	{ "append three times", "touch a", "echo x >>a; echo x >>a; echo x >>a" },
	{ "truncate", "echo x >a", ": >a" },
	{ "chmod", "touch a", "chmod 600 a", each = true },
	{ "touch", "touch a", "touch a" },
	{ "read", "echo x >a", "cat a >/dev/null" },
	{ "delete", "touch a", "rm a", each = true },
	{ "delete and create", "touch a", "rm a; touch a" },
	{ "create, write, chmod, delete", ":", "echo x >a; chmod 600 a; rm a", each = true },
	{ "write and chmod", "touch a", "echo x >>a; chmod 600 a" },
	{ "chmod and write", "touch a", "chmod 600 a; echo x >>a" },
	{ "rename in", "touch ../out/a", "mv ../out/a a", each = true },
	{ "rename out", "touch a", "mv a ../out/a", each = true },
	{ "rename over", "touch a ../out/f", "mv ../out/f a" },
	{ "rename to another name", "touch a", "mv a b" },
	{ "rename from another name", "touch b", "mv b a" },
	{ "rename over, within", "touch a b", "mv b a" },
	{ "rename and back", "touch a", "mv a b; mv b a" },
	{ "mkdir", ":", "mkdir a" },
	{ "rmdir", "mkdir a", "rmdir a" },
	{ "chmod of a directory", "mkdir a", "chmod 700 a" },
	{ "create in a directory", "mkdir a", "touch a/x" },
	{ "symbolic link", ":", "ln -s /nonexistent a" },
	{ "delete of a symbolic link", "ln -s /nonexistent a", "rm a" },
	{ "hard link", "touch b", "ln b a" },
	{ "hard link of it", "touch a", "ln a ../out/a" },
	{ "write through another link", "touch a; ln a ../out/a", "echo x >>../out/a" },
	{ "fifo", ":", "mkfifo a" },
	{ "create another", ":", "touch b" },
	{ "write another", "touch b", "echo x >>b" },
	{ "chmod another", "touch b", "chmod 600 b" },
	{ "delete another", "touch b", "rm b" },
	{ "create many others", ":", "touch b1 b2 b3 b4 b5" },
	{ "create and delete another", ":", "touch b; rm b" },
	{ "chmod of the directory itself", ":", "chmod 700 ." },
	{ "touch of the directory itself", ":", "touch ." },
	{ "nothing", ":", ":" },
}

part("one operation", function()
	local named = watch(":", { "a" })
	local nameless = assert(open(watched))
	for _, operation in ipairs(operations) do
		again(operation[2], named, nameless)
		sh(operation[3])
		say(operation[1], told(named))
		say("  without a name", told(nameless))
	end
end)

-- The operation on a0, a1, ... one after the other, each added with other changes.
part("changes of a name", function()
	local masks = { 0, notify.CREATE, notify.DELETE, notify.ATTRIB, notify.MODIFY, notify.REVOKE, notify.CREATE + notify.DELETE,
		notify.ATTRIB + notify.MODIFY, notify.ALL }
	local names = {}
	for i, mask in ipairs(masks) do
		names[i] = { "a" .. mask, mask }
	end
	local function on_each(command)
		local commands = {}
		for i, added in ipairs(names) do
			commands[i] = command:gsub("%f[%w]a%f[%W]", added[1])
		end
		return table.concat(commands, "; ")
	end
	local n = watch(":", names)
	for _, operation in ipairs(operations) do
		if operation.each then
			again(on_each(operation[2]), n)
			sh(on_each(operation[3]))
			say(operation[1], told(n))
		end
	end
end)

part("several names", function()
	local n = watch(":", { "a", "b", "c" })
	sh "touch c; touch a; touch b"
	say("created", told(n))
	sh "echo x >>b; echo x >>a; echo x >>c"
	say("written", told(n))
	sh "rm b c"
	say("deleted", told(n))
	sh "mv a b"
	say("renamed", told(n))
	sh "touch b"
	say("touched", told(n))
	n = watch("touch a b c", { "c", "b", "a" })
	sh "echo x >>a; echo x >>b; echo x >>c"
	say("added in another order", told(n))
	n = watch("touch a b c", { "a", "b", "c" })
	sh "echo x >>b; echo x >>a; echo x >>b"
	say("one of them twice", told(n))
	sh "echo x >>a; echo x >>b; echo x >>c; echo x >>b; echo x >>a"
	say("two of them twice", told(n))
	n = watch("touch a b", { { "a", notify.MODIFY }, { "b", notify.ATTRIB } })
	sh "echo x >>a; echo x >>b; chmod 600 a; chmod 600 b"
	say("each its changes", told(n))
end)

part("one after the other", function()
	local n = watch(":", { "a" })
	for _, command in ipairs { "touch a", "echo x >>a", "chmod 600 a", "rm a", "touch b", "mv b a", "echo x >>a", ": >a", "mv a ../out/a",
		"echo x >>../out/a", "mv ../out/a a", "rm a", "mkdir a", "touch a/x", "chmod 700 a", "rm -r a", "touch ." } do
		sh(command)
		say(command, told(n))
	end
end)

part("replaced files", function()
	local n = watch("touch a ../out/f", { "a" })
	sh "mv ../out/f a"
	say("replaced", told(n))
	sh "echo x >>a"
	say("the new one written", told(n))
	sh "mv a ../out/a; touch a"
	say("moved away, and made again", told(n))
	sh "echo x >>../out/a; chmod 600 ../out/a"
	say("the old one written", told(n))
	sh "chmod 600 a"
	say("the new one", told(n))
	sh "rm a; ln -s ../out/target a"
	told(n)
	sh "echo x >../out/target; echo x >>a"
	say("through a symbolic link", told(n))
end)

part("added late", function()
	local n = watch("touch a", {})
	sh "echo x >>a"
	say("not added", told(n))
	n:add "a"
	say("added", told(n))
	sh "echo x >>a"
	say("written", told(n))
	n:add "b"
	sh "touch b"
	say("another one", told(n))
end)

part("added twice", function()
	local n = watch("touch a", { "a", "a" })
	sh "echo x >>a"
	say("written", told(n))
	sh "rm a"
	say("deleted", told(n))
end)

part("the directory's own name", function()
	for _, own in ipairs { ".", ".." } do
		local n = watch(":", { own })
		sh "touch b"
		say(own .. ", create", told(n))
		sh "echo x >>b"
		say(own .. ", write", told(n))
		sh "rm b"
		say(own .. ", delete", told(n))
		sh "chmod 700 ."
		say(own .. ", chmod", told(n))
	end
end)

part("step takes what is there", function()
	local n = watch("touch a b", { "a", "b" })
	sh "echo x >>b"
	show("step", n:step())
	sh "chmod 600 a"
	show("step", n:step())
	say("told", told(n))
	sh "echo x >>a"
	show("step", n:step())
	show("step again", n:step())
	show("get", n:get(0))
	show("no more", n:get(0))
end)

part("what happens after a step is a change of its own", function()
	local n = watch("touch a", { "a" })
	for _ = 1, 2 do
		sh "echo x >>a; touch new; rm new"
		show("step", n:step())
	end
	show("all is read", type(cqueues.poll({ pollfd = n:pollfd(), events = "r" }, 0)))
	say("told", told(n))
end)

part("get while more happens", function()
	local n = watch("touch a b c", { "a", "b", "c" })
	sh "echo x >>a; echo x >>b"
	show("first", n:get(0))
	sh "echo x >>c"
	show("second", n:get(0))
	show("third", n:get(0))
	show("no more", n:get(0))
	show("number of values", select("#", n:get(0)))
end)

part("the values of get", function()
	local n = watch(":", { "a" })
	sh "touch a"
	local results = pack(n:get(5))
	show("values", results.n, type(results[1]), type(results[2]))
	say("flags", (function()
		local bits = {}
		for bit in notify.flags(results[1]) do
			bits[#bits + 1] = notify[bit]
		end
		return table.concat(bits, " ")
	end)())
	show("no timeout", n:get())
end)

part("changes", function()
	local n = watch("touch b", { "a", "b" })
	sh "echo x >a; echo x >>b; rm b"
	for bits, file in n:changes(0.01) do
		say("change", table.concat({ notify.strflag(bits) }, "+") .. " " .. file)
	end
	sh "touch a"
	local next_change = n:changes(0)
	show("called by hand", next_change())
	show("at the end", next_change())
	sh "touch a"
	show("and on", next_change())
end)

part("poll", function()
	local n = name(watch("touch a", { "a" }), "notifier")
	show("nothing", cqueues.poll(n, 0.01))
	sh "echo x >>a"
	show("ready", cqueues.poll(n, 5))
	show("still", cqueues.poll(n, 5))
	say("told", told(n))
	show("no more", cqueues.poll(n, 0.01))
end)

part("two notifiers", function()
	local first = watch(":", { "a" })
	local second = assert(open(watched))
	sh "touch a"
	say("first", told(first))
	say("second", told(second))
	second:add "b"
	sh "touch b; rm a"
	say("second", told(second))
	say("first", told(first))
end)

part("in a controller", function()
	local n = watch(":", { "a" })
	run(function()
		show("nothing", n:get(0.02))
		show("waits", n:get(10))
		show("the directory", n:get(10))
		show("no more", n:get(0.02))
		show("waits", n:get())
	end, function()
		cqueues.sleep(0.1)
		local f = io.open(watched .. "/b", "w")
		f:close()
		os.rename(watched .. "/b", watched .. "/a")
		cqueues.sleep(0.1)
		f = io.open(watched .. "/a", "a")
		f:write "x"
		f:close()
	end)
end)

part("others run while one waits", function()
	local n = watch("touch a", { "a" })
	local turns = 0
	run(function()
		show("get", n:get(10))
		show("turns", turns)
	end, function()
		for _ = 1, 5 do
			cqueues.sleep(0.005)
			turns = turns + 1
		end
		local f = io.open(watched .. "/a", "a")
		f:write "x"
		f:close()
	end)
end)

part("many names", function()
	local names, made = {}, {}
	for i = 1, 200 do
		names[i] = "name" .. i
	end
	local n = watch(":", names)
	sh "i=200; while [ $i -gt 0 ]; do : >name$i; i=$((i - 1)); done"
	repeat
		local bits, file = n:get(0)
		if bits and file ~= "." then
			made[file] = (made[file] or 0) + 1
		end
	until not bits
	local count = 0
	for _, file in ipairs(names) do
		count = count + (made[file] or 0)
	end
	show("told", count)
end)

part("names of any bytes", function()
	local odd = { "with space", "\128\255", ".hidden", "-dash", "tab\tname", ("x"):rep(255) }
	local n = watch(":", odd)
	for _, file in ipairs(odd) do
		local f = assert(io.open(watched .. "/" .. file, "w"))
		f:close()
		show(#file .. " bytes", n:get(0))
		told(n)
	end
end)

part("the directory goes", function()
	local n = watch("touch a", { "a" })
	os.execute("mv " .. watched .. " " .. directory .. "/elsewhere")
	say("moved", told(n))
	os.execute("echo x >>" .. directory .. "/elsewhere/a")
	say("written there", told(n))
	os.execute("rm -rf " .. directory .. "/elsewhere")
	n = watch("touch a", { "a" })
	os.execute("rm -r " .. watched)
	say("removed with a file", told(n))
	os.execute("mkdir " .. watched)
	sh "touch a"
	say("made again", told(n))
	show("add", n:add "b")
	show("step", n:step())
end)

remove_directory(directory)

-- SPDX-License-Identifier: MIT
--
-- What the specs stand on: named tests, assertions that say what they saw, a deadline for each.
--
--   local t = dofile(... "harness.lua")
--   t.test("a_sentence_about_behaviour", function() ... end)   runs as a task of a controller
--   t.plain("a_sentence_about_behaviour", function() ... end)  runs outside any controller
--   t.finish()                                                 prints the counts, sets the status
--
-- A task that has not ended at its deadline fails its test. A test outside a controller that
-- blocks is ended with its whole file by run.sh.

local cqueues = require "cqueues"
local socket = require "cqueues.socket"
local condition = require "cqueues.condition"
local errno = require "cqueues.errno"

local t = { deadline = os.getenv "SPECS_ARE_SLOW" and 60 or 10 }

local unpack = table.unpack or unpack
local passed, failed, skipped = 0, 0, 0
local skip_mark = {}

local function pack(...)
	return { n = select("#", ...), ... }
end

local function text_of(value)
	if type(value) == "string" then
		return #value > 80 and ("%q... (%d bytes)"):format(value:sub(1, 60), #value) or ("%q"):format(value)
	end
	return tostring(value)
end

local function list_of(list)
	local words = {}
	for i = 1, list.n do
		words[i] = text_of(list[i])
	end
	return #words == 0 and "nothing" or table.concat(words, ", ")
end

--- What pcall answers for error(nil): a text from 5.5 on.
t.no_error = select(2, pcall(error))

-- Assertions. Each throws, with what it got and what it wanted.

function t.check(value, what)
	if not value then
		error((what or "the check") .. ": got " .. text_of(value), 2)
	end
	return value
end

function t.equal(got, wanted, what)
	if got ~= wanted then
		error(("%sgot %s, wanted %s"):format(what and what .. ": " or "", text_of(got), text_of(wanted)), 2)
	end
end

-- t.values({ wanted... }, got...): all of them and no more; trailing nils count.
function t.values(wanted, ...)
	local got = pack(...)
	if not wanted.n then
		wanted.n = 0 -- what # is of a list with a nil in it depends on the version
		for place in pairs(wanted) do
			wanted.n = type(place) == "number" and math.max(wanted.n, place) or wanted.n
		end
	end
	local same = got.n == wanted.n
	for i = 1, wanted.n do
		same = same and got[i] == wanted[i]
	end
	if not same then
		error(("got %s, wanted %s"):format(list_of(got), list_of(wanted)), 2)
	end
end

-- t.fails(code, results of a call...): a false first result and then this error number.
function t.fails(code, value, number, ...)
	if value or number ~= code then
		error(("got %s%s, wanted a failure with %s"):format(list_of(pack(value, number, ...)),
			errno[number] and " (" .. errno[number] .. ")" or "", errno[code] or code), 2)
	end
end

-- pcall that lets f poll, on Lua 5.1 too.
function t.protect(f, ...)
	local co = coroutine.create(function(...) return f(...) end) -- Lua 5.1 takes no C function
	local results = pack(coroutine.resume(co, ...))
	while coroutine.status(co) == "suspended" do
		results = pack(coroutine.resume(co, coroutine.yield(unpack(results, 2, results.n))))
	end
	return unpack(results, 1, results.n)
end

-- t.throws(text, f, ...): f(...) throws an error that contains the text.
function t.throws(text, f, ...)
	local results = pack((cqueues.running() and t.protect or pcall)(f, ...))
	if results[1] then
		error(("got %s, wanted an error with %q"):format(list_of(results), text), 2)
	elseif not tostring(results[2]):find(text, 1, true) then
		error(("got the error %s, wanted one with %q"):format(text_of(results[2]), text), 2)
	end
end

function t.skip(reason)
	error(setmetatable({ reason = reason }, skip_mark), 0)
end

-- What the specs need again and again.

function t.returns_errors(s)
	s:onerror(function(_, _, code) return code end)
	return s
end

-- A socket that translates nothing, holds nothing back and hands errors back.
function t.bare(s)
	s:setmode("bn", "bn")
	return t.returns_errors(s)
end

-- Two connected sockets of that kind, streams if nothing else is asked for.
function t.pair(kind)
	local a, b = socket.pair(kind or "stream")
	return t.bare(a), t.bare(b)
end

-- A listener on loopback and its port, which the kernel chose.
function t.listener()
	local l = t.returns_errors(socket.listen("127.0.0.1", 0))
	t.check(l:listen(5), "listen")
	return l, (select(3, l:localname()))
end

-- Both ends of a TCP connection over loopback.
function t.tcp_pair()
	local l, port = t.listener()
	local c = t.returns_errors(socket.connect("127.0.0.1", port))
	t.check(c:connect(5), "connect")
	local s = t.returns_errors(t.check(l:accept(5), "accept"))
	l:close()
	return t.bare(c), t.bare(s)
end

-- A datagram socket on loopback that everybody can send to, and its port.
function t.receiver(options)
	options = options or {}
	options.host, options.port = options.host or "127.0.0.1", options.port or 0
	options.type = socket.SOCK_DGRAM
	local s = t.bare(socket.listen(options))
	t.check(s:listen(5), "listen")
	return s, (select(3, s:localname()))
end

-- A listener and a datagram socket at one port, which the kernel chose for the first and may have given away for the second.
function t.both()
	for _ = 1, 20 do
		local l, port = t.listener()
		local s = t.bare(socket.listen { host = "127.0.0.1", port = port, type = socket.SOCK_DGRAM })
		if s:listen(5) then
			return l, s, port
		end
		l:close()
		s:close()
	end
	error "no port is free for both"
end

-- One that is connected to such a port.
function t.sender(port)
	local s = t.bare(socket.connect { host = "127.0.0.1", port = port, type = socket.SOCK_DGRAM })
	t.check(s:connect(5), "connect")
	return s
end

function t.readable(s)
	return { pollfd = s:pollfd(), events = "r" }
end

-- A fresh directory; t.finish takes it away again.
local directories = {}
function t.directory()
	local process = io.popen "mktemp -d"
	local path = t.check(process:read "*l", "temporary directory")
	process:close()
	directories[#directories + 1] = path
	return path
end

-- What the kernel says of sockets, asked by a process that inherits them: they must have been made
-- with cloexec = false. Returns a table for each: { nodelay = 1, ... }.
local options = "SO_REUSEADDR SO_REUSEPORT SO_BROADCAST SO_OOBINLINE SO_KEEPALIVE TCP_NODELAY TCP_CORK "
	.. "TCP_KEEPIDLE TCP_KEEPINTVL TCP_KEEPCNT IPV6_V6ONLY"
local ask = [=[
import socket, sys
levels = {"SO": socket.SOL_SOCKET, "TC": socket.IPPROTO_TCP, "IP": socket.IPPROTO_IPV6}
for fd in sys.argv[1].split():
    s = socket.socket(fileno=int(fd))
    for name in sys.argv[2].split():
        try:
            print(fd, name, s.getsockopt(levels[name[:2]], getattr(socket, name)))
        except (OSError, AttributeError):
            pass
    s.detach()
]=]
function t.kernel(...)
	local descriptors, answers = {}, {}
	for i, s in ipairs { ... } do
		descriptors[i], answers[s:pollfd()] = s:pollfd(), {}
	end
	local process = io.popen(("exec python3 -c '%s' '%s' '%s'"):format(ask, table.concat(descriptors, " "), options))
	for line in process:lines() do
		local fd, name, value = line:match "^(%d+) %w+_(%S+) (%d+)$"
		answers[tonumber(fd)][name:lower()] = tonumber(value)
	end
	process:close()
	for i, fd in ipairs(descriptors) do
		t.check(next(answers[fd]), "what the kernel says")
		descriptors[i] = answers[fd]
	end
	return unpack(descriptors)
end

-- Whether a descriptor's flags say that it blocks, and that it stays over exec.
function t.flags(s)
	local file = io.open("/proc/self/fdinfo/" .. s:pollfd())
	local octal = file and file:read("*a"):match "flags:%s*(%d+)"
	if not octal then
		t.skip "no /proc/self/fdinfo here"
	end
	file:close()
	local bits = tonumber(octal, 8)
	return math.floor(bits / 2048) % 2 == 0, math.floor(bits / 524288) % 2 == 0
end

-- A name for a UNIX socket in the abstract namespace that nobody else has.
local names = 0
function t.abstract_name()
	names = names + 1
	return "\0cqueues-spec-" .. tostring(t) .. os.time() .. "-" .. names
end

-- How many descriptors this process has, after what is garbage has been closed.
function t.descriptors()
	collectgarbage()
	collectgarbage()
	local count = 0
	for fd = 0, 1023 do
		local file = io.open("/proc/self/fdinfo/" .. fd)
		if file then
			count = count + 1
			file:close()
		end
	end
	if count == 0 then
		t.skip "no /proc/self/fdinfo here"
	end
	return count
end

-- The interpreter that runs this.
function t.interpreter()
	local i = -1
	while arg[i - 1] do
		i = i - 1
	end
	return arg[i]
end

-- Run a Lua text as a process of its own, below the shell command `before` such as "ulimit -n 30";
-- returns what it prints.
function t.child(before, text)
	local path = os.tmpname()
	local file = t.check(io.open(path, "w"), "temporary file")
	file:write(text)
	file:close()
	local process = io.popen(("%s; exec %s %s 2>&1"):format(before, t.interpreter(), path))
	local output = process:read "*a"
	process:close()
	os.remove(path)
	return output
end

-- How many traces LuaJIT begins to record while a function runs; elsewhere the test is skipped.
function t.traces(f)
	if not jit or not jit.status() then
		t.skip "it is about LuaJIT's compiler"
	end
	local count = 0
	local function see(what)
		if what == "start" then count = count + 1 end
	end
	jit.attach(see, "trace")
	f()
	jit.attach(see)
	return count
end

-- A module that the system has beside what is tested here, or nil. run.sh says where to look.
function t.system_module(name)
	local path, cpath = package.path, package.cpath
	package.path = path .. ";" .. (os.getenv "SYSTEM_LUA_PATH" or "")
	package.cpath = cpath .. ";" .. (os.getenv "SYSTEM_LUA_CPATH" or "")
	local ok, module = pcall(require, name)
	package.path, package.cpath = path, cpath
	return ok and module or nil
end

-- Run functions as tasks of one new controller until all have ended.
function t.together(...)
	local controller = cqueues.new()
	for i = 1, select("#", ...) do
		controller:wrap((select(i, ...)))
	end
	local ok, why = controller:loop(t.deadline)
	if not ok then
		error(why, 0)
	elseif not controller:empty() then
		error(controller:count() .. " tasks did not end in time", 2)
	end
end

-- The tests.

local function report(name, ok, why)
	if ok then
		passed = passed + 1
		print("ok      " .. name)
	elseif getmetatable(why) == skip_mark then
		skipped = skipped + 1
		print("skip    " .. name .. ": " .. why.reason)
	else
		failed = failed + 1
		print("FAILED  " .. name .. ": " .. tostring(why))
	end
	io.stdout:flush()
end

-- A test outside any controller.
function t.plain(name, f)
	report(name, pcall(f))
end

-- A test that runs as a task.
function t.test(name, f)
	local controller = cqueues.new()
	local ended = false
	controller:wrap(function()
		f()
		ended = true
	end)
	local ok, why = true, nil
	local finish = cqueues.monotime() + t.deadline
	while ok and not ended and not controller:empty() and cqueues.monotime() < finish do
		ok, why = controller:step(finish - cqueues.monotime())
	end
	if ok and not ended then
		ok, why = false, "did not end within " .. t.deadline .. " seconds"
	end
	report(name, ok, why)
end

function t.finish()
	for _, path in ipairs(directories) do
		os.execute("rm -rf '" .. path .. "'")
	end
	local file = (arg[0]:gsub(".*/", ""):gsub("%.lua$", ""))
	print(("%s: %d passed, %d failed, %d skipped"):format(file, passed, failed, skipped))
	if failed > 0 then
		os.exit(1)
	end -- otherwise the interpreter ends by itself, and closes its state
end

t.pack, t.unpack = pack, unpack
t.cqueues, t.socket, t.condition, t.errno = cqueues, socket, condition, errno

return t

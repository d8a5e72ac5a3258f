-- SPDX-License-Identifier: MIT
-- Promises: made by a function or by hand; get, wait, status, set.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "made by hand"
run(function()
	local p = promise.new()
	show("type", promise.type(p), type(p))
	show("status", p:status())
	show("get 0", p:get(0))
	show("wait 0", p:wait(0))
	show("set", p:set(true, 1, "x"))
	show("status", p:status())
	show("get", p:get())
	show("get again", p:get())
	show("wait", p:wait() == p)
	show("called", p())
	show("pollfd", condition.type(p:pollfd()) or type(p:pollfd()))
	show("set twice", (pcall(p.set, p, true, 2)))
	show("get", p:get())
end)

section "set with nothing"
run(function()
	local p
	p = promise.new()
	p:set(true)
	show("status", p:status())
	show("get", p:get())
	p = promise.new()
	p:set()
	show("status", p:status())
	try("get", p.get, p)
end)

section "rejected by hand"
run(function()
	local p
	p = promise.new()
	p:set(false, "reason")
	show("status", p:status())
	try("get", p.get, p)
	try("get again", p.get, p, 1)
	show("wait", p:wait() == p)
	try("called", function() return p() end)
	p = promise.new()
	p:set(false)
	show("status", p:status())
	try("get", p.get, p)
	p = promise.new()
	p:set(nil, "nil reason")
	show("status", p:status())
	try("get", p.get, p)
	p = promise.new()
	local reason = name(setmetatable({}, {}), "reason")
	p:set(false, reason)
	try("get", p.get, p)
	p = promise.new()
	p:set("truth", 1)
	show("status", p:status())
	try("get", p.get, p)
end)

-- Lua 5.1 cannot yield from a function run under pcall, and the original runs it so.
local yields = _VERSION ~= "Lua 5.1" or jit
local function sleep(seconds)
	if yields then
		cqueues.sleep(seconds)
	end
end

section "made by a function"
run(function()
	local arguments
	local p = promise.new(function(...)
		arguments = pack(...)
		sleep(0.01)
		return 1, "x"
	end, "a", nil, "b", nil)
	show("status", p:status())
	show("wait", p:wait() == p)
	show("status", p:status())
	show("arguments", unpack(arguments, 1, arguments.n))
	show("get", p:get())
	show("called", p())
end)
run(function()
	local p = promise.new(function() end)
	show("get", p:get())
	show("status", p:status())
end)

section "a function that throws"
run(function()
	local p = promise.new(function() sleep(0.01) error("bad", 0) end)
	show("wait", p:wait() == p)
	show("status", p:status())
	show("get", protect(p.get, p))
	local q = promise.new(function() error("at once") end)
	show("get", protect(q.get, q))
	local r = promise.new(function() error(name(setmetatable({}, {}), "object")) end)
	show("get", protect(r.get, r))
end)

section "several tasks get one promise"
do
	local p = promise.new()
	local got = 0
	local function take()
		if p:get() == "value" then
			got = got + 1
		end
	end
	run(take, take, take, function() cqueues.sleep(0.01) p:set(true, "value") end)
	show("got", got)
end

section "polling a promise"
run(function()
	local p = name(promise.new(function() sleep(0.01) return 1 end), "promise")
	show("poll", cqueues.poll(p, 5))
	show("get", p:get())
end)

section "timeouts"
run(function()
	local p = promise.new()
	show("get", p:get(0.01))
	show("wait", p:wait(0.01))
	show("status", p:status())
	p:set(true, "late")
	show("get", p:get(0.01))
	show("wait", p:wait(0.01) == p)
end)

section "tostring"
run(function()
	local p = promise.new()
	p:set(true, 12, 13)
	show("number", tostring(p))
	p = promise.new()
	p:set(true, "text")
	show("text", tostring(p))
	p = promise.new()
	p:set(false, "bad")
	show("rejected", pcall(tostring, p))
end)
if yields then run(function()
	local p = promise.new(function() sleep(0.01) return "waited for" end)
	show("auxlib.tostring", auxlib.tostring(p))
end) end

section "outside a controller"
show("new with a function", (pcall(promise.new, function() end)))
local settled = promise.new()
show("set", settled:set(true, 1, 2))
show("get", settled:get())
show("wait", settled:wait() == settled)

section "wrong arguments"
show("a number", (pcall(promise.new, 5)))
show("methods", type(promise.get), type(promise.set), type(promise.wait), type(promise.status))

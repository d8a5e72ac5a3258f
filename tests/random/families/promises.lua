-- SPDX-License-Identifier: MIT
--
-- Promises: made with functions of all kinds or without one, settled, waited for and polled by two tasks.

local catalogue = new_catalogue()
local SPANS = { 0, 0.011, 0.033 }
local THROWN = { "text", "a table", 5, true }

-- docs/differences.md: "`promise:get()` returns all values", so none of these has a nil inside.
local BODIES = {
	none = false,
	arguments = function() return function(...) return ... end end,
	later = function(_, value)
		return function()
			cqueues.sleep(0.013)
			return value, "second"
		end
	end,
	throws = function(_, _, thrown)
		return function() error(thrown == "a table" and {} or thrown, 0) end
	end,
	["throws later"] = function(_, _, thrown)
		return function()
			cqueues.sleep(0.007)
			error(thrown == "a table" and {} or thrown)
		end
	end,
	nothing = function() return function() end end,
	another = function(world)
		local before = world.promises[#world.promises]
		return function()
			return before and before:get(0.021)
		end
	end,
	["changes itself"] = function(world)
		return function()
			local own = world.promises[#world.promises]
			return own and (pcall(own.set, own, true, "early"))
		end
	end,
}
local BODY_NAMES = { "none", "none", "arguments", "later", "throws", "throws later", "nothing", "another", "changes itself" }

local function on_promise(kind, weight, make, run)
	catalogue:add(kind, weight, function(g)
		return g:number(3), make and make(g)
	end, function(world, which, ...)
		local p = world.promises[(which - 1) % math.max(#world.promises, 1) + 1]
		return p and run(p, ...)
	end)
end

-- docs/differences.md: "In Lua 5.1 the function of a promise may wait." There these stand for those that do.
local INSTEAD = _VERSION == "Lua 5.1" and not jit
	and { later = "nothing", ["throws later"] = "throws", another = "arguments" } or {}

catalogue:add("make", 6, function(g)
	return g:choose(BODY_NAMES), g:choose { 1, "v", false }, g:choose(THROWN)
end, function(world, body, value, thrown)
	local make = BODIES[INSTEAD[body] or body]
	local p = make and promise.new(make(world, value, thrown), value, "b") or promise.new()
	world.promises[#world.promises + 1] = name(p, "promise " .. #world.promises)
	return p:status(), promise.type(p)
end)
catalogue:add("set", 4, function(g)
	local ok = g:chance(60)
	return g:number(3), ok, g:choose(ok and { "set", 3, false } or THROWN)
end, function(world, which, ok, value)
	local p = world.promises[which]
	return p and (pcall(p.set, p, ok, value == "a table" and {} or value, "more"))
end)
-- Where it was called is told by ours, and by the original if the version counts tail calls in a certain way; in LuaJIT twice.
local function without_places(f, ...)
	local results = pack(protect(f, ...))
	if not results[1] and type(results[2]) == "string" then
		results[2] = results[2]:gsub("^.*:%d+: ", "")
	end
	return unpack(results, 1, results.n)
end

on_promise("get", 3, function(g) return g:choose(SPANS) end, function(p, t) return without_places(p.get, p, t) end)
on_promise("wait", 3, function(g) return g:choose(SPANS) end, function(p, t) return p:wait(t) end)
on_promise("status", 2, nil, function(p) return p:status() end)
on_promise("descriptor", 1, nil, function(p) return condition.type(p:pollfd()) end)
on_promise("poll", 3, function(g) return g:choose(SPANS) end, function(p, t) return cqueues.poll(p, t) end)
-- docs/differences.md: "`tostring` of a promise that was settled without values"; one that is pending may be that later.
on_promise("text", 1, nil, function(p)
	if p:status() == "pending" or p:status() == "fulfilled" and select("#", p:get()) == 0 then
		return "none"
	end
	return without_places(tostring, p)
end)
catalogue:add("sleep", 3, function(g) return g:choose { 0, 0.005, 0.017 } end, function(_, t) return cqueues.sleep(t) end)

local family = { catalogue = catalogue }

function family.make(g)
	local tasks = {}
	for i = 1, g:number(3) do
		tasks[i] = { name = "t" .. i, operations = g:list(catalogue, 2 + g:number(6)) }
	end
	return { options = {}, tasks = tasks }
end

function family.run(program)
	local world = { promises = {} }
	local controller = cqueues.new()
	for _, task in ipairs(program.tasks) do
		controller:wrap(perform_all, world, task.name, task.operations)
	end
	for _ = 1, 10 do
		local ok, why = controller:loop(0.5)
		line("loop", told(ok, why))
		if ok then
			break
		end
	end
	line("loop", "tasks left: " .. controller:count())
end

return family

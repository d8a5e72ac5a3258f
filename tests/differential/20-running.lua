-- SPDX-License-Identifier: MIT
-- Which controller runs, and polls through coroutines within tasks.
dofile((arg[0]:gsub("[^/]*$", "")) .. "prelude.lua")

section "running"
local outer = name(cqueues.new(), "outer")
local inner = name(cqueues.new(), "inner")
show("outside", cqueues.running())
outer:wrap(function()
	show("in a task", cqueues.running())
	show("in a coroutine of it", coroutine.wrap(function() return cqueues.running() end)())
	show("in auxlib.wrap of it", auxlib.wrap(function() return cqueues.running() end)())
	inner:wrap(function()
		show("in a nested one", cqueues.running())
	end)
	show("step", inner:step(0))
	show("after it", cqueues.running())
	cqueues.poll(0)
	show("after a poll", cqueues.running())
end)
show("loop", outer:loop())
show("outside", cqueues.running())
outer:wrap(function() error "bad" end)
outer:step()
show("after an error", cqueues.running())
coroutine.wrap(function() show("in a coroutine outside", cqueues.running()) end)()

section "auxlib.resume passes polls up"
run(function()
	local co = coroutine.create(function(...)
		show("started with", ...)
		show("poll", cqueues.poll(0.01))
		show("yield", coroutine.yield("one", nil, "two"))
		cqueues.sleep(0.01)
		return "end", nil
	end)
	show("resume", auxlib.resume(co, "a", nil, "b", nil))
	show("status", coroutine.status(co))
	show("resume", auxlib.resume(co, "again", nil))
	show("status", coroutine.status(co))
	show("resume", auxlib.resume(co))
	show("status", coroutine.status(co))
end)

section "auxlib.wrap passes polls up"
run(function()
	local next = auxlib.wrap(function(limit)
		for i = 1, limit do
			cqueues.sleep(0.001)
			coroutine.yield(i)
		end
	end)
	show("values", next(3), next(), next(), (next()))
	local ok = protect(next)
	show("dead", ok)
end)

section "three levels"
run(function()
	local function deep(level)
		if level == 0 then
			show("poll", cqueues.poll(0.01))
			return "bottom"
		end
		return auxlib.wrap(deep)(level - 1)
	end
	show("returned", deep(3))
end)

section "reads within auxlib.wrap"
do
	local a, b = pair()
	run(function()
		local lines = auxlib.wrap(function()
			while true do
				local line = b:read "*l"
				if not line then
					return
				end
				coroutine.yield(line)
			end
		end)
		show("line", (lines()))
		show("line", (lines()))
		show("line", (lines()))
	end, function()
		for i = 1, 2 do
			cqueues.sleep(0.01)
			a:write("line " .. i .. "\n")
		end
		a:shutdown "w"
	end)
end

section "errors within auxlib.resume and auxlib.wrap"
run(function()
	local co = coroutine.create(function()
		cqueues.poll(0)
		error("bad", 0)
	end)
	show("resume", auxlib.resume(co))
	show("resume again", auxlib.resume(co))
	show("wrap", protect(auxlib.wrap(function() cqueues.poll(0) error("bad", 0) end)))
	show("wrap, with an object", select("#", protect(auxlib.wrap(function() error({}) end))))
end)

section "outside a controller"
show("resume", auxlib.resume(coroutine.create(function(...) return ... end), 1, nil))
show("wrap", auxlib.wrap(function(...) return ... end)(1, nil))
local co = coroutine.create(function() return coroutine.yield(1) end)
show("resume", auxlib.resume(co))
show("resume", auxlib.resume(co, 2))
show("resume", auxlib.resume(co, 2))
show("wrap polls", auxlib.wrap(function() return cqueues.poll(0.01) end)())
show("resume no coroutine", (pcall(auxlib.resume, 1)))
show("wrap no function", (pcall(auxlib.wrap, 1)))

section "in a nested coroutine that is resumed plainly, a poll goes to its resumer"
run(function()
	local co = coroutine.create(function() return cqueues.poll(0.01) end)
	local results = pack(coroutine.resume(co))
	show("resumed", results[1], results[2] == cqueues._POLL, results.n, results[3])
	show("given back", coroutine.resume(co, "from the resumer"))
end)

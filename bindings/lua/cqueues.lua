-- SPDX-License-Identifier: MIT
-- cqueues: what of controllers is best said in Lua, over the C module.

local core = require "_cqueues"

-- A module table of its own: loading the module again gives a new table with every function.
local cqueues = {}
for name, value in pairs(core) do
	if name == "_POLL" or not name:find "^_" then
		cqueues[name] = value
	end
end

local poll, running, monotime, yield = core.poll, core.running, core.monotime, coroutine.yield
local POLL = core._POLL
local select = select

--- Waits for that many seconds; in a task the others go on meanwhile.
function cqueues.sleep(seconds)
	poll(seconds)
end

local step, resume_step = core._step, core._resume_step

-- A task that yields without the marker means whoever resumed this thread: the values go up, the
-- answer goes back into the task, and the step goes on.
local function forward(self, mark, ...)
	if mark ~= POLL then
		return mark, ...
	end
	return forward(self, resume_step(self, yield(...)))
end

-- In a task of another controller a step waits by polling itself.
local function do_step(self, seconds, lazy)
	local outer = running()
	if outer and outer ~= self then
		poll(self, seconds)
		seconds = 0
	end
	return forward(self, step(self, seconds, lazy))
end

local function public_step(self, seconds)
	return do_step(self, seconds, false)
end

-- The results of a failed step: four values, or more with the polled object and its descriptor.
local function failure(message, code, thread, object, fd)
	if object == nil then
		return false, message, code, thread
	elseif fd == nil then
		return false, message, code, thread, object
	end
	return false, message, code, thread, object, fd
end

--- Steps until there are no tasks left or the time is over. True, or as a failed step.
local function loop(self, seconds)
	local deadline = seconds and monotime() + seconds
	while not self:empty() do
		local left = deadline and deadline - monotime()
		if left and left < 0 then
			left = 0
		end
		local ok, message, code, thread, object, fd = do_step(self, left, true)
		if not ok then
			return failure(message, code, thread, object, fd)
		end
		if deadline and deadline <= monotime() then
			break
		end
	end
	return true
end

local function error_of(ok, ...)
	if not ok then
		return ...
	end
end

--- Iterates over the errors of loop; the time is that of the whole iteration.
local function errors(self, seconds)
	local deadline = seconds and monotime() + seconds
	return function()
		local left = deadline and deadline - monotime()
		if left and left < 0 then
			left = 0
		end
		return error_of(self:loop(left))
	end
end

core._define("step", public_step)
core._define("loop", loop)
core._define("errors", errors)

--- Fills `package.loaded` tables as if they were newly loaded.
function cqueues.loader()
	return cqueues
end

return cqueues

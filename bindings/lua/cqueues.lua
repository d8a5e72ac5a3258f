-- SPDX-License-Identifier: MIT
-- cqueues: what of controllers is best said in Lua, over the C module.

local core = require "_cqueues"

-- A module table of its own: loading the module again gives a new table with every function.
local cqueues = core._public(core)
cqueues._POLL = core._POLL

local refuse_type = require "cqueues.arguments".refuse_type

local POLL, wait, is_end = core._POLL, core._wait, core._is_end
local monotime, running, yield = core.monotime, core.running, coroutine.yield

-- A wait that is ended returns the marker and what is to be thrown.
local function woken(...)
	if (...) == POLL and is_end(select(2, ...)) then
		error((select(2, ...)), 0)
	end
	return ...
end

--- Waits until one of the objects is ready, or the least of the numbers has passed in seconds; what has become ready.
local function poll(...)
	return woken(wait(...))
end

cqueues.poll, core._poll = poll, poll

--- What modules of ours wait by: it returns the marker and what poll would throw if the wait is ended, of which the second function
-- here is true. A program that has replaced poll before it loaded them has them wait by its own.
function core._waiter()
	return cqueues.poll == poll and wait or cqueues.poll, is_end
end

--- Waits for that many seconds; in a task the others go on meanwhile.
cqueues.sleep = core._quick_sleep(function(seconds)
	local mark, ended = wait(seconds)
	if mark == POLL and is_end(ended) then
		error(ended, 0)
	end
end)

local step, resume_step, take = core._step, core._resume_step, core._take
local begin_loop, steps_by_method = core._begin_loop, core._steps_by_method
-- In 5.1, see handed.c.
local HANDED, park, step_handed = core._HANDED or {}, core._park_controller, core._step_handed

-- What C's step cannot do by itself. It answers nil in a task of another controller, where a step waits
-- by polling itself first; HANDED and a time if that wait can be handed over; and the marker when a task has yielded without it,
-- meaning whoever resumed this thread: the values go up, the answer goes back into the task, and the step goes on.
local function go_on(self, seconds, ok, message, deadline)
	local code, thread, object, fd
	while ok ~= true and ok ~= false do
		if ok == HANDED then
			local mark, again
			park(self, message)
			repeat -- whatever they answer without two marks: somebody may have resumed the task by hand
				mark, again, ok, message, code, thread, object, fd = step_handed(self, 0, true, deadline)
			until mark == HANDED and again == HANDED
		elseif ok == POLL then
			ok, message, code, thread, object, fd = resume_step(self, yield(take(self)))
		else
			poll(self, seconds)
			ok, message, code, thread, object, fd = step(self, 0, true)
		end
	end
	return ok, message, code, thread, object, fd
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

-- A step by the method, which somebody has replaced: true and whether no tasks are left, or false and why.
local function replaced_step(self, seconds)
	local ok, message, code, thread, object, fd = self:step(seconds)
	if ok then
		return true, self:empty()
	end
	return false, message, code, thread, object, fd
end

-- What a step has come to, after what C's step could not do by itself.
local function rest_of_step(self, seconds, ok, message)
	local code, thread, object, fd
	ok, message, code, thread, object, fd = go_on(self, seconds, ok, message)
	if ok then
		return true
	end
	return failure(message, code, thread, object, fd)
end

--- Steps once: waits at most that many seconds for something to do, and runs what is ready. True, or
-- false, message, errno, coroutine, polled object, descriptor. From 5.2 on C does it, as far as it can.
local function public_step(self, seconds)
	local ok, message, code, thread, object, fd = step(self, seconds)
	if ok == true then
		return true
	elseif ok == false then
		return failure(message, code, thread, object, fd)
	end
	return rest_of_step(self, seconds, ok, message)
end

-- The seconds left until a deadline; nil without one.
local function left_until(deadline)
	if not deadline then
		return deadline
	end
	local left = deadline - monotime()
	return left < 0 and left ~= -math.huge and 0 or left
end

--- Steps until there are no tasks left or the time is over. True, or as a failed step.
--
-- In a task of another controller the first step waits before anybody looks, so that the loop of an empty
-- controller goes on once something is attached to it. A step that somebody has replaced is called at least once, as it may
-- attach something.
local function loop(self, seconds)
	if seconds and type(seconds) ~= "number" then
		refuse_type(seconds, 1, "loop", "number")
	end
	local deadline = seconds and monotime() + seconds
	local last = deadline or false -- for C, which goes on until then
	if deadline ~= deadline then
		last = -math.huge -- not a number: one step is made, which waits for something to do
	end
	if begin_loop(self) and not steps_by_method() then
		return (step(self, 0, false)) -- takes an alert back
	end
	while true do
		local left = left_until(deadline)
		-- Here and not in a function of its own, as this is done for each step of nearly every program.
		local ok, message, code, thread, object, fd = step(self, left, false, last)
		if ok == nil and steps_by_method() then
			ok, message, code, thread, object, fd = replaced_step(self, left)
		elseif ok ~= true and ok ~= false then
			ok, message, code, thread, object, fd = go_on(self, left, ok, message, last)
		end
		if not ok then
			return failure(message, code, thread, object, fd)
		elseif message or (deadline and not (deadline > monotime())) then
			return true
		end
	end
end

local function error_of(ok, ...)
	if not ok then
		return ...
	end
end

--- Iterates over the errors of loop; the time is that of the whole iteration.
local function errors(self, seconds)
	if seconds and type(seconds) ~= "number" then
		refuse_type(seconds, 1, "errors", "number")
	elseif seconds and not (seconds > -math.huge) then
		seconds = 0 -- no time at all, or no number
	end
	local deadline = seconds and monotime() + seconds or nil
	local begun = false
	return function()
		if begun and self:empty() and not (steps_by_method() and not running()) then
			begin_loop(self) -- closes what the last failed task left open
			return
		end
		begun = true
		return error_of(self:loop(left_until(deadline)))
	end
end

core._note_home(public_step)
core._define("step", core._quick_step(public_step, rest_of_step))
core._define("loop", loop)
core._define("errors", errors)

-- What stands in modules of its own is loaded when it is first used.
for name, module in pairs { scope = "scope", timeout = "scope", shield = "scope", tasks = "dump", dump = "dump",
	traceback = "traceback", tracebacks = "traceback" } do
	cqueues[name] = function(...)
		cqueues[name] = require("cqueues." .. module)[name]
		return cqueues[name](...)
	end
end

-- Functions of auxlib that programs find here by their old names, as long as they do not go through the table.
local of_auxlib = { assert = true, resume = true, wrap = true }
setmetatable(cqueues, { __index = function(_, name)
	return of_auxlib[name] and require "cqueues.auxlib"[name] or nil
end })

--- Fills `package.loaded` tables as if they were newly loaded.
function cqueues.loader()
	return cqueues
end

return cqueues

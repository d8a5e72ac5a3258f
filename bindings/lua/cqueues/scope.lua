-- SPDX-License-Identifier: MIT
--
-- Scopes: tasks that end together, and code that can be ended.
--
-- A scope is begun around a call in the task that runs. Tasks that are started in it end before the call returns. When
-- it ends, since it was cancelled, its time is over or one of its tasks has failed, every wait of its tasks and of the
-- call ends: methods of sockets, resolvers and such return nil and an error number, and what has no error number to
-- return throws a cancellation. Its text is the reason; pcall catches it, for cleaning up, and the next wait throws
-- again.

local core = require "_cqueues.scope"
local arguments = require "cqueues.arguments"
local cqueues = require "cqueues"
local condition = require "cqueues.condition"
local call = require "cqueues.protected".traced
local traceback = require "cqueues.traceback".traceback
local ETIMEDOUT = require "_cqueues.errno".ETIMEDOUT

local unpack = table.unpack or unpack
local wait = require "_cqueues"._wait
local is_cancellation = core.is_cancellation

local function loader()
	local module = {}

	local function pack(...)
		return { n = select("#", ...), ... }
	end

	-- -- Tasks --------------------------------------------------------------------------------

	local task = {}
	task.__index = task

	local check_task = arguments.checker(task, "task")

	-- What a failed task has thrown, as its scope throws it: text tells where it came from.
	local function with_traceback(err, thread, name)
		if type(err) ~= "string" or err == "not enough memory" then
			return err
		end
		return ("%s of %s"):format(traceback(thread, err), name and "task " .. name or "the task")
	end

	-- What a task has thrown of which there is no memory to tell more.
	local NO_MEMORY = { n = 2, false, "not enough memory" }

	-- Called by the step when the task has ended. Returns why, if it has failed. If there is no memory, it throws that, and is called
	-- again with it as the error: what must not fail comes first, and takes none.
	function task:_over(ok, ...)
		local failed = not ok and not is_cancellation((...))
		local is_first = failed and self.scope:_fail(NO_MEMORY[2])
		self.state = ok and "done" or failed and "failed" or "cancelled"
		self.results = NO_MEMORY
		self.handle = nil
		if self.ended then
			self.ended:signal()
		end
		if (...) == NO_MEMORY[2] and failed then
			return NO_MEMORY[2]
		end
		self.results = pack(ok, ...)
		if is_first then
			local err, thread = ...
			self.scope.failure = with_traceback(err, thread, self.label)
		end
		return failed and tostring((...)) or nil
	end

	--- Ends every wait of the task, and of tasks in scopes that it has begun. True; false if it is over.
	function task:cancel(reason)
		check_task(self, "cancel")
		return self.handle ~= nil and core.cancel_task(self.handle, reason)
	end

	--- "running" until its end, whatever it waits for; "cancelling" after its waits have ended; then "done", "failed" or
	-- "cancelled".
	function task:status()
		check_task(self, "status")
		if self.handle and core.is_cancelled(self.handle) then
			return "cancelling"
		end
		return self.state
	end

	--- Its name, for whoever debugs the program; sets it before, if one is given.
	function task:name(name)
		check_task(self, "name")
		if name ~= nil then
			name = arguments.text(name, 1, "name")
			self.label = name
			if self.handle then
				core.name_task(self.handle, name)
			end
		end
		return self.label
	end

	--- Waits until the task is over, at most that many seconds.
	--
	-- Returns what its function returned; nil and ETIMEDOUT when the time is up; nil, ECANCELED or ETIMEDOUT and the
	-- reason if the task was cancelled. Throws what the task has thrown.
	function task:join(timeout)
		check_task(self, "join")
		timeout = arguments.seconds(timeout, 1, "join")
		local deadline = timeout and cqueues.monotime() + timeout
		while self.handle do
			local left = deadline and deadline - cqueues.monotime()
			if left and left <= 0 then
				return nil, ETIMEDOUT
			end
			self.ended = self.ended or condition.new():name("end of a task")
			self.ended:wait(left)
		end
		local results = self.results
		if results[1] then
			return unpack(results, 2, results.n)
		elseif self.state == "cancelled" then
			return nil, results[2].code, results[2].reason
		end
		error(results[2], 0)
	end

	-- -- Scopes -------------------------------------------------------------------------------

	local scope = {}
	scope.__index = scope

	local check_scope = arguments.checker(scope, "scope")

	-- Notes what is to be thrown. The first failure counts: whether this is it.
	function scope:_fail(err)
		if self.has_failed then
			return false
		end
		self.has_failed, self.failure = true, err
		return true
	end

	--- Starts a task that runs f(...) in the scope. Throws the reason if the scope has ended.
	function scope:wrap(f, ...)
		check_scope(self, "wrap")
		if type(f) ~= "function" then
			arguments.refuse_type(f, 1, "wrap", "function")
		end
		local made = setmetatable({ scope = self, state = "running", results = false, handle = false }, task)
		made.handle = core.wrap(self.handle, made, f, ...)
		return made
	end

	--- Ends the scope.
	function scope:cancel(reason)
		check_scope(self, "cancel")
		core.cancel(self.handle, reason)
	end

	--- Lets the scope end in that many seconds; nil: not by itself.
	function scope:deadline(seconds)
		check_scope(self, "deadline")
		core.deadline(self.handle, arguments.seconds(seconds, 1, "deadline"))
	end

	--- With true, or without an argument, the others go on when a task fails. Returns the scope.
	function scope:supervise(supervises)
		check_scope(self, "supervise")
		core.supervise(self.handle, supervises ~= false)
		return self
	end

	--- With true, or without an argument, what the scope does may end at once when the controller shuts down. Returns the
	-- scope.
	function scope:idle(is_idle)
		check_scope(self, "idle")
		core.set_idle(self.handle, is_idle ~= false)
		return self
	end

	--- How many tasks of the scope, and scopes in it that have tasks, are left.
	function scope:count()
		check_scope(self, "count")
		return core.count(self.handle)
	end

	--- Nil; or the error number with which its waits end, and the reason.
	function scope:status()
		check_scope(self, "status")
		return core.status(self.handle)
	end

	--- Names the scope, for whoever debugs the program. Returns the scope.
	function scope:name(name)
		check_scope(self, "name")
		core.set_name(self.handle, name ~= nil and arguments.text(name, 1, "name") or nil)
		return self
	end

	-- Waits until no task is left. What ends this wait has ended the scope too, and the next one lasts until its tasks have
	-- ended.
	local function drain(handle)
		while core.count(handle) > 0 do
			wait(handle)
		end
	end

	-- Runs f in a scope that was prepared: what it returns, or nil, code and reason if the scope has ended it.
	local function leave(self, ok, ...)
		local handle, err = self.handle, (...)
		if not ok and not is_cancellation(err) then
			self:_fail(err)
			if not pcall(core.cancel, handle, err == nil and "nil" or err) then
				core.cancel(handle) -- for its text there is no memory
			end
		end
		drain(handle)
		core.leave(handle)
		local code, reason = core.status(handle)
		core.free(handle)
		if self.has_failed then
			error(self.failure, 0)
		elseif ok then
			return ...
		elseif code and not core.is_ended_around() then
			return nil, code, reason
		end
		error(err, 0)
	end

	local function within(self, f, ...)
		core.begin(self.handle)
		return leave(self, call(f, ...))
	end

	local function new()
		return setmetatable({ handle = core.new(), has_failed = false, failure = false }, scope)
	end

	--- Runs f(scope, ...), waits for the tasks that it starts in the scope, and returns what it returns. Throws the first
	-- error of f or of a task. If the scope ends f before that: nil, ECANCELED or ETIMEDOUT, and the reason.
	function module.scope(f, ...)
		arguments.callable(f, 1, "scope")
		local self = new()
		return within(self, f, self, ...)
	end

	--- Runs f(...) for at most that many seconds; returns what it returns, or nil and ETIMEDOUT.
	function module.timeout(seconds, f, ...)
		seconds = arguments.number(seconds, 1, "timeout")
		arguments.callable(f, 2, "timeout")
		local self = new()
		self:deadline(seconds)
		return within(self, f, ...)
	end

	--- Runs f(...), which is not ended from outside for at most that many seconds: time for cleaning up.
	function module.shield(seconds, f, ...)
		seconds = arguments.number(seconds, 1, "shield")
		arguments.callable(f, 2, "shield")
		local self = new()
		core.shield(self.handle, seconds)
		return within(self, f, ...)
	end

	module.loader = loader

	return module
end

return loader()

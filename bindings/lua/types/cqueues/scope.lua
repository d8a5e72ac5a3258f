---@meta cqueues.scope
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A group of tasks that end together. Its methods throw "the scope is over" once the function that has begun it has
---returned.
---@class cqueues.Scope
local Scope = {}

---Starts a task in the scope that runs `f(...)`.
---- Throws: the scope has ended: the reason.
---
---Since 1.0.0.
---@param f function
---@param ... any
---@return cqueues.Task
function Scope:wrap(f, ...) end

---Ends the scope: every wait of its tasks and of the code in it ends.
---
---Since 1.0.0.
---@param reason? string Takes also any value, which tostring makes a text.
function Scope:cancel(reason) end

---Ends the scope in so many seconds; nil takes the deadline away.
---
---Since 1.0.0.
---@param seconds? number Takes also false: no deadline.
function Scope:deadline(seconds) end

---With true, or without an argument, the other tasks go on when one fails.
---
---Since 1.0.0.
---@param on? boolean
---@return cqueues.Scope self
function Scope:supervise(on) end

---With true, or without an argument, what the scope does may end at once when the controller shuts down.
---
---Since 1.0.0.
---@param is_idle? boolean
---@return cqueues.Scope self
function Scope:idle(is_idle) end

---Counts the tasks of the scope that are left, and the scopes in it that have tasks.
---
---Since 1.0.0.
---@return integer
function Scope:count() end

---Returns nothing; once the scope has ended, the error number with which waits in it end, and why.
---- `ECANCELED`: it was cancelled, or one of its tasks has failed.
---- `ETIMEDOUT`: its deadline has passed.
---
---Since 1.0.0.
---@return integer? code
---@return string? reason
function Scope:status() end

---Names the scope, for whoever debugs the program.
---
---Since 1.0.0.
---@param name? string
---@return cqueues.Scope self
function Scope:name(name) end

---A task that was started in a scope.
---@class cqueues.Task
local Task = {}

---Ends every wait of the task, and of tasks in scopes that it has begun. Returns false if it is over.
---
---Since 1.0.0.
---@param reason? string Takes also any value, which tostring makes a text.
---@return boolean
function Task:cancel(reason) end

---Waits for its end and returns what its function has returned.
---- `ECANCELED`: the task was cancelled; the reason follows.
---- `ETIMEDOUT`: the time is over, or a deadline has ended the task.
---- Throws: what the task has thrown.
---
---Since 1.0.0.
---@param timeout? number Takes also false: no limit.
---@return any ...
function Task:join(timeout) end

---Tells whether it runs, whatever it waits for, or how it has ended.
---
---Since 1.0.0.
---@return "running"|"cancelling"|"done"|"failed"|"cancelled"
function Task:status() end

---Tells its name; sets it before, if one is given.
---
---Since 1.0.0.
---@param name? string
---@return string?
function Task:name(name) end

---What a wait throws that a scope has ended. `tostring` makes it the reason; `cqueues.type` calls it "cancellation".
---@class cqueues.Cancellation
---@field code integer ECANCELED or ETIMEDOUT. Since 1.0.0.
---@field reason string Why. Since 1.0.0.

---Scopes: tasks that end together, and code that has a time limit. The functions are those of the module cqueues, too.
---`docs/scopes.md` tells what the end of a scope does.
---@class cqueues.scope.module
local scope_module = {}

---Runs `f(scope, ...)` in a new scope, waits for the tasks that it starts in the scope, and returns what it returns.
---- `ECANCELED`: the scope was cancelled before `f` returned; the reason follows.
---- `ETIMEDOUT`: its deadline has passed before `f` returned.
---- Throws: the first error of `f` or of a task in the scope.
---- Throws: no task runs.
---
---Since 1.0.0.
---@param f fun(scope: cqueues.Scope, ...: any): ...
---@param ... any
---@return any ...
function scope_module.scope(f, ...) end

---Runs `f(...)` for at most so many seconds and returns what it returns.
---- `ETIMEDOUT`: the time is over.
---- Throws: what `f` throws.
---- Throws: no task runs.
---
---Since 1.0.0.
---@param seconds number
---@param f fun(...: any): ...
---@param ... any
---@return any ...
function scope_module.timeout(seconds, f, ...) end

---Runs `f(...)`, and for at most so many seconds nothing outside ends its waits. Returns what `f` returns.
---- `ECANCELED`: what was kept out has ended `f` after the time was over.
---- Throws: what `f` throws.
---- Throws: no task runs.
---
---Since 1.0.0.
---@param seconds number
---@param f fun(...: any): ...
---@param ... any
---@return any ...
function scope_module.shield(seconds, f, ...) end

---Returns a new table of the module.
---
---Since 1.0.0.
---@return table
function scope_module.loader() end

return scope_module

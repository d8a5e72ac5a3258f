---@meta cqueues.mutex
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A mutex. Its holder is the coroutine that has locked it.
---@class cqueues.Mutex
local Mutex = {}

---Locks it; waits while another task holds it.
---- `ETIMEDOUT`: the time is over.
---- Throws: the task holds it already.
---
---Since 1.0.0.
---@param timeout? number Takes also false: no limit.
---@return true? done
---@return integer? code
function Mutex:lock(timeout) end

---Unlocks it, and hands it to the task that has waited longest.
---- Throws: the task does not hold it.
---
---Since 1.0.0.
function Mutex:unlock() end

---Calls `f(...)` while it holds the mutex, for which it waits. Returns what `f` returns.
---- Throws: what `f` throws.
---
---Since 1.0.0.
---@param f function
---@param ... any
---@return any ...
function Mutex:with(f, ...) end

---Mutexes: one task at a time.
---@class cqueues.mutex.module
local mutex_module = {}

---Makes a mutex that nobody holds.
---
---Since 1.0.0.
---@return cqueues.Mutex
function mutex_module.new() end

---Tells whether a value is a mutex.
---
---Since 1.0.0.
---@param value? any
---@return "mutex"|nil
function mutex_module.type(value) end

return mutex_module

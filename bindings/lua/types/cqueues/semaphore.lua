---@meta cqueues.semaphore
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A semaphore.
---@class cqueues.Semaphore
local Semaphore = {}

---Takes a permit; waits while there is none.
---- `ETIMEDOUT`: the time is over.
---
---Since 1.0.0.
---@param timeout? number Takes also false: no limit.
---@return true? done
---@return integer? code
function Semaphore:acquire(timeout) end

---Gives permits back, or adds some; 1 without a number. Any task may.
---
---Since 1.0.0.
---@param count? integer Takes also false: 1.
function Semaphore:release(count) end

---Counts the permits that can be taken without waiting.
---
---Since 1.0.0.
---@return integer
function Semaphore:count() end

---Calls `f(...)` with a permit, for which it waits, and gives it back afterwards. Returns what `f` returns.
---- Throws: what `f` throws.
---
---Since 1.0.0.
---@param f function
---@param ... any
---@return any ...
function Semaphore:with(f, ...) end

---Semaphores: a number of permits that tasks take and give back.
---@class cqueues.semaphore.module
local semaphore_module = {}

---Makes a semaphore with so many permits; 1 without a number.
---
---Since 1.0.0.
---@param count? integer Takes also false: 1.
---@return cqueues.Semaphore
function semaphore_module.new(count) end

---Tells whether a value is a semaphore.
---
---Since 1.0.0.
---@param value? any
---@return "semaphore"|nil
function semaphore_module.type(value) end

return semaphore_module

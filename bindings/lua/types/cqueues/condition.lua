---@meta cqueues.condition
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A condition. Calling it returns it, so that it can stand where a method `pollfd` is asked for.
---@class cqueues.Condition
local Condition = {}

---Waits until the condition is signalled, or one of the other objects is ready; see `cqueues.poll`. Returns whether it
---was signalled, and those of the others that are ready.
---- Throws: an object cannot be polled.
---- Throws: the task's waits are ended by its scope: a cancellation.
---@param ... cqueues.Pollable Takes also nil: it is passed over.
---@return boolean signalled
---@return any ...
function Condition:wait(...) end

---Wakes all tasks that wait, or at most so many. Returns how many.
---@param count? integer Takes also false: all.
---@return integer woken
function Condition:signal(count) end

---Returns the condition itself.
---@return cqueues.Condition
function Condition:pollfd() end

---Returns nil: there is no descriptor.
---@return string?
function Condition:events() end

---Returns nil: there is no limit.
---@return number?
function Condition:timeout() end

---Names the condition for whoever looks at the program from outside (`cq ps`).
---
---Since 1.0.0.
---@param name? string
---@return cqueues.Condition self
function Condition:name(name) end

---Condition variables: tasks wait until another task signals.
---@class cqueues.condition.module
local condition_module = {}

---Makes a condition. With true the task that has waited least is woken first, otherwise the one that has waited
---longest.
---- Throws: no memory is left.
---@param lifo? boolean
---@return cqueues.Condition
function condition_module.new(lifo) end

---Tells whether a value is a condition.
---@param value? any
---@return "condition"|nil
function condition_module.type(value) end

---Sets a method of all conditions. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function condition_module.interpose(name, method) end

return condition_module

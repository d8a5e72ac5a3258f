---@meta cqueues.promise
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A promise. Calling it is `get` without a limit; `tostring` waits, too, and is the first value as text. It can be
---polled: it is ready once it is settled.
---@class cqueues.Promise
---@field pollfd cqueues.Condition What is signalled when it is settled.
---@field timeout? number 0 once it is settled.
local Promise = {}

---Settles it, and wakes all who wait for it. With true the others are its values; otherwise the second argument is the
---reason.
---- Throws: it is settled already.
---@param ok? boolean
---@param ... any
function Promise:set(ok, ...) end

---Waits until it is settled. Returns its values, or nothing when the time is over.
---- Throws: it was rejected: the reason.
---@param timeout? number Takes also what `cqueues.poll` takes.
---@return any ...
function Promise:get(timeout) end

---Waits until it is settled. Returns the promise, or nil when the time is over.
---@param timeout? number Takes also what `cqueues.poll` takes.
---@return cqueues.Promise? self
function Promise:wait(timeout) end

---Tells whether it is settled, and how.
---@return "pending"|"fulfilled"|"rejected"
function Promise:status() end

---Promises: values that come later, or the reason why they never will.
---@class cqueues.promise.module
local promise_module = {}

---Makes a promise. With a function, a new task of the running controller runs `f(...)`: what it returns fulfils the
---promise, what it throws rejects it. Without one, `set` settles it.
---- Throws: there is a function, and no controller runs.
---@param f? function Takes also any value: what cannot be called rejects the promise.
---@param ... any
---@return cqueues.Promise
function promise_module.new(f, ...) end

---Tells whether a value is a promise.
---@param value? any
---@return "promise"|nil
function promise_module.type(value) end

---Returns a new table of the module, whose promises are of a class of their own.
---@return table
function promise_module.loader() end

return promise_module

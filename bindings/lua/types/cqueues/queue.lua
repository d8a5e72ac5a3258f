---@meta cqueues.queue
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A queue. It can be polled: it is ready when `get` would not wait.
---@class cqueues.Queue
---@field pollfd cqueues.Condition What is signalled when there is something to get. Since 1.0.0.
---@field timeout? number 0 while there is something to get. Since 1.0.0.
local Queue = {}

---Puts a value, which may be nil, at the end; waits while the queue is full.
---- `EPIPE`: the queue is closed.
---- `ETIMEDOUT`: the time is over; the value is not in the queue.
---
---Since 1.0.0.
---@param value? any
---@param timeout? number Takes also false: no limit.
---@return true? done
---@return integer? code
function Queue:put(value, timeout) end

---Takes the first value; waits while there is none.
---- `EPIPE`: the queue is closed and empty.
---- `ETIMEDOUT`: the time is over.
---
---Since 1.0.0.
---@param timeout? number Takes also false: no limit.
---@return any value
---@return integer? code
function Queue:get(timeout) end

---Returns an iterator over `get`. It ends when the queue is closed and empty, at a value that is nil, and when none
---comes in time.
---
---Since 1.0.0.
---@param timeout? number Takes also false: no limit.
---@return fun(): any
function Queue:items(timeout) end

---Lets nothing more in, and wakes all who wait. What is in the queue can still be got. Closing twice is safe.
---
---Since 1.0.0.
function Queue:close() end

---Counts the values in the queue.
---
---Since 1.0.0.
---@return integer
function Queue:count() end

---Queues: values on their way from some tasks to others, first in, first out. Tasks that wait are served in the order
---in which they came. `docs/queues.md` has more.
---@class cqueues.queue.module
local queue_module = {}

---Makes a queue for at most so many values; without a limit, or with 0, for any number.
---
---Since 1.0.0.
---@param limit? integer Takes also false: no limit.
---@return cqueues.Queue
function queue_module.new(limit) end

---Tells whether a value is a queue.
---
---Since 1.0.0.
---@param value? any
---@return "queue"|nil
function queue_module.type(value) end

return queue_module

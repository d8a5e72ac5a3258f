---@meta cqueues.thread
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A thread's handle. Handles of one thread are equal.
---@class cqueues.Thread
local Thread = {}

---Waits for the thread's end. Returns true, and nil or what went wrong in it: a text or an error number. It may be
---called again.
---- `ECANCELED`: a scope has ended the wait.
---- `EOWNERDEAD`: pthread_exit(3) has ended the thread.
---- `ETIMEDOUT`: the thread runs still.
---- Throws: the thread joins itself.
---@param timeout? number Takes also false: no limit.
---@return boolean ended
---@return string|integer|nil why
function Thread:join(timeout) end

---Tells the descriptor that is readable when the thread has ended.
---@return integer
function Thread:pollfd() end

---Tells what to poll it for: "r".
---@return string
function Thread:events() end

---Returns nil: there is no limit.
---@return number?
function Thread:timeout() end

---Threads of the system, each with a Lua state of its own, that talk over a pair of sockets.
---@class cqueues.thread.module
local thread_module = {}

---Starts a thread that runs `f(socket, ...)` in a Lua state of its own, with all signals blocked. The socket is
---connected to the one returned. Nil, booleans, numbers, strings, light userdata and functions without upvalues keep
---their types; what has `__tostring` or is a number comes as it is or as text.
---- `EAGAIN`: the system has no room for a thread; two nils come before it.
---- `EMFILE`: no descriptor is left.
---- Throws: the function has upvalues, or an argument cannot be handed over.
---@param f function|string Takes also any value that can be handed over: what is no function fails in the thread, as `join` tells.
---@param ... any
---@return cqueues.Thread? thread
---@return cqueues.Socket? socket
---@return integer? code
function thread_module.start(f, ...) end

---Returns the calling thread's handle; nil in a thread that was not started here.
---@return cqueues.Thread?
function thread_module.self() end

---Tells whether a value is a thread's handle.
---@param value? any
---@return "thread"|nil
function thread_module.type(value) end

---Sets a method of all handles. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function thread_module.interpose(name, method) end

---Returns the module, as a function for `package.preload`.
---@return table
function thread_module.loader() end

return thread_module

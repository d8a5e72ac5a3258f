---@meta cqueues
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---What a task can wait for: an object with the members `pollfd`, `events` and `timeout`, each a method or a plain
---value, or a number of seconds. All objects of this library that can be waited for have these members. A `pollfd` is a
---descriptor or a condition, `events` a text of the letters "r", "w" and "p" or a mask of poll(2), `timeout` a number
---of seconds or nil.
---@alias cqueues.Pollable number|table|userdata

---A controller: its tasks, and what they wait for.
---@class cqueues.Controller
local Controller = {}

---Makes a coroutine a task. It first runs in the next step.
---@param co thread
---@return cqueues.Controller self
function Controller:attach(co) end

---Starts a task that runs `f(...)`. It first runs in the next step.
---@param f function
---@param ... any
---@return cqueues.Controller self
function Controller:wrap(f, ...) end

---Waits until something is ready, at most so many seconds, and runs the tasks that are ready. In a task of another
---controller it lets other tasks run meanwhile; elsewhere it blocks, unless the time is 0. Returns true; or false when
---a task has failed, with what it has thrown, an error number, the coroutine, and the object and the descriptor that
---could not be polled, as far as there are such. It can be called again afterwards.
---- Throws: a task of this controller calls it.
---- Throws: the controller is closed.
---@param timeout? number Takes also a value that is no number: it is no limit.
---@return boolean ok
---@return any message
---@return integer? code
---@return thread? task
---@return any object
---@return integer? fd
function Controller:step(timeout) end

---Steps until no tasks are left, a task fails or the time is over. Returns what `step` returns.
---- Throws: a task of this controller calls it.
---- Throws: the controller is closed.
---@param timeout? number Takes also false: no limit.
---@return boolean ok
---@return any message
---@return integer? code
---@return thread? task
---@return any object
---@return integer? fd
function Controller:loop(timeout) end

---Returns an iterator over the errors of `loop`. It ends when no tasks are left or the time, which is that of the whole
---iteration, is over.
---@param timeout? number Takes also false: no limit.
---@return (fun(): any, integer?, thread?, any, integer?)
function Controller:errors(timeout) end

---Tells whether no tasks are left.
---@return boolean
function Controller:empty() end

---Counts the tasks.
---@return integer
function Controller:count() end

---Ends the waits for some descriptors in this controller; see `cqueues.cancel`.
---@param ... integer|cqueues.Pollable Takes also nil and what has no `pollfd`: it is passed over.
function Controller:cancel(...) end

---Blocks the process until the controller has something to do or a signal is delivered that is not among those given:
---pselect(2). Prefer a signal listener.
---@param ... integer
function Controller:pause(...) end

---Makes the controller's descriptor ready, so that whoever waits for the controller steps it.
---@return cqueues.Controller self
function Controller:alert() end

---Makes the kernel queue of this controller anew; see `cqueues.reset`.
function Controller:reset() end

---Closes the controller with its tasks, which never go on. Closing it twice is safe; other methods throw from then on.
---- Throws: a task of this controller calls it.
function Controller:close() end

---Tells the descriptor that is readable when a step has something to do.
---@return integer
function Controller:pollfd() end

---Tells what the descriptor must be polled for: "r".
---@return string
function Controller:events() end

---Tells after how many seconds a step has something to do, whatever the descriptor says; nil if that is not known.
---@return number?
function Controller:timeout() end

---Shuts down in good order: accepting ends with ECANCELED, scopes that are idle end at once, and what is left after the
---grace ends with ETIMEDOUT. Without a grace the rest is never ended.
---
---Since 1.0.0.
---@param grace? number
---@return cqueues.Controller self
function Controller:shutdown(grace) end

---Tells whether `shutdown` has been called.
---
---Since 1.0.0.
---@return boolean
function Controller:closing() end

---Serves what the tasks wait for at a UNIX socket, for the program `cq`. Without a path serving ends.
---- `EADDRINUSE`: somebody serves there already.
---- `ENAMETOOLONG`: the path does not fit a UNIX address.
---
---Since 1.0.0.
---@param path? string
---@return cqueues.Controller? self
---@return integer? code
function Controller:inspect(path) end

---Controllers run coroutines, called tasks, and resume each when what it waits for has happened. A controller is itself
---something that can be polled, so it can run within another one or within any other event loop.
---@class cqueues.module
---@field VENDOR string "libcqueues".
---@field VERSION integer The version of the Lua interface, a date as digits: 20200726.
local cqueues_module = {}

---Makes a controller.
---- Throws: no descriptor or no memory is left.
---@return cqueues.Controller
function cqueues_module.new() end

---Makes a controller, or tells why that cannot be done.
---- `EMFILE`: no descriptor is left.
---- `ENOMEM`: no memory is left.
---@return cqueues.Controller? controller
---@return string? why
---@return integer? code
function cqueues_module.create() end

---Tells whether a value is a controller, a closed one, or what is thrown when a scope ends a wait.
---@param value? any
---@return "controller"|"closed controller"|"cancellation"|nil
function cqueues_module.type(value) end

---Sets a method of all controllers. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function cqueues_module.interpose(name, method) end

---Tells the time of the monotonic clock: the system's, unless a test has moved it by `clockadvance` or `clockrate`.
---@return number seconds
function cqueues_module.monotime() end

---Moves the clock of `monotime` forward, for tests of programs: all timeouts and deadlines of this library are times of
---that clock, in the whole process. What is due by that goes on in the next step. A controller that waits in another
---thread meanwhile has to be alerted. Nothing moves it back.
---- Throws: the number is negative, not a number or not finite, or the clock would have run for more than 292 years.
---
---Since 1.0.0.
---@param seconds number
function cqueues_module.clockadvance(seconds) end

---Sets how fast that clock runs from now on: 1 as the system's, as in the beginning, 0 not at all: then only
---`clockadvance` moves it, and a step with a timeout waits until it has.
---- Throws: the number is negative, not a number, or more than a million.
---
---Since 1.0.0.
---@param rate number
function cqueues_module.clockrate(rate) end

---Ends all waits for some descriptors in all controllers: the tasks that wait for them go on. Call it before a
---descriptor that is not of this library is closed. An object stands for the descriptor of its `pollfd`; -1, and
---descriptors that nobody waits for, are passed over.
---@param ... integer|cqueues.Pollable Takes also nil and what has no `pollfd`: it is passed over.
function cqueues_module.cancel(...) end

---Waits until at least one of the objects is ready, or the least of the numbers has passed in seconds. Returns those
---that are ready, in the order in which they were given; a number is returned when its time is over. Without arguments
---the task goes on in the next step. Outside of a task it blocks.
---- Throws: an object cannot be polled, or what its methods return makes no sense.
---- Throws: the task's waits are ended by its scope: a cancellation.
---@param ... cqueues.Pollable Takes also nil: it is passed over.
---@return any ...
function cqueues_module.poll(...) end

---Waits for some seconds. Other tasks run meanwhile. Without seconds the task goes on in the next step.
---- Throws: the task's waits are ended by its scope: a cancellation.
---@param seconds? number Takes also what `cqueues.poll` takes.
function cqueues_module.sleep(seconds) end

---Sets whether unknown fields of option tables are errors, for sockets and `notify.opendir`, in this Lua state. Returns
---how it was before.
---
---Since 1.0.0.
---@param on? boolean Takes also any value, for what it is in a condition.
---@return boolean before
function cqueues_module.checkfields(on) end

---Tells where a coroutine stands, as `debug.traceback` does, without the functions of this library; without a
---coroutine, where the caller stands. The message comes first. A message that is no text comes back as it is.
---
---Since 1.0.0.
---@param thread? thread
---@param message? any
---@return any text
function cqueues_module.traceback(thread, message) end

---Sets whether messages of `step`, `loop` and `errors` that are texts have such a traceback of their task behind them,
---in this Lua state. Returns how it was before; false in the beginning, as with the original.
---
---Since 1.0.0.
---@param on? boolean Takes also any value, for what it is in a condition.
---@return boolean before
function cqueues_module.tracebacks(on) end

---Tells which controller's task runs, nil outside of tasks, and whether the running coroutine is the task itself and
---not a coroutine that it has resumed.
---@return cqueues.Controller? controller
---@return boolean is_task
function cqueues_module.running() end

---Makes the kernel queues of all controllers anew. Call it in a child process after fork(2), so that it does not change
---those of its parent.
function cqueues_module.reset() end

---Runs `f(scope, ...)` in a new scope, waits for the tasks that it starts in the scope, and returns what it returns;
---see the module cqueues.scope.
---- `ECANCELED`: the scope was cancelled before `f` returned; the reason follows.
---- `ETIMEDOUT`: its deadline has passed before `f` returned.
---- Throws: the first error of `f` or of a task in the scope.
---- Throws: no task runs.
---
---Since 1.0.0.
---@param f fun(scope: cqueues.Scope, ...: any): ...
---@param ... any
---@return any ...
function cqueues_module.scope(f, ...) end

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
function cqueues_module.timeout(seconds, f, ...) end

---Runs `f(...)`, and for at most so many seconds nothing outside ends its waits: time for cleaning up. Returns what `f`
---returns.
---- `ECANCELED`: what was kept out has ended `f` after the time was over.
---- Throws: what `f` throws.
---- Throws: no task runs.
---
---Since 1.0.0.
---@param seconds number
---@param f fun(...: any): ...
---@param ... any
---@return any ...
function cqueues_module.shield(seconds, f, ...) end

---Lists the tasks of all controllers, or of one; see the module cqueues.dump.
---
---Since 1.0.0.
---@param controller? cqueues.Controller
---@return cqueues.dump.Task[]
function cqueues_module.tasks(controller) end

---Writes the tasks of all controllers, or of one, as a tree for people; see the module cqueues.dump.
---
---Since 1.0.0.
---@param file? file* Takes also an object with a method `write`, such as a socket.
---@param controller? cqueues.Controller
---@return file*|true
function cqueues_module.dump(file, controller) end

---The same as `auxlib.assert`; kept for programs that were written before cqueues.auxlib.
---- Throws: the value is nil or false.
---@deprecated
---@param value? any
---@param ... any
---@return any ...
function cqueues_module.assert(value, ...) end

---The same as `auxlib.resume`; kept for programs that were written before cqueues.auxlib.
---@deprecated
---@param co thread
---@param ... any
---@return boolean ok
---@return any ...
function cqueues_module.resume(co, ...) end

---The same as `auxlib.wrap`; kept for programs that were written before cqueues.auxlib.
---@deprecated
---@param f function
---@return fun(...: any): ...
function cqueues_module.wrap(f) end

---Returns the module, as a function for `package.preload`.
---@return table
function cqueues_module.loader() end

return cqueues_module

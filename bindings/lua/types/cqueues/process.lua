---@meta cqueues.process
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---What a stream of a child is: that of the calling process, /dev/null, a socket whose other end the caller gets, or a
---copy of a descriptor.
---@alias cqueues.process.Stream "inherit"|"null"|"pipe"|cqueues.Socket|file*|integer

---What `spawn` takes. Other fields are an error.
---@class cqueues.process.Options
---@field [integer] string|number The program and its arguments. A program without a slash is looked for in PATH. Since 1.0.0.
---@field cwd? string The working directory. Since 1.0.0.
---@field setenv? table<string, string|number|false> Changes of the environment; false takes a variable out. Since 1.0.0.
---@field env? table<string, string|number|false> The whole environment. Since 1.0.0.
---@field stdin? cqueues.process.Stream Standard input. Since 1.0.0.
---@field stdout? cqueues.process.Stream Standard output. Since 1.0.0.
---@field stderr? cqueues.process.Stream|"stdout" Standard error; "stdout": what standard output is. Since 1.0.0.
---@field group? boolean Whether the process leads a process group. Since 1.0.0.
---@field session? boolean Whether it leads a session. Since 1.0.0.

---A child process. It can be a to-be-closed variable.
---@class cqueues.Process
---@field stdin? cqueues.Socket The caller's end of a stream that is a pipe. Since 1.0.0.
---@field stdout? cqueues.Socket The same of standard output. Since 1.0.0.
---@field stderr? cqueues.Socket The same of standard error. Since 1.0.0.
local Process = {}

---Waits for the end. Returns "exited" and the exit code, or "signaled" and the signal's number. It may be called again.
---- `ECANCELED`: a scope has ended the wait.
---- `ECHILD`: the program has waited for it by other means.
---- `ETIMEDOUT`: the process runs still.
---
---Since 1.0.0.
---@param timeout? number Takes also false: no limit.
---@return "exited"|"signaled"|nil how
---@return integer? number
function Process:wait(timeout) end

---Sends a signal; SIGTERM without a number.
---- `EINVAL`: the number is no signal.
---- `ESRCH`: the process has ended.
---
---Since 1.0.0.
---@param signal? integer
---@return true? done
---@return integer? code
function Process:kill(signal) end

---Tells its number.
---
---Since 1.0.0.
---@return integer
function Process:pid() end

---Gives the process up, which goes on, and closes the three sockets. Closing twice is safe; other methods throw from
---then on.
---
---Since 1.0.0.
function Process:close() end

---Tells the descriptor to poll; nil where there is none.
---
---Since 1.0.0.
---@return integer?
function Process:pollfd() end

---Tells what to poll it for.
---
---Since 1.0.0.
---@return string
function Process:events() end

---Tells after how many seconds to ask again; nil where a descriptor tells.
---
---Since 1.0.0.
---@return number?
function Process:timeout() end

---Child processes: started, waited for and signalled. `docs/processes.md` has more.
---@class cqueues.process.module
local process_module = {}

---Starts a process.
---- `EACCES`: it may not be run.
---- `ENOENT`: there is no such program.
---- `ENOSYS`: the system has no way to set a field.
---- Throws: a field is unknown or of the wrong type.
---
---Since 1.0.0.
---@param options cqueues.process.Options
---@return cqueues.Process? process
---@return integer? code
function process_module.spawn(options) end

---Tells whether a value is a process.
---
---Since 1.0.0.
---@param value? any
---@return "process"|nil
function process_module.type(value) end

---Returns the module, as a function for `package.preload`.
---
---Since 1.0.0.
---@return table
function process_module.loader() end

return process_module

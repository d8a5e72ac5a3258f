---@meta cqueues.signal
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A listener for signals.
---@class cqueues.SignalListener
local SignalListener = {}

---Waits for one of its signals. Returns its number, or nil when the time is over.
---- `EBADF`: it was closed.
---- `ECANCELED`: a scope has ended the wait.
---@param timeout? number Takes also false: no limit.
---@return integer? signal
---@return integer? code
function SignalListener:wait(timeout) end

---Where no descriptor tells of signals (Solaris): sets after how long to look again. Returns the one before.
---@param timeout? number Takes also false: none.
---@return number? before
function SignalListener:settimeout(timeout) end

---Tells how the system tells of signals, as `signal.FEATURES`.
---@return integer
function SignalListener:features() end

---Tells the descriptor to poll.
---@return integer?
function SignalListener:pollfd() end

---Tells what to poll it for.
---@return string
function SignalListener:events() end

---Closes it. `wait` then answers nil and EBADF, also to whoever waits; other methods throw.
---
---Since 1.0.0.
function SignalListener:close() end

---Tells after how many seconds to look again.
---@return number?
function SignalListener:timeout() end

---Signals that are waited for like anything else. Block them first, before other threads are started; nobody's handlers
---are touched.
---@class cqueues.signal.module
---@field [string] integer The number of each signal: `signal.SIGINT`.
---@field [integer] string The name of each number: `signal[2]` is "SIGINT".
---@field FEATURES integer How the system tells of signals: bits of the constants that follow.
---@field SIGNALFD integer signalfd(2).
---@field EVFILT_SIGNAL integer Filters of kqueue(2).
---@field SIGTIMEDWAIT integer sigtimedwait(2), asked at intervals.
---@field KQUEUE integer kqueue(2).
---@field KQUEUE1 integer kqueue1(2).
local signal_module = {}

---Makes a listener for some signals. A signal should have one listener.
---- Throws: a number is no signal, or is SIGKILL or SIGSTOP.
---@param signal integer Takes also none: a listener for nothing.
---@param ... integer
---@return cqueues.SignalListener
function signal_module.listen(signal, ...) end

---Blocks signals in the calling thread.
---- Throws: a number is no signal.
---@param ... integer
---@return true
function signal_module.block(...) end

---Unblocks signals in the calling thread.
---- Throws: a number is no signal.
---@param ... integer
---@return true
function signal_module.unblock(...) end

---Has the process ignore signals: SIG_IGN.
---- Throws: a number is no signal.
---@param ... integer
---@return true
function signal_module.ignore(...) end

---Has signals do what they do by default: SIG_DFL.
---- Throws: a number is no signal.
---@param ... integer
---@return true
function signal_module.default(...) end

---Sets a handler that does nothing, so that signals end system calls that wait with EINTR.
---- Throws: a number is no signal.
---@param ... integer
---@return true
function signal_module.discard(...) end

---Sends signals to the calling thread.
---- Throws: a number is no signal.
---@param ... integer
---@return true
function signal_module.raise(...) end

---Tells the system's name for a signal.
---@param signal integer
---@return string
function signal_module.strsignal(signal) end

---Tells the names of features that are among the bits.
---@param ... integer
---@return string ...
function signal_module.strflag(...) end

---Returns an iterator over the bits of features that are set.
---@param ... integer
---@return fun(): integer?
function signal_module.flags(...) end

---Tells whether a value is a listener.
---@param value? any
---@return "signal listener"|nil
function signal_module.type(value) end

---Sets a method of all listeners. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function signal_module.interpose(name, method) end

---Returns the module, as a function for `package.preload`.
---@return table
function signal_module.loader() end

return signal_module

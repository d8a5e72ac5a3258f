---@meta cqueues.notify
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---What `opendir` takes as a table.
---@class cqueues.notify.Options
---@field path string The directory. Since 1.0.0.
---@field changes? integer Of what to tell; all without it. Since 1.0.0.
---@field recursive? boolean Whether all directories below are watched, too. Since 1.0.0.
---@field existing? boolean Whether the wanted entries that are there already are told first, as PRESENT. Since 1.0.0.
---@field pattern? string|string[] Names to tell of, as with `match`. Since 1.0.0.

---A watched directory.
---@class cqueues.Notifier
local Notifier = {}

---Tells of an entry from now on, whether it is there or not.
---- `CQ_EWATCHES`: the system's limit of watches is reached.
---@param name string
---@param changes? integer Takes also false: all changes.
---@return true? done
---@return integer? code
function Notifier:add(name, changes) end

---Tells of entries whose names fit a pattern: `*.c`, `sub/*.h`, as fnmatch(3).
---
---Since 1.0.0.
---@param pattern string
---@param changes? integer Takes also false: all changes.
---@return true? done
---@return integer? code
function Notifier:match(pattern, changes) end

---Waits for a change. Returns what happened, as bits, and the name that it happened to; nil when the time is over.
---- `EBADF`: it was closed.
---- `ECANCELED`: a scope has ended the wait.
---- `ENOENT`: the directory is gone.
---@param timeout? number Takes also false: no limit.
---@return integer? changes
---@return string|integer|nil name
function Notifier:get(timeout) end

---Returns an iterator over `get`.
---@param timeout? number Takes also false: no limit.
---@return (fun(): integer?, string|integer|nil)
function Notifier:changes(timeout) end

---Takes over what the system has to tell, without waiting; nothing while a change is there for `get`.
---@param timeout? number Takes also any value: it counts for nothing.
---@return boolean
function Notifier:step(timeout) end

---Tells the descriptor to poll.
---@return integer
function Notifier:pollfd() end

---Tells what to poll it for.
---@return string
function Notifier:events() end

---Closes it. `get` then answers nil and EBADF, also to whoever waits; other methods throw.
---
---Since 1.0.0.
function Notifier:close() end

---0 while something is there that the descriptor does not tell of; otherwise nil.
---@return number?
function Notifier:timeout() end

---Changes of files: a notifier watches a directory and tells what happens to the names that were added.
---@class cqueues.notify.module
---@field CREATE integer A name came.
---@field ATTRIB integer Its metadata changed.
---@field MODIFY integer Its contents changed.
---@field REVOKE integer It became unreachable.
---@field DELETE integer It went.
---@field ALL integer All of these.
---@field OVERFLOW integer More happened than the system kept; told of ".". Since 1.0.0.
---@field RENAMED integer It came or went by a rename. It is no part of ALL: `notify.ALL + notify.RENAMED` asks for it. On Linux only. Since 1.0.0.
---@field PRESENT integer It was there already, see the field `existing` of `opendir`. Since 1.0.0.
---@field [integer] string The name of each bit.
---@field FEATURES integer How the system tells of changes: bits of the constants that follow.
---@field INOTIFY integer inotify(7).
---@field FEN integer File events of Solaris.
---@field KQUEUE integer kqueue(2).
---@field KQUEUE1 integer kqueue1(2).
---@field OPENAT integer openat(2).
---@field FDOPENDIR integer fdopendir(3).
---@field O_CLOEXEC integer The flag of open(2).
---@field IN_CLOEXEC integer The flag of inotify_init1(2).
local notify_module = {}

---Watches a directory.
---- `CQ_EINSTANCES`: the system's limit of notifiers is reached.
---- `CQ_EWATCHES`: the system's limit of watches is reached.
---- `ENOENT`: there is no such directory.
---- `ENOTDIR`: it is no directory.
---@param path string|cqueues.notify.Options
---@param changes? integer
---@return cqueues.Notifier? notifier
---@return integer? code
function notify_module.opendir(path, changes) end

---Tells the names of the bits that are set.
---@param ... integer
---@return string ...
function notify_module.strflag(...) end

---Returns an iterator over the bits that are set.
---@param ... integer
---@return fun(): integer?
function notify_module.flags(...) end

---Tells whether a value is a notifier.
---@param value? any
---@return "file notifier"|nil
function notify_module.type(value) end

---Sets a method of all notifiers. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function notify_module.interpose(name, method) end

---Returns the module, as a function for `package.preload`.
---@return table
function notify_module.loader() end

return notify_module

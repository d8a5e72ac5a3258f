---@meta cqueues.errno
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---Error numbers: those of the system, which are positive, and those of the library, which are negative.
---@class cqueues.errno.module
---@field [string] integer The number of each name: `errno.ENOENT` is 2 on most systems. The library's own names begin with CQ_: `errno.CQ_ETLS`.
---@field [integer] string The name of each number: `errno[errno.ENOENT]` is "ENOENT".
local errno_module = {}

---Tells what an error number means.
---@param code integer
---@return string
function errno_module.strerror(code) end

---Returns the module, as a function for `package.preload`.
---@return table
function errno_module.loader() end

return errno_module

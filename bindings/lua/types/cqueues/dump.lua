---@meta cqueues.dump
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A task, as `tasks` tells it.
---@class cqueues.dump.Task
---@field controller cqueues.Controller The controller that runs it. Since 1.0.0.
---@field state "running"|"ready"|"parked" What it does. Since 1.0.0.
---@field name? string Its name. Since 1.0.0.
---@field wait? string What it waits for, in words. Since 1.0.0.
---@field deadline? number When its wait ends at the latest, as `cqueues.monotime` tells time. Since 1.0.0.
---@field since? number Since when it waits. Since 1.0.0.
---@field thread? thread Its coroutine. Since 1.0.0.
---@field scope? string The name of its scope. Since 1.0.0.

---What the tasks of a program wait for, as a table and as a tree for people.
---@class cqueues.dump.module
local dump_module = {}

---Lists the tasks of all controllers, or of one.
---- Throws: the controller is closed.
---
---Since 1.0.0.
---@param controller? cqueues.Controller
---@return cqueues.dump.Task[]
function dump_module.tasks(controller) end

---Writes the tasks of all controllers, or of one, as a tree to a file, or to standard error. Each task has the lines of
---the program where it stands. Returns what the file's `write` returns.
---- Throws: the controller is closed.
---
---Since 1.0.0.
---@param file? file* Takes also an object with a method `write`, such as a socket.
---@param controller? cqueues.Controller
---@return file*|true
function dump_module.dump(file, controller) end

return dump_module

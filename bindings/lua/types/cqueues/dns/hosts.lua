---@meta cqueues.dns.hosts
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A table of hosts. `tostring` writes a line for each name.
---@class cqueues.dns.Hosts
local Hosts = {}

---Adds a name. An alias is no answer to a reverse lookup.
---- Throws: the address or the name makes no sense.
---@param address string
---@param name string
---@param alias? boolean
---@return true
function Hosts:insert(address, name, alias) end

---Adds what an open file says.
---- `EISDIR`: it is a directory.
---@param file file*
---@return boolean ok
---@return integer? code
function Hosts:loadfile(file) end

---Adds what a file says.
---- `EACCES`: it may not be read.
---- `ENOENT`: there is no such file.
---@param path string
---@return boolean ok
---@return integer? code
function Hosts:loadpath(path) end

---Lists the lines that were skipped.
---
---Since 1.0.0.
---@return string[]
function Hosts:warnings() end

---Names and addresses that are known without asking, as in /etc/hosts.
---@class cqueues.dns.hosts.module
local hosts_module = {}

---Makes an empty table.
---@return cqueues.dns.Hosts
function hosts_module.new() end

---Makes that of the system, /etc/hosts.
---@return cqueues.dns.Hosts
function hosts_module.stub() end

---Makes an empty table, for recursive resolvers.
---@return cqueues.dns.Hosts
function hosts_module.root() end

---Makes one of an open file.
---- `EISDIR`: it is a directory.
---@param file file*
---@return cqueues.dns.Hosts? hosts
---@return integer? code
function hosts_module.loadfile(file) end

---Makes one of a file.
---- `EACCES`: it may not be read.
---- `ENOENT`: there is no such file.
---@param path string
---@return cqueues.dns.Hosts? hosts
---@return integer? code
function hosts_module.loadpath(path) end

---Tells whether a value is such a table.
---@param value? any
---@return "dns hosts"|nil
function hosts_module.type(value) end

---Sets a method of all of them. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function hosts_module.interpose(name, method) end

return hosts_module

---@meta cqueues.dns.hints
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A table of servers. `tostring` writes zones, servers and priorities.
---@class cqueues.dns.Hints
local Hints = {}

---Adds a server of a zone, with priority 1 unless told otherwise; lower ones are asked first. A configuration adds its
---name servers.
---- Throws: the text is no address.
---@param zone string
---@param address string|cqueues.dns.Config
---@param priority? integer
---@return true
function Hints:insert(zone, address, priority) end

---Returns an iterator over the addresses of a zone's servers, by priority; "." without a zone.
---@param zone? string
---@return fun(): string?
function Hints:grep(zone) end

---Whom to ask first: the servers of zones.
---@class cqueues.dns.hints.module
local hints_module = {}

---Makes an empty table.
---@param config? cqueues.dns.Config Takes also any value: it counts for nothing.
---@return cqueues.dns.Hints
function hints_module.new(config) end

---Makes one of the name servers of a configuration, or the system's, for everything.
---@param config? cqueues.dns.Config Takes also any value: what is no configuration counts for nothing.
---@return cqueues.dns.Hints
function hints_module.stub(config) end

---Makes one of the root servers.
---@param config? cqueues.dns.Config Takes also any value: it counts for nothing.
---@return cqueues.dns.Hints
function hints_module.root(config) end

---Tells whether a value is such a table.
---@param value? any
---@return "dns hints"|nil
function hints_module.type(value) end

---Sets a method of all of them. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function hints_module.interpose(name, method) end

return hints_module

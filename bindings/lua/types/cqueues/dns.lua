---@meta cqueues.dns
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A type of records: a number, or a name in either case: "AAAA", "TYPE65280".
---@alias cqueues.dns.Type integer|string

---A class: a number, or a name: "IN".
---@alias cqueues.dns.Class integer|string

---A configuration, or a table for `config.new`.
---@alias cqueues.dns.Source cqueues.dns.Config|cqueues.dns.Settings

---Where a service is.
---@class cqueues.dns.Service
---@field host string The host. Since 1.0.0.
---@field port integer The port. Since 1.0.0.
---@field priority integer The lower, the earlier. Since 1.0.0.
---@field weight integer The higher, the more often among those of the same priority. Since 1.0.0.
---@field address string An address of the host. Since 1.0.0.

---Questions to the DNS, through a pool of resolvers that all share. `docs/dns.md` has more.
---@class cqueues.dns.module
local dns_module = {}

---Asks a question, A in class IN unless told otherwise, and waits for the answer.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over.
---@param name string
---@param type? cqueues.dns.Type
---@param class? cqueues.dns.Class
---@param timeout? number Takes also false: no limit.
---@return cqueues.dns.Packet? answer
---@return integer? code
function dns_module.query(name, type, class, timeout) end

---Looks the addresses of a host up, in the order in which to connect. Aliases are followed, the search list and the
---hosts file count, an address stands for itself.
---- `CQ_EFAIL`: no name server could tell.
---- `CQ_ENONAME`: there is no such name, or no such record.
---- `ETIMEDOUT`: the time is over.
---- Throws: the family is unknown.
---
---Since 1.0.0.
---@param name string
---@param family? integer Takes also false: any.
---@param timeout? number Takes also false: no limit.
---@return string[]? addresses
---@return integer? code
---@return string? why
function dns_module.addresses(name, family, timeout) end

---Looks the names of an address up.
---- `CQ_EFAIL`: no name server could tell.
---- `CQ_ENONAME`: there is no such name, or no such record.
---- `ETIMEDOUT`: the time is over.
---- Throws: the text is no address.
---
---Since 1.0.0.
---@param address string
---@param timeout? number Takes also false: no limit.
---@return string[]? names
---@return integer? code
---@return string? why
function dns_module.reverse(address, timeout) end

---Looks up where a service is, "_xmpp-client._tcp.example.com", in the order in which to try.
---- `CQ_EFAIL`: no name server could tell.
---- `CQ_ENONAME`: there is no such name, or no such record.
---- `ETIMEDOUT`: the time is over.
---
---Since 1.0.0.
---@param name string
---@param timeout? number Takes also false: no limit.
---@return cqueues.dns.Service[]? servers
---@return integer? code
---@return string? why
function dns_module.services(name, timeout) end

---Returns the common pool: of the system's configuration, unless another was set.
---@return cqueues.dns.Pool
function dns_module.getpool() end

---Sets the common pool. Sockets resolve names by its configuration from then on.
---- Throws: the value is no pool.
---@param pool cqueues.dns.Pool
---@return cqueues.dns.Pool? before
function dns_module.setpool(pool) end

---Makes a whole number from 0 to one below the limit, 2^32 without one, of the kernel's randomness.
---@param limit? integer
---@return integer
function dns_module.random(limit) end

---Returns `cqueues.VERSION` three times.
---@return integer release
---@return integer abi
---@return integer api
function dns_module.version() end

---Returns the module, as a function for `package.preload`.
---@return table
function dns_module.loader() end

return dns_module

---@meta cqueues.dns.resolver
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A resolver.
---@class cqueues.dns.Resolver
local Resolver = {}

---Asks a question and waits for the answer, whatever its response code.
---- `ECANCELED`: another question was asked meanwhile, the resolver was closed, or a scope has ended the wait.
---- `ETIMEDOUT`: the time is over.
---@param name string
---@param type? cqueues.dns.Type
---@param class? cqueues.dns.Class
---@param timeout? number Takes also false: no limit.
---@return cqueues.dns.Packet? answer
---@return integer? code
function Resolver:query(name, type, class, timeout) end

---Asks a question without waiting. One under way is given up.
---@param name string
---@param type? cqueues.dns.Type
---@param class? cqueues.dns.Class
---@return boolean ok
---@return integer? code
function Resolver:submit(name, type, class) end

---Returns the answer if it is there.
---- `EAGAIN`: it is not there yet: poll the resolver.
---- `ENOENT`: nothing was asked.
---@return cqueues.dns.Packet|false|nil answer
---@return integer? code
function Resolver:fetch() end

---Tells why the last answer is not what was wanted.
---
---Since 1.0.0.
---@return string?
function Resolver:reason() end

---Tells how many queries were made, and what was sent and received: `queries`, `udp.sent.count`, `udp.sent.bytes`,
---`udp.rcvd`, `tcp`.
---@return table
function Resolver:stat() end

---Closes it. Who waits gets nil and ECANCELED.
function Resolver:close() end

---Tells what to poll.
---@return integer?
function Resolver:pollfd() end

---Tells what to poll it for; nil when nothing is waited for.
---@return string?
function Resolver:events() end

---Tells after how many seconds to look again.
---@return number?
function Resolver:timeout() end

---Resolvers: each asks one question at a time.
---@class cqueues.dns.resolver.module
local resolver_module = {}

---Makes a resolver; without a configuration, of the system's.
---- `EMFILE`: no descriptor is left.
---@param config? cqueues.dns.Source Takes also any value: what is of another type counts for nothing.
---@param hosts? cqueues.dns.Hosts Takes also any value: what is of another type counts for nothing.
---@param hints? cqueues.dns.Hints Takes also any value: what is of another type counts for nothing.
---@return cqueues.dns.Resolver? resolver
---@return integer? code
function resolver_module.new(config, hosts, hints) end

---Makes one of `config.stub`.
---- `EMFILE`: no descriptor is left.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Resolver? resolver
---@return integer? code
function resolver_module.stub(settings) end

---Makes one of `config.root`, which asks from the root servers on.
---- `EMFILE`: no descriptor is left.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Resolver? resolver
---@return integer? code
function resolver_module.root(settings) end

---Tells whether a value is a resolver.
---@param value? any
---@return "dns resolver"|"closed dns resolver"|nil
function resolver_module.type(value) end

---Sets a method of all resolvers. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function resolver_module.interpose(name, method) end

---Returns the module, as a function for `package.preload`.
---@return table
function resolver_module.loader() end

return resolver_module

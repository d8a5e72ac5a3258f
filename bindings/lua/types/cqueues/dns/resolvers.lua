---@meta cqueues.dns.resolvers
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A pool of resolvers.
---@class cqueues.dns.Pool
---@field hiwat integer How many resolvers there are at most; 32.
---@field lowat integer How many are kept when none is in use; 1.
---@field querymax integer How often one is used before it is closed; 2048.
---@field lifo boolean Whether the task that has waited least goes first; false. It is read when a pool is made.
---@field timeout? number The time limit of `query` and `get` that are given none.
local Pool = {}

---Asks with a free resolver; the time limit includes waiting for one.
---- `ECANCELED`: a scope has ended the wait.
---- `ETIMEDOUT`: the time is over.
---@param name string
---@param type? cqueues.dns.Type
---@param class? cqueues.dns.Class
---@param timeout? number Takes also false: the pool's.
---@return cqueues.dns.Packet? answer
---@return integer? code
function Pool:query(name, type, class, timeout) end

---Takes a resolver until `put`; waits if there is none.
---- `ETIMEDOUT`: the time is over.
---@param timeout? number Takes also false: the pool's.
---@return cqueues.dns.Resolver? resolver
---@return integer? code
function Pool:get(timeout) end

---Gives a resolver back. Its question is given up.
---- Throws: it is in the pool already.
---- Throws: it is closed.
---@param resolver cqueues.dns.Resolver
function Pool:put(resolver) end

---Tells the addresses of a host that are known without asking anybody.
---- `EAGAIN`: servers have to be asked.
---
---Since 1.0.0.
---@param name string
---@param family? integer Takes also false: any.
---@return string[]? addresses
---@return integer? code
function Pool:known(name, family) end

---Wakes one task that waits, to look again.
function Pool:signal() end

---Tells whether the numbers of the pool are right.
---@return boolean ok
---@return string? why
function Pool:check() end

---Sets what is called when a resolver was collected without a `put`. Returns the function before.
---@param f? function
---@return function before
function Pool:onleak(f) end

---Pools of resolvers that are used again and again. The fields of the module are those of new pools.
---@class cqueues.dns.resolvers.module
---@field hiwat integer How many resolvers there are at most; 32.
---@field lowat integer How many are kept when none is in use; 1.
---@field querymax integer How often one is used before it is closed; 2048.
---@field lifo boolean Whether the task that has waited least goes first; false. It is read when a pool is made.
local resolvers_module = {}

---Makes a pool of resolvers that `resolver.new` makes.
---@param config? cqueues.dns.Source Takes also any value; what is wrong with it is told when a resolver is made.
---@param hosts? cqueues.dns.Hosts Takes also any value; what is wrong with it is told when a resolver is made.
---@param hints? cqueues.dns.Hints Takes also any value; what is wrong with it is told when a resolver is made.
---@return cqueues.dns.Pool
function resolvers_module.new(config, hosts, hints) end

---Makes a pool of resolvers of the system's configuration.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Pool
function resolvers_module.stub(settings) end

---Makes a pool of recursive resolvers.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Pool
function resolvers_module.root(settings) end

---Tells whether a value is a pool.
---@param value? any
---@return "dns resolver pool"|nil
function resolvers_module.type(value) end

---Returns the module, as a function for `package.preload`.
---@return table
function resolvers_module.loader() end

return resolvers_module

---@meta cqueues.dns.config
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---What a configuration says. The options may also stand at the top of the table, if it has no `options`.
---@class cqueues.dns.Settings
---@field nameserver? string[] Addresses: "127.0.0.1", "[::1]:5353". Three count.
---@field search? string[] Domains that are tried behind a name.
---@field lookup? string[] Where to look: "bind" name servers, "file" hosts.
---@field interface? string From which address to ask.
---@field tls? cqueues.TlsConfig What connections to name servers over TLS are made with. Since 1.0.0.
---@field options? cqueues.dns.Options The options.

---The options of a configuration.
---@class cqueues.dns.Options
---@field ndots? integer A name with fewer dots is tried with the search list first; 1.
---@field timeout? integer Seconds until a server is given up for now; 5.
---@field attempts? integer How often each server is asked; 2.
---@field edns0? boolean Whether EDNS is sent.
---@field rotate? boolean Whether to begin with a random server.
---@field recurse? boolean Whether to follow referrals from the root.
---@field smart? boolean Whether to look up the addresses of hosts that answers name.
---@field tcp? integer|"enable"|"only"|"disable" When to use TCP.
---@field cache? boolean Whether answers are kept; true. Since 1.0.0.
---@field ['no-aaaa']? boolean Whether no server is asked for AAAA. Since 1.0.0.
---@field ['trust-ad']? boolean Whether the servers are trusted to tell whether records are authentic. Since 1.0.0.
---@field cookies? boolean Whether cookies are sent with EDNS; true. Since 1.0.0.
---@field ['use-caps-for-id']? boolean Whether names are sent in random letter case, which replies must repeat. Since 1.0.0.
---@field ['dns-over-tls']? boolean|"opportunistic" Whether name servers are asked over TLS. Since 1.0.0.
---@field ports? integer 0: a socket for each query; otherwise that many for all of the thread. Since 1.0.0.

---A configuration. `tostring` writes it in the syntax of resolv.conf(5).
---@class cqueues.dns.Config
local Config = {}

---Tells all of it.
---@return cqueues.dns.Settings
function Config:get() end

---Sets what a table holds.
---- Throws: a field is of the wrong type or value.
---@param settings cqueues.dns.Settings Takes also any value that has the fields or can be asked for them.
function Config:set(settings) end

---Tells the name servers.
---@return string[]
function Config:getns() end

---Sets the name servers.
---- Throws: a text is no address.
---@param list string[]
---@return true
function Config:setns(list) end

---Sets what connections to name servers over TLS are made with; nil: the usual, which demands a certificate that the
---system trusts.
---
---Since 1.0.0.
---@param tls? cqueues.TlsConfig
---@return true
function Config:settls(tls) end

---Tells the search list.
---@return string[]
function Config:getsearch() end

---Sets the search list.
---@param list string[]
---@return true
function Config:setsearch(list) end

---Tells where to look.
---@return string[]
function Config:getlookup() end

---Sets where to look.
---@param list string[]
---@return true
function Config:setlookup(list) end

---Tells the options.
---@return cqueues.dns.Options
function Config:getopts() end

---Sets the options that a table holds.
---- Throws: an option is of the wrong type or value.
---@param options cqueues.dns.Options
---@return true
function Config:setopts(options) end

---Tells from which address to ask.
---@return string?
function Config:getiface() end

---Sets from which address to ask.
---- Throws: the text is no address.
---@param address? string
---@return true
function Config:setiface(address) end

---Reads an open file into it. A line that makes no sense is skipped.
---- `EISDIR`: it is a directory.
---@param file file*
---@param syntax? integer
---@return boolean ok
---@return integer? code
function Config:loadfile(file, syntax) end

---Reads a file into it.
---- `EACCES`: it may not be read.
---- `ENOENT`: there is no such file.
---@param path string
---@param syntax? integer
---@return boolean ok
---@return integer? code
function Config:loadpath(path, syntax) end

---Lists the lines that were skipped.
---
---Since 1.0.0.
---@return string[]
function Config:warnings() end

---Returns an iterator over the names to ask for in turn.
---@param name string
---@return fun(): string?
function Config:search(name) end

---How resolvers ask: which name servers, how often, and where else to look.
---@class cqueues.dns.config.module
---@field RESOLV_CONF integer The syntax of resolv.conf(5).
---@field NSSWITCH_CONF integer The syntax of nsswitch.conf(5).
---@field TCP_ENABLE integer TCP where an answer was cut.
---@field TCP_ONLY integer TCP always.
---@field TCP_DISABLE integer TCP never.
local config_module = {}

---Makes a configuration with the defaults, to which the settings are applied.
---- Throws: a field is of the wrong type or value.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Config
function config_module.new(settings) end

---Makes one of the system's files, /etc/resolv.conf and /etc/nsswitch.conf.
---- Throws: a field is of the wrong type or value.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Config
function config_module.stub(settings) end

---Makes one for recursive resolvers.
---- Throws: a field is of the wrong type or value.
---@param settings? cqueues.dns.Settings Takes also false, and any value that has the fields or can be asked for them.
---@return cqueues.dns.Config
function config_module.root(settings) end

---Makes one of an open file.
---- `EISDIR`: it is a directory.
---@param file file*
---@param syntax? integer
---@return cqueues.dns.Config? config
---@return integer? code
function config_module.loadfile(file, syntax) end

---Makes one of a file.
---- `EACCES`: it may not be read.
---- `ENOENT`: there is no such file.
---@param path string
---@param syntax? integer
---@return cqueues.dns.Config? config
---@return integer? code
function config_module.loadpath(path, syntax) end

---Tells whether a value is a configuration.
---@param value? any
---@return "dns config"|nil
function config_module.type(value) end

---Sets a method of all configurations. Returns the one before.
---@param name string Takes also any value but nil and NaN, as a key of a table.
---@param method? function Takes also any value, as a member of a table.
---@return function? before
function config_module.interpose(name, method) end

---Returns the module, as a function for `package.preload`.
---@return table
function config_module.loader() end

return config_module

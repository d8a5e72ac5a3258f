---@meta cqueues.tls
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---What `tls.new` takes. Other fields are an error.
---@class cqueues.tls.Settings
---@field role? "client"|"server"|"any" Which end a connection is. Since 1.0.0.
---@field certificate? string What to show: the path of a PEM file, the chain behind the certificate. Since 1.0.0.
---@field key? string The path of its key; without one, `certificate` holds both. Since 1.0.0.
---@field certificate_pem? string The certificate from memory. Since 1.0.0.
---@field key_pem? string The key from memory. Since 1.0.0.
---@field password? string The password of encrypted keys. Since 1.0.0.
---@field authorities? string|string[] Whom to trust instead of the system's authorities: paths. Since 1.0.0.
---@field authorities_pem? string|string[] The same from memory. Since 1.0.0.
---@field verify? "none"|"peer"|"require"|boolean What is demanded of the peer; true is "require". Since 1.0.0.
---@field name? string The name that the server must have. Since 1.0.0.
---@field names? table<string, cqueues.TlsConfig> Configurations for clients that ask for a name (SNI); `*.` stands for one label. Since 1.0.0.
---@field alpn? string|string[] Application protocols: "h2,http/1.1". Since 1.0.0.
---@field min_version? "1.2"|"1.3" The oldest version. Since 1.0.0.
---@field max_version? "1.2"|"1.3" The newest version. Since 1.0.0.
---@field ciphers? string Ciphers of TLS 1.2, as OpenSSL writes them. Since 1.0.0.
---@field suites? string Ciphers of TLS 1.3. Since 1.0.0.
---@field groups? string Groups for the exchange of keys. Since 1.0.0.
---@field revoked? string|string[] Paths of revocation lists in PEM. Since 1.0.0.
---@field revoked_chain? boolean Whether they count for the whole chain. Since 1.0.0.
---@field staple? string The path of the answer of the authority (OCSP) that a server shows. Since 1.0.0.
---@field staple_der? string The same from memory. Since 1.0.0.
---@field staples? "none"|"asked"|"demanded" Whether a client asks for that answer. Since 1.0.0.
---@field keylog? string A path to which the secrets of connections are appended. Since 1.0.0.

---A configuration. Its methods change it while it is in use: connections that begin later follow.
---@class cqueues.TlsConfig
local TlsConfig = {}

---Sets what to show: two PEM files.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param chain string
---@param key string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:certificate(chain, key) end

---The same from memory.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param chain string
---@param key string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:certificate_pem(chain, key) end

---Sets the password of keys that are loaded afterwards.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param text string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:password(text) end

---Trusts the authorities of a PEM file.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param path string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:authorities(path) end

---The same from memory.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param text string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:authorities_pem(text) end

---Sets what is demanded of the peer.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param how "none"|"peer"|"require"|boolean
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:verify(how) end

---Sets the name that the server must have.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param name string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:name(name) end

---Adds a configuration for clients that ask for a name.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param name string
---@param config cqueues.TlsConfig
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:add_name(name, config) end

---Sets the application protocols: "h2,http/1.1".
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param protocols string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:alpn(protocols) end

---Sets the oldest and the newest version.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param least? "any"|"1.2"|"1.3"
---@param most? "any"|"1.2"|"1.3"
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:versions(least, most) end

---Sets the ciphers of TLS 1.2.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param text string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:ciphers(text) end

---Sets the ciphers of TLS 1.3.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param text string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:suites(text) end

---Sets the groups for the exchange of keys.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param text string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:groups(text) end

---Adds a revocation list.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param path string
---@param whole_chain? boolean
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:revoked(path, whole_chain) end

---Sets the answer of the authority that a server shows.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param path string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:staple(path) end

---The same from memory.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param text string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:staple_der(text) end

---Sets whether a client asks for that answer.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param how "none"|"asked"|"demanded"
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:staples(how) end

---Appends the secrets of connections to a file.
---- `CQ_ETLS`: the setting is refused; the text says why.
---
---Since 1.0.0.
---@param path string
---@return cqueues.TlsConfig? self
---@return string? why
---@return integer? code
function TlsConfig:keylog(path) end

---TLS configurations from a table, for `socket:starttls`.
---@class cqueues.tls.module
local tls_module = {}

---Makes a configuration.
---- `CQ_ETLS`: a setting is refused; the text names the file and the cause.
---- Throws: there is no setting of a name.
---
---Since 1.0.0.
---@param settings? cqueues.tls.Settings Takes also false: no settings.
---@return cqueues.TlsConfig? config
---@return string? why
---@return integer? code
function tls_module.new(settings) end

---Tells whether a value is a configuration.
---
---Since 1.0.0.
---@param value? any
---@return "tls"|nil
function tls_module.type(value) end

---Returns the module, as a function for `package.preload`.
---
---Since 1.0.0.
---@return table
function tls_module.loader() end

return tls_module

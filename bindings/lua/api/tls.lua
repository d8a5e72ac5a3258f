-- SPDX-License-Identifier: MIT
--
-- The module cqueues.tls.

-- What a setting answers.
local DONE = ": cqueues.TlsConfig? self, string? why, integer? code"
local refused = { CQ_ETLS = "the setting is refused; the text says why" }

return {
	name = "cqueues.tls",
	since = "1.0.0",
	text = "TLS configurations from a table, for `socket:starttls`.",
	example = [[
local tls = require "cqueues.tls"

local config = assert(tls.new { role = "server", certificate = "server.pem", key = "server.key" })
socket:starttls(config)]],
	tables = {
		{ name = "cqueues.tls.Settings", text = "What `tls.new` takes. Other fields are an error.", fields = {
			{ "role?: \"client\"|\"server\"|\"any\"", "Which end a connection is." },
			{ "certificate?: string", "What to show: the path of a PEM file, the chain behind the certificate." },
			{ "key?: string", "The path of its key; without one, `certificate` holds both." },
			{ "certificate_pem?: string", "The certificate from memory." },
			{ "key_pem?: string", "The key from memory." },
			{ "password?: string", "The password of encrypted keys." },
			{ "authorities?: string|string[]", "Whom to trust instead of the system's authorities: paths." },
			{ "authorities_pem?: string|string[]", "The same from memory." },
			{ "verify?: \"none\"|\"peer\"|\"require\"|boolean", "What is demanded of the peer; true is \"require\"." },
			{ "name?: string", "The name that the server must have." },
			{ "names?: table<string, cqueues.TlsConfig>", "Configurations for clients that ask for a name (SNI); `*.` stands for one label." },
			{ "alpn?: string|string[]", "Application protocols: \"h2,http/1.1\"." },
			{ "min_version?: \"1.2\"|\"1.3\"", "The oldest version." },
			{ "max_version?: \"1.2\"|\"1.3\"", "The newest version." },
			{ "ciphers?: string", "Ciphers of TLS 1.2, as OpenSSL writes them." },
			{ "suites?: string", "Ciphers of TLS 1.3." },
			{ "groups?: string", "Groups for the exchange of keys." },
			{ "revoked?: string|string[]", "Paths of revocation lists in PEM." },
			{ "revoked_chain?: boolean", "Whether they count for the whole chain." },
			{ "staple?: string", "The path of the answer of the authority (OCSP) that a server shows." },
			{ "staple_der?: string", "The same from memory." },
			{ "staples?: \"none\"|\"asked\"|\"demanded\"", "Whether a client asks for that answer." },
			{ "keylog?: string", "A path to which the secrets of connections are appended." },
		} },
	},
	functions = {
		{ "new(settings?: cqueues.tls.Settings): cqueues.TlsConfig? config, string? why, integer? code", "Makes a configuration.", takes = { settings = "false: no settings" },
			errors = { CQ_ETLS = "a setting is refused; the text names the file and the cause" },
			throws = { "there is no setting of a name" } },
		{ "type(value?: any): \"tls\"|nil", "Tells whether a value is a configuration." },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.TlsConfig",
			text = "A configuration. Its methods change it while it is in use: connections that begin later follow.",
			methods = {
				{ "certificate(chain: string, key: string)" .. DONE, "Sets what to show: two PEM files.", errors = refused },
				{ "certificate_pem(chain: string, key: string)" .. DONE, "The same from memory.", errors = refused },
				{ "password(text: string)" .. DONE, "Sets the password of keys that are loaded afterwards.", errors = refused },
				{ "authorities(path: string)" .. DONE, "Trusts the authorities of a PEM file.", errors = refused },
				{ "authorities_pem(text: string)" .. DONE, "The same from memory.", errors = refused },
				{ "verify(how: \"none\"|\"peer\"|\"require\"|boolean)" .. DONE, "Sets what is demanded of the peer.", errors = refused },
				{ "name(name: string)" .. DONE, "Sets the name that the server must have.", errors = refused },
				{ "add_name(name: string, config: cqueues.TlsConfig)" .. DONE, "Adds a configuration for clients that ask for a name.", errors = refused },
				{ "alpn(protocols: string)" .. DONE, "Sets the application protocols: \"h2,http/1.1\".", errors = refused },
				{ "versions(least?: \"any\"|\"1.2\"|\"1.3\", most?: \"any\"|\"1.2\"|\"1.3\")" .. DONE, "Sets the oldest and the newest version.", errors = refused },
				{ "ciphers(text: string)" .. DONE, "Sets the ciphers of TLS 1.2.", errors = refused },
				{ "suites(text: string)" .. DONE, "Sets the ciphers of TLS 1.3.", errors = refused },
				{ "groups(text: string)" .. DONE, "Sets the groups for the exchange of keys.", errors = refused },
				{ "revoked(path: string, whole_chain?: boolean)" .. DONE, "Adds a revocation list.", errors = refused },
				{ "staple(path: string)" .. DONE, "Sets the answer of the authority that a server shows.", errors = refused },
				{ "staple_der(text: string)" .. DONE, "The same from memory.", errors = refused },
				{ "staples(how: \"none\"|\"asked\"|\"demanded\")" .. DONE, "Sets whether a client asks for that answer.", errors = refused },
				{ "keylog(path: string)" .. DONE, "Appends the secrets of connections to a file.", errors = refused },
			},
		},
	},
}

-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.config.

local SETTINGS = "cqueues.dns.Settings"
local unreadable = { ENOENT = "there is no such file", EACCES = "it may not be read" }

return {
	name = "cqueues.dns.config",
	since = "original",
	text = "How resolvers ask: which name servers, how often, and where else to look.",
	example = [[
local config = require "cqueues.dns.config"
local resolver = require "cqueues.dns.resolver"

local asked = resolver.new(config.stub { options = { timeout = 1, attempts = 3 } })]],
	fields = {
		{ "RESOLV_CONF: integer", "The syntax of resolv.conf(5)." },
		{ "NSSWITCH_CONF: integer", "The syntax of nsswitch.conf(5)." },
		{ "TCP_ENABLE: integer", "TCP where an answer was cut." },
		{ "TCP_ONLY: integer", "TCP always." },
		{ "TCP_DISABLE: integer", "TCP never." },
	},
	tables = {
		{ name = SETTINGS, text = "What a configuration says. The options may also stand at the top of the table, if it has no `options`.", fields = {
			{ "nameserver?: string[]", "Addresses: \"127.0.0.1\", \"[::1]:5353\". Three count.", takes = "false: none" },
			{ "search?: string[]", "Domains that are tried behind a name.", takes = "false: none" },
			{ "lookup?: string[]", "Where to look: \"bind\" name servers, \"file\" hosts.", takes = "false: none" },
			{ "interface?: string", "From which address to ask.", takes = "false: none" },
			{ "tls?: cqueues.TlsConfig", "What connections to name servers over TLS are made with.", since = "1.0.0" },
			{ "options?: cqueues.dns.Options", "The options.", takes = "false: none" },
		} },
		{ name = "cqueues.dns.Options", text = "The options of a configuration.", fields = {
			{ "ndots?: integer", "A name with fewer dots is tried with the search list first; 1." },
			{ "timeout?: integer", "Seconds until a server is given up for now; 5." },
			{ "attempts?: integer", "How often each server is asked; 2." },
			{ "edns0?: boolean", "Whether EDNS is sent." },
			{ "rotate?: boolean", "Whether to begin with a random server." },
			{ "recurse?: boolean", "Whether to follow referrals from the root." },
			{ "smart?: boolean", "Whether to look up the addresses of hosts that answers name." },
			{ "tcp?: integer|\"enable\"|\"only\"|\"disable\"", "When to use TCP." },
			{ "cache?: boolean", "Whether answers are kept; true.", since = "1.0.0" },
			{ "['no-aaaa']?: boolean", "Whether no server is asked for AAAA.", since = "1.0.0" },
			{ "['trust-ad']?: boolean", "Whether the servers are trusted to tell whether records are authentic.", since = "1.0.0" },
			{ "cookies?: boolean", "Whether cookies are sent with EDNS; true.", since = "1.0.0" },
			{ "['use-caps-for-id']?: boolean", "Whether names are sent in random letter case, which replies must repeat.", since = "1.0.0" },
			{ "['dns-over-tls']?: boolean|\"opportunistic\"", "Whether name servers are asked over TLS.", since = "1.0.0" },
			{ "ports?: integer", "0: a socket for each query; otherwise that many for all of the thread.", since = "1.0.0" },
		} },
	},
	functions = {
		{ "new(settings?: " .. SETTINGS .. "): cqueues.dns.Config", "Makes a configuration with the defaults, to which the settings are applied.", takes = { settings = "false, and any value that has the fields or can be asked for them" }, throws = { "a field is of the wrong type or value" } },
		{ "stub(settings?: " .. SETTINGS .. "): cqueues.dns.Config", "Makes one of the system's files, /etc/resolv.conf and /etc/nsswitch.conf.", takes = { settings = "false, and any value that has the fields or can be asked for them" }, throws = { "a field is of the wrong type or value" } },
		{ "root(settings?: " .. SETTINGS .. "): cqueues.dns.Config", "Makes one for recursive resolvers.", takes = { settings = "false, and any value that has the fields or can be asked for them" }, throws = { "a field is of the wrong type or value" } },
		{ "loadfile(file: file*, syntax?: integer): cqueues.dns.Config? config, integer? code", "Makes one of an open file.", errors = { EISDIR = "it is a directory" } },
		{ "loadpath(path: string, syntax?: integer): cqueues.dns.Config? config, integer? code", "Makes one of a file.", errors = unreadable },
		{ "type(value?: any): \"dns config\"|nil", "Tells whether a value is a configuration." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all configurations. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.dns.Config",
			text = "A configuration. `tostring` writes it in the syntax of resolv.conf(5).",
			methods = {
				{ "get(): " .. SETTINGS, "Tells all of it." },
				{ "set(settings: " .. SETTINGS .. ")", "Sets what a table holds.", takes = { settings = "any value that has the fields or can be asked for them" }, throws = { "a field is of the wrong type or value" } },
				{ "getns(): string[]", "Tells the name servers." },
				{ "setns(list: string[]): true", "Sets the name servers.", throws = { "a text is no address" } },
				{ "settls(tls?: cqueues.TlsConfig): true", "Sets what connections to name servers over TLS are made with; nil: the usual, which demands a certificate that the system trusts.", since = "1.0.0" },
				{ "getsearch(): string[]", "Tells the search list." },
				{ "setsearch(list: string[]): true", "Sets the search list." },
				{ "getlookup(): string[]", "Tells where to look." },
				{ "setlookup(list: string[]): true", "Sets where to look." },
				{ "getopts(): cqueues.dns.Options", "Tells the options." },
				{ "setopts(options: cqueues.dns.Options): true", "Sets the options that a table holds.", throws = { "an option is of the wrong type or value" } },
				{ "getiface(): string?", "Tells from which address to ask." },
				{ "setiface(address?: string): true", "Sets from which address to ask.", throws = { "the text is no address" } },
				{ "loadfile(file: file*, syntax?: integer): boolean ok, integer? code", "Reads an open file into it. A line that makes no sense is skipped.", errors = { EISDIR = "it is a directory" } },
				{ "loadpath(path: string, syntax?: integer): boolean ok, integer? code", "Reads a file into it.", errors = unreadable },
				{ "warnings(): string[]", "Lists the lines that were skipped.", since = "1.0.0" },
				{ "search(name: string): fun(): string?", "Returns an iterator over the names to ask for in turn." },
			},
		},
	},
}

-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.

local CQ_ENONAME, CQ_EFAIL = "there is no such name, or no such record", "no name server could tell"

return {
	name = "cqueues.dns",
	since = "original",
	text = "Questions to the DNS, through a pool of resolvers that all share. `docs/dns.md` has more.",
	example = [[
local dns = require "cqueues.dns"

for _, address in ipairs(assert(dns.addresses "example.org")) do
	print(address)
end]],
	aliases = {
		{ "cqueues.dns.Type", "integer|string", "A type of records: a number, or a name in either case: \"AAAA\", \"TYPE65280\"." },
		{ "cqueues.dns.Class", "integer|string", "A class: a number, or a name: \"IN\"." },
		{ "cqueues.dns.Source", "cqueues.dns.Config|cqueues.dns.Settings", "A configuration, or a table for `config.new`." },
	},
	tables = {
		{ name = "cqueues.dns.Service", text = "Where a service is.", since = "1.0.0", fields = {
			{ "host: string", "The host." },
			{ "port: integer", "The port." },
			{ "priority: integer", "The lower, the earlier." },
			{ "weight: integer", "The higher, the more often among those of the same priority." },
			{ "address: string", "An address of the host." },
		} },
	},
	functions = {
		{ "query(name: string, type?: cqueues.dns.Type, class?: cqueues.dns.Class, timeout?: number): cqueues.dns.Packet? answer, integer? code",
			"Asks a question, A in class IN unless told otherwise, and waits for the answer.",
			errors = { ETIMEDOUT = "the time is over", ECANCELED = "a scope has ended the wait" }, takes = { timeout = "false: no limit" }, says = { type = "unknown DNS type", class = "unknown DNS class" } },
		{ "addresses(name: string, family?: integer, timeout?: number): string[]? addresses, integer? code, string? why",
			"Looks the addresses of a host up, in the order in which to connect. Aliases are followed, the search list and the hosts file count, an address stands for itself.", since = "1.0.0", takes = { timeout = "false: no limit", family = "false: any" },
			errors = { CQ_ENONAME = CQ_ENONAME, CQ_EFAIL = CQ_EFAIL, ETIMEDOUT = "the time is over" }, throws = { "the family is unknown" } },
		{ "reverse(address: string, timeout?: number): string[]? names, integer? code, string? why", "Looks the names of an address up.", takes = { timeout = "false: no limit" }, since = "1.0.0",
			errors = { CQ_ENONAME = CQ_ENONAME, CQ_EFAIL = CQ_EFAIL, ETIMEDOUT = "the time is over" }, throws = { "the text is no address" } },
		{ "services(name: string, timeout?: number): cqueues.dns.Service[]? servers, integer? code, string? why",
			"Looks up where a service is, \"_xmpp-client._tcp.example.com\", in the order in which to try.", since = "1.0.0", takes = { timeout = "false: no limit" },
			errors = { CQ_ENONAME = CQ_ENONAME, CQ_EFAIL = CQ_EFAIL, ETIMEDOUT = "the time is over" } },
		{ "getpool(): cqueues.dns.Pool", "Returns the common pool: of the system's configuration, unless another was set." },
		{ "setpool(pool: cqueues.dns.Pool): cqueues.dns.Pool? before", "Sets the common pool. Sockets resolve names by its configuration from then on.", throws = { "the value is no pool" } },
		{ "random(limit?: integer): integer", "Makes a whole number from 0 to one below the limit, 2^32 without one, of the kernel's randomness." },
		{ "version(): integer release, integer abi, integer api", "Returns `cqueues.VERSION` three times." },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
}

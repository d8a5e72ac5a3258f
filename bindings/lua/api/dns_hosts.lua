-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.hosts.

local unreadable = { ENOENT = "there is no such file", EACCES = "it may not be read" }

return {
	name = "cqueues.dns.hosts",
	since = "original",
	text = "Names and addresses that are known without asking, as in /etc/hosts.",
	functions = {
		{ "new(): cqueues.dns.Hosts", "Makes an empty table." },
		{ "stub(): cqueues.dns.Hosts", "Makes that of the system, /etc/hosts." },
		{ "root(): cqueues.dns.Hosts", "Makes an empty table, for recursive resolvers." },
		{ "loadfile(file: file*): cqueues.dns.Hosts? hosts, integer? code", "Makes one of an open file.", errors = { EISDIR = "it is a directory" } },
		{ "loadpath(path: string): cqueues.dns.Hosts? hosts, integer? code", "Makes one of a file.", errors = unreadable },
		{ "type(value?: any): \"dns hosts\"|nil", "Tells whether a value is such a table." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all of them. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
	},
	classes = {
		{
			name = "cqueues.dns.Hosts",
			text = "A table of hosts. `tostring` writes a line for each name.",
			methods = {
				{ "insert(address: string, name: string, alias?: boolean): true", "Adds a name. An alias is no answer to a reverse lookup.", throws = { "the address or the name makes no sense" } },
				{ "loadfile(file: file*): boolean ok, integer? code", "Adds what an open file says.", errors = { EISDIR = "it is a directory" } },
				{ "loadpath(path: string): boolean ok, integer? code", "Adds what a file says.", errors = unreadable },
				{ "warnings(): string[]", "Lists the lines that were skipped.", since = "1.0.0" },
			},
		},
	},
}

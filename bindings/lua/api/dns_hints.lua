-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.hints.

return {
	name = "cqueues.dns.hints",
	since = "original",
	text = "Whom to ask first: the servers of zones.",
	functions = {
		{ "new(config?: cqueues.dns.Config): cqueues.dns.Hints", "Makes an empty table.", takes = { config = "any value: it counts for nothing" } },
		{ "stub(config?: cqueues.dns.Config): cqueues.dns.Hints", "Makes one of the name servers of a configuration, or the system's, for everything.", takes = { config = "any value: what is no configuration counts for nothing" } },
		{ "root(config?: cqueues.dns.Config): cqueues.dns.Hints", "Makes one of the root servers.", takes = { config = "any value: it counts for nothing" } },
		{ "type(value?: any): \"dns hints\"|nil", "Tells whether a value is such a table." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all of them. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
	},
	classes = {
		{
			name = "cqueues.dns.Hints",
			text = "A table of servers. `tostring` writes zones, servers and priorities.",
			methods = {
				{ "insert(zone: string, address: string|cqueues.dns.Config, priority?: integer): true", "Adds a server of a zone, with priority 1 unless told otherwise; lower ones are asked first. A configuration adds its name servers.",
					throws = { "the text is no address" } },
				{ "grep(zone?: string): fun(): string?", "Returns an iterator over the addresses of a zone's servers, by priority; \".\" without a zone." },
			},
		},
	},
}

-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.resolvers.

local LATER = "any value; what is wrong with it is told when a resolver is made"

local limits = {
	{ "hiwat: integer", "How many resolvers there are at most; 32." },
	{ "lowat: integer", "How many are kept when none is in use; 1." },
	{ "querymax: integer", "How often one is used before it is closed; 2048." },
	{ "lifo: boolean", "Whether the task that has waited least goes first; false. It is read when a pool is made." },
	{ "timeout?: number", "The time limit of `query` and `get` that are given none.", unset = true },
}

return {
	name = "cqueues.dns.resolvers",
	since = "original",
	text = "Pools of resolvers that are used again and again. The fields of the module are those of new pools.",
	fields = { limits[1], limits[2], limits[3], limits[4] },
	functions = {
		{ "new(config?: cqueues.dns.Source, hosts?: cqueues.dns.Hosts, hints?: cqueues.dns.Hints): cqueues.dns.Pool", "Makes a pool of resolvers that `resolver.new` makes.",
			takes = { config = LATER, hosts = LATER, hints = LATER } },
		{ "stub(settings?: cqueues.dns.Settings): cqueues.dns.Pool", "Makes a pool of resolvers of the system's configuration.", takes = { settings = "false, and any value that has the fields or can be asked for them" } },
		{ "root(settings?: cqueues.dns.Settings): cqueues.dns.Pool", "Makes a pool of recursive resolvers.", takes = { settings = "false, and any value that has the fields or can be asked for them" } },
		{ "type(value?: any): \"dns resolver pool\"|nil", "Tells whether a value is a pool." },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.dns.Pool",
			text = "A pool of resolvers.",
			fields = limits,
			methods = {
				{ "query(name: string, type?: cqueues.dns.Type, class?: cqueues.dns.Class, timeout?: number): cqueues.dns.Packet? answer, integer? code",
					"Asks with a free resolver; the time limit includes waiting for one.", errors = { ETIMEDOUT = "the time is over", ECANCELED = "a scope has ended the wait" },
					says = { type = "unknown DNS type", class = "unknown DNS class" }, takes = { timeout = "false: the pool's" } },
				{ "get(timeout?: number): cqueues.dns.Resolver? resolver, integer? code", "Takes a resolver until `put`; waits if there is none.", takes = { timeout = "false: the pool's" }, errors = { ETIMEDOUT = "the time is over" } },
				{ "put(resolver: cqueues.dns.Resolver)", "Gives a resolver back. Its question is given up.", throws = { "it is in the pool already", "it is closed" } },
				{ "known(name: string, family?: integer): string[]? addresses, integer? code", "Tells the addresses of a host that are known without asking anybody.", takes = { family = "false: any" }, since = "1.0.0", errors = { EAGAIN = "servers have to be asked" } },
				{ "signal()", "Wakes one task that waits, to look again." },
				{ "check(): boolean ok, string? why", "Tells whether the numbers of the pool are right." },
				{ "onleak(f?: function): function before", "Sets what is called when a resolver was collected without a `put`. Returns the function before." },
			},
		},
	},
}

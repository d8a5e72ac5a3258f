-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.resolver.

local MAKES = "(config?: cqueues.dns.Source, hosts?: cqueues.dns.Hosts, hints?: cqueues.dns.Hints): cqueues.dns.Resolver? resolver, integer? code"
local SHORT = "(settings?: cqueues.dns.Settings): cqueues.dns.Resolver? resolver, integer? code"

local FIELDS = { settings = "false, and any value that has the fields or can be asked for them" }
local OTHER = "any value: what is of another type counts for nothing"

return {
	name = "cqueues.dns.resolver",
	since = "original",
	text = "Resolvers: each asks one question at a time.",
	functions = {
		{ "new" .. MAKES, "Makes a resolver; without a configuration, of the system's.", takes = { config = OTHER, hosts = OTHER, hints = OTHER }, errors = { EMFILE = "no descriptor is left" } },
		{ "stub" .. SHORT, "Makes one of `config.stub`.", takes = FIELDS, errors = { EMFILE = "no descriptor is left" } },
		{ "root" .. SHORT, "Makes one of `config.root`, which asks from the root servers on.", takes = FIELDS, errors = { EMFILE = "no descriptor is left" } },
		{ "type(value?: any): \"dns resolver\"|\"closed dns resolver\"|nil", "Tells whether a value is a resolver." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all resolvers. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
		{ "loader(): table", "Returns the module, as a function for `package.preload`." },
	},
	classes = {
		{
			name = "cqueues.dns.Resolver",
			text = "A resolver.",
			methods = {
				{ "query(name: string, type?: cqueues.dns.Type, class?: cqueues.dns.Class, timeout?: number): cqueues.dns.Packet? answer, integer? code",
					"Asks a question and waits for the answer, whatever its response code.",
					errors = { ETIMEDOUT = "the time is over", ECANCELED = "another question was asked meanwhile, the resolver was closed, or a scope has ended the wait" },
					says = { type = "unknown DNS type", class = "unknown DNS class" }, takes = { timeout = "false: no limit" } },
				{ "submit(name: string, type?: cqueues.dns.Type, class?: cqueues.dns.Class): boolean ok, integer? code", "Asks a question without waiting. One under way is given up.", says = { type = "unknown DNS type", class = "unknown DNS class" } },
				{ "fetch(): cqueues.dns.Packet|false|nil answer, integer? code", "Returns the answer if it is there.", errors = { EAGAIN = "it is not there yet: poll the resolver", ENOENT = "nothing was asked" } },
				{ "reason(): string?", "Tells why the last answer is not what was wanted.", since = "1.0.0" },
				{ "stat(): table", "Tells how many queries were made, and what was sent and received: `queries`, `udp.sent.count`, `udp.sent.bytes`, `udp.rcvd`, `tcp`." },
				{ "close()", "Closes it. Who waits gets nil and ECANCELED." },
				{ "pollfd(): integer?", "Tells what to poll." },
				{ "events(): string?", "Tells what to poll it for; nil when nothing is waited for." },
				{ "timeout(): number?", "Tells after how many seconds to look again." },
			},
		},
	},
}

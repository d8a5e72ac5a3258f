-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.packet.

return {
	name = "cqueues.dns.packet",
	since = "original",
	text = "Messages of the DNS.",
	example = [[
local packet = require "cqueues.dns.packet"

local question = packet.new()
question:push("QUESTION", "example.org", "A")
for record in answer:grep { section = "ANSWER" } do
	print(record:name(), record)
end]],
	fields = {
		{ "QBUFSIZ: integer", "The room of a message for one question." },
		{ "section: table<string|integer, integer|string>", "Sections by name and names by number: bits QUESTION 1, ANSWER 2, AUTHORITY 4, ADDITIONAL 8; also QD, AN, NS, AR." },
		{ "opcode: table<string|integer, integer|string>", "Opcodes by name and names by number." },
		{ "rcode: table<string|integer, integer|string>", "Response codes by name and names by number." },
	},
	tables = {
		{ name = "cqueues.dns.Filter", text = "Which records `grep` looks for.", fields = {
			{ "section?: integer|string|(integer|string)[]", "Sections: bits, a name, a text of several, or a list." },
			{ "type?: cqueues.dns.Type", "The type." },
			{ "class?: cqueues.dns.Class", "The class." },
			{ "name?: string", "The owner." },
		} },
		{ name = "cqueues.dns.Flags", text = "The flags of a message.", fields = {
			{ "qr?: boolean", "Whether it is a response." },
			{ "opcode?: integer", "The kind of query." },
			{ "aa?: boolean", "Whether the answer is authoritative." },
			{ "tc?: boolean", "Whether it was cut." },
			{ "rd?: boolean", "Whether recursion is wanted." },
			{ "ra?: boolean", "Whether recursion is offered." },
			{ "z?: integer", "Reserved bits." },
			{ "rcode?: integer", "The response code." },
		} },
	},
	functions = {
		{ "new(size?: integer|string, room?: integer): cqueues.dns.Packet? packet, integer? code", "Makes an empty message with room for so many bytes, QBUFSIZ without a number.",
			overloads = { "new(data: string, room?: integer): cqueues.dns.Packet? packet, integer? code" },
			errors = { CQ_EILLEGAL = "the bytes are no message" }, throws = { "the size is negative or too large" },
			takes = { room = "any value behind a size, where it counts for nothing" } },
		{ "type(value?: any): \"dns packet\"|nil", "Tells whether a value is a message." },
		{ "interpose(name: string, method?: function): function? before", "Sets a method of all messages. Returns the one before.",
			takes = { name = "any value but nil and NaN, as a key of a table", method = "any value, as a member of a table" } },
	},
	classes = {
		{
			name = "cqueues.dns.Packet",
			text = "A message. `tostring` writes it much as dig(1) does.",
			methods = {
				{ "push(section: integer|string, name: string, type?: cqueues.dns.Type, class?: cqueues.dns.Class, ttl?: integer, rdata?: string|cqueues.dns.Record): cqueues.dns.Packet? self, integer? code",
					"Appends a record. The data is bytes in wire form, or a record whose data it shall be.",
					errors = { CQ_ENOBUFS = "there is no room", CQ_EILLEGAL = "the name or the data makes no sense", CQ_EORDER = "a later section has records" },
					says = { section = "unknown DNS section", type = "unknown DNS type", class = "unknown DNS class" },
					takes = { ttl = "any value in the section QUESTION, where it counts for nothing", rdata = "any value in the section QUESTION" } },
				{ "grep(filter?: cqueues.dns.Filter): fun(): cqueues.dns.Record?", "Returns an iterator over records, which throws at one whose data is not that of its type.", takes = { filter = "any value: what is no table is no filter" } },
				{ "count(sections?: integer|string): integer", "Counts the records of some sections, of all without an argument." },
				{ "flags(): cqueues.dns.Flags", "Tells the flags." },
				{ "setflags(flags: cqueues.dns.Flags|integer): cqueues.dns.Packet self", "Sets the flags in a table, or all of them from a number of 16 bits." },
				{ "qid(): integer", "Tells the number that an answer repeats." },
				{ "setqid(number: integer): cqueues.dns.Packet self", "Sets that number." },
				{ "rcode(): integer", "Tells the response code with the bits that an OPT record adds.", since = "1.0.0" },
				{ "dump(): string", "Returns the bytes." },
				{ "load(data: string): cqueues.dns.Packet? self, integer? code", "Replaces the content.", errors = { CQ_EILLEGAL = "the bytes are no message" } },
			},
		},
	},
}

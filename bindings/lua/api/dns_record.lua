-- SPDX-License-Identifier: MIT
--
-- The module cqueues.dns.record.

-- The members of records: name, what it returns, the types that have it, and since when if not the original.
local members = {
	{ "addr", "string", "A, AAAA", "the address as text" },
	{ "host", "string", "NS, CNAME, PTR, MX", "the name that the record points to" },
	{ "preference", "integer", "MX, NAPTR", "the lower, the earlier" },
	{ "mname", "string", "SOA", "the primary server" },
	{ "rname", "string", "SOA", "the mailbox of who is responsible" },
	{ "serial", "integer", "SOA", "the version of the zone" },
	{ "refresh", "integer", "SOA", "seconds between looks at the primary server" },
	{ "retry", "integer", "SOA", "seconds after a look that failed" },
	{ "expire", "integer", "SOA", "seconds for which the zone holds without a look" },
	{ "minimum", "integer", "SOA", "seconds for which \"no such name\" holds" },
	{ "strings", "string[]", "TXT, SPF", "the strings", "1.0.0" },
	{ "data", "string", "TXT, SPF, TLSA", "the strings, joined; of TLSA the bytes" },
	{ "policy", "string", "SPF", "the strings, joined" },
	{ "priority", "integer", "SRV, SVCB, HTTPS, URI", "the lower, the earlier" },
	{ "weight", "integer", "SRV, URI", "the higher, the more often" },
	{ "port", "integer", "SRV", "the port" },
	{ "target", "string", "SRV, DNAME, SVCB, HTTPS, URI", "the host, name or address that the record points to" },
	{ "algo", "integer", "SSHFP", "the algorithm" },
	{ "fptype", "integer", "SSHFP", "the digest's type", "1.0.0" },
	{ "digest", "integer|string type, string? digest", "SSHFP, DS, CDS", "of SSHFP the digest's type and its digits; of the others the bytes" },
	{ "rcode", "integer", "OPT", "the upper bits of the response code, shifted to their place" },
	{ "version", "integer", "OPT", "the version of EDNS" },
	{ "maxsize", "integer", "OPT", "the size of datagrams" },
	{ "rdata", "string", "all types without members of their own in the original", "the data in wire form" },
	{ "order", "integer", "NAPTR", "the lower, the earlier", "1.0.0" },
	{ "flags", "string|integer", "NAPTR, DNSKEY, CDNSKEY, CAA", "the flags", "1.0.0" },
	{ "services", "string", "NAPTR", "the services", "1.0.0" },
	{ "regexp", "string", "NAPTR", "the substitution", "1.0.0" },
	{ "replacement", "string", "NAPTR", "the next name", "1.0.0" },
	{ "key_tag", "integer", "DS, CDS, RRSIG", "the tag of the key", "1.0.0" },
	{ "algorithm", "integer", "DS, CDS, RRSIG, DNSKEY, CDNSKEY", "the algorithm", "1.0.0" },
	{ "digest_type", "integer", "DS, CDS", "the digest's type", "1.0.0" },
	{ "type_covered", "integer", "RRSIG", "the type of the records that are signed", "1.0.0" },
	{ "labels", "integer", "RRSIG", "how many labels the name had", "1.0.0" },
	{ "original_ttl", "integer", "RRSIG", "the lifetime that was signed", "1.0.0" },
	{ "expiration", "integer", "RRSIG", "the end of the signature, in seconds since 1970", "1.0.0" },
	{ "inception", "integer", "RRSIG", "the beginning of the signature", "1.0.0" },
	{ "signer_name", "string", "RRSIG", "the owner of the key", "1.0.0" },
	{ "signature", "string", "RRSIG", "the signature's bytes", "1.0.0" },
	{ "next_domain_name", "string", "NSEC", "the next name of the zone", "1.0.0" },
	{ "types", "string", "NSEC", "the types that the name has, as bytes in wire form", "1.0.0" },
	{ "protocol", "integer", "DNSKEY, CDNSKEY", "3", "1.0.0" },
	{ "public_key", "string", "DNSKEY, CDNSKEY", "the key's bytes", "1.0.0" },
	{ "usage", "integer", "TLSA", "what the certificate is used for", "1.0.0" },
	{ "selector", "integer", "TLSA", "which part of the certificate counts", "1.0.0" },
	{ "matching_type", "integer", "TLSA", "how the data was made of that part", "1.0.0" },
	{ "params", "string", "SVCB, HTTPS", "the parameters, as bytes in wire form", "1.0.0" },
	{ "tag", "string", "CAA", "the property", "1.0.0" },
	{ "value", "string", "CAA", "its value", "1.0.0" },
	{ "cpu", "string", "HINFO", "the processor", "1.0.0" },
	{ "os", "string", "HINFO", "the operating system", "1.0.0" },
	{ "mailbox", "string", "RP", "the mailbox of who is responsible", "1.0.0" },
	{ "text", "string", "RP", "the name of a TXT record with more", "1.0.0" },
	{ "location", "string", "LOC", "the bytes in wire form", "1.0.0" },
}

local methods = {
	{ "name(): string", "The owner, with its final dot." },
	{ "type(): integer", "The type, as `record.type.A`." },
	{ "class(): integer", "The class, as `record.class.IN`." },
	{ "ttl(): integer", "The lifetime in seconds." },
	{ "section(): integer", "The section that it was found in, as `packet.section.ANSWER`." },
}
for _, member in ipairs(members) do
	local name, returns, types, text, since = member[1], member[2], member[3], member[4], member[5]
	methods[#methods + 1] = { ("%s(): %s"):format(name, returns), ("Of records of the types %s: %s."):format(types, text), since = since }
end

-- Names of types, classes and sections at the top of the module.
local original = "A NS CNAME SOA PTR MX TXT AAAA SRV OPT SSHFP SPF IN ANY QUESTION ANSWER AUTHORITY ADDITIONAL QD AN AR ALL"
local ours = "CAA CDNSKEY CDS CH DNAME DNSKEY DS HINFO HS HTTPS LOC NAPTR NONE NSEC RP RRSIG SVCB TLSA URI"

local fields = {
	{ "type: table<string|integer, integer|string>|fun(value?: any): \"dns record\"|nil", "Types by name and names by number; `record.type(value)` tells whether a value is a record." },
	{ "class: table<string|integer, integer|string>", "Classes by name and names by number." },
	{ "sshfp: table<string|integer, integer|string>", "Algorithms and digests of SSHFP by name and names by number." },
}
for _, list in ipairs { { original }, { ours, "1.0.0" } } do
	for name in list[1]:gmatch "%S+" do
		fields[#fields + 1] = { name .. ": integer", ("The number of the type, class or section %s%s."):format(name,
			name == "NS" and ", which is the section here" or ""), since = list[2] }
	end
end

return {
	name = "cqueues.dns.record",
	since = "original",
	text = "Records that were found in messages. Types, classes and sections have their names here, too.",
	fields = fields,
	functions = {},
	classes = {
		{
			name = "cqueues.dns.Record",
			text = "A record. `tostring` writes its data as zone files do. Each type has its own methods beside the first five.",
			methods = methods,
		},
	},
}

---@meta cqueues.dns.record
-- SPDX-License-Identifier: MIT
-- Made by `make lua-api` from bindings/lua/api.

---A record. `tostring` writes its data as zone files do. Each type has its own methods beside the first five.
---@class cqueues.dns.Record
local Record = {}

---The owner, with its final dot.
---@return string
function Record:name() end

---The type, as `record.type.A`.
---@return integer
function Record:type() end

---The class, as `record.class.IN`.
---@return integer
function Record:class() end

---The lifetime in seconds.
---@return integer
function Record:ttl() end

---The section that it was found in, as `packet.section.ANSWER`.
---@return integer
function Record:section() end

---Of records of the types A, AAAA: the address as text.
---@return string
function Record:addr() end

---Of records of the types NS, CNAME, PTR, MX: the name that the record points to.
---@return string
function Record:host() end

---Of records of the types MX, NAPTR: the lower, the earlier.
---@return integer
function Record:preference() end

---Of records of the types SOA: the primary server.
---@return string
function Record:mname() end

---Of records of the types SOA: the mailbox of who is responsible.
---@return string
function Record:rname() end

---Of records of the types SOA: the version of the zone.
---@return integer
function Record:serial() end

---Of records of the types SOA: seconds between looks at the primary server.
---@return integer
function Record:refresh() end

---Of records of the types SOA: seconds after a look that failed.
---@return integer
function Record:retry() end

---Of records of the types SOA: seconds for which the zone holds without a look.
---@return integer
function Record:expire() end

---Of records of the types SOA: seconds for which "no such name" holds.
---@return integer
function Record:minimum() end

---Of records of the types TXT, SPF: the strings.
---
---Since 1.0.0.
---@return string[]
function Record:strings() end

---Of records of the types TXT, SPF, TLSA: the strings, joined; of TLSA the bytes.
---@return string
function Record:data() end

---Of records of the types SPF: the strings, joined.
---@return string
function Record:policy() end

---Of records of the types SRV, SVCB, HTTPS, URI: the lower, the earlier.
---@return integer
function Record:priority() end

---Of records of the types SRV, URI: the higher, the more often.
---@return integer
function Record:weight() end

---Of records of the types SRV: the port.
---@return integer
function Record:port() end

---Of records of the types SRV, DNAME, SVCB, HTTPS, URI: the host, name or address that the record points to.
---@return string
function Record:target() end

---Of records of the types SSHFP: the algorithm.
---@return integer
function Record:algo() end

---Of records of the types SSHFP: the digest's type.
---
---Since 1.0.0.
---@return integer
function Record:fptype() end

---Of records of the types SSHFP, DS, CDS: of SSHFP the digest's type and its digits; of the others the bytes.
---@return integer|string type
---@return string? digest
function Record:digest() end

---Of records of the types OPT: the upper bits of the response code, shifted to their place.
---@return integer
function Record:rcode() end

---Of records of the types OPT: the version of EDNS.
---@return integer
function Record:version() end

---Of records of the types OPT: the size of datagrams.
---@return integer
function Record:maxsize() end

---Of records of the types all types without members of their own in the original: the data in wire form.
---@return string
function Record:rdata() end

---Of records of the types NAPTR: the lower, the earlier.
---
---Since 1.0.0.
---@return integer
function Record:order() end

---Of records of the types NAPTR, DNSKEY, CDNSKEY, CAA: the flags.
---
---Since 1.0.0.
---@return string|integer
function Record:flags() end

---Of records of the types NAPTR: the services.
---
---Since 1.0.0.
---@return string
function Record:services() end

---Of records of the types NAPTR: the substitution.
---
---Since 1.0.0.
---@return string
function Record:regexp() end

---Of records of the types NAPTR: the next name.
---
---Since 1.0.0.
---@return string
function Record:replacement() end

---Of records of the types DS, CDS, RRSIG: the tag of the key.
---
---Since 1.0.0.
---@return integer
function Record:key_tag() end

---Of records of the types DS, CDS, RRSIG, DNSKEY, CDNSKEY: the algorithm.
---
---Since 1.0.0.
---@return integer
function Record:algorithm() end

---Of records of the types DS, CDS: the digest's type.
---
---Since 1.0.0.
---@return integer
function Record:digest_type() end

---Of records of the types RRSIG: the type of the records that are signed.
---
---Since 1.0.0.
---@return integer
function Record:type_covered() end

---Of records of the types RRSIG: how many labels the name had.
---
---Since 1.0.0.
---@return integer
function Record:labels() end

---Of records of the types RRSIG: the lifetime that was signed.
---
---Since 1.0.0.
---@return integer
function Record:original_ttl() end

---Of records of the types RRSIG: the end of the signature, in seconds since 1970.
---
---Since 1.0.0.
---@return integer
function Record:expiration() end

---Of records of the types RRSIG: the beginning of the signature.
---
---Since 1.0.0.
---@return integer
function Record:inception() end

---Of records of the types RRSIG: the owner of the key.
---
---Since 1.0.0.
---@return string
function Record:signer_name() end

---Of records of the types RRSIG: the signature's bytes.
---
---Since 1.0.0.
---@return string
function Record:signature() end

---Of records of the types NSEC: the next name of the zone.
---
---Since 1.0.0.
---@return string
function Record:next_domain_name() end

---Of records of the types NSEC: the types that the name has, as bytes in wire form.
---
---Since 1.0.0.
---@return string
function Record:types() end

---Of records of the types DNSKEY, CDNSKEY: 3.
---
---Since 1.0.0.
---@return integer
function Record:protocol() end

---Of records of the types DNSKEY, CDNSKEY: the key's bytes.
---
---Since 1.0.0.
---@return string
function Record:public_key() end

---Of records of the types TLSA: what the certificate is used for.
---
---Since 1.0.0.
---@return integer
function Record:usage() end

---Of records of the types TLSA: which part of the certificate counts.
---
---Since 1.0.0.
---@return integer
function Record:selector() end

---Of records of the types TLSA: how the data was made of that part.
---
---Since 1.0.0.
---@return integer
function Record:matching_type() end

---Of records of the types SVCB, HTTPS: the parameters, as bytes in wire form.
---
---Since 1.0.0.
---@return string
function Record:params() end

---Of records of the types CAA: the property.
---
---Since 1.0.0.
---@return string
function Record:tag() end

---Of records of the types CAA: its value.
---
---Since 1.0.0.
---@return string
function Record:value() end

---Of records of the types HINFO: the processor.
---
---Since 1.0.0.
---@return string
function Record:cpu() end

---Of records of the types HINFO: the operating system.
---
---Since 1.0.0.
---@return string
function Record:os() end

---Of records of the types RP: the mailbox of who is responsible.
---
---Since 1.0.0.
---@return string
function Record:mailbox() end

---Of records of the types RP: the name of a TXT record with more.
---
---Since 1.0.0.
---@return string
function Record:text() end

---Of records of the types LOC: the bytes in wire form.
---
---Since 1.0.0.
---@return string
function Record:location() end

---Records that were found in messages. Types, classes and sections have their names here, too.
---@class cqueues.dns.record.module
---@field type table<string|integer, integer|string>|fun(value?: any): "dns record"|nil Types by name and names by number; `record.type(value)` tells whether a value is a record.
---@field class table<string|integer, integer|string> Classes by name and names by number.
---@field sshfp table<string|integer, integer|string> Algorithms and digests of SSHFP by name and names by number.
---@field A integer The number of the type, class or section A.
---@field NS integer The number of the type, class or section NS, which is the section here.
---@field CNAME integer The number of the type, class or section CNAME.
---@field SOA integer The number of the type, class or section SOA.
---@field PTR integer The number of the type, class or section PTR.
---@field MX integer The number of the type, class or section MX.
---@field TXT integer The number of the type, class or section TXT.
---@field AAAA integer The number of the type, class or section AAAA.
---@field SRV integer The number of the type, class or section SRV.
---@field OPT integer The number of the type, class or section OPT.
---@field SSHFP integer The number of the type, class or section SSHFP.
---@field SPF integer The number of the type, class or section SPF.
---@field IN integer The number of the type, class or section IN.
---@field ANY integer The number of the type, class or section ANY.
---@field QUESTION integer The number of the type, class or section QUESTION.
---@field ANSWER integer The number of the type, class or section ANSWER.
---@field AUTHORITY integer The number of the type, class or section AUTHORITY.
---@field ADDITIONAL integer The number of the type, class or section ADDITIONAL.
---@field QD integer The number of the type, class or section QD.
---@field AN integer The number of the type, class or section AN.
---@field AR integer The number of the type, class or section AR.
---@field ALL integer The number of the type, class or section ALL.
---@field CAA integer The number of the type, class or section CAA. Since 1.0.0.
---@field CDNSKEY integer The number of the type, class or section CDNSKEY. Since 1.0.0.
---@field CDS integer The number of the type, class or section CDS. Since 1.0.0.
---@field CH integer The number of the type, class or section CH. Since 1.0.0.
---@field DNAME integer The number of the type, class or section DNAME. Since 1.0.0.
---@field DNSKEY integer The number of the type, class or section DNSKEY. Since 1.0.0.
---@field DS integer The number of the type, class or section DS. Since 1.0.0.
---@field HINFO integer The number of the type, class or section HINFO. Since 1.0.0.
---@field HS integer The number of the type, class or section HS. Since 1.0.0.
---@field HTTPS integer The number of the type, class or section HTTPS. Since 1.0.0.
---@field LOC integer The number of the type, class or section LOC. Since 1.0.0.
---@field NAPTR integer The number of the type, class or section NAPTR. Since 1.0.0.
---@field NONE integer The number of the type, class or section NONE. Since 1.0.0.
---@field NSEC integer The number of the type, class or section NSEC. Since 1.0.0.
---@field RP integer The number of the type, class or section RP. Since 1.0.0.
---@field RRSIG integer The number of the type, class or section RRSIG. Since 1.0.0.
---@field SVCB integer The number of the type, class or section SVCB. Since 1.0.0.
---@field TLSA integer The number of the type, class or section TLSA. Since 1.0.0.
---@field URI integer The number of the type, class or section URI. Since 1.0.0.
local record_module = {}

return record_module

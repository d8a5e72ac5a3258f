// SPDX-License-Identifier: MIT
//! Types and classes: a type is a row of [`TYPES`], its members in the order of the wire, under the names of its
//! RFC. All that reads, checks, prints or compresses rdata goes by that row.

use super::field::Field::{self, *};

/// One record type.
pub struct Layout {
    /// Its number.
    pub number: u16,
    /// Its name.
    pub name: &'static str,
    /// Its members.
    pub members: &'static [(&'static str, Field)],
}

const fn row(number: u16, name: &'static str, members: &'static [(&'static str, Field)]) -> Layout {
    Layout { number, name, members }
}

/// A host's IPv4 address.
pub const A: u16 = 1;
/// A name server of a zone.
pub const NS: u16 = 2;
/// What a name is an alias of.
pub const CNAME: u16 = 5;
/// A zone's beginning.
pub const SOA: u16 = 6;
/// An address's name.
pub const PTR: u16 = 12;
/// A mail exchanger.
pub const MX: u16 = 15;
/// A host's IPv6 address.
pub const AAAA: u16 = 28;
/// Where a service is.
pub const SRV: u16 = 33;
/// No record but a part of the header, RFC 6891.
pub const OPT: u16 = 41;
/// What a name and all below it are moved to, RFC 6672.
pub const DNAME: u16 = 39;
/// A digest of a zone's key, told by its parent.
pub const DS: u16 = 43;
/// Where a service is to be had.
pub const SVCB: u16 = 64;
/// Where HTTPS is to be had.
pub const HTTPS: u16 = 65;
/// Any type, in questions and searches.
pub const ALL: u16 = 255;
/// The Internet's class.
pub const IN: u16 = 1;
/// Any class.
pub const ANY: u16 = 255;

/// The types with names, by number.
pub static TYPES: &[Layout] = &[
    row(A, "A", &[("addr", V4)]),
    row(NS, "NS", &[("host", Field::Name)]),
    row(CNAME, "CNAME", &[("host", Field::Name)]),
    row(
        SOA,
        "SOA",
        &[
            ("mname", Field::Name),
            ("rname", Field::Name),
            ("serial", U32),
            ("refresh", U32),
            ("retry", U32),
            ("expire", U32),
            ("minimum", U32),
        ],
    ),
    row(PTR, "PTR", &[("host", Field::Name)]),
    row(13, "HINFO", &[("cpu", Text), ("os", Text)]),
    row(MX, "MX", &[("preference", U16), ("host", Field::Name)]),
    row(16, "TXT", &[("data", Texts)]),
    // RFC 1183 §2.2
    row(17, "RP", &[("mailbox", Plain), ("text", Plain)]),
    // RFC 3596
    row(AAAA, "AAAA", &[("addr", V6)]),
    // RFC 1876
    row(29, "LOC", &[("location", Location)]),
    // RFC 2782
    row(SRV, "SRV", &[("priority", U16), ("weight", U16), ("port", U16), ("target", Plain)]),
    // RFC 3403
    row(
        35,
        "NAPTR",
        &[
            ("order", U16),
            ("preference", U16),
            ("flags", Text),
            ("services", Text),
            ("regexp", Text),
            ("replacement", Plain),
        ],
    ),
    // RFC 6672
    row(DNAME, "DNAME", &[("target", Plain)]),
    // RFC 6891: its members stand in class and TTL
    row(OPT, "OPT", &[]),
    // RFC 4034 §5
    row(DS, "DS", &[("key_tag", U16), ("algorithm", U8), ("digest_type", U8), ("digest", Hex)]),
    // RFC 4255
    row(44, "SSHFP", &[("algo", U8), ("fptype", U8), ("digest", Hex)]),
    // RFC 4034 §3
    row(
        46,
        "RRSIG",
        &[
            ("type_covered", Type),
            ("algorithm", U8),
            ("labels", U8),
            ("original_ttl", U32),
            ("expiration", Time),
            ("inception", Time),
            ("key_tag", U16),
            ("signer_name", Plain),
            ("signature", Base64),
        ],
    ),
    // RFC 4034 §4
    row(47, "NSEC", &[("next_domain_name", Plain), ("types", Types)]),
    // RFC 4034 §2
    row(
        48,
        "DNSKEY",
        &[("flags", U16), ("protocol", U8), ("algorithm", U8), ("public_key", Base64)],
    ),
    // RFC 6698
    row(52, "TLSA", &[("usage", U8), ("selector", U8), ("matching_type", U8), ("data", Hex)]),
    // RFC 7344
    row(59, "CDS", &[("key_tag", U16), ("algorithm", U8), ("digest_type", U8), ("digest", Hex)]),
    row(
        60,
        "CDNSKEY",
        &[("flags", U16), ("protocol", U8), ("algorithm", U8), ("public_key", Base64)],
    ),
    // RFC 9460
    row(SVCB, "SVCB", &[("priority", U16), ("target", Plain), ("params", Parameters)]),
    row(HTTPS, "HTTPS", &[("priority", U16), ("target", Plain), ("params", Parameters)]),
    // RFC 4408 §3.1.1
    row(99, "SPF", &[("policy", Texts)]),
    // RFC 7553
    row(256, "URI", &[("priority", U16), ("weight", U16), ("target", Quoted)]),
    // RFC 8659
    row(257, "CAA", &[("flags", U8), ("tag", Word), ("value", Quoted)]),
];

/// The row of a type.
pub fn layout(number: u16) -> Option<&'static Layout> {
    TYPES.binary_search_by_key(&number, |row| row.number).ok().map(|index| &TYPES[index])
}

/// The name of a type: `TYPE1234` (RFC 3597 §5) for one without.
pub fn type_name(number: u16) -> String {
    match layout(number) {
        Some(row) => row.name.to_owned(),
        None if number == ALL => "ANY".to_owned(),
        None => format!("TYPE{number}"),
    }
}

/// The number of a type by name, in either case, `TYPE1234` or a plain number.
pub fn type_number(name: &str) -> Option<u16> {
    let row = TYPES.iter().find(|row| row.name.eq_ignore_ascii_case(name));
    row.map(|row| row.number).or_else(|| match name {
        _ if name.eq_ignore_ascii_case("ALL") || name.eq_ignore_ascii_case("ANY") => Some(ALL),
        _ => numbered(name, "TYPE"),
    })
}

/// The member at `index` of a type: its name, and whether it is a number.
pub fn member(rtype: u16, index: usize) -> Option<(&'static str, bool)> {
    if rtype == OPT {
        return ["rcode", "version", "maxsize"].get(index).map(|&name| (name, true));
    }
    let &(name, field) = layout(rtype)?.members.get(index)?;
    Some((name, matches!(field, U8 | U16 | U32 | Type | Time)))
}

/// The classes with names.
pub static CLASSES: &[(&str, u16)] =
    &[("IN", IN), ("CH", 3), ("HS", 4), ("NONE", 254), ("ANY", ANY)];

/// The name of a class: `CLASS32` for one without.
pub fn class_name(number: u16) -> String {
    let found = CLASSES.iter().find(|class| class.1 == number);
    found.map_or_else(|| format!("CLASS{number}"), |class| class.0.to_owned())
}

/// The number of a class.
pub fn class_number(name: &str) -> Option<u16> {
    let found = CLASSES.iter().find(|class| class.0.eq_ignore_ascii_case(name));
    found.map(|class| class.1).or_else(|| numbered(name, "CLASS"))
}

fn numbered(name: &str, prefix: &str) -> Option<u16> {
    let digits = match name.get(..prefix.len()) {
        Some(start) if start.eq_ignore_ascii_case(prefix) => &name[prefix.len()..],
        _ => name,
    };
    digits.parse().ok().filter(|_| digits.starts_with(|c: char| c.is_ascii_digit()))
}

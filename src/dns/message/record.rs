// SPDX-License-Identifier: MIT
//! Resource records: types, classes, and what their data is made of. RFC 1035 §3.2, §4.1.3, and the
//! document named at each type.
//!
//! A type is a row of [`TYPES`]: its members in the order of the wire, under the names of its RFC. All
//! that reads, checks, prints or compresses rdata goes by that row.

use super::name::{self, expand, Name, LONGEST};
use super::text;
use crate::errno::{Errno, Result};
use std::net::{Ipv4Addr, Ipv6Addr};

/// How a member stands on the wire, and in text.
#[allow(missing_docs)] // a comment stands before each group
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// Unsigned integers.
    U8,
    U16,
    U32,
    /// A record type: 16 bits, a name in text.
    Type,
    /// Seconds since the epoch modulo 2^32: YYYYMMDDHHmmSS in text.
    Time,
    /// A domain name; `Name` may be compressed in messages, `Plain` is not (RFC 3597 §4).
    Name,
    Plain,
    /// An IPv4 and an IPv6 address.
    V4,
    V6,
    /// A character-string: a length and as many bytes; `Word` needs no quotes.
    Text,
    Word,
    /// Character-strings to the end.
    Texts,
    /// Bytes to the end: between quotes, in hexadecimal, in base 64 in text.
    Quoted,
    Hex,
    Base64,
    /// A type bit map, RFC 4034 §4.1.2: names of types in text.
    Types,
    /// Service parameters, RFC 9460 §2.2.
    Parameters,
}

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
/// Any type, in questions and searches.
pub const ALL: u16 = 255;
/// The Internet's class.
pub const IN: u16 = 1;
/// Any class.
pub const ANY: u16 = 255;

use Field::*;

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
    row(MX, "MX", &[("preference", U16), ("host", Field::Name)]),
    row(16, "TXT", &[("data", Texts)]),
    // RFC 3596
    row(AAAA, "AAAA", &[("addr", V6)]),
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
    // RFC 9460
    row(64, "SVCB", &[("priority", U16), ("target", Plain), ("params", Parameters)]),
    row(65, "HTTPS", &[("priority", U16), ("target", Plain), ("params", Parameters)]),
    // RFC 4408 §3.1.1
    row(99, "SPF", &[("policy", Texts)]),
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

/// What a member holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// A number.
    Number(u32),
    /// A name or an address, as text.
    Text(String),
    /// Bytes as they are.
    Bytes(Vec<u8>),
}

/// A record inside a message.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// The message, or what offsets count in.
    pub message: &'a [u8],
    /// Where its owner's name begins.
    pub name: u16,
    /// Where its data begins.
    pub rdata: u16,
    /// How many bytes that is.
    pub length: u16,
    /// The bit of its section.
    pub section: u8,
    /// Its type.
    pub rtype: u16,
    /// Its class.
    pub class: u16,
    /// For how many seconds it may be kept.
    pub ttl: u32,
}

impl<'a> Record<'a> {
    /// The owner's name.
    pub fn name(&self) -> Result<Name> {
        Ok(Name::parse(self.message, self.name as usize)?.0)
    }

    /// The data as it stands in the message.
    pub fn data(&self) -> &'a [u8] {
        let (from, size) = (self.rdata as usize, self.length as usize);
        self.message.get(from..from + size).unwrap_or_default()
    }

    /// Tells `each` of the members in turn: name, kind, and where they are in the message. CQ_EILLEGAL if the
    /// data is shorter or longer than they are.
    pub fn walk(&self, mut each: impl FnMut(&'static str, Field, &'a [u8], usize)) -> Result<()> {
        let Some(row) = layout(self.rtype) else { return Ok(()) };
        let (mut at, end) = (self.rdata as usize, self.rdata as usize + self.length as usize);
        // Names may point back, but not read on beyond the data.
        let within = self.message.get(..end).ok_or(Errno::ILLEGAL)?;
        for &(member, field) in row.members {
            let next = field.end(within, at)?;
            each(member, field, within, at);
            at = next;
        }
        match at == end || row.members.is_empty() {
            true => Ok(()),
            false => Err(Errno::ILLEGAL),
        }
    }

    /// Whether it stands in the question section.
    fn is_question(&self) -> bool {
        self.section == super::packet::QUESTION
    }

    /// A member by its name. ENOENT if records of this type have none so called.
    pub fn member(&self, wanted: &str) -> Result<Value> {
        if self.rtype == OPT {
            return match wanted {
                "rcode" => Ok(Value::Number(self.ttl >> 24 << 4)),
                "version" => Ok(Value::Number(self.ttl >> 16 & 255)),
                "maxsize" => Ok(Value::Number(u32::from(self.class))),
                _ => Err(Errno::NOENT),
            };
        }
        let mut found = Err(Errno::NOENT);
        self.walk(|member, field, message, at| {
            if member == wanted {
                found = field.value(message, at);
            }
        })?;
        found
    }

    /// The first member that is a domain name: the host of an NS, CNAME, PTR or MX, the target of an SRV.
    pub fn host(&self) -> Result<Name> {
        let mut found = Err(Errno::NOENT);
        self.walk(|_, field, message, at| {
            if matches!(field, Field::Name | Plain) && found.is_err() {
                found = Name::parse(message, at).map(|name| name.0);
            }
        })?;
        found
    }

    /// CQ_EILLEGAL if the data is not what the type says. A question has none.
    pub fn check(&self) -> Result<()> {
        match (self.rtype, self.length) {
            _ if self.is_question() => Ok(()),
            (A, 4) | (AAAA, 16) => Ok(()),
            _ => self.walk(|_, _, _, _| {}),
        }
    }

    /// The address of an A or AAAA.
    pub fn address(&self) -> Option<std::net::IpAddr> {
        match (self.rtype, self.data()) {
            (A, data) => <[u8; 4]>::try_from(data).ok().map(|a| Ipv4Addr::from(a).into()),
            (AAAA, data) => <[u8; 16]>::try_from(data).ok().map(|a| Ipv6Addr::from(a).into()),
            _ => None,
        }
    }

    /// Appends the data as text, in the form of zone files; of a type without a row, or where it
    /// does not fit the row, as a quoted string.
    pub fn format(&self, text: &mut Vec<u8>) {
        let start = text.len();
        if self.rtype == OPT {
            return text.extend(b"\"\"");
        }
        let mut count = 0;
        let whole = self.walk(|_, field, message, at| {
            if count > 0 {
                text.push(b' ');
            }
            count += 1;
            let empty = text.len();
            field.format(message, at, text);
            if text.len() == empty && count > 1 {
                text.pop();
            }
        });
        if whole.is_err() || layout(self.rtype).is_none() {
            text.truncate(start);
            text.push(b'"');
            self.data().iter().for_each(|byte| text.extend(format!("\\{byte:03}").bytes()));
            text.push(b'"');
        }
    }

    /// Appends the data with its names uncompressed.
    pub fn expand(&self, data: &mut Vec<u8>) -> Result<()> {
        if !self.may_point() {
            data.extend(self.data());
            return Ok(());
        }
        self.walk(|_, field, message, at| {
            let mut wire = [0; LONGEST];
            match field {
                Field::Name | Plain => {
                    let size = expand(message, at, &mut wire).map_or(0, |found| found.0);
                    data.extend(&wire[..size]);
                }
                _ => data.extend(&message[at..field.end(message, at).unwrap_or(at)]),
            }
        })
    }

    /// Whether the data may hold names that point elsewhere in the message.
    pub fn may_point(&self) -> bool {
        if matches!(self.rtype, A | AAAA) || self.is_question() {
            return false;
        }
        let row = layout(self.rtype);
        row.is_some_and(|row| row.members.iter().any(|m| matches!(m.1, Field::Name | Plain)))
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

impl Field {
    /// Where a member that begins at `at` of `message` ends; the message ends where the data does.
    pub fn end(self, message: &[u8], at: usize) -> Result<usize> {
        let length =
            |at: usize| message.get(at).map(|&l| at + 1 + l as usize).ok_or(Errno::ILLEGAL);
        let end = match self {
            U8 => at + 1,
            U16 | Type => at + 2,
            U32 | Time | V4 => at + 4,
            V6 => at + 16,
            Text | Word => length(at)?,
            Texts => {
                let mut at = at;
                while at < message.len() {
                    at = length(at)?;
                }
                at
            }
            Field::Name | Plain => name::check(message, at)?,
            Types => text::check_types(message.get(at..).ok_or(Errno::ILLEGAL)?)?,
            Parameters => text::check_parameters(message.get(at..).ok_or(Errno::ILLEGAL)?)?,
            Quoted | Hex | Base64 => message.len(),
        };
        let end = if matches!(self, Types | Parameters) { at + end } else { end };
        match at <= end && end <= message.len() {
            true => Ok(end),
            false => Err(Errno::ILLEGAL),
        }
    }

    fn value(self, message: &[u8], at: usize) -> Result<Value> {
        let bytes = &message[at..self.end(message, at)?];
        Ok(match self {
            U8 | U16 | U32 | Type | Time => Value::Number(number(bytes)),
            Field::Name | Plain | V4 | V6 | Types | Parameters => {
                let mut text = Vec::new();
                self.format(message, at, &mut text);
                Value::Text(String::from_utf8_lossy(&text).into_owned())
            }
            Text | Word => Value::Bytes(bytes[1..].to_vec()),
            Texts => Value::Bytes(text::strings(bytes).flatten().copied().collect()),
            Quoted | Hex | Base64 => Value::Bytes(bytes.to_vec()),
        })
    }

    fn format(self, message: &[u8], at: usize, out: &mut Vec<u8>) {
        let Ok(end) = self.end(message, at) else { return };
        let bytes = &message[at..end];
        match self {
            U8 | U16 | U32 => out.extend(number(bytes).to_string().bytes()),
            Type => out.extend(type_name(number(bytes) as u16).bytes()),
            Time => out.extend(text::time(number(bytes)).bytes()),
            Field::Name | Plain => {
                let mut wire = [0; LONGEST];
                if let Ok((size, _)) = expand(message, at, &mut wire) {
                    name::format(&wire[..size], out);
                }
            }
            V4 => out.extend(
                <[u8; 4]>::try_from(bytes)
                    .map_or(Ipv4Addr::UNSPECIFIED, Ipv4Addr::from)
                    .to_string()
                    .bytes(),
            ),
            V6 => out.extend(
                <[u8; 16]>::try_from(bytes)
                    .map_or(Ipv6Addr::UNSPECIFIED, Ipv6Addr::from)
                    .to_string()
                    .bytes(),
            ),
            Text => text::quote(&bytes[1..], out),
            Word => text::escape(&bytes[1..], out),
            // Each by itself: joined, it would be another record when it is read again, RFC 1035 §5.1.
            Texts if bytes.is_empty() => text::quote(bytes, out),
            Texts => {
                for (index, string) in text::strings(bytes).enumerate() {
                    if index > 0 {
                        out.push(b' ');
                    }
                    text::quote(string, out);
                }
            }
            Quoted => text::quote(bytes, out),
            Hex => text::hexadecimal(bytes, out),
            Base64 => text::base64(bytes, out),
            Types => text::types(bytes, out),
            Parameters => text::parameters(bytes, out),
        }
    }
}

#[cfg(test)]
mod tests;

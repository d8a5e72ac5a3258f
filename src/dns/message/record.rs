// SPDX-License-Identifier: MIT
//! Resource records inside a message, read by the row of their type in `types.rs`. RFC 1035 §3.2, §4.1.3.

use super::field::Field::{self, Plain};
use super::field::Value;
use super::name::{expand, Name, LONGEST};
use super::types::{layout, A, AAAA, OPT};
use crate::errno::{Errno, Result};
use std::net::{Ipv4Addr, Ipv6Addr};

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

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! The kinds of members that rdata is made of: where each ends on the wire, its value, its text. RFC 1035 §3.3.

use super::location;
use super::name::{self, expand, LONGEST};
use super::text;
use super::types::type_name;
use crate::errno::{Errno, Result};
use std::net::{Ipv4Addr, Ipv6Addr};
use Field::*;

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
    /// A place on Earth, RFC 1876 §2.
    Location,
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
            Location => match message.get(at) {
                Some(0) => at + location::SIZE,
                // A later version, whose form is not known.
                Some(_) => message.len(),
                None => return Err(Errno::ILLEGAL),
            },
            Quoted | Hex | Base64 => message.len(),
        };
        let end = if matches!(self, Types | Parameters) { at + end } else { end };
        match at <= end && end <= message.len() {
            true => Ok(end),
            false => Err(Errno::ILLEGAL),
        }
    }

    pub(super) fn value(self, message: &[u8], at: usize) -> Result<Value> {
        let bytes = &message[at..self.end(message, at)?];
        Ok(match self {
            U8 | U16 | U32 | Type | Time => Value::Number(number(bytes)),
            Field::Name | Plain | V4 | V6 | Types | Parameters | Location => {
                let mut text = Vec::new();
                self.format(message, at, &mut text);
                Value::Text(String::from_utf8_lossy(&text).into_owned())
            }
            Text | Word => Value::Bytes(bytes[1..].to_vec()),
            Texts => Value::Bytes(text::strings(bytes).flatten().copied().collect()),
            Quoted | Hex | Base64 => Value::Bytes(bytes.to_vec()),
        })
    }

    pub(super) fn format(self, message: &[u8], at: usize, out: &mut Vec<u8>) {
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
            Location => location::format(bytes, out),
        }
    }
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u32::from(byte))
}

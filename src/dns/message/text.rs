// SPDX-License-Identifier: MIT
//! Members of records as text, as zone files have them: RFC 1035 §5.1, RFC 4034, RFC 9460 §2.1.

use super::options::options;
use super::types::type_name;
use crate::errno::{Errno, Result};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The character-strings of a run of them.
pub fn strings(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (&length, rest) = bytes.split_first()?;
        let (string, rest) = rest.split_at_checked(length as usize)?;
        bytes = rest;
        Some(string)
    })
}

/// Between quotes.
pub fn quote(string: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape(string, out);
    out.push(b'"');
}

/// With decimal escapes for all that is not plain between quotes.
pub fn escape(string: &[u8], out: &mut Vec<u8>) {
    for &byte in string {
        match byte {
            b'"' | b'\\' => out.extend(format!("\\{byte:03}").bytes()),
            b' '..=b'~' => out.push(byte),
            _ => out.extend(format!("\\{byte:03}").bytes()),
        }
    }
}

/// As data of an unknown type, RFC 3597 §5: `\# 2 ABCD`.
pub fn generic(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(format!("\\# {}", bytes.len()).bytes());
    if !bytes.is_empty() {
        out.push(b' ');
        hexadecimal(bytes, out);
    }
}

/// In hexadecimal, in upper case.
pub fn hexadecimal(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in bytes {
        out.extend([DIGITS[(byte >> 4) as usize], DIGITS[(byte & 15) as usize]]);
    }
}

/// In base 64, RFC 4648.
pub fn base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.extend(openssl::base64::encode_block(bytes).bytes());
}

/// YYYYMMDDHHmmSS, of the 136 years that begin with 1970.
pub fn time(seconds: u32) -> String {
    let (days, second) = (i64::from(seconds / 86400), seconds % 86400);
    // Years begin in March here, so that the odd day comes last; eras of 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, month, late) = (day - (153 * month + 2) / 5 + 1, (month + 2) % 12 + 1, month >= 10);
    let year = year + era * 400 + i64::from(late);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

/// The windows of a type bit map: the high byte of their types, and the bits.
fn windows(mut map: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (&[window, length], rest) = map.split_first_chunk()?;
        let (bits, rest) = rest.split_at_checked(length as usize)?;
        map = rest;
        Some((window, bits))
    })
}

/// The size of a type bit map that reaches to the end of the bytes.
pub fn check_types(map: &[u8]) -> Result<usize> {
    let mut size = 0;
    for (_, bits) in windows(map) {
        size += 2 + bits.len();
        if !(1..=32).contains(&bits.len()) {
            return Err(Errno::ILLEGAL);
        }
    }
    (size == map.len()).then_some(size).ok_or(Errno::ILLEGAL)
}

/// The types of a bit map.
pub fn types(map: &[u8], out: &mut Vec<u8>) {
    let mut first = true;
    for (window, bits) in windows(map) {
        for bit in (0..bits.len() * 8).filter(|bit| bits[bit / 8] & 128 >> (bit % 8) != 0) {
            if !std::mem::take(&mut first) {
                out.push(b' ');
            }
            out.extend(type_name(u16::from(window) << 8 | bit as u16).bytes());
        }
    }
}

/// The size of service parameters that reach to the end of the bytes.
pub fn check_parameters(bytes: &[u8]) -> Result<usize> {
    let size = options(bytes).map(|pair| 4 + pair.1.len()).sum();
    (size == bytes.len()).then_some(size).ok_or(Errno::ILLEGAL)
}

const KEYS: [&str; 7] =
    ["mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"];

fn key(number: u16) -> String {
    KEYS.get(number as usize).map_or_else(|| format!("key{number}"), |&name| name.to_owned())
}

/// Service parameters as `key=value`.
pub fn parameters(bytes: &[u8], out: &mut Vec<u8>) {
    for (index, (number, value)) in options(bytes).enumerate() {
        if index > 0 {
            out.push(b' ');
        }
        out.extend(key(number).bytes());
        let list = match number {
            0 => value
                .chunks(2)
                .map(|k| key(k.iter().fold(0, |n, &b| n << 8 | u16::from(b))))
                .collect(),
            3 if value.len() == 2 => vec![u16::from_be_bytes([value[0], value[1]]).to_string()],
            4 => addresses(value, Ipv4Addr::from),
            6 => addresses(value, Ipv6Addr::from),
            _ => Vec::new(),
        };
        if !list.is_empty() {
            out.push(b'=');
            out.extend(list.join(",").bytes());
        } else if number == 1 {
            protocols(value, out);
        } else if number == 5 {
            out.push(b'=');
            base64(value, out);
        } else if !value.is_empty() {
            out.push(b'=');
            quote(value, out);
        }
    }
}

fn addresses<const N: usize, T: ToString>(value: &[u8], from: fn([u8; N]) -> T) -> Vec<String> {
    value.chunks_exact(N).filter_map(|a| a.try_into().ok().map(|a| from(a).to_string())).collect()
}

/// Protocol names: a comma within one is escaped twice, RFC 9460 appendix A.1.
fn protocols(value: &[u8], out: &mut Vec<u8>) {
    out.extend(b"=\"");
    for (index, protocol) in strings(value).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        for &byte in protocol {
            match byte {
                b',' => out.extend(b"\\\\,"),
                b'\\' => out.extend(b"\\\\\\\\"),
                _ => escape(&[byte], out),
            }
        }
    }
    out.push(b'"');
}

// SPDX-License-Identifier: MIT
//! Where a service is to be had: what SVCB and HTTPS records say, RFC 9460. Pure.

use crate::dns::message::field::Value;
use crate::dns::message::name::Name;
use crate::dns::message::options::options;
use crate::dns::message::packet::{Packet, ANSWER};
use crate::dns::message::record::Record;
use crate::dns::message::text::strings;
use crate::dns::message::types::{HTTPS, SVCB};
use std::net::IpAddr;

/// How many endpoints are tried: whoever writes a zone must not make others ask for any number of names.
const MOST: usize = 8;

/// How many hints are used of a record: as many as a large service has addresses.
const HINTS: usize = 8;

/// Keys of parameters, RFC 9460 §14.3.2.
mod key {
    pub const MANDATORY: u16 = 0;
    pub const ALPN: u16 = 1;
    pub const NO_DEFAULT_ALPN: u16 = 2;
    pub const PORT: u16 = 3;
    pub const IPV4HINT: u16 = 4;
    pub const IPV6HINT: u16 = 6;
}

/// Where a service is to be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Endpoint {
    /// The host.
    pub host: Name,
    /// The port; `None`: that of the service.
    pub port: Option<u16>,
    /// Addresses to use until those of the host are known.
    pub hints: Vec<IpAddr>,
}

/// What an answer says of a service.
#[derive(PartialEq, Eq, Debug)]
pub enum Offer {
    /// Nothing that this client can use.
    Nothing,
    /// The service is decidedly not there.
    Unavailable,
    /// All about it stands at another name.
    Alias(Name),
    /// It is to be had there. The best comes first.
    Endpoints(Vec<Endpoint>),
}

/// A client of a service: its scheme, such as "https", and the application protocols (ALPN) that it speaks, each after
/// its length.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    /// The scheme, in lower case.
    pub scheme: &'a str,
    /// The protocols. None: the default of the scheme.
    pub protocols: &'a [u8],
}

impl Client<'_> {
    /// The name and type to ask for, RFC 9460 §2.3 and §9.1. With port 0 the port is the service's own.
    pub fn question(&self, host: &str, port: u16) -> (String, u16) {
        match self.scheme {
            "https" if matches!(port, 0 | 443) => (host.to_owned(), HTTPS),
            "https" => (format!("_{port}._https.{host}"), HTTPS),
            scheme if port == 0 => (format!("_{scheme}.{host}"), SVCB),
            scheme => (format!("_{port}._{scheme}.{host}"), SVCB),
        }
    }

    /// The port of the service, if the records and the program name none.
    pub fn port(&self) -> u16 {
        if self.scheme == "https" {
            443
        } else {
            0
        }
    }

    /// What an answer says. Equal priorities are used by chance; `below` gives a random number below a limit.
    pub fn offer(&self, answer: &Packet, rtype: u16, below: &mut dyn FnMut(u32) -> u32) -> Offer {
        let records = || answer.records(ANSWER).filter(move |record| record.rtype == rtype);
        let priority = |record: &Record| match record.member("priority") {
            Ok(Value::Number(number)) => number,
            _ => u32::MAX,
        };
        // With an alias, what else there is does not count: §2.4.2.
        if let Some(alias) = records().find(|record| priority(record) == 0) {
            return match alias.host() {
                Ok(host) if host.is_root() => Offer::Unavailable,
                Ok(host) => Offer::Alias(host),
                Err(_) => Offer::Nothing,
            };
        }
        // One that is malformed takes the others with it: §2.2.
        if records().any(|record| record.check().is_err() || !is_ordered(parameters(&record))) {
            return Offer::Nothing;
        }
        let usable = records().filter_map(|record| {
            let chance = below(u32::MAX);
            Some((priority(&record), chance, self.endpoint(&record)?))
        });
        let mut usable: Vec<_> = usable.collect();
        usable.sort_by_key(|&(priority, chance, _)| (priority, chance));
        usable.truncate(MOST);
        match usable.is_empty() {
            true => Offer::Nothing,
            false => {
                Offer::Endpoints(usable.into_iter().map(|(_, _, endpoint)| endpoint).collect())
            }
        }
    }

    /// The endpoint of a record; `None` for one that this client cannot use.
    fn endpoint(&self, record: &Record) -> Option<Endpoint> {
        let target = record.host().ok()?;
        let host = if target.is_root() { record.name().ok()? } else { target };
        let mut endpoint = Endpoint { host, port: None, hints: Vec::new() };
        let (mut offered, mut default) = (None, true);
        for (number, value) in options(parameters(record)) {
            match number {
                key::MANDATORY => {
                    let known = |pair: &[u8]| {
                        let number = u16::from_be_bytes([pair[0], pair[1]]);
                        (key::ALPN..=key::IPV4HINT).contains(&number) || number == key::IPV6HINT
                    };
                    let pairs = value.chunks_exact(2);
                    if value.is_empty()
                        || !pairs.remainder().is_empty()
                        || !pairs.clone().all(known)
                    {
                        return None;
                    }
                }
                key::ALPN => offered = Some(value),
                key::NO_DEFAULT_ALPN => default = false,
                key::PORT => endpoint.port = Some(u16::from_be_bytes(value.try_into().ok()?)),
                key::IPV4HINT => hints::<4>(value, &mut endpoint.hints),
                key::IPV6HINT => hints::<16>(value, &mut endpoint.hints),
                _ => {}
            }
        }
        self.speaks(offered, default).then_some(endpoint)
    }

    /// Whether the client speaks one of the protocols of an endpoint, §7.1.2: those that are listed, and the default of
    /// the service unless the record excludes it. Without a list of its own it speaks the default.
    fn speaks(&self, offered: Option<&[u8]>, default: bool) -> bool {
        let usual: &[u8] = if self.scheme == "https" { b"http/1.1" } else { b"" };
        let own = |name: &[u8]| match self.protocols {
            [] => usual.is_empty() || name == usual,
            list => strings(list).any(|ours| ours == name),
        };
        (default && own(usual)) || offered.map_or(usual.is_empty(), |list| strings(list).any(own))
    }
}

/// The parameters of a record: what follows the target.
fn parameters<'a>(record: &Record<'a>) -> &'a [u8] {
    let mut found: &[u8] = &[];
    // A record that is cut off has none; `check` refuses it.
    let _ = record.walk(|member, _, message, at| {
        if member == "params" {
            found = message.get(at..).unwrap_or_default();
        }
    });
    found
}

/// Whether keys come in their order, each once: §2.2.
fn is_ordered(parameters: &[u8]) -> bool {
    let mut last = None;
    options(parameters).all(|(number, _)| last.replace(number).is_none_or(|last| last < number))
}

fn hints<const SIZE: usize>(value: &[u8], out: &mut Vec<IpAddr>)
where
    IpAddr: From<[u8; SIZE]>,
{
    let whole = value.chunks_exact(SIZE).filter_map(|bytes| <[u8; SIZE]>::try_from(bytes).ok());
    out.extend(whole.take(HINTS).map(IpAddr::from));
}

#[cfg(test)]
mod tests;

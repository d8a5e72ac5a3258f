// SPDX-License-Identifier: MIT
//! What an answer says about a question, and nothing besides. One rule for stub and recursive
//! resolvers: a server speaks for its zone (a stub's server for the root, hence for all names); of what it
//! says, the records count that lead from the asked name, alias by alias, to the wanted data.

use super::cache::{positive, Delegation};
use super::name::Name;
use super::packet::{flag, rcode, Packet, ADDITIONAL, ANSWER, AUTHORITY};
use super::record::{Record, ALL, ANY, CNAME, NS, SOA};
use std::net::SocketAddr;

/// The most aliases that one name leads through.
pub const CHAIN: usize = 11;

/// The most servers of a zone.
pub const SERVERS: usize = 20;

/// What an answer means.
pub enum Meaning {
    /// The data, or that there is none: the question is answered.
    Final,
    /// It is an alias, of this name in the end; the server has not told more of that.
    Alias(Name),
    /// Servers of a zone nearer to the name know, for so many seconds.
    Referral(Delegation, u32),
    /// Nothing that helps: this server does not serve the zone, or cannot.
    Lame,
}

/// The records on the way from a name, and where it leads.
pub struct Way<'a> {
    /// Aliases and, at the end, data.
    pub records: Vec<Record<'a>>,
    /// The name that is no alias, as far as the message tells.
    pub end: Name,
    /// How many aliases there are.
    pub aliases: usize,
    /// Whether there is data at its end.
    pub complete: bool,
}

/// Follows a name through an answer, within the zone that its server speaks for.
pub fn follow<'a>(packet: &'a Packet, name: &Name, rtype: u16, class: u16, zone: &Name) -> Way<'a> {
    let mut way = Way { records: Vec::new(), end: name.clone(), aliases: 0, complete: false };
    while way.end.is_within(zone) && way.aliases <= CHAIN {
        let end = way.end.clone();
        let of_end = |record: &Record<'a>| {
            (record.class == class || class == ANY)
                && end.is_at(record.message, record.name as usize)
        };
        let before = way.records.len();
        let data = packet
            .records(ANSWER)
            .filter(|record| (record.rtype == rtype || rtype == ALL) && of_end(record));
        way.records.extend(data);
        if way.records.len() > before {
            way.complete = true;
            break;
        }
        let alias = packet.records(ANSWER).find(|record| record.rtype == CNAME && of_end(record));
        let Some((alias, target)) = alias.and_then(|alias| Some((alias, alias.host().ok()?)))
        else {
            break;
        };
        way.records.push(alias);
        way.end = target;
        way.aliases += 1;
    }
    way
}

/// What an answer to a question means, from a server of `zone`. `recursive`: the server was asked to ask others,
/// so it never refers.
pub fn meaning(packet: &Packet, way: &Way, zone: &Name, recursive: bool) -> Meaning {
    let code = packet.code();
    if !matches!(code, rcode::NOERROR | rcode::NXDOMAIN) {
        return Meaning::Lame;
    }
    if way.complete {
        return Meaning::Final;
    }
    let authoritative = packet.flags() & flag::AA != 0;
    let denied = packet.records(AUTHORITY).any(|record| {
        record.rtype == SOA
            && record.name().is_ok_and(|owner| owner.is_within(zone) && way.end.is_within(&owner))
    });
    match (way.end.is_within(zone), code) {
        // Of what lies elsewhere this server cannot tell that it does not exist.
        (false, _) => Meaning::Alias(way.end.clone()),
        (true, rcode::NXDOMAIN) if recursive || authoritative || denied => Meaning::Final,
        (true, rcode::NXDOMAIN) => Meaning::Lame,
        (true, _) if denied => Meaning::Final,
        (true, _) if way.aliases > 0 => Meaning::Alias(way.end.clone()),
        (true, _) if recursive => Meaning::Final,
        (true, _) => match referral(packet, &way.end, zone) {
            Some((delegation, ttl)) => Meaning::Referral(delegation, ttl),
            None if authoritative => Meaning::Final,
            None => Meaning::Lame,
        },
    }
}

/// A referral to a zone below `zone` that a name belongs to, with the addresses that the server may
/// tell: those of names in its own zone.
fn referral(packet: &Packet, name: &Name, zone: &Name) -> Option<(Delegation, u32)> {
    let mut found: Option<(Delegation, u32)> = None;
    for record in packet.records(AUTHORITY).filter(|record| record.rtype == NS) {
        let (Ok(owner), Ok(host)) = (record.name(), record.host()) else { continue };
        if !owner.is_within(zone) || owner == *zone || !name.is_within(&owner) {
            continue;
        }
        let (delegation, ttl) = found.get_or_insert_with(|| {
            (Delegation { zone: owner.clone(), servers: Vec::new() }, u32::MAX)
        });
        if delegation.zone == owner && delegation.servers.len() < SERVERS {
            *ttl = (*ttl).min(positive(record.ttl));
            delegation.servers.push((host, Vec::new()));
        }
    }
    let (delegation, _) = found.as_mut()?;
    for record in packet.records(ADDITIONAL) {
        let (Some(address), Ok(owner)) = (record.address(), record.name()) else { continue };
        let server = delegation.servers.iter_mut().find(|server| server.0 == owner);
        if let Some((_, addresses)) = server.filter(|_| owner.is_within(zone)) {
            if addresses.len() < SERVERS {
                addresses.push(SocketAddr::new(address, super::config::PORT));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;

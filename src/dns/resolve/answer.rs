// SPDX-License-Identifier: MIT
//! What an answer says about a question, and nothing besides. One rule for stub and recursive
//! resolvers: a server speaks for its zone (a stub's server for the root, hence for all names); of what it
//! says, the records count that lead from the asked name, alias by alias, to the wanted data.

use super::cache::{positive, Delegation};
use crate::dns::message::name::Name;
use crate::dns::message::packet::{flag, rcode, Packet, ADDITIONAL, ANSWER, AUTHORITY};
use crate::dns::message::record::Record;
use crate::dns::message::types::{ALL, ANY, CNAME, DNAME, NS, SOA};
use std::collections::{HashSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

/// The most times that the target of an alias is asked for; in one message there may be any number.
pub const CHAIN: usize = 11;

/// The most aliases of one name.
const ALIASES: usize = 8;

/// How many owners of records are compared at most, so that a message of any size takes some milliseconds at most.
const COMPARISONS: usize = 100_000;

/// The most servers of a zone.
pub const SERVERS: usize = 20;

/// What an answer means.
pub enum Meaning {
    /// The data, or that there is none: the question is answered.
    Final,
    /// It is an alias that leads to this name in the end; the server has not told more about that name.
    Alias(Name),
    /// Servers of a zone nearer to the name are to be asked; that is valid for this number of seconds.
    Referral(Delegation, u32),
    /// Nothing that helps: this server does not serve the zone, or has failed.
    Lame,
}

/// The records on the way from a name, and where it leads.
pub struct Way<'a> {
    /// Aliases and, at the end, data. Empty if it is `plain`.
    pub records: Vec<Record<'a>>,
    /// The answer section is data of the name itself and nothing else, as a rule: all of it lies on the way.
    pub plain: bool,
    /// The shortest lifetime of its data then.
    pub lifetime: u32,
    /// The name that is no alias, as far as the message tells.
    pub end: Name,
    /// How many aliases there are.
    pub aliases: usize,
    /// Whether there is data at the end of the way.
    pub complete: bool,
    /// Whether aliases lead in a circle and nowhere else.
    pub circular: bool,
}

/// Follows a name through an answer, within the zone that its server speaks for, as far as the message goes. A
/// name that has two aliases, against RFC 1034 §3.6.2, leads both ways.
pub fn follow<'a>(packet: &'a Packet, name: &Name, rtype: u16, class: u16, zone: &Name) -> Way<'a> {
    let mut way = Way {
        records: Vec::new(),
        plain: false,
        lifetime: u32::MAX,
        end: name.clone(),
        aliases: 0,
        complete: false,
        circular: false,
    };
    let fits = |record: &Record| record.class == class || class == ANY;
    if name.is_within(zone) {
        // Most answers have records of the name itself, and no alias.
        let is_own = |record: &Record| {
            (record.rtype == rtype || rtype == ALL)
                && fits(record)
                && name.is_at(record.message, record.name as usize)
        };
        let count = packet.count(ANSWER);
        let mut own = 0;
        for record in packet.records(ANSWER).filter(is_own) {
            own += 1;
            way.lifetime = way.lifetime.min(positive(record.ttl));
        }
        way.complete = own > 0;
        way.plain = own == count;
        if way.plain {
            return way;
        }
        if way.complete {
            way.records.extend(packet.records(ANSWER).filter(is_own));
            return way;
        }
    }
    let answers: Vec<Record<'a>> = packet.records(ANSWER).filter(fits).collect();
    let mut patience = COMPARISONS;
    let mut is_owner = |name: &Name, record: &Record| {
        patience = patience.saturating_sub(1);
        patience > 0 && name.is_at(record.message, record.name as usize)
    };
    let mut left = VecDeque::from([name.clone()]);
    let mut seen = HashSet::from([name.clone()]);
    // Aliases stand in the order of the chain, as a rule: each search begins behind the one before.
    let mut from = 0;
    while let Some(here) = left.pop_front() {
        if !here.is_within(zone) {
            continue;
        }
        let before = way.records.len();
        let wanted = answers.iter().filter(|record| record.rtype == rtype || rtype == ALL);
        way.records.extend(wanted.filter(|record| is_owner(&here, record)));
        if way.records.len() > before {
            (way.end, way.complete) = (here, true);
            continue;
        }
        let turned = (from..answers.len()).chain(0..from);
        let found = turned
            .filter(|&index| answers[index].rtype == CNAME && is_owner(&here, &answers[index]));
        let found: Vec<usize> = found.take(ALIASES).collect();
        for &index in &found {
            let Ok(target) = answers[index].host() else { continue };
            from = index + 1;
            if let Some(moved) = answers.iter().find(|record| moves(record, &here, zone)) {
                if !way.records.iter().any(|record| record.rdata == moved.rdata) {
                    way.records.push(*moved);
                }
            }
            way.records.push(answers[index]);
            if !seen.insert(target.clone()) {
                way.circular = true;
                continue;
            }
            left.push_back(target.clone());
            way.aliases += 1;
            if index == found[0] && way.end == here {
                way.end = target;
            }
        }
    }
    way.circular &= !way.complete;
    way
}

/// Whether a record moves a name elsewhere, RFC 6672 §2.2: its alias follows from that.
fn moves(record: &Record, name: &Name, zone: &Name) -> bool {
    record.rtype == DNAME
        && record
            .name()
            .is_ok_and(|owner| owner != *name && name.is_within(&owner) && owner.is_within(zone))
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
    if way.circular {
        return Meaning::Alias(way.end.clone());
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
        // Without RA and AA: a server that does not ask others, and knows nothing.
        (true, _) if recursive && !authoritative && packet.flags() & flag::RA == 0 => Meaning::Lame,
        (true, _) if recursive => Meaning::Final,
        (true, _) => match referral(packet, &way.end, zone) {
            Some((delegation, ttl)) => Meaning::Referral(delegation, ttl),
            None if authoritative => Meaning::Final,
            None => Meaning::Lame,
        },
    }
}

/// Whether a server may be asked because a zone names its address. A zone must not direct questions to services of
/// this host, nor to addresses that belong to no host. `local`: the resolver begins with servers of this host.
pub fn may_ask(address: IpAddr, local: bool) -> bool {
    let address = address.to_canonical();
    let nobody = match address {
        IpAddr::V4(v4) => v4.octets()[0] == 0 || v4.octets()[0] >= 224,
        IpAddr::V6(v6) => v6.is_unspecified() || v6.is_multicast(),
    };
    !nobody && (local || !address.is_loopback())
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
                addresses.push(SocketAddr::new(address, crate::dns::system::config::PORT));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests;

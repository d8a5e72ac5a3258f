// SPDX-License-Identifier: MIT
//! Answers that are put together here: from what is known without asking, and from the parts that several servers
//! have answered.

use super::cache::Cache;
use crate::clock::Instant;
use crate::dns::message::name::Name;
use crate::dns::message::packet::{flag, Packet, ADDITIONAL, ANSWER, AUTHORITY, LARGEST, QUESTION};
use crate::dns::message::record::Record;
use crate::dns::message::types::{self, A, AAAA, MX, NS, PTR, SRV};
use crate::dns::system::hosts::Hosts;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// From how many records on only the whole of an answer is kept, and not the rest of the way for each alias.
const LONG: usize = 32;

/// How many hosts are looked up for one answer by the option `smart`.
pub(crate) const SMART: usize = 16;

/// The beginning of an answer that is made here: a packet with these flags and the question.
pub(crate) fn reply(name: &Name, rtype: u16, class: u16, flags: u16) -> Packet {
    let mut packet = Packet::new(LARGEST);
    packet.set_flags(flags);
    // Cannot fail: it is the first record, and there is room.
    let _ = packet.push(QUESTION, name, rtype, class, 0, &[]);
    packet
}

/// What the hosts file says. If it has any address of a name, it answers for A and AAAA both: with an empty answer
/// for the type of which it has none.
pub(crate) fn from_hosts(hosts: &Hosts, name: &Name, rtype: u16, class: u16) -> Option<Packet> {
    let known = match rtype {
        A | AAAA => hosts.addresses(name).next().is_some(),
        PTR => hosts.names(name).next().is_some(),
        _ => false,
    };
    if !known {
        return None;
    }
    let mut packet = reply(name, rtype, class, flag::QR | flag::AA);
    for address in hosts.addresses(name) {
        match (rtype, address.ip()) {
            (A, IpAddr::V4(a)) => packet.push(ANSWER, name, A, types::IN, 0, &a.octets()).ok()?,
            (AAAA, IpAddr::V6(a)) => {
                packet.push(ANSWER, name, AAAA, types::IN, 0, &a.octets()).ok()?
            }
            _ => {}
        }
    }
    if rtype == PTR {
        for host in hosts.names(name) {
            packet.push(ANSWER, name, PTR, types::IN, 0, host.wire()).ok()?;
        }
    }
    Some(packet)
}

/// `localhost` and names below it are never asked for, RFC 6761 §6.3.
pub(crate) fn local(name: &Name, rtype: u16, class: u16) -> Option<Packet> {
    if !name.ends_in(b"\x09localhost\0") {
        return None;
    }
    let mut packet = reply(name, rtype, class, flag::QR | flag::AA);
    match rtype {
        A => packet.push(ANSWER, name, A, class, 0, &Ipv4Addr::LOCALHOST.octets()).ok()?,
        AAAA => packet.push(ANSWER, name, AAAA, class, 0, &Ipv6Addr::LOCALHOST.octets()).ok()?,
        _ => {}
    }
    Some(packet)
}

/// A message's header, the asked question, some of its answers, and what lies behind them.
pub(crate) fn rebuilt(
    packet: &Packet,
    answers: &[Record],
    name: &Name,
    rtype: u16,
    class: u16,
) -> Packet {
    let mut whole = reply(name, rtype, class, packet.flags());
    whole.set_id(packet.id());
    // What does not fit is left out: nothing depends on it.
    for record in answers {
        let _ = whole.copy(ANSWER, record);
    }
    for record in packet.records(AUTHORITY).chain(packet.records(ADDITIONAL)) {
        let _ = whole.copy(record.section, &record);
    }
    whole
}

/// The answers of several messages, each of which goes on where the one before ended.
pub(crate) fn joined(
    parts: &[Packet],
    last: &Packet,
    name: &Name,
    rtype: u16,
    class: u16,
) -> Packet {
    let answers = parts.iter().chain([last]).flat_map(|packet| packet.records(ANSWER));
    rebuilt(last, &answers.collect::<Vec<_>>(), name, rtype, class)
}

/// Keeps an answer: for its question, and for each alias on the way.
pub(crate) fn keep(
    cache: &mut Cache,
    view: u64,
    question: (&Name, u16, u16),
    packet: &Packet,
    now: Instant,
) {
    cache.put_answer(view, question, packet, now);
    let (_, rtype, class) = question;
    let is_alias = |record: &Record| record.rtype == types::CNAME;
    if rtype == types::CNAME || !packet.records(ANSWER).next().is_some_and(|first| is_alias(&first))
    {
        return;
    }
    let answers: Vec<_> = packet.records(ANSWER).collect();
    if answers.len() > LONG {
        return;
    }
    for (index, alias) in answers.iter().enumerate().filter(|(_, record)| is_alias(record)) {
        if let Ok(target) = alias.host() {
            let rest = rebuilt(packet, &answers[index + 1..], &target, rtype, class);
            cache.put_answer(view, (&target, rtype, class), &rest, now);
        }
    }
}

/// The hosts that an answer names without giving their addresses, with the type A to ask for.
pub(crate) fn missing(packet: &Packet) -> VecDeque<(Name, u16)> {
    let named = packet.records(ANSWER).filter(|record| matches!(record.rtype, NS | MX | SRV));
    let mut hosts: Vec<Name> = Vec::new();
    for host in named.filter_map(|record| record.host().ok()) {
        let given = packet.records(ADDITIONAL | ANSWER).any(|record| {
            record.address().is_some() && host.is_at(record.message, record.name as usize)
        });
        if !given && !host.is_root() && !hosts.contains(&host) && hosts.len() < SMART {
            hosts.push(host);
        }
    }
    hosts.into_iter().map(|host| (host, A)).collect()
}

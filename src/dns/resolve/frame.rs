// SPDX-License-Identifier: MIT
//! One name on its way to its answer: what was asked, what is known of it by now, and who is asked next.

use super::answer::SERVERS;
use super::cache::Cache;
use super::compose::{from_hosts, local, reply};
use super::exchange::Ask;
use super::servers::{Server, Servers};
use super::setup::Setup;
use crate::clock::Instant;
use crate::dns::message::name::Name;
use crate::dns::message::packet::{flag, rcode, Packet, ANSWER};
use crate::dns::message::types::{self, A, AAAA};
use crate::dns::system::server::NameServer;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// Why a name is looked up.
pub(crate) enum Purpose {
    /// The program asked.
    Question,
    /// The frame below needs the address of a name server that has this name.
    Server,
    /// The frame below wants the address of this host in the additional section of its answer (option `smart`).
    Smart,
}

/// One name on its way.
pub(crate) struct Frame {
    pub(crate) purpose: Purpose,
    /// The name that was asked for.
    pub(crate) asked: Name,
    /// The name that `asked` is an alias of, as far as known; `asked` itself if it is none.
    pub(crate) name: Name,
    pub(crate) rtype: u16,
    pub(crate) class: u16,
    /// The answers that named aliases.
    pub(crate) parts: Vec<Packet>,
    pub(crate) aliases: usize,
    pub(crate) sends: u32,
    /// The servers that are asked, `None` before they are known.
    pub(crate) servers: Option<Servers>,
    /// Of the answers that were no good, the one that says most: see `refuse`.
    pub(crate) refusal: Option<Packet>,
    /// A server has not answered.
    pub(crate) silence: bool,
    /// The answer, before aliases and additional records were added to it.
    pub(crate) answer: Option<Packet>,
    /// The hosts whose addresses are still to be added to the answer; `None` before they are known.
    pub(crate) hosts: Option<VecDeque<(Name, u16)>>,
    /// Those addresses.
    pub(crate) additional: Vec<Packet>,
}

impl Frame {
    pub(crate) fn new(purpose: Purpose, name: Name, rtype: u16, class: u16) -> Frame {
        Frame {
            purpose,
            asked: name.clone(),
            name,
            rtype,
            class,
            parts: Vec::new(),
            aliases: 0,
            sends: 0,
            servers: None,
            refusal: None,
            silence: false,
            answer: None,
            hosts: None,
            additional: Vec::new(),
        }
    }

    /// What a server would say that cannot find out: SERVFAIL, RFC 1035 §4.1.1.
    pub(crate) fn unanswered(&self) -> Packet {
        reply(&self.asked, self.rtype, self.class, flag::QR | rcode::SERVFAIL)
    }

    pub(crate) fn zone(&self) -> Name {
        self.servers.as_ref().map_or_else(Name::root, |servers| servers.zone.clone())
    }

    /// Keeps an answer that was no good. One that says that the server failed is worth more than an empty one.
    pub(crate) fn refuse(&mut self, packet: Packet) {
        if packet.code() != rcode::NOERROR || self.refusal.is_none() {
            self.refusal = Some(packet);
        }
    }

    /// Goes on with the target of an alias, which the answer `part` has told.
    pub(crate) fn alias(&mut self, target: Name, part: Packet) {
        self.aliases += 1;
        self.parts.push(part);
        self.name = target;
        self.servers = None;
    }

    /// What is known without asking anybody.
    pub(crate) fn known(&self, setup: &Setup, cache: &mut Cache, now: Instant) -> Option<Packet> {
        let (name, rtype, class) = (&self.name, self.rtype, self.class);
        // The candidates of the program's name were looked for here before any of them became a frame.
        if !matches!(self.purpose, Purpose::Question) || self.aliases > 0 {
            let files = setup.config.files_first();
            let found = files.then(|| from_hosts(&setup.hosts, name, rtype, class)).flatten();
            if let Some(packet) = found.or_else(|| local(name, rtype, class)) {
                return Some(packet);
            }
        }
        if rtype == AAAA && setup.config.leaves_out_aaaa() {
            return Some(reply(name, rtype, class, flag::QR | flag::RA));
        }
        match setup.config.cache {
            true => cache.answer(setup.view, name, rtype, class, now),
            false => None,
        }
    }

    /// The servers to begin with, in `room`; `None` if there are none, or if the configuration allows to ask none.
    pub(crate) fn choose(
        &self,
        setup: &Setup,
        cache: &mut Cache,
        now: Instant,
        random: &mut dyn FnMut() -> u32,
        room: Vec<Server>,
    ) -> Option<Servers> {
        if !setup.config.asks() {
            return None;
        }
        let hinted = setup.hints.nearest(&self.name);
        if setup.config.recurse && setup.config.cache {
            // DS records are in the parent zone, so they are not asked of the zone itself, RFC 4035 §3.1.4.1.
            let above = if self.rtype == types::DS { self.name.parent() } else { None };
            let known = cache.zone(setup.view, above.as_ref().unwrap_or(&self.name), now);
            let nearer = known
                .filter(|known| hinted.is_none_or(|(zone, _)| known.zone.labels() > zone.labels()));
            if let Some(delegation) = nearer {
                return Some(Servers::of(&delegation, setup, cache, now));
            }
        }
        let (zone, hints) = hinted?;
        let mut servers = Servers { addresses: room, ..Servers::none(zone.clone()) };
        if let [hint] = &hints[..] {
            servers.addresses.push(setup.config.approach(&hint.server).into());
            return Some(servers);
        }
        // By priority. A recursive resolver asks servers of equal priority in random order, a stub in the given
        // order. With `rotate` all servers count as equal, and are asked in random order.
        let (rotate, mix) = (setup.config.rotate, setup.config.rotate || setup.config.recurse);
        let mut order: Vec<_> = hints
            .iter()
            .map(|hint| {
                let chance = if mix { random() } else { 0 };
                (if rotate { 0 } else { hint.priority }, chance, &hint.server)
            })
            .collect();
        order.sort_by_key(|&(priority, chance, _)| (priority, chance));
        servers.add(
            order.iter().map(|entry| setup.config.approach(entry.2)),
            setup.view,
            cache,
            now,
        );
        Some(servers)
    }

    /// Takes over the addresses that the search for a name server has found. `packet`: the answer, if there is one.
    pub(crate) fn found_server(
        &mut self,
        setup: &Setup,
        packet: Option<&Packet>,
        name: &Name,
        rtype: u16,
    ) {
        let Some(servers) = self.servers.as_mut() else {
            return;
        };
        let records = packet.into_iter().flat_map(|packet| packet.records(ANSWER));
        let found: Vec<IpAddr> = records.filter_map(|record| record.address()).collect();
        let exists = packet.is_some_and(|packet| packet.code() == rcode::NOERROR);
        match found.is_empty() {
            // Perhaps it has an IPv6 address.
            true if rtype == A && exists => servers.names.push_front((name.clone(), AAAA)),
            true => servers.dead_ends += 1,
            false => {}
        }
        for address in found {
            let address = SocketAddr::new(address, crate::dns::system::config::PORT);
            if servers.addresses.len() < SERVERS
                && setup.may_ask(&address)
                && servers.addresses.iter().all(|s| s.address != address)
            {
                servers.addresses.push(NameServer::from(address).into());
            }
        }
    }
}

/// What the work on a frame led to.
pub(crate) enum Next {
    Ask(Ask),
    /// Look at the frames again.
    Go,
    Done(crate::errno::Result<Packet>),
}

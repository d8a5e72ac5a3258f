// SPDX-License-Identifier: MIT
//! The servers of a zone, in the order in which they are asked.

use super::answer::SERVERS;
use super::cache::{Cache, Delegation, Trait};
use super::setup::Setup;
use crate::clock::Instant;
use crate::dns::message::name::Name;
use crate::dns::message::types::A;
use crate::dns::system::server::{NameServer, Transport};
use std::collections::VecDeque;
use std::net::SocketAddr;

/// The servers of the zone that is asked.
pub(crate) struct Servers {
    pub(crate) zone: Name,
    /// In the order of asking.
    pub(crate) addresses: Vec<Server>,
    /// Names of servers whose addresses are not known, each with the record type to ask for.
    pub(crate) names: VecDeque<(Name, u16)>,
    /// The one that is being asked.
    pub(crate) current: usize,
    /// How many names of servers have led to no address.
    pub(crate) dead_ends: u32,
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) transport: Transport,
    /// How often it was asked; given up at `u32::MAX`.
    pub(crate) tries: u32,
}

impl From<NameServer> for Server {
    fn from(NameServer { address, transport }: NameServer) -> Server {
        Server { address, transport, tries: 0 }
    }
}

impl Servers {
    /// How often the one that is being asked was asked, this time included.
    pub(crate) fn attempt(&self) -> u32 {
        self.addresses.get(self.current).map_or(1, |server| server.tries.saturating_add(1))
    }

    /// No servers.
    pub(crate) fn none(zone: Name) -> Servers {
        Servers { zone, addresses: Vec::new(), names: VecDeque::new(), current: 0, dead_ends: 0 }
    }

    /// Adds the addresses that are asked.
    pub(crate) fn add(
        &mut self,
        addresses: impl Iterator<Item = NameServer>,
        view: u64,
        cache: &mut Cache,
        now: Instant,
    ) {
        self.addresses.extend(addresses.take(SERVERS).map(Server::from));
        // Who was silent lately comes last; the order is kept otherwise.
        self.addresses.sort_by_key(|server| cache.is(view, server.address, Trait::Silent, now));
    }

    /// The servers of a zone to which another server has referred: IPv4 addresses first, as packets to IPv6 addresses
    /// may get nowhere. `setup` tells which addresses may be asked.
    pub(crate) fn of(
        delegation: &Delegation,
        setup: &Setup,
        cache: &mut Cache,
        now: Instant,
    ) -> Servers {
        let known = delegation.servers.iter().flat_map(|server| &server.1);
        let known = known.filter(|address| setup.may_ask(address));
        let (v4, v6): (Vec<SocketAddr>, Vec<SocketAddr>) = known.partition(|a| a.is_ipv4());
        let unknown = delegation.servers.iter().filter(|server| server.1.is_empty());
        let mut servers = Servers::none(delegation.zone.clone());
        servers.names = unknown.map(|server| (server.0.clone(), A)).collect();
        servers.add(v4.into_iter().chain(v6).map(NameServer::from), setup.view, cache, now);
        servers
    }

    /// The server to ask next: the first among those that were asked least.
    pub(crate) fn next(&self, attempts: u32) -> Option<usize> {
        let open = self.addresses.iter().enumerate().filter(|(_, server)| server.tries < attempts);
        let (index, server) = open.min_by_key(|(_, server)| server.tries)?;
        // Before an address is asked twice, the addresses of the servers in `names` are looked for.
        (server.tries == 0 || self.names.is_empty()).then_some(index)
    }
}

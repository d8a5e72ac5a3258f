// SPDX-License-Identifier: MIT
//! Whom to ask first: name servers of zones, known beforehand.

use super::config::{Config, PORT};
use super::server::{scan_address, NameServer};
use crate::dns::message::name::Name;
use crate::errno::Result;
use std::fmt::Write;

/// The root servers: IANA's list as of 2024-04-18, related to root zone 2024041801.
/// <https://www.internic.net/domain/named.root>
const ROOT: &[&str] = &[
    "198.41.0.4",
    "2001:503:ba3e::2:30",
    "170.247.170.2",
    "2801:1b8:10::b",
    "192.33.4.12",
    "2001:500:2::c",
    "199.7.91.13",
    "2001:500:2d::d",
    "192.203.230.10",
    "2001:500:a8::e",
    "192.5.5.241",
    "2001:500:2f::f",
    "192.112.36.4",
    "2001:500:12::d0d",
    "198.97.190.53",
    "2001:500:1::53",
    "192.36.148.17",
    "2001:7fe::53",
    "192.58.128.30",
    "2001:503:c27::2:30",
    "193.0.14.129",
    "2001:7fd::1",
    "199.7.83.42",
    "2001:500:9f::42",
    "202.12.27.33",
    "2001:dc3::35",
];

/// A server, and which come before it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hint {
    /// Where it is, and how it is asked.
    pub server: NameServer,
    /// Lower ones are asked first; equal ones in random order.
    pub priority: i64,
}

/// The servers of zones.
#[derive(Clone, Default, PartialEq, Debug)]
pub struct Hints {
    /// Zones in the order of their first insertion.
    zones: Vec<(Name, Vec<Hint>)>,
}

impl Hints {
    /// The servers of a configuration, one after the other, for everything.
    pub fn stub(config: &Config) -> Hints {
        let mut hints = Hints::default();
        hints.insert_servers(Name::root(), config);
        hints
    }

    /// The root servers.
    pub fn root() -> Hints {
        let mut hints = Hints::default();
        for address in ROOT.iter().filter_map(|text| scan_address(text, PORT).ok()) {
            // Many networks have no IPv6.
            let priority = 1 + i64::from(address.is_ipv6());
            hints.add(Name::root(), Hint { server: address.into(), priority });
        }
        hints
    }

    /// Adds a server of a zone. CQ_EILLEGAL, CQ_EADDRESS for what is none.
    pub fn insert(&mut self, zone: &[u8], address: &str, priority: i64) -> Result<()> {
        let hint = Hint { server: NameServer::scan(address)?, priority };
        self.add(Name::scan(zone)?, hint);
        Ok(())
    }

    /// Adds the servers of a configuration, in their order.
    pub fn insert_servers(&mut self, zone: Name, config: &Config) {
        for (index, server) in config.nameservers.iter().enumerate() {
            self.add(zone.clone(), Hint { server: server.clone(), priority: index as i64 + 1 });
        }
    }

    fn add(&mut self, zone: Name, hint: Hint) {
        match self.zones.iter_mut().find(|entry| entry.0 == zone) {
            Some(entry) => entry.1.push(hint),
            None => self.zones.push((zone, vec![hint])),
        }
    }

    /// The servers of a zone, in the order of insertion.
    pub fn of(&self, zone: &Name) -> &[Hint] {
        let entry = self.zones.iter().find(|entry| entry.0 == *zone);
        entry.map_or(&[], |entry| &entry.1)
    }

    /// All servers.
    pub fn all(&self) -> impl Iterator<Item = &Hint> {
        self.zones.iter().flat_map(|zone| &zone.1)
    }

    /// The servers of a zone, by priority.
    pub fn servers(&self, zone: &Name) -> Vec<Hint> {
        let mut servers = self.of(zone).to_vec();
        servers.sort_by_key(|hint| hint.priority);
        servers
    }

    /// The zone nearest to a name, and its servers in the order of insertion.
    pub fn nearest(&self, name: &Name) -> Option<&(Name, Vec<Hint>)> {
        let above = self.zones.iter().filter(|(zone, _)| name.is_within(zone));
        above.max_by_key(|(zone, _)| zone.labels())
    }

    /// Zones, and under each its servers with their priorities; the latest zone first.
    pub fn format(&self) -> String {
        let mut text = String::new();
        for (zone, servers) in self.zones.iter().rev() {
            let _ = writeln!(text, "ZONE \"{zone}\"");
            for hint in servers {
                // Always with its port.
                let _ = writeln!(text, "\t({}) {}", hint.priority, hint.server.format_beside(0));
            }
        }
        text
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! What a resolver works with, and how it follows changes of the system's files.

use crate::clock::{Instant, Span};
use crate::dns::message::packet::ANSWER;
use crate::dns::message::types::{A, AAAA, IN};
use crate::dns::resolve::candidates::Candidates;
use crate::dns::resolve::compose::local;
use crate::dns::resolve::setup::Setup;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::dns::system::hosts::Hosts;
use crate::dns::system::server::scan_address;
use crate::errno::Result;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

/// How long the system's files are believed to be unchanged.
const FRESH: Span = Span(1_000_000_000);

thread_local! {
    /// The system's hosts file, which resolvers share.
    static HOSTS: RefCell<Option<(Arc<Hosts>, Instant)>> = const { RefCell::new(None) };
    /// The system's configuration, which resolvers share.
    static CONFIG: RefCell<Option<Arc<Config>>> = const { RefCell::new(None) };
}

/// The system's hosts, read again if the file has changed.
pub fn system_hosts(now: Instant) -> Arc<Hosts> {
    HOSTS.with(|known| {
        let mut known = known.borrow_mut();
        let (hosts, checked) = match known.take() {
            Some((hosts, checked)) if now.since(checked) < FRESH => (hosts, checked),
            Some((hosts, _)) => (hosts.refreshed().map_or(hosts, Arc::new), now),
            None => (Arc::new(Hosts::stub()), now),
        };
        *known = Some((Arc::clone(&hosts), checked));
        hosts
    })
}

/// The system's configuration, read again if a file has changed.
pub fn system_config() -> Arc<Config> {
    CONFIG.with(|known| {
        let mut known = known.borrow_mut();
        let fresh = known.take().filter(|config| !config.is_stale());
        let config = fresh.unwrap_or_else(|| Arc::new(Config::stub()));
        *known = Some(Arc::clone(&config));
        config
    })
}

/// See the module.
pub struct Sources {
    setup: Rc<Setup>,
    /// The hosts were not given by the program: they follow the system's file.
    own_hosts: bool,
    /// The hints were not given by the program: they follow the configuration.
    own_hints: bool,
    /// When the system's files were last looked at.
    checked: Instant,
}

impl Sources {
    /// Without `hosts` a stub has the system's and a recursive resolver none; without `hints` a stub has the servers
    /// of the configuration and a recursive resolver those of the root.
    pub fn new(
        config: Arc<Config>,
        hosts: Option<Arc<Hosts>>,
        hints: Option<Arc<Hints>>,
        now: Instant,
    ) -> Sources {
        let (own_hosts, own_hints) = (hosts.is_none() && !config.recurse, hints.is_none());
        let hosts = match (hosts, config.recurse) {
            (Some(hosts), _) => hosts,
            (None, true) => Arc::default(),
            (None, false) => system_hosts(now),
        };
        let setup = Rc::new(setup(config, hosts, hints));
        Sources { setup, own_hosts, own_hints, checked: now }
    }

    /// The present setup.
    pub fn setup(&self) -> &Rc<Setup> {
        &self.setup
    }

    /// Follows changes of the system's files.
    pub fn refresh(&mut self, now: Instant) {
        let follows = self.own_hosts || self.setup.config.system.is_some();
        if !follows || now.since(self.checked) < FRESH {
            return;
        }
        self.checked = now;
        let mut config = Arc::clone(&self.setup.config);
        let changed = config.is_stale() && Arc::make_mut(&mut config).refresh();
        let hosts = match self.own_hosts {
            true => system_hosts(now),
            false => Arc::clone(&self.setup.hosts),
        };
        if changed || !Arc::ptr_eq(&hosts, &self.setup.hosts) {
            let hints = (!self.own_hints).then(|| Arc::clone(&self.setup.hints));
            self.setup = Rc::new(setup(config, hosts, hints));
        }
    }
}

/// A setup from its parts; without `hints`, with those that belong to the configuration.
fn setup(config: Arc<Config>, hosts: Arc<Hosts>, hints: Option<Arc<Hints>>) -> Setup {
    let hints = hints.unwrap_or_else(|| match config.recurse {
        true => Arc::new(Hints::root()),
        false => Arc::new(Hints::stub(&config)),
    });
    // What came in plain text does not answer those who ask over TLS alone.
    let security = (config.dns_over_tls, config.credentials.as_ref().map(|c| c.0.identity()));
    let sources = (config.recurse, hints.format(), config.interface, config.trusts_ad(), security);
    let view = super::resolver::view(&sources);
    let local = hints.all().any(|hint| hint.server.address.ip().to_canonical().is_loopback());
    Setup { config, hosts, hints, view, local }
}

impl Setup {
    /// The addresses of a host that are known without asking anybody, IPv6 first, with port 0: that of a name that is
    /// an address in text, those of the hosts file if that comes before the name servers, and those of `localhost`.
    /// `None`: name servers have to be asked. CQ_EILLEGAL for what is no name.
    pub fn addresses(&self, name: &str) -> Result<Option<Vec<SocketAddr>>> {
        if let Some(address) = scan_plain(name) {
            return Ok(Some(vec![address]));
        }
        let candidates = Candidates::new(self, name)?;
        if self.config.files_first() {
            let known = candidates.each().find_map(|name| {
                let mut list: Vec<SocketAddr> = self.hosts.addresses(name).collect();
                list.sort_by_key(SocketAddr::is_ipv4);
                (!list.is_empty()).then_some(list)
            });
            if known.is_some() {
                return Ok(known);
            }
        }
        let known = candidates.each().find_map(|name| {
            let of = |rtype| local(name, rtype, IN);
            Some([of(AAAA)?, of(A)?])
        });
        Ok(known.map(|packets| {
            let records = packets.iter().flat_map(|packet| packet.records(ANSWER));
            records.filter_map(|r| r.address()).map(|ip| SocketAddr::new(ip, 0)).collect()
        }))
    }
}

/// Whether an address is of a family: AF_INET, AF_INET6, or any other for both.
pub fn is_of(address: &SocketAddr, family: i32) -> bool {
    match family {
        libc::AF_INET => address.is_ipv4(),
        libc::AF_INET6 => address.is_ipv6(),
        _ => true,
    }
}

/// The address of a text that is one, without a port.
fn scan_plain(text: &str) -> Option<SocketAddr> {
    let plain = !text.starts_with('[') && text.contains([':', '.']);
    plain.then(|| scan_address(text, 0).ok()).flatten()
}

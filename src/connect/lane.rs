// SPDX-License-Identifier: MIT
//! One host and port of a race: the addresses that were found and not tried yet.

use crate::controller::{Condition, Member};
use crate::dns::ask::lookup::{usual, Lookup};
use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

/// What sorts addresses.
pub type Sort = fn(&mut [SocketAddr]);

/// A host and a port, and the addresses to try.
pub struct Lane {
    /// The host.
    pub name: String,
    /// The port.
    pub port: u16,
    family: i32,
    search: Search,
    v6: VecDeque<SocketAddr>,
    v4: VecDeque<SocketAddr>,
    /// Whether the next attempt is for an IPv4 address, if there is one.
    v4_next: bool,
    /// Whether an address was tried.
    begun: bool,
    /// Addresses that were tried before those of the host were known.
    hinted: Vec<SocketAddr>,
}

/// The search for the addresses of a host.
enum Search {
    NotBegun,
    UnderWay(Lookup),
    Over,
}

impl Lane {
    /// A lane whose addresses are looked for from the first `look` on. `hints` are tried until they are known.
    pub fn new(name: String, port: u16, family: i32, hints: &[IpAddr]) -> Lane {
        let (mut v6, mut v4) = (VecDeque::new(), VecDeque::new());
        for &hint in hints {
            match hint {
                IpAddr::V4(_) if family != libc::AF_INET6 => v4.push_back((hint, port).into()),
                IpAddr::V6(_) if family != libc::AF_INET => v6.push_back((hint, port).into()),
                _ => {}
            }
        }
        let (search, hinted) = (Search::NotBegun, Vec::new());
        Lane { name, port, family, search, v6, v4, v4_next: false, begun: false, hinted }
    }

    /// Goes on to look for addresses and takes what was found. Why there is none, once that is certain.
    pub fn look(
        &mut self,
        condition: &AtomicShared<Condition>,
        sort: Sort,
    ) -> Result<Option<(Errno, String)>> {
        if matches!(self.search, Search::NotBegun) {
            let lookup = Lookup::with_condition(usual(), &self.name, self.family, condition)?;
            self.search = Search::UnderWay(lookup);
        }
        let tried = self.begun || self.has_untried();
        let Search::UnderWay(lookup) = &mut self.search else { return Ok(None) };
        let over = match lookup.step() {
            Err(Errno::AGAIN) => false,
            result => result.map(|()| true)?,
        };
        let mut failure = None;
        let mut found = lookup.take();
        if over {
            failure = (found.is_empty() && !tried).then(|| (lookup.error(), lookup.reason()));
            self.search = Search::Over;
        }
        if !found.is_empty() {
            found.iter_mut().for_each(|address| address.set_port(self.port));
            sort(&mut found);
            self.take(found);
        }
        self.choose_family(sort);
        Ok(failure)
    }

    /// Takes addresses that were found. Hints of their family, and addresses that were tried as hints, go.
    fn take(&mut self, found: Vec<SocketAddr>) {
        for v4 in [false, true] {
            let mut news = found.iter().filter(|address| address.is_ipv4() == v4).peekable();
            let queue = if v4 { &mut self.v4 } else { &mut self.v6 };
            if news.peek().is_some() {
                queue.clear();
                queue.extend(news.filter(|address| !self.hinted.contains(address)));
            }
        }
    }

    /// Before the first attempt: begins with the family of the address that RFC 6724 puts first.
    fn choose_family(&mut self, sort: Sort) {
        if let (Some(&v6), Some(&v4), false) = (self.v6.front(), self.v4.front(), self.begun) {
            let mut both = [v6, v4];
            sort(&mut both);
            self.v4_next = both[0].is_ipv4();
        }
    }

    /// Takes the next address to try: IPv6 and IPv4 addresses alternate.
    pub fn pick(&mut self) -> Option<SocketAddr> {
        let v4 = (self.v4_next && !self.v4.is_empty()) || self.v6.is_empty();
        let picked = if v4 { self.v4.pop_front() } else { self.v6.pop_front() }?;
        self.v4_next = !v4;
        self.begun = true;
        if !matches!(self.search, Search::Over) {
            self.hinted.push(picked);
        }
        Some(picked)
    }

    /// Puts an address back that could not be tried.
    pub fn put_back(&mut self, address: SocketAddr) {
        self.v4_next = address.is_ipv4();
        self.hinted.retain(|hinted| *hinted != address);
        if address.is_ipv4() { &mut self.v4 } else { &mut self.v6 }.push_front(address);
    }

    /// Goes to another port, as far as its addresses are not tried yet.
    pub fn turn_to(&mut self, port: u16) {
        self.port = port;
        self.v6.iter_mut().chain(&mut self.v4).for_each(|address| address.set_port(port));
    }

    /// Whether there are addresses that were not tried.
    pub fn has_untried(&self) -> bool {
        !self.v6.is_empty() || !self.v4.is_empty()
    }

    /// Whether there may be an IPv6 address that is not known yet.
    pub fn may_have_v6(&self) -> bool {
        self.v6.is_empty() && self.is_searched()
    }

    /// Whether its addresses are being looked for.
    pub fn is_searched(&self) -> bool {
        matches!(self.search, Search::UnderWay(_))
    }

    /// Whether nothing is left to try and nothing to come.
    pub fn is_over(&self) -> bool {
        matches!(self.search, Search::Over) && !self.has_untried()
    }

    /// All addresses that are left, IPv4 first.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> + use<'_> {
        self.v4.iter().chain(&self.v6).copied()
    }

    /// What to wait for before the next `look`.
    pub fn interests(&self) -> impl Iterator<Item = Member> + use<'_> {
        let lookup = match &self.search {
            Search::UnderWay(lookup) => Some(lookup),
            _ => None,
        };
        lookup.into_iter().flat_map(Lookup::interests)
    }

    /// What its search waits for, in words.
    pub fn progress(&self) -> Option<String> {
        match &self.search {
            Search::UnderWay(lookup) => Some(lookup.progress()),
            _ => None,
        }
    }
}

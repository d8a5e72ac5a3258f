// SPDX-License-Identifier: MIT
//! Connecting to a name: its addresses race, RFC 8305. IPv6 and IPv4 addresses are asked for at once. The first
//! attempt begins with the first IPv6 address or, if none has come, with the first IPv4 address 50 ms after that was
//! known. The next attempt begins when one fails, or 250 ms later. The first connection wins.

use crate::clock::{Instant, Span};
use crate::controller::{Descriptor, Member, Owner};
use crate::dns::ask::lookup::{usual, Lookup};
use crate::dns::ask::order::order;
use crate::errno::{Errno, Result};
use crate::poller::Poller;
use crate::socket::{Connecting, Start};
use crate::sys::socket as sock;
use nix::sys::socket::SockaddrStorage;
use std::collections::VecDeque;
use std::net::SocketAddr;

/// How long one attempt has before the next begins: the Connection Attempt Delay of RFC 8305 §5.
const STAGGER: Span = Span(250_000_000);

/// How many attempts are under way at most: a name may have any number of addresses, and each attempt holds a
/// descriptor. The oldest one is given up for the next; unless attempts fail it has had three seconds, 12 times 250
/// ms.
const ATTEMPTS: usize = 12;

/// How long IPv6 addresses are waited for once IPv4 addresses are known: the Resolution Delay of RFC 8305 §3.
const PATIENCE: Span = Span(50_000_000);

/// The addresses of a name, and the attempts to connect to them.
pub struct Race {
    name: String,
    port: u16,
    /// The search for addresses; `None` once it is over.
    lookup: Option<Lookup>,
    v6: VecDeque<SocketAddr>,
    v4: VecDeque<SocketAddr>,
    /// Whether the next attempt is for an IPv4 address, if there is one.
    v4_next: bool,
    /// Whether an address was tried.
    begun: bool,
    /// Sorts addresses, as `order`; tests do without what this host knows.
    sort: fn(&mut [SocketAddr]),
    attempts: Vec<(Descriptor, SocketAddr)>,
    /// When the next attempt begins; `None`: at once.
    next: Option<Instant>,
    error: Option<Errno>,
    /// The last failure, in words.
    story: String,
    /// A kernel queue that watches several descriptors, so that the socket is polled by one.
    poller: Option<(Poller, Owner)>,
    waits: Member,
}

impl Race {
    /// Begins to look for the addresses of a name. `family`: AF_INET, AF_INET6, or AF_UNSPEC for both. ENOMEM.
    pub fn new(name: &str, port: u16, family: i32) -> Result<Race> {
        let lookup = Lookup::new(usual(), name, family)?;
        Ok(Race {
            name: name.to_owned(),
            port,
            lookup: Some(lookup),
            v6: VecDeque::new(),
            v4: VecDeque::new(),
            v4_next: false,
            begun: false,
            sort: order,
            attempts: Vec::new(),
            next: None,
            error: None,
            story: String::new(),
            poller: None,
            waits: Member::NOTHING,
        })
    }
}

impl Connecting for Race {
    fn addresses(&mut self) -> Result<Vec<SocketAddr>> {
        self.look()?;
        if self.lookup.is_some() {
            return Err(self.must_wait(Instant::now()));
        }
        match self.v4.is_empty() && self.v6.is_empty() {
            true => Err(self.error.unwrap_or(Errno::NONAME)),
            false => Ok(self.v4.iter().chain(&self.v6).copied().collect()),
        }
    }

    fn step(&mut self, start: Start) -> Result<(Descriptor, SocketAddr)> {
        self.look()?;
        // The clock is read after `look`, which may take long, so that no attempt gets less than its time.
        let now = Instant::now();
        if let Some(winner) = self.check() {
            return Ok(winner);
        }
        while self.may_start(now) {
            let Some(address) = self.pick() else { break };
            if self.attempts.len() >= ATTEMPTS {
                let (_, oldest) = self.attempts.remove(0);
                self.failed(&oldest, Errno::TIMEDOUT);
            }
            match start(&address) {
                Ok((descriptor, true)) => return Ok((descriptor, address)),
                Ok((descriptor, false)) => {
                    self.attempts.push((descriptor, address));
                    self.next = Some(now.after(STAGGER));
                }
                Err(error) => self.failed(&address, error),
            }
        }
        let over = self.lookup.is_none() && self.attempts.is_empty();
        match over && self.v4.is_empty() && self.v6.is_empty() {
            true => Err(self.error.unwrap_or(Errno::NONAME)),
            false => Err(self.must_wait(now)),
        }
    }

    fn interest(&self) -> Member {
        self.waits.clone()
    }

    fn is_connecting(&self) -> bool {
        !self.attempts.is_empty()
    }

    fn story(&self) -> String {
        let tried = self.attempts.iter().map(|attempt| attempt.1.to_string()).collect::<Vec<_>>();
        match &self.lookup {
            _ if !tried.is_empty() => format!("{}: connecting to {}", self.name, tried.join(", ")),
            _ if !self.story.is_empty() => self.story.clone(),
            Some(lookup) => lookup.progress(),
            None => self.name.clone(),
        }
    }
}

impl Race {
    /// Takes what the lookup has found by now.
    fn look(&mut self) -> Result<()> {
        let Some(lookup) = &mut self.lookup else { return Ok(()) };
        let over = match lookup.step() {
            Err(Errno::AGAIN) => false,
            result => result.map(|()| true)?,
        };
        let mut found = lookup.take();
        if !found.is_empty() {
            found.iter_mut().for_each(|address| address.set_port(self.port));
            (self.sort)(&mut found);
            for address in found {
                if address.is_ipv4() { &mut self.v4 } else { &mut self.v6 }.push_back(address);
            }
        }
        if over {
            if self.story.is_empty()
                && self.v4.is_empty()
                && self.v6.is_empty()
                && self.attempts.is_empty()
            {
                (self.error, self.story) = (Some(lookup.error()), lookup.reason());
            }
            self.lookup = None;
        } else if self.next.is_none() && self.v6.is_empty() && !self.v4.is_empty() {
            self.next = Some(Instant::now().after(PATIENCE));
        }
        self.choose_family();
        Ok(())
    }

    /// Before the first attempt: begins with the family of the address that RFC 6724 puts first.
    fn choose_family(&mut self) {
        if let (Some(&v6), Some(&v4), false) = (self.v6.front(), self.v4.front(), self.begun) {
            let mut both = [v6, v4];
            (self.sort)(&mut both);
            self.v4_next = both[0].is_ipv4();
        }
    }

    /// Looks at the attempts that are under way. Returns the first that is connected; drops those that failed.
    fn check(&mut self) -> Option<(Descriptor, SocketAddr)> {
        let mut index = 0;
        while index < self.attempts.len() {
            let (descriptor, address) = &self.attempts[index];
            // connect(2) again tells the state of the first one.
            let target = SockaddrStorage::from(*address);
            match sock::connect(descriptor.fd(), &target).map_err(Errno::from) {
                Ok(()) | Err(Errno(libc::EISCONN)) => return Some(self.attempts.remove(index)),
                Err(Errno(libc::EALREADY | libc::EINPROGRESS | libc::EINTR)) => index += 1,
                Err(error) => {
                    let reason = sock::take_error(descriptor.fd()).err().map_or(error, Errno::from);
                    let (_, address) = self.attempts.remove(index);
                    self.failed(&address, reason);
                }
            }
        }
        None
    }

    /// Notes that an attempt failed: the next one may begin at once.
    fn failed(&mut self, address: &SocketAddr, error: Errno) {
        self.story = format!("{}: {address}: {error}", self.name);
        self.error = Some(error);
        self.next = None;
    }

    /// Whether it is time for another attempt.
    fn may_start(&self, now: Instant) -> bool {
        match self.next {
            // While nothing is under way, only an IPv6 address that may come is worth waiting for.
            Some(next) => {
                let hopes = self.v6.is_empty() && self.lookup.is_some();
                now >= next || (self.attempts.is_empty() && !hopes)
            }
            None => true,
        }
    }

    /// Takes the next address to try: IPv6 and IPv4 addresses alternate.
    fn pick(&mut self) -> Option<SocketAddr> {
        let v4 = (self.v4_next && !self.v4.is_empty()) || self.v6.is_empty();
        self.v4_next = !v4;
        self.begun = true;
        if v4 {
            self.v4.pop_front()
        } else {
            self.v6.pop_front()
        }
    }

    /// Gathers what to wait for; the result is EAGAIN.
    fn must_wait(&mut self, now: Instant) -> Errno {
        let mut list: Vec<Member> = Vec::new();
        for (descriptor, _) in &self.attempts {
            list.push(descriptor.member(libc::POLLOUT));
        }
        list.extend(self.lookup.iter().flat_map(Lookup::interests));
        let untried = !self.v4.is_empty() || !self.v6.is_empty();
        let next = self.next.filter(|_| untried).map(|next| next.since(now));
        let timeout = list.iter().filter_map(|member| member.timeout).chain(next).min();
        let condition = list.iter().find_map(|member| member.condition.clone());
        let descriptors: Vec<_> = list.iter().filter(|member| member.fd >= 0).collect();
        let polled = match descriptors[..] {
            [] => Member::NOTHING,
            [only] => only.clone(),
            _ => match self.gather(&descriptors) {
                Ok(member) => member,
                Err(error) => return error,
            },
        };
        self.waits = Member { timeout, condition, also: None, ..polled };
        Errno::AGAIN
    }

    /// Puts several descriptors into one kernel queue, to wait for its descriptor.
    fn gather(&mut self, list: &[&Member]) -> Result<Member> {
        // A new queue each time, as it must not contain descriptors that are not waited for any more.
        self.forget_poller();
        let poller = Poller::new()?;
        for member in list {
            poller.set(member.fd, 0, 0, member.events)?;
        }
        let owner = Owner::new()?;
        // The last attempt, or the last question.
        owner.describe(list.last().and_then(|member| member.owner.as_ref()?.words()));
        let member = Member::owned(poller.fd(), libc::POLLIN, &owner);
        self.poller = Some((poller, owner));
        Ok(member)
    }

    fn forget_poller(&mut self) {
        if let Some((_poller, owner)) = self.poller.take() {
            owner.leave(true);
        }
    }
}

impl Drop for Race {
    fn drop(&mut self) {
        self.forget_poller();
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Connecting to a name: its addresses race, RFC 8305. IPv6 and IPv4 addresses are asked for at once. The first
//! attempt begins with the first IPv6 address or, if none has come, with the first IPv4 address 50 ms after that was
//! known. The next attempt begins when one fails, or 250 ms later. The first connection wins.
//!
//! With a service, its records are asked for at the same time and waited for as IPv6 addresses are. The addresses of one
//! endpoint are tried before those of the next (draft-ietf-happy-happyeyeballs-v3 §5.1), in the same rhythm.

use super::lane::{Lane, Sort};
use super::steer::{self, Found, Steer};
use crate::clock::{Instant, Span};
use crate::controller::{Condition, Descriptor, Member, Owner};
use crate::dns::ask::lookup::usual;
use crate::dns::ask::order::order;
use crate::errno::{Errno, Result};
use crate::poller::Poller;
use crate::socket::{Connecting, Service, Start};
use crate::sys::memory::AtomicShared;
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
    /// The host that the program has named.
    name: String,
    family: i32,
    /// What is signalled when a search can go on.
    condition: AtomicShared<Condition>,
    /// Hosts and ports, the best first. The others follow when nothing is left to try of the first.
    lanes: VecDeque<Lane>,
    /// The search for other hosts and ports, if the program has named a service, until it is over.
    steer: Option<Steer>,
    /// Sorts addresses, as `order`; tests do without what this host knows.
    sort: Sort,
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
        let lane = Lane::new(name.to_owned(), port, family, &[]);
        Ok(Race {
            name: name.to_owned(),
            family,
            condition: Condition::new(false)?,
            lanes: VecDeque::from([lane]),
            steer: None,
            sort: order,
            attempts: Vec::new(),
            next: None,
            error: None,
            story: String::new(),
            poller: None,
            waits: Member::NOTHING,
        })
    }

    /// Looks, too, where the service is to be had. Files come before the DNS: a host that they know is not looked for
    /// elsewhere. ENOMEM.
    pub fn steer(mut self, service: AtomicShared<Service>) -> Result<Race> {
        let known = usual().setup().addresses(&self.name);
        if let (Ok(None), Some(lane)) = (known, self.lanes.front_mut()) {
            let steer = Steer::new(service.clone(), &self.name, lane.port, &self.condition);
            self.steer = Some(steer);
        }
        if let Some(lane) = self.lanes.front_mut().filter(|lane| lane.port == 0) {
            lane.turn_to(steer::usual_port(&service));
        }
        Ok(self)
    }
}

impl Connecting for Race {
    fn addresses(&mut self) -> Result<Vec<SocketAddr>> {
        self.look()?;
        let found: Vec<SocketAddr> = self.lanes.iter().flat_map(Lane::addresses).collect();
        match found.is_empty() {
            _ if self.is_searched() => Err(self.must_wait(Instant::now())),
            true => Err(self.error.unwrap_or(Errno::NONAME)),
            false => Ok(found),
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
            let Some(address) = self.pick()? else { break };
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
                Err(error) if error.is_shortage() && self.attempts.is_empty() => {
                    if let Some(lane) = self.lanes.front_mut() {
                        lane.put_back(address);
                    }
                    return Err(error);
                }
                Err(error) => self.failed(&address, error),
            }
        }
        match self.attempts.is_empty() && !self.is_searched() && !self.has_untried() {
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
        let progress = || self.lanes.iter().find_map(Lane::progress);
        match () {
            () if !tried.is_empty() => format!("{}: connecting to {}", self.name, tried.join(", ")),
            () if !self.story.is_empty() => self.story.clone(),
            () => progress().unwrap_or_else(|| self.name.clone()),
        }
    }
}

impl Race {
    /// Takes what the searches have found by now.
    fn look(&mut self) -> Result<()> {
        if let Some(steer) = &mut self.steer {
            match steer.step() {
                Err(Errno::AGAIN) => {}
                Err(error) if error.is_shortage() => return Err(error),
                found => {
                    self.steer = None;
                    self.follow(found)?;
                }
            }
        }
        for index in 0..self.lanes.len() {
            // Those behind the first go on with what they have begun.
            if index == 0 || self.lanes[index].is_searched() {
                self.look_in(index)?;
            }
        }
        let hopes = |lane: &Lane| self.steer.is_some() || lane.may_have_v6();
        let first = self.lanes.front().filter(|lane| lane.has_untried());
        if self.next.is_none() && first.is_some_and(hopes) {
            self.next = Some(Instant::now().after(PATIENCE));
        }
        Ok(())
    }

    fn look_in(&mut self, index: usize) -> Result<()> {
        let failure = self.lanes[index].look(&self.condition, self.sort)?;
        if let Some(failure) = failure.filter(|_| self.error.is_none() && self.attempts.is_empty())
        {
            self.error = Some(failure.0);
            self.story = failure.1;
        }
        Ok(())
    }

    /// Goes where the records of the service lead.
    fn follow(&mut self, found: Result<Found>) -> Result<()> {
        match found {
            Ok(found) => {
                if let Some(host) = self.lanes.pop_front() {
                    self.lanes = found.lanes(host, self.family).into();
                }
            }
            Err(Errno::NONAME) => {
                self.lanes.clear();
                self.error = Some(Errno::NONAME);
                self.story = format!("{}: the service is not offered", self.name);
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn is_searched(&self) -> bool {
        self.steer.is_some() || self.lanes.iter().any(Lane::is_searched)
    }

    /// Whether there are addresses to try, or lanes whose addresses are not looked for yet.
    fn has_untried(&self) -> bool {
        self.lanes.iter().any(|lane| !lane.is_over() && !lane.is_searched() || lane.has_untried())
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
            // While nothing is under way, only what may come and be better is worth waiting for.
            Some(next) => {
                let better = self.lanes.front().is_some_and(Lane::may_have_v6);
                now >= next || (self.attempts.is_empty() && !better && self.steer.is_none())
            }
            None => true,
        }
    }

    /// Takes the next address to try. A lane of which nothing is left, and nothing to come, makes room for the next.
    fn pick(&mut self) -> Result<Option<SocketAddr>> {
        while let Some(lane) = self.lanes.front_mut() {
            if let Some(address) = lane.pick() {
                return Ok(Some(address));
            }
            if !lane.is_over() || self.lanes.len() == 1 {
                break;
            }
            self.lanes.pop_front();
            self.look_in(0)?;
        }
        Ok(None)
    }

    /// Gathers what to wait for; the result is EAGAIN.
    fn must_wait(&mut self, now: Instant) -> Errno {
        let mut list: Vec<Member> = Vec::new();
        for (descriptor, _) in &self.attempts {
            list.push(descriptor.member(libc::POLLOUT));
        }
        list.extend(self.lanes.iter().flat_map(Lane::interests));
        list.extend(self.steer.iter().filter_map(Steer::interest));
        let next = self.next.filter(|_| self.has_untried()).map(|next| next.since(now));
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

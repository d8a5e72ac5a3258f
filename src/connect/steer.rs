// SPDX-License-Identifier: MIT
//! Which hosts and ports a race is for, if the program has named a service: what SVCB and HTTPS records say, RFC 9460
//! §3. A client gets by without them: when they cannot be had, or none can be used, the host itself is tried.

use super::lane::Lane;
use crate::controller::{Condition, Member};
use crate::dns::ask::lookup::usual;
use crate::dns::ask::question::Question;
use crate::dns::message::name::Name;
use crate::dns::resolve::endpoints::{Client, Endpoint, Offer};
use crate::errno::{Errno, Result};
use crate::random;
use crate::socket::Service;
use crate::sys::memory::AtomicShared;

/// How many aliases are followed: as many as of other names.
const ALIASES: usize = 8;

/// The search for the records of a service.
pub struct Steer {
    service: AtomicShared<Service>,
    condition: AtomicShared<Condition>,
    question: Question,
    rtype: u16,
    /// The host to which the last alias led.
    alias: Option<Name>,
    aliases: usize,
}

/// What was found.
pub struct Found {
    endpoints: Vec<Endpoint>,
    alias: Option<Name>,
}

impl Steer {
    /// Begins to look for the records of a service at a host.
    pub fn new(
        service: AtomicShared<Service>,
        host: &str,
        port: u16,
        condition: &AtomicShared<Condition>,
    ) -> Steer {
        let (name, rtype) = client(&service).question(host, port);
        let question = Question::new(usual(), name, rtype, condition.clone());
        let condition = condition.clone();
        Steer { service, condition, question, rtype, alias: None, aliases: 0 }
    }

    /// Goes on without waiting. EAGAIN; ENOMEM; CQ_ENONAME if the service is decidedly not there. Other failures count
    /// as if there were no records.
    pub fn step(&mut self) -> Result<Found> {
        loop {
            let answer = match self.question.step() {
                Err(error @ (Errno::AGAIN | Errno::NOMEM)) => return Err(error),
                Err(error) if error.is_shortage() => return Err(error),
                Err(_) => return Ok(self.found(Vec::new())),
                Ok(answer) => answer,
            };
            match client(&self.service).offer(&answer, self.rtype, &mut random::below) {
                Offer::Unavailable => return Err(Errno::NONAME),
                Offer::Endpoints(list) => return Ok(self.found(list)),
                Offer::Alias(host) if self.aliases < ALIASES => {
                    let (name, condition) = (host.to_string(), self.condition.clone());
                    self.question = Question::new(usual(), name, self.rtype, condition);
                    self.alias = Some(host);
                    self.aliases += 1;
                }
                Offer::Alias(_) | Offer::Nothing => return Ok(self.found(Vec::new())),
            }
        }
    }

    fn found(&mut self, endpoints: Vec<Endpoint>) -> Found {
        Found { endpoints, alias: self.alias.take() }
    }

    /// What to wait for before the next `step`.
    pub fn interest(&self) -> Option<Member> {
        self.question.interest()
    }
}

impl Found {
    /// The lanes of a race, the best first. `host` is the lane of the host that the program has named, which comes last,
    /// unless an alias has another host in its place.
    pub fn lanes(self, mut host: Lane, family: i32) -> Vec<Lane> {
        let port = host.port;
        if let Some(alias) = self.alias {
            host = Lane::new(alias.to_string(), port, family, &[]);
        }
        let name = host.name.clone();
        let own = Name::scan(name.as_bytes()).ok();
        let mut lanes = Vec::with_capacity(self.endpoints.len() + 1);
        // The host's lane until it is used; whether the host is tried at its own port.
        let (mut host, mut tried) = (Some(host), false);
        for endpoint in self.endpoints {
            let to = endpoint.port.unwrap_or(port);
            let is_own = own.as_ref() == Some(&endpoint.host);
            tried |= is_own && to == port;
            // The search for the addresses of the host goes on where they are wanted first.
            let lane = match host.take_if(|_| is_own) {
                Some(mut lane) => {
                    lane.turn_to(to);
                    lane
                }
                None => Lane::new(endpoint.host.to_string(), to, family, &endpoint.hints),
            };
            lanes.push(lane);
        }
        match host {
            Some(host) => lanes.push(host),
            None if !tried => lanes.push(Lane::new(name, port, family, &[])),
            None => {}
        }
        lanes
    }
}

/// The port of a service that the program has named without one.
pub fn usual_port(service: &Service) -> u16 {
    client(service).port()
}

fn client(service: &Service) -> Client<'_> {
    Client { scheme: &service.scheme, protocols: &service.protocols }
}

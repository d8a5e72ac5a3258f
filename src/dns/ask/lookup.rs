// SPDX-License-Identifier: MIT
//! From a host's name to its addresses: IPv6 and IPv4 addresses are asked for at once.

use super::pool::{Resolvers, Ticket};
use super::resolver::Resolver;
use super::sources::{is_of, system_config};
use crate::controller::Condition;
use crate::controller::Member;
use crate::dns::message::packet::{rcode, Packet, ANSWER};
use crate::dns::message::types::{self, A, AAAA};
use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;

thread_local! {
    static USUAL: RefCell<Option<Rc<Resolvers>>> = const { RefCell::new(None) };
}

/// The thread's resolvers for names of hosts: those of the system's files, unless it was told otherwise.
pub fn usual() -> Rc<Resolvers> {
    USUAL.with(|usual| {
        let mut usual = usual.borrow_mut();
        let made = || Rc::new(Resolvers::new(system_config(), None, None));
        Rc::clone(usual.get_or_insert_with(made))
    })
}

/// Sets the thread's resolvers for names of hosts; `None`: those of the system's files.
pub fn set_usual(resolvers: Option<Rc<Resolvers>>) {
    USUAL.with(|usual| *usual.borrow_mut() = resolvers);
}

/// The search for the addresses of one record type.
enum Half {
    /// No resolver has been free yet to ask for records of this type.
    Waiting(u16),
    /// Asked for.
    Asked(Rc<Resolver>),
    /// Found, or not.
    Known(Result<Vec<SocketAddr>>),
}

/// A name whose addresses are looked for.
pub struct Lookup {
    pool: Rc<Resolvers>,
    name: String,
    halves: Vec<Half>,
    /// What wakes the task that waits for the lookup, whichever half can go on.
    condition: AtomicShared<Condition>,
    /// Its place among those who wait for a resolver, once it had to.
    ticket: Option<Rc<Ticket>>,
    /// In words, why there are none.
    reason: String,
}

impl Lookup {
    /// Begins a lookup. `family` is AF_INET, AF_INET6, or AF_UNSPEC for both. No server is asked for what the files
    /// know.
    pub fn new(pool: Rc<Resolvers>, name: &str, family: i32) -> Result<Lookup> {
        let setup = pool.setup();
        let types: &[u16] = match family {
            libc::AF_INET => &[A],
            libc::AF_INET6 => &[AAAA],
            _ if setup.config.leaves_out_aaaa() => &[A],
            _ => &[AAAA, A],
        };
        let halves = match setup.addresses(name) {
            Ok(Some(mut known)) => {
                known.retain(|address| is_of(address, family));
                let found = (!known.is_empty()).then_some(known);
                vec![Half::Known(found.ok_or(Errno::NONAME))]
            }
            Ok(None) => types.iter().map(|&rtype| Half::Waiting(rtype)).collect(),
            Err(error) => vec![Half::Known(Err(error))],
        };
        let condition = Condition::new(false)?;
        let name = name.to_owned();
        Ok(Lookup { pool, name, halves, condition, ticket: None, reason: String::new() })
    }

    /// Goes on without waiting. EAGAIN while anything is still to come.
    pub fn step(&mut self) -> Result<()> {
        let mut waits = false;
        for index in 0..self.halves.len() {
            if let Half::Waiting(rtype) = self.halves[index] {
                if let Some(resolver) = self.resolver()? {
                    let condition = Some(&self.condition);
                    self.halves[index] =
                        match resolver.submit_for(&self.name, rtype, types::IN, condition) {
                            Ok(()) => Half::Asked(resolver),
                            Err(error) => {
                                self.pool.put(resolver);
                                Half::Known(Err(error))
                            }
                        };
                }
            }
            let half = &mut self.halves[index];
            if let Half::Asked(resolver) = half {
                let found = match resolver.fetch() {
                    Err(Errno::AGAIN) => {
                        waits = true;
                        continue;
                    }
                    Ok(packet) => addresses(&packet),
                    Err(error) => Err(error),
                };
                if found.is_err() {
                    self.reason = resolver.reason();
                }
                // A resolver that goes back to the pool keeps no descriptor open.
                resolver.rest();
                self.pool.put(Rc::clone(resolver));
                *half = Half::Known(found);
            }
            waits |= matches!(half, Half::Waiting(_));
        }
        if waits {
            Err(Errno::AGAIN)
        } else {
            Ok(())
        }
    }

    /// A resolver, or a place among those who wait for one. ENOMEM.
    fn resolver(&mut self) -> Result<Option<Rc<Resolver>>> {
        if self.ticket.is_none() {
            if let Some(resolver) = self.pool.get()? {
                return Ok(Some(resolver));
            }
        }
        let made = || Ticket::new(Rc::clone(&self.pool), self.condition.clone());
        self.ticket.get_or_insert_with(made).get()
    }

    /// What to wait for before the next `step`. There is one condition at most.
    pub fn interests(&self) -> impl Iterator<Item = Member> + use<'_> {
        let ticket = self.ticket.as_ref();
        self.halves.iter().filter_map(move |half| match half {
            Half::Waiting(_) => ticket.map(|ticket| ticket.interest()),
            Half::Asked(resolver) => Some(resolver.interest()),
            Half::Known(_) => None,
        })
    }

    /// Takes the addresses that are known by now, IPv6 first; their ports are 0.
    pub fn take(&mut self) -> Vec<SocketAddr> {
        let known = self.halves.iter_mut().filter_map(|half| match half {
            Half::Known(Ok(list)) => Some(std::mem::take(list)),
            _ => None,
        });
        known.flatten().collect()
    }

    /// Why there is no address: the failure that matters most. CQ_ENONAME only if servers or files say that there is
    /// none.
    pub fn error(&self) -> Errno {
        let failures = self.halves.iter().filter_map(|half| match half {
            Half::Known(Err(error)) => Some(*error),
            _ => None,
        });
        failures.max_by_key(|&error| error != Errno::NONAME).unwrap_or(Errno::NONAME)
    }

    /// What it waits for, in words.
    pub fn progress(&self) -> String {
        let asked = self.halves.iter().filter_map(|half| match half {
            Half::Asked(resolver) => Some(resolver.progress()),
            _ => None,
        });
        asked
            .into_iter()
            .next_back()
            .unwrap_or_else(|| format!("{}: waiting for a resolver", self.name))
    }

    /// Why there is no address, in words.
    pub fn reason(&self) -> String {
        match self.reason.is_empty() {
            true => format!("{}: no such host", self.name),
            false => self.reason.clone(),
        }
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        for half in self.halves.drain(..) {
            if let Half::Asked(resolver) = half {
                resolver.rest();
                self.pool.put(resolver);
            }
        }
    }
}

/// The addresses in an answer.
fn addresses(packet: &Packet) -> Result<Vec<SocketAddr>> {
    let found = packet.records(ANSWER).filter_map(|record| record.address());
    let found: Vec<SocketAddr> = found.map(|ip| SocketAddr::new(ip, 0)).collect();
    match (found.is_empty(), packet.code()) {
        (false, _) => Ok(found),
        (true, rcode::NOERROR | rcode::NXDOMAIN) => Err(Errno::NONAME),
        (true, _) => Err(Errno::FAIL),
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! From a host's name to its addresses: IPv6 and IPv4 addresses are asked for at once.

use super::pool::Resolvers;
use super::question::Question;
use super::sources::{is_of, system_config};
use crate::controller::{Condition, Member};
use crate::dns::message::packet::{rcode, Packet, ANSWER};
use crate::dns::message::types::{A, AAAA};
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
    Asked(Box<Question>),
    /// Found, or not.
    Known(Result<Vec<SocketAddr>>),
}

/// A name whose addresses are looked for.
pub struct Lookup {
    name: String,
    halves: Vec<Half>,
    /// In words, why there are none.
    reason: String,
}

impl Lookup {
    /// Begins a lookup. `family` is AF_INET, AF_INET6, or AF_UNSPEC for both. No server is asked for what the files
    /// know.
    pub fn new(pool: Rc<Resolvers>, name: &str, family: i32) -> Result<Lookup> {
        Lookup::with_condition(pool, name, family, &Condition::new(false)?)
    }

    /// As `new`, for a caller that waits for more: the condition is signalled when the lookup can go on.
    pub fn with_condition(
        pool: Rc<Resolvers>,
        name: &str,
        family: i32,
        condition: &AtomicShared<Condition>,
    ) -> Result<Lookup> {
        let setup = pool.setup();
        let types: &[u16] = match family {
            libc::AF_INET => &[A],
            libc::AF_INET6 => &[AAAA],
            _ if setup.config.leaves_out_aaaa() => &[A],
            _ => &[AAAA, A],
        };
        let asked = |&rtype: &u16| {
            let (pool, condition) = (Rc::clone(&pool), condition.clone());
            Half::Asked(Box::new(Question::new(pool, name.to_owned(), rtype, condition)))
        };
        let halves = match setup.addresses(name) {
            Ok(Some(mut known)) => {
                known.retain(|address| is_of(address, family));
                let found = (!known.is_empty()).then_some(known);
                vec![Half::Known(found.ok_or(Errno::NONAME))]
            }
            Ok(None) => types.iter().map(asked).collect(),
            Err(error) => vec![Half::Known(Err(error))],
        };
        Ok(Lookup { name: name.to_owned(), halves, reason: String::new() })
    }

    /// Goes on without waiting. EAGAIN while anything is still to come.
    pub fn step(&mut self) -> Result<()> {
        let mut waits = false;
        for half in &mut self.halves {
            if let Half::Asked(question) = half {
                let found = match question.step() {
                    Err(Errno::AGAIN) => {
                        waits = true;
                        continue;
                    }
                    Ok(packet) => addresses(&packet),
                    // It was not asked, and can be when there is memory, or a descriptor.
                    Err(error) if error == Errno::NOMEM || error.is_shortage() => {
                        return Err(error)
                    }
                    Err(error) => Err(error),
                };
                if found.is_err() {
                    self.reason = question.reason().to_owned();
                }
                *half = Half::Known(found);
            }
        }
        if waits {
            Err(Errno::AGAIN)
        } else {
            Ok(())
        }
    }

    /// What to wait for before the next `step`. There is one condition at most.
    pub fn interests(&self) -> impl Iterator<Item = Member> + use<'_> {
        self.halves.iter().filter_map(move |half| match half {
            Half::Asked(question) => question.interest(),
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
            Half::Asked(question) => Some(question.progress()),
            Half::Known(_) => None,
        });
        asked.into_iter().next_back().unwrap_or_else(|| self.name.clone())
    }

    /// Why there is no address, in words.
    pub fn reason(&self) -> String {
        match self.reason.is_empty() {
            true => format!("{}: no such host", self.name),
            false => self.reason.clone(),
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

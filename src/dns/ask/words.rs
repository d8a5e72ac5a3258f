// SPDX-License-Identifier: MIT
//! What a task waits for that waits for an answer, in words.

use crate::dns::message::types::type_name;
use crate::dns::resolve::exchange::Ask;
use crate::dns::system::server::Transport;
use crate::sys::describe::{Describe, Words};
use crate::sys::memory::AtomicShared;
use std::fmt::{Result, Write};
use std::os::fd::RawFd;
use std::sync::{Mutex, PoisonError};

/// A question on its way, and how often its server was asked, this time included. A datagram socket that asks again keeps
/// it, and it is changed in place. It is locked for that: a controller of another thread, in which the socket is still
/// registered, may look at it.
pub struct Asked(Mutex<(Ask, u32)>);

/// One that a flight or a spare socket holds; `None` without memory, as for all words.
pub type Telling = Option<AtomicShared<Asked>>;

/// The words for the question of an attempt: in place of the one in `known`, or new ones, which `describe` is told.
pub fn tell(known: Telling, ask: &Ask, attempt: u32, describe: impl FnOnce(&Words)) -> Telling {
    let asked = (ask.clone(), attempt);
    if let Some(known) = known {
        *known.0.lock().unwrap_or_else(PoisonError::into_inner) = asked;
        return Some(known);
    }
    let telling = AtomicShared::new(Asked(Mutex::new(asked))).ok();
    describe(&words(&telling));
    telling
}

/// The words of one that is held.
pub fn words(telling: &Telling) -> Words {
    telling.clone().map(AtomicShared::told)
}

impl Describe for Asked {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> Result {
        let asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Ask { server, transport, name, rtype, .. }, attempt) = &*asked;
        match server.port() {
            53 => write!(to, "answer of {}", server.ip())?,
            _ => write!(to, "answer of {server}")?,
        }
        if *transport != Transport::Plain {
            to.write_str(" (TLS)")?;
        }
        write!(to, " to {} {name}, try {attempt}", type_name(*rtype))
    }
}

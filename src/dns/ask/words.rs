// SPDX-License-Identifier: MIT
//! What a task waits for that waits for an answer, in words.

use crate::dns::message::types::type_name;
use crate::dns::resolve::exchange::Ask;
use crate::dns::system::server::Transport;
use crate::sys::describe::Describe;
use std::fmt::{Result, Write};
use std::os::fd::RawFd;

/// A question on its way, and how often its server was asked, this time included.
pub struct Asked {
    pub ask: Ask,
    pub attempt: u32,
}

impl Describe for Asked {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> Result {
        let (Ask { server, transport, name, rtype, .. }, attempt) = (&self.ask, self.attempt);
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

// SPDX-License-Identifier: MIT
//! Why a socket failed, in words, and whom or what it concerns: a peer, or an address of this machine's.

use nix::sys::socket::SockaddrStorage;

use super::{Inner, Socket};
use crate::address::describe;
use crate::errno::Errno;
use crate::sys::socket as sock;

impl Socket {
    /// Why the connection failed, in words: "certificate has expired, peer 127.0.0.1:443".
    pub fn reason(&self) -> Option<String> {
        self.ask(None, |inner| match inner.establishing.race() {
            Some(race) => Some(race.story()),
            None => inner.known_reason().map(str::to_owned),
        })
    }
}

impl Inner {
    /// Keeps a reason, with the peer that it concerns: the host by its name, else the address.
    pub(super) fn explain(&mut self, reason: &str) {
        let host = self.peer().and_then(|peer| Some((peer.host.as_deref()?, peer.port)));
        let peer = match host {
            Some((host, port)) if host.contains(':') => format!("[{host}]:{port}"),
            Some((host, port)) => format!("{host}:{port}"),
            None => sock::peer_name(self.handle.fd)
                .ok()
                .or_else(|| self.target().ok())
                .map_or_else(String::new, |address| describe(&address)),
        };
        self.keep_reason(reason, "peer", &peer);
    }

    /// Keeps why an address is not to be had for this end.
    pub(super) fn explain_own(&mut self, error: Errno, address: &SockaddrStorage) -> Errno {
        self.keep_reason(&error.text(), "local address", &describe(address));
        error
    }

    fn keep_reason(&mut self, reason: &str, whose: &str, address: &str) {
        let reason = match address.is_empty() {
            true => reason.to_owned(),
            false => format!("{reason}, {whose} {address}"),
        };
        self.set_reason(reason);
    }
}

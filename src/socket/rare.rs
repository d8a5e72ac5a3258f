// SPDX-License-Identifier: MIT
//! What only few sockets have, in a block of its own, as there are many that have none of it.

use super::accept::Listening;
use super::greet::Listener;
use super::Inner;
use crate::errno::{Errno, Result};
use crate::sys::memory::boxed;
use crate::tls::Peer;
use std::sync::Arc;

/// What only few sockets have.
#[derive(Default)]
pub struct Rare {
    /// The reason of the last failure, in words.
    pub reason: Option<Box<str>>,
    /// What a listener needs to accept.
    pub listening: Option<Box<Listening>>,
    /// What TLS has to know about the peer, if anything.
    pub peer: Option<Box<Peer>>,
    /// What makes a datagram socket a listener of DTLS.
    pub listener: Option<Box<Listener>>,
    /// Of a peer of such a listener: it counts as long as this is held.
    pub place: Option<Arc<()>>,
}

impl Inner {
    /// What only few sockets have, made if it is not there. ENOMEM.
    pub(super) fn rare(&mut self) -> Result<&mut Rare> {
        if self.rare.is_none() {
            self.rare = Some(boxed(Rare::default())?);
        }
        self.rare.as_deref_mut().ok_or(Errno::NOMEM)
    }

    /// The reason of the last failure, in words.
    pub(super) fn known_reason(&self) -> Option<&str> {
        self.rare.as_ref()?.reason.as_deref()
    }

    /// Keeps a reason, if there is memory for it.
    pub(super) fn set_reason(&mut self, reason: String) {
        if let Ok(rare) = self.rare() {
            rare.reason = Some(reason.into());
        }
    }

    /// Forgets the reason.
    pub(super) fn clear_reason(&mut self) {
        if let Some(rare) = &mut self.rare {
            rare.reason = None;
        }
    }

    /// What TLS has to know about the peer, if anything.
    pub(super) fn peer(&self) -> Option<&Peer> {
        self.rare.as_ref()?.peer.as_deref()
    }

    /// Whether it is a listener of DTLS.
    pub(super) fn greets(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.listener.is_some())
    }
}

// SPDX-License-Identifier: MIT
//! Accepting: connections are taken from a listener one by one.

use super::pace::Burst;
use super::{Inner, Prepared, Socket};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::memory::boxed;
use crate::sys::socket as sock;

/// How long a listener without free descriptors waits before it accepts again: nothing tells when one is free. Chosen: a
/// smaller one makes a server that is full try more often in vain, with a larger one clients wait longer than they need
/// to after a descriptor was closed.
const ACCEPT_RETRY: Span = Span(50_000_000);

/// What only listeners have.
#[derive(Default)]
pub struct Listening {
    /// Memory for the next connection, which an attempt has not used that found none.
    next: Option<Prepared>,
    burst: Burst,
}

impl Inner {
    /// What only listeners have, made if it is not there. ENOMEM.
    fn listening(&mut self) -> Result<&mut Listening> {
        let place = &mut self.rare()?.listening;
        if place.is_none() {
            *place = Some(boxed(Listening::default())?);
        }
        place.as_deref_mut().ok_or(Errno::NOMEM)
    }

    /// Memory for the next connection. ENOMEM.
    pub(super) fn take_prepared(&mut self) -> Result<Prepared> {
        self.listening()?.next.take().map_or_else(Prepared::new, Ok)
    }

    /// Keeps it for the next attempt.
    pub(super) fn keep_prepared(&mut self, prepared: Prepared) {
        if let Ok(listening) = self.listening() {
            listening.next = Some(prepared);
        }
    }
}

impl Socket {
    /// Goes on binding, as `establish` does, and calls listen(2) for an adopted descriptor that does not listen yet.
    pub fn establish_listener(&self) -> Result<()> {
        self.operate(|inner| inner.establish_listener())
    }

    /// Takes a connection from a listener. EAGAIN when there is none, and, for a while, when the
    /// process or the system is out of descriptors. ENOMEM, and the connection stays where it is.
    pub fn accept(&self) -> Result<Socket> {
        self.operate(|inner| {
            match inner.greets() {
                true => inner.establish()?,
                false => inner.establish_listener()?,
            }
            if inner.listening()?.burst.has_accepted_enough() {
                return Err(inner.must_wait(libc::POLLIN));
            }
            if inner.greets() {
                return inner.accept_peer();
            }
            let prepared = inner.take_prepared()?;
            loop {
                match sock::accept(inner.handle.fd).map_err(Errno::from) {
                    Ok(fd) => {
                        let (family, kind) = (inner.handle.family(), inner.handle.kind);
                        let accepted = prepared.connected(fd, family, kind);
                        accepted.inner.inner.borrow_mut().follow_listener(inner);
                        accepted.inner.inner.borrow_mut().input.kernel.note_accepted();
                        inner.interest.events = libc::POLLIN; // for whoever polls the listener now
                        return Ok(accepted);
                    }
                    Err(Errno(libc::ECONNABORTED | libc::EINTR)) => {}
                    Err(Errno(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) => {
                        inner.keep_prepared(prepared);
                        let again = inner.must_wait(0);
                        inner.interest.retry = ACCEPT_RETRY.into();
                        return Err(again);
                    }
                    Err(error) if error.is_again() => {
                        inner.keep_prepared(prepared);
                        return Err(inner.must_wait(libc::POLLIN));
                    }
                    Err(error) => return Err(error),
                }
            }
        })
    }
}

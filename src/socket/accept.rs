// SPDX-License-Identifier: MIT
//! Accepting: connections are taken from a listener one by one.

use super::{Prepared, Socket};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::socket as sock;

/// How long a listener without free descriptors waits before it accepts again: nothing tells when one is free. Chosen: a
/// smaller one makes a server that is full try more often in vain, with a larger one clients wait longer than they need
/// to after a descriptor was closed.
const ACCEPT_RETRY: Span = Span(50_000_000);

impl Socket {
    /// Goes on binding, as `establish` does, and calls listen(2) for an adopted descriptor that does not listen yet.
    pub fn establish_listener(&self) -> Result<()> {
        self.operate(|inner| inner.establish_listener())
    }

    /// Takes a connection from a listener. EAGAIN when there is none, and, for a while, when the
    /// process or the system is out of descriptors. ENOMEM, and the connection stays where it is.
    pub fn accept(&self) -> Result<Socket> {
        self.operate(|inner| {
            match inner.secure.listener.is_some() {
                true => inner.establish()?,
                false => inner.establish_listener()?,
            }
            if inner.pace.has_accepted_enough() {
                return Err(inner.must_wait(libc::POLLIN));
            }
            if inner.secure.listener.is_some() {
                return inner.accept_peer();
            }
            let prepared = inner.next.take().map_or_else(Prepared::new, Ok)?;
            loop {
                match sock::accept(inner.handle.fd).map_err(Errno::from) {
                    Ok(fd) => {
                        let (family, kind) = (inner.handle.family, inner.handle.kind);
                        let accepted = prepared.connected(fd, family, kind);
                        accepted.inner.borrow_mut().follow_listener(inner);
                        accepted.inner.borrow_mut().input.kernel.note_accepted();
                        inner.interest.events = libc::POLLIN; // for whoever polls the listener now
                        return Ok(accepted);
                    }
                    Err(Errno(libc::ECONNABORTED | libc::EINTR)) => {}
                    Err(Errno(libc::EMFILE | libc::ENFILE | libc::ENOBUFS | libc::ENOMEM)) => {
                        inner.next = Some(prepared);
                        let again = inner.must_wait(0);
                        inner.interest.retry = Some(ACCEPT_RETRY);
                        return Err(again);
                    }
                    Err(error) if error.is_again() => {
                        inner.next = Some(prepared);
                        return Err(inner.must_wait(libc::POLLIN));
                    }
                    Err(error) => return Err(error),
                }
            }
        })
    }
}

// SPDX-License-Identifier: MIT
//! What any thread can raise and one waits for.

use crate::controller::{Member, Owner};
use crate::errno::{Errno, Result};
use crate::sys;
use crate::sys::memory::AtomicShared;
use std::cell::Cell;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// What is readable, and what makes it so: one event descriptor, or the ends of a socket pair. None of them blocks.
struct Descriptors {
    readable: OwnedFd,
    #[cfg(not(any(epoll, emulated)))]
    raising: OwnedFd,
}

#[cfg(any(epoll, emulated))]
impl Descriptors {
    fn new() -> io::Result<Descriptors> {
        sys::event::create_owned().map(|readable| Descriptors { readable })
    }

    fn raise(&self) -> io::Result<()> {
        sys::event::raise(self.readable.as_raw_fd())
    }
}

#[cfg(not(any(epoll, emulated)))]
impl Descriptors {
    fn new() -> io::Result<Descriptors> {
        let (readable, raising) = sys::socket::owned_pair(libc::SOCK_STREAM)?;
        Ok(Descriptors { readable, raising })
    }

    fn raise(&self) -> io::Result<()> {
        sys::socket::send(self.raising.as_raw_fd(), &[1], libc::MSG_NOSIGNAL).map(drop)
    }
}

/// What raises a wakeup. It may outlive it.
#[derive(Clone)]
pub struct Raiser(AtomicShared<Descriptors>);

impl Raiser {
    /// Makes the wakeup's descriptor readable; from any thread, and from a signal handler.
    pub fn raise(&self) -> Result<()> {
        match self.0.raise().map_err(Errno::from) {
            Err(error) if error.is_again() => Ok(()), // raised so often that no more can be counted
            result => result,
        }
    }
}

/// A descriptor that is readable from when it was raised until that was seen.
pub struct Wakeup {
    raiser: Raiser,
    owner: Owner,
    freed: Cell<bool>,
}

impl Wakeup {
    /// EMFILE, ENFILE, ENOMEM.
    pub fn new() -> Result<Wakeup> {
        let raiser = Raiser(AtomicShared::new(Descriptors::new()?)?);
        Ok(Wakeup { raiser, owner: Owner::new()?, freed: Cell::new(false) })
    }

    /// The descriptor to wait for.
    pub fn fd(&self) -> RawFd {
        self.raiser.0.readable.as_raw_fd()
    }

    /// What raises it.
    pub fn raiser(&self) -> &Raiser {
        &self.raiser
    }

    /// Whether it was raised since the last call, however often. EAGAIN if not. EBADF: it was freed.
    pub fn take(&self) -> Result<()> {
        if self.freed.get() {
            return Err(Errno::BADF);
        }
        let (mut raised, mut room) = (Err(Errno::AGAIN), [0; 64]);
        // What stands in the place of an event descriptor keeps each raise.
        while nix::unistd::read(&self.raiser.0.readable, &mut room).is_ok_and(|count| count > 0) {
            raised = Ok(());
        }
        raised
    }

    /// What to wait for.
    pub fn interest(&self) -> Member {
        Member::owned(self.fd(), libc::POLLIN, &self.owner)
    }

    /// Ends all waiting, with EBADF: the owner gives the wakeup up.
    pub fn close(&self) {
        self.freed.set(true);
        self.owner.leave(false);
    }
}

impl Drop for Wakeup {
    fn drop(&mut self) {
        self.owner.leave(false);
    }
}

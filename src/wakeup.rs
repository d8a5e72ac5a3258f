// SPDX-License-Identifier: MIT
//! What any thread can raise and one waits for.

use crate::controller::{Member, Owner};
use crate::errno::{Errno, Result};
use crate::sys;
use crate::sys::memory::AtomicShared;
use std::os::fd::RawFd;

#[cfg(any(epoll, emulated))]
mod descriptors {
    use super::{sys, RawFd};
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};

    /// An event descriptor.
    pub struct Descriptors(OwnedFd);

    impl Descriptors {
        pub fn new() -> io::Result<Descriptors> {
            sys::event::create_owned().map(Descriptors)
        }

        pub fn fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }

        pub fn raise(&self) -> io::Result<()> {
            sys::event::raise(self.fd())
        }
    }
}

/// Elsewhere a pipe.
#[cfg(not(any(epoll, emulated)))]
mod descriptors {
    use super::{sys, RawFd};
    use std::io;
    use std::os::fd::{AsRawFd, OwnedFd};

    /// The ends of a pipe: what is readable, and what makes it so.
    pub struct Descriptors(OwnedFd, OwnedFd);

    impl Descriptors {
        pub fn new() -> io::Result<Descriptors> {
            sys::pipe().map(|(out, into)| Descriptors(out, into))
        }

        pub fn fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }

        pub fn raise(&self) -> io::Result<()> {
            nix::unistd::write(&self.1, &[1]).map(drop).map_err(io::Error::from)
        }
    }
}

/// What raises a wakeup. It may outlive it.
#[derive(Clone)]
pub struct Raiser(AtomicShared<descriptors::Descriptors>);

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
}

impl Wakeup {
    /// EMFILE, ENFILE, ENOMEM.
    pub fn new() -> Result<Wakeup> {
        let raiser = Raiser(AtomicShared::new(descriptors::Descriptors::new()?)?);
        Ok(Wakeup { raiser, owner: Owner::new()? })
    }

    /// The descriptor to wait for.
    pub fn fd(&self) -> RawFd {
        self.raiser.0.fd()
    }

    /// What raises it.
    pub fn raiser(&self) -> &Raiser {
        &self.raiser
    }

    /// Whether it was raised since the last call, however often. EAGAIN if not.
    pub fn take(&self) -> Result<()> {
        let mut room = [0; 64];
        let mut raised = Err(Errno::AGAIN);
        while let Ok(count) = sys::socket::receive(self.fd(), &mut room) {
            raised = Ok(());
            if count < room.len() {
                break;
            }
        }
        raised
    }

    /// What to wait for.
    pub fn interest(&self) -> Member {
        Member::owned(self.fd(), libc::POLLIN, &self.owner)
    }
}

impl Drop for Wakeup {
    fn drop(&mut self) {
        self.owner.leave(false);
    }
}

// SPDX-License-Identifier: MIT
//! Descriptors of ours: taken out of the controllers and closed when they go.

use super::{Member, Owner};
use crate::fork::forks;
use crate::poller::Events;
use crate::sys;
use std::os::fd::RawFd;

/// An open descriptor.
pub struct Descriptor {
    fd: RawFd,
    owner: Owner,
    /// How many forks there had been when it was made: a child has a copy.
    born: u32,
    /// The only process that has it, if a child has none.
    #[cfg(kqueue)]
    process: Option<u32>,
}

impl Descriptor {
    /// Takes one over.
    pub fn new(fd: RawFd) -> Descriptor {
        Descriptor {
            fd,
            owner: Owner::new(),
            born: forks(),
            #[cfg(kqueue)]
            process: None,
        }
    }

    /// Takes a kqueue over, which a child of fork(2) does not have: the number is somebody else's there.
    #[cfg(kqueue)]
    pub fn queue(fd: RawFd) -> Descriptor {
        let mut queue = Descriptor::new(fd);
        queue.process = Some(std::process::id());
        queue
    }

    #[cfg(kqueue)]
    fn is_ours(&self) -> bool {
        self.process.is_none_or(|process| process == std::process::id())
    }

    #[cfg(not(kqueue))]
    fn is_ours(&self) -> bool {
        true
    }

    /// Its number.
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// To wait for events of it.
    pub fn member(&self, events: Events) -> Member {
        Member::owned(self.fd, events, &self.owner)
    }

    /// Whether no other process has a copy.
    pub fn is_alone(&self) -> bool {
        self.born == forks()
    }

    /// Gives it to the caller.
    pub fn release(self) -> RawFd {
        self.owner.leave(false);
        let mut this = self;
        std::mem::replace(&mut this.fd, -1)
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        if self.fd >= 0 && self.is_ours() {
            self.owner.leave(self.is_alone());
            sys::close(self.fd);
        }
    }
}

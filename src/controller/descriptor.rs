// SPDX-License-Identifier: MIT
//! Descriptors of the library's own. A descriptor that is dropped is taken out of all controllers and closed.

use super::{Member, Owner};
use crate::errno::Result;
use crate::fork::forks;
use crate::poller::Events;
use crate::sys;
use crate::sys::describe::Words;
use std::os::fd::RawFd;

/// An open descriptor.
pub struct Descriptor {
    fd: RawFd,
    owner: Owner,
    /// The value of `fork::forks` when it was made: a child that was forked since has a copy.
    born: u32,
    /// Of a kqueue, the process that made it: a child of fork(2) does not inherit it. `None` for other descriptors.
    #[cfg(kqueue)]
    process: Option<u32>,
}

impl Descriptor {
    /// Takes over an open descriptor. ENOMEM, and it is closed.
    pub fn new(fd: RawFd) -> Result<Descriptor> {
        Ok(Descriptor {
            fd,
            owner: Owner::new().inspect_err(|_| sys::close(fd))?,
            born: forks(),
            #[cfg(kqueue)]
            process: None,
        })
    }

    /// Takes over a kqueue. A child of fork(2) does not inherit it, and uses the number for other descriptors.
    #[cfg(kqueue)]
    pub fn queue(fd: RawFd) -> Result<Descriptor> {
        let mut queue = Descriptor::new(fd)?;
        queue.process = Some(std::process::id());
        Ok(queue)
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

    /// A member of a wait set that waits for events of this descriptor.
    pub fn member(&self, events: Events) -> Member {
        Member::owned(self.fd, events, &self.owner)
    }

    /// Says what waits for it are for.
    pub fn describe(&self, words: Words) {
        self.owner.describe(words);
    }

    /// Whether no other process can have a copy: this one has not forked since.
    pub fn is_alone(&self) -> bool {
        self.born == forks()
    }

    /// Takes the descriptor out of all controllers and hands it to the caller, who is to close it.
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

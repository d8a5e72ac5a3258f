// SPDX-License-Identifier: MIT
//! Linux.
//!
//! Facts: a signalfd is readable while a signal of its set is pending for the process or for the thread that
//! asks. Reading takes the signal away, from the process and from other signalfds. A signal that is
//! delivered or ignored was never pending, so callers block what they listen for. Nothing is read ahead: a
//! listener that is dropped loses no signal.

use super::{SIGNALFD, SIGTIMEDWAIT};
use crate::controller::{Descriptor, Member};
use crate::errno::Result;
use crate::sys::signal::Set;
use crate::sys::signalfd as sys;
use std::os::fd::RawFd;

/// What the system offers.
pub const FEATURES: u32 = SIGNALFD | SIGTIMEDWAIT;

/// A signalfd.
pub struct Source {
    fd: Descriptor,
}

impl Source {
    /// Listens for the set.
    pub fn new(set: &Set, _signals: &[i32]) -> Result<Source> {
        Ok(Source { fd: Descriptor::new(sys::create(set)?)? })
    }

    /// Readable while a signal is pending.
    pub fn fd(&self) -> RawFd {
        self.fd.fd()
    }

    /// A member that waits until the descriptor is readable.
    pub fn member(&self) -> Member {
        self.fd.member(libc::POLLIN)
    }

    /// Takes the pending signal with the lowest number.
    pub fn take(&self) -> Result<i32> {
        Ok(sys::take(self.fd())?)
    }
}

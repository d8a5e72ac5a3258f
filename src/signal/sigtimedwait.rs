// SPDX-License-Identifier: MIT
//! Solaris and illumos.
//!
//! Facts: no descriptor tells of signals; the pending ones can be asked for. So a wait is a timer, after which
//! `take` asks. A signal that is delivered or ignored was never pending, so callers block what they
//! listen for.

use super::SIGTIMEDWAIT;
use crate::controller::Member;
use crate::errno::Result;
use crate::sys::signal::{take_pending, Set};
use std::os::fd::RawFd;

/// What the system offers.
pub const FEATURES: u32 = SIGTIMEDWAIT;

/// A set of signals to ask for.
pub struct Source {
    set: Set,
}

impl Source {
    /// Listens for the set.
    pub fn new(set: &Set, _signals: &[i32]) -> Result<Source> {
        Ok(Source { set: *set })
    }

    /// -1: there is no descriptor for signals.
    pub fn fd(&self) -> RawFd {
        -1
    }

    /// A member that never fires. The listener adds its interval as a timeout.
    pub fn member(&self) -> Member {
        Member::NOTHING
    }

    /// Takes a pending signal.
    pub fn take(&self) -> Result<i32> {
        Ok(take_pending(&self.set)?)
    }
}

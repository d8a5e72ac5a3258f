// SPDX-License-Identifier: MIT
//! macOS and the BSDs.
//!
//! Facts: EVFILT_SIGNAL tells every queue of every signal that is sent to the process, be it blocked,
//! ignored or delivered, as a count since the last look. It does not take the signal: one that is blocked stays
//! pending, and would be delivered when it is unblocked. On Linux it is gone once it was told, so here it
//! is taken as well where the system can do that without waiting (not on macOS and OpenBSD).

use super::{EVFILT_SIGNAL, KQUEUE};
use crate::controller::{Descriptor, Member};
use crate::errno::{Errno, Result};
use crate::sys::kqueue as sys;
use crate::sys::signal::Set;
use std::cell::RefCell;
use std::os::fd::RawFd;

/// What the system offers.
pub const FEATURES: u32 = EVFILT_SIGNAL | KQUEUE | taking::FEATURE;

/// A kqueue of its own, whose descriptor can be polled by others.
pub struct Source {
    queue: Descriptor,
    events: RefCell<Vec<sys::Event>>,
}

impl Source {
    /// Listens for those signals.
    pub fn new(_set: &Set, signals: &[i32]) -> Result<Source> {
        let queue = Descriptor::queue(sys::create()?)?;
        let added: Vec<sys::Event> = signals
            .iter()
            .map(|&signal| sys::event(signal as usize, sys::SIGNAL, sys::ADD | sys::CLEAR, 0, 0))
            .collect();
        sys::change(queue.fd(), &added)?;
        Ok(Source { queue, events: RefCell::new(Vec::with_capacity(1)) })
    }

    /// Readable when a signal was sent.
    pub fn fd(&self) -> RawFd {
        self.queue.fd()
    }

    /// A member that waits until the descriptor is readable.
    pub fn member(&self) -> Member {
        self.queue.member(libc::POLLIN)
    }

    /// The number of a signal that was sent since the last call told it. EAGAIN if there is none.
    pub fn take(&self) -> Result<i32> {
        let mut events = self.events.borrow_mut();
        sys::wait(self.queue.fd(), &mut events, Some(0))?;
        let signal = sys::ident(events.first().ok_or(Errno::AGAIN)?) as i32;
        taking::take(signal);
        Ok(signal)
    }
}

#[cfg(not(any(target_vendor = "apple", target_os = "openbsd")))]
mod taking {
    pub const FEATURE: u32 = super::super::SIGTIMEDWAIT;

    pub fn take(signal: i32) {
        let set = crate::sys::signal::Set::of(&[signal]);
        let _ = set.and_then(|set| crate::sys::signal::take_pending(&set)); // may not be pending
    }
}

#[cfg(any(target_vendor = "apple", target_os = "openbsd"))]
mod taking {
    pub const FEATURE: u32 = 0;

    pub fn take(_signal: i32) {}
}

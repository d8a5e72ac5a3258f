// SPDX-License-Identifier: MIT
//! Making a controller's descriptor ready from anywhere, the one thing that another thread may
//! do. The event descriptor exists only once somebody has asked for it.

use crate::errno::{Errno, Result};
use crate::{poller, sys};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// The part of a controller that threads share.
pub struct Alert {
    /// The kernel queue; changes only in `reset`, and is -1 after `close`.
    queue: AtomicI32,
    /// The event descriptor, or -1.
    event: AtomicI32,
    /// Whether the event descriptor is readable or about to be.
    raised: AtomicBool,
}

impl Alert {
    /// For a controller with that kernel queue.
    pub fn new(queue: RawFd) -> Alert {
        Alert {
            queue: AtomicI32::new(queue),
            event: AtomicI32::new(-1),
            raised: AtomicBool::new(false),
        }
    }

    /// The event descriptor, if there is one.
    pub fn fd(&self) -> Option<RawFd> {
        Some(self.event.load(Ordering::Acquire)).filter(|&fd| fd >= 0)
    }

    /// Makes sure that there is an event descriptor. EBADF after `close`.
    pub fn enable(&self) -> Result<()> {
        if self.fd().is_some() {
            return Ok(());
        }
        if self.queue.load(Ordering::Acquire) < 0 {
            return Err(Errno::BADF);
        }
        let fd = sys::event::create(false)?;
        // Two threads may race here; the loser's descriptor was never seen by anybody.
        if self.event.compare_exchange(-1, fd, Ordering::AcqRel, Ordering::Acquire).is_err() {
            sys::close(fd);
            return Ok(());
        }
        poller::watch_alert(self.queue.load(Ordering::Acquire), fd)
    }

    /// Makes the controller's descriptor ready, creating the event descriptor if need be.
    pub fn raise(&self) -> Result<()> {
        self.enable()?;
        self.raise_if_enabled();
        Ok(())
    }

    /// Makes the controller's descriptor ready if anybody can be looking at it.
    pub fn raise_if_enabled(&self) {
        let Some(fd) = self.fd() else { return };
        if !self.raised.swap(true, Ordering::AcqRel) {
            // The counter cannot overflow: it is written once between two clears.
            let _ = sys::event::raise(fd);
        }
    }

    /// Makes it unready, within a step that has yet to run. The flag falls after the descriptor was
    /// read: a raise in between belongs to this step. In the other order such a raise would write
    /// what is then read, and the flag, still up, would keep every later one from writing.
    pub fn clear(&self) {
        let Some(fd) = self.fd() else { return };
        sys::event::clear(fd);
        self.raised.swap(false, Ordering::AcqRel);
    }

    /// Closes the event descriptor, for good.
    pub fn close(&self) {
        self.queue.store(-1, Ordering::Release);
        let fd = self.event.swap(-1, Ordering::AcqRel);
        if fd >= 0 {
            sys::close(fd);
        }
    }

    /// Moves to a new kernel queue, with a new event descriptor if there was one.
    pub fn reset(&self, queue: RawFd) -> Result<()> {
        self.queue.store(queue, Ordering::Release);
        let old = self.event.swap(-1, Ordering::AcqRel);
        self.raised.store(false, Ordering::Release);
        if old >= 0 {
            sys::close(old);
            self.enable()?;
        }
        Ok(())
    }
}

impl Drop for Alert {
    fn drop(&mut self) {
        self.close();
    }
}

// SPDX-License-Identifier: MIT
//! Making a controller's descriptor ready from anywhere, the one thing that another thread may
//! do. What that takes (`poller::alert_create`) exists only once somebody has asked for it.

use crate::errno::{Errno, Result};
use crate::poller::{alert_clear, alert_close, alert_create, alert_raise};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

/// The part of a controller that threads share.
pub struct Alert {
    /// The kernel queue; changes only in `reset`, and is -1 after `close`.
    queue: AtomicI32,
    /// What `poller::alert_create` made, or -1.
    event: AtomicI32,
    /// Whether it is ready or about to be.
    raised: AtomicBool,
    /// It was to be raised when there was none yet.
    missed: AtomicBool,
}

impl Alert {
    /// For a controller with that kernel queue.
    pub fn new(queue: RawFd) -> Alert {
        Alert {
            queue: AtomicI32::new(queue),
            event: AtomicI32::new(-1),
            raised: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    /// What the poller reports it as, if there is one.
    pub fn fd(&self) -> Option<RawFd> {
        Some(self.event.load(Ordering::Acquire)).filter(|&fd| fd >= 0)
    }

    /// Makes sure that there is one. EBADF after `close`.
    pub fn enable(&self) -> Result<()> {
        if self.fd().is_some() {
            return Ok(());
        }
        let queue = self.queue.load(Ordering::Acquire);
        if queue < 0 {
            return Err(Errno::BADF);
        }
        let fd = alert_create(queue)?;
        // Two threads may race here; what the loser made was never seen by anybody.
        if self.event.compare_exchange(-1, fd, Ordering::AcqRel, Ordering::Acquire).is_err() {
            alert_close(fd);
        }
        Ok(())
    }

    /// Makes the controller's descriptor ready, from now on by this too.
    pub fn raise(&self) -> Result<()> {
        self.enable()?;
        self.raise_if_enabled();
        Ok(())
    }

    /// Makes the controller's descriptor ready if anybody can be looking at it.
    pub fn raise_if_enabled(&self) {
        let Some(fd) = self.fd() else { return self.missed.store(true, Ordering::Release) };
        if !self.raised.swap(true, Ordering::AcqRel) {
            alert_raise(fd);
        }
    }

    /// Raises it if that was missed before there was one.
    pub fn catch_up(&self) {
        if self.take_missed() {
            self.raise_if_enabled();
        }
    }

    /// Whether that was missed; a step begins, which takes note of it.
    pub fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }

    /// Makes it unready, within a step that has yet to run. The flag falls after it was
    /// cleared: a raise in between belongs to this step. In the other order such a raise would write
    /// what is then read, and the flag, still up, would keep every later one from writing.
    pub fn clear(&self) {
        let Some(fd) = self.fd() else { return };
        alert_clear(fd);
        self.raised.swap(false, Ordering::AcqRel);
    }

    /// Gives it up for good.
    pub fn close(&self) {
        self.queue.store(-1, Ordering::Release);
        let fd = self.event.swap(-1, Ordering::AcqRel);
        if fd >= 0 {
            alert_close(fd);
        }
    }

    /// Moves to a new kernel queue, and is enabled there if it was.
    pub fn reset(&self, queue: RawFd) -> Result<()> {
        self.queue.store(queue, Ordering::Release);
        let old = self.event.swap(-1, Ordering::AcqRel);
        self.raised.store(false, Ordering::Release);
        if old >= 0 {
            alert_close(old);
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

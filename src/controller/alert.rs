// SPDX-License-Identifier: MIT
//! Making a controller's descriptor ready from anywhere, the one thing that another thread may
//! do. What that takes (`poller::alert_create`) exists only once somebody has asked for it.

use crate::errno::{Errno, Result};
use crate::fork::{births, births_again};
use crate::poller::{alert_clear, alert_close, alert_create, alert_move, alert_raise};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The part of a controller that threads share.
pub struct Alert {
    /// The kernel queue, -1 after `close`. Held locked while what raises it is made, or made anew: seldom.
    queue: Mutex<RawFd>,
    /// What `poller::alert_create` made, or -1.
    event: AtomicI32,
    /// How often this process had been born then: a child must not raise its parent's.
    born: AtomicU32,
    /// Whether it is ready or about to be.
    raised: AtomicBool,
    /// It was to be raised when there was none yet.
    missed: AtomicBool,
}

impl Alert {
    /// For a controller with that kernel queue.
    pub fn new(queue: RawFd) -> Alert {
        Alert {
            queue: Mutex::new(queue),
            event: AtomicI32::new(-1),
            born: AtomicU32::new(births()),
            raised: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    /// What raises it, if there is anything.
    fn event(&self) -> Option<RawFd> {
        Some(self.event.load(Ordering::Acquire)).filter(|&fd| fd >= 0)
    }

    /// Whether the kernel watches it beside descriptors.
    pub fn is_enabled(&self) -> bool {
        self.event().is_some()
    }

    /// Makes sure that it can be raised. EBADF after `close`.
    pub fn enable(&self) -> Result<()> {
        match self.event() {
            Some(_) => Ok(()),
            None => self.create(&self.lock()),
        }
    }

    fn create(&self, queue: &MutexGuard<'_, RawFd>) -> Result<()> {
        if self.event().is_some() {
            return Ok(()); // another thread was faster
        }
        match **queue {
            ..0 => Err(Errno::BADF),
            queue => {
                self.event.store(alert_create(queue)?, Ordering::Release);
                Ok(())
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, RawFd> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the controller's descriptor ready, from now on by this too. Takes no lock once it is enabled.
    pub fn raise(&self) -> Result<()> {
        self.enable()?;
        self.raise_if_enabled();
        Ok(())
    }

    /// Makes the controller's descriptor ready if anybody can be looking at it.
    pub fn raise_if_enabled(&self) {
        match self.event() {
            Some(event) if self.born.load(Ordering::Relaxed) == births_again() => {
                if !self.raised.swap(true, Ordering::AcqRel) {
                    alert_raise(event);
                }
            }
            _ => self.missed.store(true, Ordering::Release),
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
        let Some(event) = self.event() else { return };
        alert_clear(event);
        self.raised.swap(false, Ordering::AcqRel);
    }

    /// Gives it up for good.
    pub fn close(&self) {
        let mut queue = self.lock();
        *queue = -1;
        let event = self.event.swap(-1, Ordering::AcqRel);
        if event >= 0 {
            alert_close(event);
        }
    }

    /// The queue was replaced by another one: is enabled there if it was, and ready if it was. `inherited`: in a
    /// child of fork(2), which must not touch its parent's; other threads there are none.
    pub fn reset(&self, new: RawFd, inherited: bool) -> Result<()> {
        let mut queue = self.lock();
        *queue = new;
        let Some(event) = self.event() else {
            self.born.store(births(), Ordering::Relaxed);
            return Ok(());
        };
        if !inherited {
            // Another thread may be raising it now, so it is the same one.
            return alert_move(event, new);
        }
        self.event.store(-1, Ordering::Release);
        alert_close(event);
        self.born.store(births(), Ordering::Relaxed);
        let raised = self.raised.swap(false, Ordering::AcqRel);
        self.create(&queue)?;
        if raised || self.take_missed() {
            self.raise_if_enabled();
        }
        Ok(())
    }
}

impl Drop for Alert {
    fn drop(&mut self) {
        self.close();
    }
}

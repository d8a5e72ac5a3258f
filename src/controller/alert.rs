// SPDX-License-Identifier: MIT
//! The alert makes a controller's descriptor readable, from any thread. The kernel object behind it (see
//! `poller::alert_create`) is made only when somebody first needs it.

use crate::errno::{Errno, Result};
use crate::fork::{births, births_again};
use crate::poller::{alert_clear, alert_close, alert_create, alert_move, alert_raise};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The part of a controller that threads share.
pub struct Alert {
    /// The kernel queue, -1 after `close`. The lock is held while `event` is made, replaced or closed, which is
    /// seldom.
    queue: Mutex<RawFd>,
    /// What `poller::alert_create` made, or -1.
    event: AtomicI32,
    /// The value of `fork::births` in the process that made the queue: a child of fork(2) must not raise its parent's
    /// alert.
    born: AtomicU32,
    /// Whether the alert is raised, or a thread is about to raise it.
    raised: AtomicBool,
    /// Somebody wanted to raise the alert when there was no `event` yet, or only that of the parent process.
    missed: AtomicBool,
}

impl Alert {
    /// The alert of a controller with this kernel queue.
    pub fn new(queue: RawFd) -> Alert {
        Alert {
            queue: Mutex::new(queue),
            event: AtomicI32::new(-1),
            born: AtomicU32::new(births()),
            raised: AtomicBool::new(false),
            missed: AtomicBool::new(false),
        }
    }

    /// What `poller::alert_create` made, if it has been made.
    fn event(&self) -> Option<RawFd> {
        Some(self.event.load(Ordering::Acquire)).filter(|&fd| fd >= 0)
    }

    /// Whether the kernel watches the alert beside the registered descriptors.
    pub fn is_enabled(&self) -> bool {
        self.event().is_some()
    }

    /// Makes sure that the alert can be raised. EBADF after `close`.
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

    /// Makes the controller's descriptor readable, and enables the alert for that. Takes no lock once it is enabled.
    pub fn raise(&self) -> Result<()> {
        self.enable()?;
        self.raise_if_enabled();
        Ok(())
    }

    /// Makes the controller's descriptor readable if the alert is enabled: otherwise nobody can be watching it. What
    /// was missed is noted.
    pub fn raise_if_enabled(&self) {
        match self.event() {
            Some(_) if self.born.load(Ordering::Relaxed) == births_again() => {
                if !self.raised.swap(true, Ordering::SeqCst) {
                    // Read again: it may be another one by now, see `reset`.
                    alert_raise(self.event.load(Ordering::SeqCst));
                }
            }
            _ => self.missed.store(true, Ordering::Release),
        }
    }

    /// Raises the alert if somebody wanted to before it was enabled.
    pub fn catch_up(&self) {
        if self.take_missed() {
            self.raise_if_enabled();
        }
    }

    /// Whether somebody wanted to raise the alert before it was enabled; forgotten by asking.
    pub fn take_missed(&self) -> bool {
        self.missed.swap(false, Ordering::AcqRel)
    }

    /// The same for a step, which costs one load as a rule: a thread that wants to raise it at that very moment is told of by the
    /// next step.
    #[inline]
    pub fn take_missed_lately(&self) -> bool {
        self.missed.load(Ordering::Relaxed) && self.take_missed()
    }

    /// Clears the alert, in a step that has yet to resume its tasks. `raised` is reset after the event was cleared: a
    /// raise in between belongs to this step. In the other order such a raise would be cleared with the event, while
    /// `raised` stayed set and kept every later raise from reaching the kernel.
    pub fn clear(&self) {
        let Some(event) = self.event() else { return };
        alert_clear(event);
        self.raised.swap(false, Ordering::AcqRel);
    }

    /// Closes the alert for good.
    pub fn close(&self) {
        let mut queue = self.lock();
        *queue = -1;
        let event = self.event.swap(-1, Ordering::AcqRel);
        if event >= 0 {
            alert_close(event);
        }
    }

    /// The queue was replaced by `new`: the alert is enabled there if it was enabled before, and raised if it was
    /// raised. `inherited`: this is a child of fork(2), which must not touch its parent's event and has no other
    /// threads.
    pub fn reset(&self, new: RawFd, inherited: bool) -> Result<()> {
        let mut queue = self.lock();
        *queue = new;
        let Some(event) = self.event() else {
            self.born.store(births(), Ordering::Relaxed);
            return Ok(());
        };
        if !inherited {
            // Another thread may be raising it now. Where the event stays it is raised in the new queue too. Where there
            // is another one, that thread sees either the new event, or leaves `raised` set before it is read here.
            let moved = alert_move(event, new)?;
            self.event.store(moved, Ordering::SeqCst);
            if moved != event && self.raised.load(Ordering::SeqCst) {
                alert_raise(moved);
            }
            return Ok(());
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

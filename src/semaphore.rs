// SPDX-License-Identifier: MIT
//! Semaphores: a number of permits that tasks take and give back.

use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use crate::waiters::{Waiters, Want};
use std::cell::Cell;

/// A semaphore: a number of permits that tasks take and give back.
pub struct Semaphore {
    /// The permits that nobody has, those included that are set aside for a task that was woken.
    permits: Cell<usize>,
    freed: Cell<bool>,
    waiters: Waiters,
}

impl Semaphore {
    /// With so many permits. ENOMEM.
    pub fn new(permits: usize) -> Result<AtomicShared<Semaphore>> {
        let (permits, freed) = (Cell::new(permits), Cell::new(false));
        let waiters = Waiters::new("permit of a semaphore")?;
        Ok(AtomicShared::new(Semaphore { permits, freed, waiters })?)
    }

    /// Takes a permit. EAGAIN without one; EPERM if tasks of another thread wait.
    pub fn try_acquire(&self) -> Result<()> {
        self.waiters.check_thread()?;
        match self.count() {
            0 => Err(Errno::AGAIN),
            _ => {
                self.permits.set(self.permits.get() - 1);
                Ok(())
            }
        }
    }

    /// Gives permits back, or adds some. EOVERFLOW if there would be more than a number can tell; EPERM if tasks of
    /// another thread wait.
    pub fn release(&self, permits: usize) -> Result<()> {
        self.waiters.check_thread()?;
        let sum = self.permits.get().checked_add(permits).ok_or(Errno(libc::EOVERFLOW))?;
        self.permits.set(sum);
        self.waiters.settle(sum);
        Ok(())
    }

    /// How many permits can be taken without waiting.
    pub fn count(&self) -> usize {
        self.waiters.free(self.permits.get())
    }

    /// Ends all waiting, with EBADF: the owner gives the semaphore up. EPERM if tasks of another thread wait.
    pub fn close(&self) -> Result<()> {
        self.waiters.check_thread()?;
        self.freed.set(true);
        self.waiters.dismiss();
        Ok(())
    }
}

/// Waiting for a permit.
pub struct Acquire(pub AtomicShared<Semaphore>);

impl Want for Acquire {
    type Thing = ();

    fn with_waiters<R>(&self, f: impl FnOnce(&Waiters) -> R) -> R {
        f(&self.0.waiters)
    }

    /// EBADF if it was woken because the semaphore was freed.
    fn leave(&self, woken: bool) -> Result<()> {
        let Semaphore { permits, freed, waiters } = &*self.0;
        waiters.leave(woken);
        let acquired = match woken {
            true if freed.get() => Err(Errno::BADF),
            true => {
                permits.set(permits.get().saturating_sub(1)); // the one that was set aside
                Ok(())
            }
            false => Err(Errno::TIMEDOUT),
        };
        waiters.settle(permits.get());
        acquired
    }
}

#[cfg(test)]
mod tests;

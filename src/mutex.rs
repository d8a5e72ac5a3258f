// SPDX-License-Identifier: MIT
//! Mutexes: one task at a time. They know who holds them.

use crate::controller::{Controller, TaskId};
use crate::errno::{Errno, Result};
use crate::sys::memory::{AtomicShared, AtomicWeak};
use crate::waiters::{Waiters, Want};
use std::cell::RefCell;

/// A mutex: one task at a time holds it.
pub struct Mutex {
    holder: RefCell<Option<Holder>>,
    waiters: Waiters,
}

/// Who can hold a mutex.
#[derive(Clone)]
pub enum Holder {
    /// A task. The weak reference keeps other controllers from having the address of its own.
    Task(AtomicWeak<Controller>, TaskId),
    /// A thread in which no task runs, by `thread_id::this_thread`.
    Thread(u64),
}

impl Holder {
    fn is(&self, other: &Holder) -> bool {
        match (self, other) {
            (Holder::Task(a, task), Holder::Task(b, other)) => {
                AtomicWeak::is_same(a, b) && task == other
            }
            (Holder::Thread(a), Holder::Thread(b)) => a == b,
            _ => false,
        }
    }

    /// Whether it can still unlock. Of a thread, and of a task that another thread steps, that is not known, and it
    /// counts as living.
    fn lives(&self) -> bool {
        match self {
            Holder::Task(controller, task) => controller
                .upgrade()
                .is_some_and(|cq| cq.check_thread().is_err() || cq.payload(*task).is_ok()),
            Holder::Thread(_) => true,
        }
    }
}

impl Mutex {
    /// Held by nobody. ENOMEM.
    pub fn new() -> Result<AtomicShared<Mutex>> {
        let (holder, waiters) = (RefCell::new(None), Waiters::new("mutex")?);
        Ok(AtomicShared::new(Mutex { holder, waiters })?)
    }

    /// Locks it for `holder`. EBUSY if somebody holds it or was woken to; EPERM if tasks of another thread wait.
    pub fn try_lock(&self, holder: Holder) -> Result<()> {
        self.waiters.check_thread()?;
        match self.waiters.free(self.things()) {
            0 => Err(Errno::BUSY),
            _ => {
                self.holder.replace(Some(holder));
                Ok(())
            }
        }
    }

    /// Whether `holder` holds it.
    pub fn is_held_by(&self, holder: &Holder) -> Result<bool> {
        self.waiters.check_thread()?;
        Ok(self.holder.borrow().as_ref().is_some_and(|known| known.is(holder)))
    }

    /// Unlocks it. EPERM if `holder` does not hold it.
    pub fn unlock(&self, holder: &Holder) -> Result<()> {
        if !self.is_held_by(holder)? {
            return Err(Errno(libc::EPERM));
        }
        self.holder.replace(None);
        self.waiters.settle(1);
        Ok(())
    }

    /// EBUSY while somebody waits for it, or holds it and can still unlock it.
    pub fn check_unused(&self) -> Result<()> {
        self.waiters.check_thread()?;
        let held = self.holder.borrow().as_ref().is_some_and(Holder::lives);
        match held || self.waiters.present() > 0 {
            true => Err(Errno::BUSY),
            false => Ok(()),
        }
    }

    /// How many can be had: the mutex, or nothing.
    fn things(&self) -> usize {
        self.holder.borrow().is_none().into()
    }
}

/// Waiting for a mutex.
pub struct Lock(pub AtomicShared<Mutex>, pub Holder);

impl Want for Lock {
    type Thing = ();

    fn with_waiters<R>(&self, f: impl FnOnce(&Waiters) -> R) -> R {
        f(&self.0.waiters)
    }

    fn leave(&self, woken: bool) -> Result<()> {
        let mutex = &self.0;
        mutex.waiters.leave(woken);
        let locked = match woken {
            true => {
                mutex.holder.replace(Some(self.1.clone()));
                Ok(())
            }
            false => Err(Errno::TIMEDOUT),
        };
        mutex.waiters.settle(mutex.things());
        locked
    }
}

#[cfg(test)]
mod tests;

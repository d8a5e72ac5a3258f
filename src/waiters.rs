// SPDX-License-Identifier: MIT
//! Tasks that wait for things of which there are several: items, permits, a lock. First come, first served.
//!
//! A thing that becomes available is set aside for the task that has waited longest, and the task is woken to take it.
//! Nobody else gets it meanwhile. If the task leaves without taking it, because it was cancelled, its time was over or
//! its fiber was abandoned, the thing goes to the next task. That such a task has left is seen by counting: each task
//! that is present either is queued at the condition or was woken, and no more things are set aside than tasks were
//! woken. So no list has to be kept beside the condition's.

use crate::controller::{Condition, Member};
use crate::errno::Result;
use crate::sys::describe::words;
use crate::sys::memory::AtomicShared;
use std::cell::Cell;

/// The tasks that wait for one kind of thing.
pub struct Waiters {
    /// Where they are queued; signalled for nothing else than a thing that was set aside, or the end of all waiting.
    condition: AtomicShared<Condition>,
    /// How many tasks have entered and have not left.
    present: Cell<usize>,
    /// How many things are set aside: at most as many as there are.
    set_aside: Cell<usize>,
}

impl Waiters {
    /// Nobody waits. `thing` is what they wait for, in words. ENOMEM.
    pub fn new(thing: &'static str) -> Result<Waiters> {
        let (present, set_aside) = (Cell::new(0), Cell::new(0));
        let condition = Condition::new(false)?;
        condition.describe(words(thing))?;
        Ok(Waiters { condition, present, set_aside })
    }

    /// EPERM if tasks of another thread wait.
    pub fn check_thread(&self) -> Result<()> {
        self.condition.check_thread()
    }

    /// How many tasks wait, or were woken and have not come back yet.
    pub fn present(&self) -> usize {
        self.present.get()
    }

    /// How many of these things nobody was promised.
    pub fn free(&self, things: usize) -> usize {
        things.saturating_sub(self.set_aside.get())
    }

    /// Sets things aside for those who have waited longest, and wakes them. To be called whenever there may be more
    /// things than before, or a task has left.
    pub fn settle(&self, things: usize) {
        let woken = self.present.get().saturating_sub(self.condition.waiting());
        let mut set_aside = self.set_aside.get().min(woken);
        while set_aside < things && self.condition.signal(1) == 1 {
            set_aside += 1;
        }
        self.set_aside.set(set_aside);
    }

    /// Wakes everybody: from now on nobody waits, and nothing is set aside.
    pub fn dismiss(&self) {
        self.set_aside.set(0);
        self.condition.signal(usize::MAX);
    }

    fn enter(&self) {
        self.present.set(self.present.get() + 1);
    }

    /// A task leaves. `woken`: what was set aside for it is no longer, and the task must take it before anything is
    /// settled. Otherwise `settle` finds out whether something was set aside for it.
    pub fn leave(&self, woken: bool) {
        self.present.set(self.present.get().saturating_sub(1));
        if woken {
            self.set_aside.set(self.set_aside.get().saturating_sub(1));
        }
    }
}

/// What one task waits for, and what it does when its turn comes.
pub trait Want {
    /// What it gets.
    type Thing;

    /// Those who wait for the same, while the closure runs.
    fn with_waiters<R>(&self, f: impl FnOnce(&Waiters) -> R) -> R;

    /// The task leaves the waiters. `woken`: it takes what was set aside for it. Otherwise ETIMEDOUT, and what may have
    /// been set aside for it goes to the next.
    fn leave(&self, woken: bool) -> Result<Self::Thing>;
}

/// The place of a waiting task among the others. A place that is dropped, as it is with an abandoned fiber, leaves what
/// was set aside for it to the next.
pub struct Place<W: Want> {
    want: W,
    left: Cell<bool>,
}

impl<W: Want> Place<W> {
    /// The last place.
    pub fn new(want: W) -> Place<W> {
        want.with_waiters(Waiters::enter);
        Place { want, left: Cell::new(false) }
    }

    /// What fires when it is this task's turn.
    pub fn member(&self) -> Member {
        self.want.with_waiters(|waiters| Member::condition(&waiters.condition))
    }

    /// Gives the place up. `woken`: its member has fired.
    pub fn leave(&self, woken: bool) -> Result<W::Thing> {
        self.left.set(true);
        self.want.leave(woken)
    }
}

impl<W: Want> Drop for Place<W> {
    fn drop(&mut self) {
        if !self.left.get() {
            let _ = self.want.leave(false); // ETIMEDOUT, which nobody waits for
        }
    }
}

#[cfg(test)]
mod tests;

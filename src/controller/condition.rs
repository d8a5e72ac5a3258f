// SPDX-License-Identifier: MIT
//! Condition variables: tasks queue, a signal wakes the first or the last of them. No descriptor
//! and no syscall is involved within one controller.

use super::extras::Name;
use super::Controller;
use crate::errno::{Errno, Result};
use crate::slab::Slab;
use crate::sys::describe::Words;
use crate::sys::memory::{AtomicShared, AtomicWeak};
use crate::thread_id::this_thread;
use std::cell::RefCell;
use std::ffi::CStr;
use std::sync::atomic::{AtomicU64, Ordering};

const NONE: u32 = u32::MAX;

/// How much memory a waiter takes.
#[cfg(test)]
pub const PLACE: usize = Slab::<Waiter>::PLACE;

/// A queue of waiting tasks, of any controllers of one thread.
pub struct Condition {
    lifo: bool,
    /// The thread whose tasks wait; 0: none wait, and the queue need not be looked at. Other threads find here that
    /// they must not touch the queue.
    thread: AtomicU64,
    queue: RefCell<Queue>,
}

struct Queue {
    waiters: Slab<Waiter>,
    /// The controller of the first who waited since the queue was last empty: nearly always that of all. It may be gone.
    home: AtomicWeak<Controller>,
    first: u32,
    last: u32,
    /// What they wait for.
    words: Words,
}

struct Waiter {
    /// Its controller; a reference to nothing stands for `home`.
    elsewhere: AtomicWeak<Controller>,
    wait: u32,
    previous: u32,
    next: u32,
    /// Says nothing, but a place of the slab needs no room of its own to say that it is free.
    _is_one: bool,
}

impl Condition {
    /// Without waiters. `lifo` wakes the latest waiter first, otherwise the earliest. ENOMEM.
    pub fn new(lifo: bool) -> Result<AtomicShared<Condition>> {
        let (waiters, home) = (Slab::default(), AtomicWeak::new());
        let queue = Queue { waiters, home, first: NONE, last: NONE, words: None };
        let (thread, queue) = (AtomicU64::new(0), RefCell::new(queue));
        Ok(AtomicShared::new(Condition { lifo, thread, queue })?)
    }

    /// EPERM if tasks of another thread wait.
    #[inline]
    pub fn check_thread(&self) -> Result<()> {
        match self.thread.load(Ordering::Relaxed) {
            0 => Ok(()),
            thread if thread == this_thread() => Ok(()),
            _ => Err(Errno(libc::EPERM)),
        }
    }

    /// Says what its waiters wait for. EPERM if they are another thread's.
    pub fn describe(&self, words: Words) -> Result<()> {
        self.check_thread()?;
        self.queue.borrow_mut().words = words;
        Ok(())
    }

    /// Names what its waiters wait for; an empty name takes the name away. EPERM if they are another thread's;
    /// ENAMETOOLONG, ENOMEM.
    pub fn set_name(&self, name: &CStr) -> Result<()> {
        let name = Name::new(name)?;
        match name.is_empty() {
            true => self.describe(None),
            false => self.describe(Some(AtomicShared::new(name)?.told())),
        }
    }

    /// What that is.
    pub fn words(&self) -> Words {
        self.queue.borrow().words.clone()
    }

    /// Notes that the controller of a waiter is now stepped by the calling thread.
    pub(super) fn move_here(&self) {
        self.thread.store(this_thread(), Ordering::Relaxed);
    }

    /// Wakes at most `limit` waiters and returns how many. They run in their controllers' next
    /// step.
    pub fn signal(&self, limit: usize) -> usize {
        if self.thread.load(Ordering::Relaxed) == 0 {
            return 0;
        }
        let (present, home) = self.queue.borrow().present();
        let mut woken = 0;
        while woken < limit.min(present) {
            let Some(Waiter { elsewhere, wait, .. }) = self.take() else { break };
            let other = elsewhere.upgrade();
            let found = if elsewhere.is_none() { home.as_ref() } else { other.as_ref() };
            if let Some(controller) = found {
                controller.signalled(wait);
                woken += 1;
            }
        }
        woken
    }

    fn take(&self) -> Option<Waiter> {
        let mut queue = self.queue.borrow_mut();
        let taken = queue.take(self.lifo);
        self.note_emptied(&queue);
        taken
    }

    /// How many tasks wait.
    pub fn waiting(&self) -> usize {
        self.queue.borrow().waiters.len()
    }

    /// Adds a waiter; the result names its place for `dequeue`. ENOMEM.
    pub(crate) fn enqueue(&self, controller: &AtomicWeak<Controller>, wait: u32) -> Result<u32> {
        let mut queue = self.queue.borrow_mut();
        let place = queue.push(controller, wait)?;
        if queue.waiters.len() == 1 {
            self.move_here();
        }
        Ok(place)
    }

    /// Removes a waiter that has not been woken.
    pub(crate) fn dequeue(&self, place: u32) {
        let mut queue = self.queue.borrow_mut();
        queue.unlink(place);
        self.note_emptied(&queue);
    }

    fn note_emptied(&self, queue: &Queue) {
        if queue.first == NONE {
            self.thread.store(0, Ordering::Relaxed);
        }
    }
}

impl Queue {
    /// How many wait, and the home, if it is still there.
    fn present(&self) -> (usize, Option<AtomicShared<Controller>>) {
        (self.waiters.len(), self.home.upgrade())
    }

    fn push(&mut self, controller: &AtomicWeak<Controller>, wait: u32) -> Result<u32> {
        let previous = self.last;
        let mut elsewhere = AtomicWeak::new();
        if !AtomicWeak::is_same(&self.home, controller) {
            match previous {
                NONE => self.home = controller.clone(),
                _ => elsewhere = controller.clone(),
            }
        }
        let place =
            self.waiters.insert(Waiter { elsewhere, wait, previous, next: NONE, _is_one: true })?
                as u32;
        match previous {
            NONE => self.first = place,
            last => self.waiters[last as usize].next = place,
        }
        self.last = place;
        Ok(place)
    }

    fn take(&mut self, lifo: bool) -> Option<Waiter> {
        let place = if lifo { self.last } else { self.first };
        (place != NONE).then(|| self.unlink(place))
    }

    fn unlink(&mut self, place: u32) -> Waiter {
        let waiter = self.waiters.remove(place as usize);
        match waiter.previous {
            NONE => self.first = waiter.next,
            other => self.waiters[other as usize].next = waiter.next,
        }
        match waiter.next {
            NONE => self.last = waiter.previous,
            other => self.waiters[other as usize].previous = waiter.previous,
        }
        waiter
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Condition variables: tasks queue, a signal wakes the first or the last of them. No descriptor
//! and no syscall is involved within one controller.

use super::Controller;
use slab::Slab;
use std::cell::RefCell;
use std::sync::{Arc, Weak};

const NONE: u32 = u32::MAX;

/// A queue of waiting tasks, of any controllers of one thread.
pub struct Condition {
    lifo: bool,
    queue: RefCell<Queue>,
}

struct Queue {
    waiters: Slab<Waiter>,
    first: u32,
    last: u32,
}

struct Waiter {
    controller: Weak<Controller>,
    wait: u32,
    previous: u32,
    next: u32,
}

impl Condition {
    /// Without waiters. `lifo` wakes the latest waiter first, otherwise the earliest.
    #[allow(clippy::arc_with_non_send_sync)] // shared within one thread; the count is atomic
    pub fn new(lifo: bool) -> Arc<Condition> {
        let queue = Queue { waiters: Slab::new(), first: NONE, last: NONE };
        Arc::new(Condition { lifo, queue: RefCell::new(queue) })
    }

    /// Wakes at most `limit` waiters and returns how many. They run in their controllers' next
    /// step.
    pub fn signal(&self, limit: usize) -> usize {
        let present = self.queue.borrow().waiters.len();
        let mut woken = 0;
        while woken < limit.min(present) {
            let taken = self.queue.borrow_mut().take(self.lifo);
            let Some(waiter) = taken else { break };
            if let Some(controller) = waiter.controller.upgrade() {
                controller.signalled(waiter.wait);
                woken += 1;
            }
        }
        woken
    }

    /// How many tasks wait.
    pub fn waiting(&self) -> usize {
        self.queue.borrow().waiters.len()
    }

    /// Adds a waiter; the result names its place for `dequeue`.
    pub(crate) fn enqueue(&self, controller: Weak<Controller>, wait: u32) -> u32 {
        self.queue.borrow_mut().push(controller, wait)
    }

    /// Removes a waiter that has not been woken.
    pub(crate) fn dequeue(&self, place: u32) {
        self.queue.borrow_mut().unlink(place);
    }
}

impl Queue {
    fn push(&mut self, controller: Weak<Controller>, wait: u32) -> u32 {
        let previous = self.last;
        let place = self.waiters.insert(Waiter { controller, wait, previous, next: NONE }) as u32;
        match previous {
            NONE => self.first = place,
            last => self.waiters[last as usize].next = place,
        }
        self.last = place;
        place
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

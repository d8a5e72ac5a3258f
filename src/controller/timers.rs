// SPDX-License-Identifier: MIT
//! Deadlines in a heap. An entry whose wait has ended is stale. It stays until it comes to the top of the heap, or
//! until stale entries outnumber the live ones: then the heap is swept. Equal deadlines fire in the order in which
//! they were set.

use super::heap::Heap;
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};

/// Names a wait: its place in the slab, and the serial that tells it from later ones there.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TimerKey {
    /// Grows with every timer set, which makes equal deadlines fire in order.
    pub serial: u64,
    /// The wait's place in the slab.
    pub wait: u32,
}

/// The deadlines of one controller.
#[derive(Default)]
pub struct Timers {
    heap: Heap<(Instant, TimerKey)>,
    /// How many entries belong to waits that have ended.
    stale: usize,
}

impl Timers {
    /// Makes room for one more timer. ENOMEM.
    pub fn reserve(&mut self) -> Result<()> {
        self.heap.reserve().map_err(|_| Errno::NOMEM)
    }

    /// Sets a timer, for which there is room.
    pub fn set(&mut self, deadline: Instant, key: TimerKey) {
        self.heap.push((deadline, key));
    }

    /// Counts one entry as stale: its wait has ended before its deadline.
    pub fn forget(&mut self) {
        self.stale += 1;
    }

    /// How many entries there are, stale ones aside.
    pub fn count(&self) -> usize {
        self.heap.len().saturating_sub(self.stale)
    }

    /// Tells all entries, stale ones included, in no order.
    pub fn each(&self, mut tell: impl FnMut(Instant, TimerKey)) {
        self.heap.iter().for_each(|&(deadline, key)| tell(deadline, key));
    }

    /// Whether there are no timers, so that the clock need not be read.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Drops all stale entries if they are more than 64 and more than half of the heap.
    pub fn sweep(&mut self, is_live: impl Fn(TimerKey) -> bool) {
        if self.stale > 64 && self.stale > self.heap.len() / 2 {
            self.heap.retain(|&(_, key)| is_live(key));
            self.stale = 0;
        }
    }

    /// Takes the first entry that is due.
    pub fn pop_due(&mut self, now: Instant) -> Option<TimerKey> {
        let &(deadline, key) = self.heap.peek()?;
        (deadline <= now).then(|| {
            self.heap.pop();
            key
        })
    }

    /// Counts one stale entry less: it came to the top of the heap and was dropped.
    pub fn surfaced(&mut self) {
        self.stale = self.stale.saturating_sub(1);
    }

    /// The time until the first live deadline; drops stale ones in front of it.
    pub fn next(&mut self, now: Instant, is_live: impl Fn(TimerKey) -> bool) -> Option<Span> {
        while let Some(&(deadline, key)) = self.heap.peek() {
            if is_live(key) {
                return Some(deadline.since(now));
            }
            self.heap.pop();
            self.surfaced();
        }
        None
    }
}

#[cfg(test)]
mod tests;

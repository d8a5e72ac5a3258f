// SPDX-License-Identifier: MIT
//! Deadlines. An entry whose wait has ended is stale. It stays until it is the first, or until stale entries outnumber
//! the live ones: then all of them are dropped. Equal deadlines fire in the order in which they were set.
//!
//! A few timers lie in a heap. Of many the next ones are a sorted list, and the later ones lie in buckets, from which the
//! list is filled when it has run empty and one of them is due. Those that are set for a time before that of the buckets lie in the heap, too.

use super::buckets::Buckets;
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

/// A deadline and whose it is.
pub type Entry = (Instant, TimerKey);

/// Up to this number timers lie in the heap, whatever their deadlines.
const FEW: usize = 64;

/// Where an entry lies: in the field of this name.
#[derive(Clone, Copy)]
enum Lies {
    Heap,
    Next,
    Later,
}

/// The deadlines of one controller.
#[derive(Default)]
pub struct Timers {
    heap: Heap<Entry>,
    /// The next deadlines but for those in the heap; the first of them is the last. None of `later` comes before one of them.
    next: Vec<Entry>,
    later: Buckets,
    /// How many entries belong to waits that have ended.
    stale: usize,
}

impl Timers {
    /// Sets a timer. ENOMEM.
    pub fn set(&mut self, deadline: Instant, key: TimerKey) -> Result<()> {
        if self.heap.len() >= FEW && self.later.takes(deadline) {
            return self.later.push((deadline, key));
        }
        self.heap.reserve().map_err(|_| Errno::NOMEM)?;
        self.heap.push((deadline, key));
        Ok(())
    }

    /// Counts one entry as stale: its wait has ended before its deadline.
    pub fn forget(&mut self) {
        self.stale += 1;
    }

    /// How many entries there are, stale ones included.
    fn len(&self) -> usize {
        self.heap.len() + self.next.len() + self.later.len()
    }

    /// How many entries there are, stale ones aside.
    pub fn count(&self) -> usize {
        self.len().saturating_sub(self.stale)
    }

    /// Tells all entries, stale ones included, in no order.
    pub fn each(&self, mut tell: impl FnMut(Instant, TimerKey)) {
        let entries = self.heap.iter().chain(&self.next).chain(self.later.iter());
        entries.for_each(|&(deadline, key)| tell(deadline, key));
    }

    /// Whether there are no timers, so that the clock need not be read.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops all stale entries if they are more than 64 and more than half of all.
    #[inline]
    pub fn sweep(&mut self, is_live: impl Fn(TimerKey) -> bool) {
        if self.stale > 64 && self.stale > self.len() / 2 {
            self.heap.retain(|&(_, key)| is_live(key));
            self.next.retain(|&(_, key)| is_live(key));
            self.later.retain(|&(_, key)| is_live(key));
            self.stale = 0;
        }
    }

    /// The first entry, and where it lies.
    #[inline]
    fn first(&self) -> Option<(Entry, Lies)> {
        let sorted = match self.next.last() {
            Some(&next) => Some((next, Lies::Next)),
            None => self.later.first().map(|later| (later, Lies::Later)),
        };
        match (sorted, self.heap.peek()) {
            (Some((entry, _)), Some(&top)) if top < entry => Some((top, Lies::Heap)),
            (None, top) => top.map(|&top| (top, Lies::Heap)),
            (sorted, _) => sorted,
        }
    }

    /// Drops the first entry; `false` if it lies further away: then it has come nearer.
    #[inline]
    fn drop_first(&mut self, lies: Lies) -> bool {
        match lies {
            Lies::Heap => self.heap.pop().is_some(),
            Lies::Next => self.next.pop().is_some(),
            Lies::Later => {
                self.later.take(&mut self.next);
                false
            }
        }
    }

    /// Takes the first entry that is due.
    #[inline]
    pub fn pop_due(&mut self, now: Instant) -> Option<TimerKey> {
        loop {
            let ((deadline, key), lies) = self.first()?;
            if deadline > now {
                return None;
            }
            if self.drop_first(lies) {
                return Some(key);
            }
        }
    }

    /// Of the sorted entries the one that many behind the first.
    #[inline]
    pub fn ahead(&self, count: usize) -> Option<TimerKey> {
        let place = self.next.len().checked_sub(count + 1)?;
        self.next.get(place).map(|&(_, key)| key)
    }

    /// Counts one stale entry less: it was the first and was dropped.
    pub fn surfaced(&mut self) {
        self.stale = self.stale.saturating_sub(1);
    }

    /// The time until the first live deadline; drops stale ones in front of it.
    pub fn next(&mut self, now: Instant, is_live: impl Fn(TimerKey) -> bool) -> Option<Span> {
        while let Some(((deadline, key), lies)) = self.first() {
            if is_live(key) {
                return Some(deadline.since(now));
            }
            if self.drop_first(lies) {
                self.surfaced();
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;

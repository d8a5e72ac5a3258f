// SPDX-License-Identifier: MIT
//! Times that are far away, sorted roughly: a radix heap. A time lies in the bucket of the highest bit in which it differs
//! from `base`, which is no later than any of them; so all times of a bucket are later than those of the buckets below
//! it. What is wanted is the lowest bucket. A large one is spread over the buckets below it first, with its own earliest
//! time as the new base. A time thus moves down a few times, each time to the end of a list, where a heap would have it
//! compared with others that lie all over the memory.

use super::timers::Entry;
use crate::clock::Instant;
use crate::errno::{Errno, Result};

/// How many entries are sorted at once. A bucket with more is spread first.
const LOT: usize = 256;

/// One for each bit of a time.
const BUCKETS: usize = 64;

/// See the module.
pub struct Buckets {
    /// None before the first entry.
    lists: Vec<Bucket>,
    /// Which of them have entries: a bit for each.
    filled: u64,
    base: Instant,
    len: usize,
}

/// One bucket.
#[derive(Default)]
struct Bucket {
    entries: Vec<Entry>,
    /// The least of them; of an empty bucket any one.
    first: Option<Entry>,
}

impl Bucket {
    /// Adds an entry, for which there is room.
    #[inline]
    fn push(&mut self, entry: Entry) {
        let is_first = self.entries.is_empty() || self.first.is_none_or(|first| entry < first);
        if is_first {
            self.first = Some(entry);
        }
        self.entries.push(entry);
    }
}

impl Default for Buckets {
    fn default() -> Buckets {
        Buckets { lists: Vec::new(), filled: 0, base: Instant(0), len: 0 }
    }
}

impl Buckets {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The entries in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.lists.iter().flat_map(|bucket| &bucket.entries)
    }

    /// The first entry.
    pub fn first(&self) -> Option<Entry> {
        self.lists.get(self.filled.trailing_zeros() as usize)?.first
    }

    /// Whether an entry of that time can be added: no earlier one can.
    pub fn takes(&self, deadline: Instant) -> bool {
        deadline >= self.base
    }

    /// Adds an entry that `takes` allows. ENOMEM.
    pub fn push(&mut self, entry: Entry) -> Result<()> {
        if self.lists.is_empty() {
            self.lists.try_reserve_exact(BUCKETS).map_err(|_| Errno::NOMEM)?;
            self.lists.resize_with(BUCKETS, Bucket::default);
        }
        let place = self.place(&entry);
        let bucket = &mut self.lists[place];
        bucket.entries.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        bucket.push(entry);
        self.filled |= 1 << place;
        self.len += 1;
        Ok(())
    }

    /// Moves the first entries into a list that is empty, sorted, the first of them last. There are entries.
    pub fn take(&mut self, lot: &mut Vec<Entry>) {
        loop {
            let place = self.filled.trailing_zeros() as usize;
            let mut list = std::mem::take(&mut self.lists[place].entries);
            self.filled &= !(1 << place);
            if place > 0 && list.len() > LOT && self.spread(&mut list, place) {
                continue;
            }
            list.sort_unstable_by(|one, other| other.cmp(one));
            // Equal times that come later are later than these.
            self.base = list[0].0;
            self.len -= list.len();
            // The empty list keeps its memory for the bucket.
            self.lists[place].entries = std::mem::replace(lot, list);
            return;
        }
    }

    /// Keeps the entries that fit.
    pub fn retain(&mut self, fits: impl Fn(&Entry) -> bool) {
        (self.filled, self.len) = (0, 0);
        for (place, Bucket { entries, first }) in self.lists.iter_mut().enumerate() {
            entries.retain(&fits);
            *first = entries.iter().min().copied();
            self.len += entries.len();
            self.filled |= u64::from(!entries.is_empty()) << place;
        }
    }

    /// Spreads the entries of the lowest bucket over those below it. `false`: there is no memory for that, and the list is
    /// as it was, in another order.
    fn spread(&mut self, list: &mut Vec<Entry>, place: usize) -> bool {
        let Some((base, _)) = self.lists[place].first else { return false };
        self.base = base;
        while let Some(&entry) = list.last() {
            let to = self.place(&entry);
            let bucket = &mut self.lists[to];
            if bucket.entries.try_reserve(1).is_err() {
                // There is room for them where they came from.
                self.lists[..place].iter_mut().for_each(|bucket| list.append(&mut bucket.entries));
                self.filled &= u64::MAX << place;
                return false;
            }
            bucket.push(entry);
            self.filled |= 1 << to;
            list.pop();
        }
        true
    }

    fn place(&self, entry: &Entry) -> usize {
        let differs = entry.0 .0 ^ self.base.0;
        (differs | 1).ilog2() as usize
    }
}

// SPDX-License-Identifier: MIT
//! What is polled, by descriptor number: who waits, and what the kernel has been told.
//!
//! Registrations outlive waits, so that polling the same descriptor again costs no syscall:
//!
//! - a descriptor whose owner promises to cancel it before closing stays registered until an event
//!   comes that nobody waits for;
//! - any other is dropped before the next wait for the kernel unless somebody polls it again, so a
//!   program may close it once it has polled something else.

use super::waits::{WaitKey, Waits, NONE};
use crate::errno::{Errno, Result};
use crate::poller::{Events, Poller};
use std::os::fd::RawFd;

/// One row of the table.
#[derive(Clone)]
struct Row {
    /// The first and the last wait in order of arrival.
    first: u32,
    last: u32,
    /// What the kernel has been told.
    registered: Events,
    /// Whether the owner cancels before closing.
    owned: bool,
    /// Whether it is in `orphans`.
    orphan: bool,
}

const EMPTY: Row = Row { first: NONE, last: NONE, registered: 0, owned: false, orphan: false };

/// The table of one controller.
#[derive(Default)]
pub struct Descriptors {
    rows: Vec<Row>,
    /// Registered, not owned, and left by their last waiter since the last `drop_orphans`.
    orphans: Vec<RawFd>,
    /// How many rows are registered.
    registered: usize,
}

impl Descriptors {
    /// How many descriptors the kernel watches for us.
    pub fn registered(&self) -> usize {
        self.registered
    }

    fn row(&self, fd: RawFd) -> Option<&Row> {
        self.rows.get(usize::try_from(fd).ok()?)
    }

    /// Whether the kernel has been told of `fd`.
    pub fn is_registered(&self, fd: RawFd) -> bool {
        self.row(fd).is_some_and(|row| row.registered != 0)
    }

    /// Adds a wait for `events` on `fd`, telling the kernel if it does not know yet.
    pub fn add(
        &mut self,
        poller: &Poller,
        waits: &mut Waits,
        key: WaitKey,
        fd: RawFd,
        events: Events,
        owned: bool,
    ) -> Result<()> {
        let index = usize::try_from(fd).map_err(|_| Errno::BADF)?;
        let registered = self.rows.get(index).map_or(0, |row| row.registered);
        let wanted = registered | events;
        if wanted != registered {
            poller.set(fd, registered, wanted)?;
            self.registered += usize::from(registered == 0);
        }
        // Only now: the kernel has said that there is such a descriptor.
        if index >= self.rows.len() {
            self.rows.resize(index + 1, EMPTY);
        }
        let row = &mut self.rows[index];
        row.registered = wanted;
        row.owned = owned;
        waits.link(key, row.last);
        match row.last {
            NONE => row.first = key,
            last => waits.set_next(last, key),
        }
        row.last = key;
        Ok(())
    }

    /// Takes a wait out; the registration stays for now.
    pub fn remove(&mut self, waits: &Waits, key: WaitKey, fd: RawFd) {
        let row = &mut self.rows[fd as usize];
        let (previous, next) = waits.neighbours(key);
        match previous {
            NONE => row.first = next,
            other => waits.set_next(other, next),
        }
        match next {
            NONE => row.last = previous,
            other => waits.set_previous(other, previous),
        }
        if row.first == NONE && !row.owned && !row.orphan {
            row.orphan = true;
            self.orphans.push(fd);
        }
    }

    /// The first wait on `fd`; `waits.neighbours` leads to the others.
    pub fn first(&self, fd: RawFd) -> u32 {
        self.row(fd).map_or(NONE, |row| row.first)
    }

    /// The last wait on `fd`.
    pub fn last(&self, fd: RawFd) -> u32 {
        self.row(fd).map_or(NONE, |row| row.last)
    }

    /// Narrows the registration of `fd` to what is waited for: an event came that nobody wanted.
    pub fn narrow(&mut self, poller: &Poller, waits: &Waits, fd: RawFd) {
        let Some(row) = self.rows.get_mut(fd as usize) else { return };
        let wanted = waits.wanted(row.first);
        if wanted != row.registered {
            self.registered -= usize::from(wanted == 0 && row.registered != 0);
            // Failure means that the kernel has dropped it already.
            let _ = poller.set(fd, row.registered, wanted);
            row.registered = wanted;
        }
    }

    /// Drops the registrations that must not outlive their waits.
    #[inline]
    pub fn drop_orphans(&mut self, poller: &Poller, waits: &Waits) {
        if !self.orphans.is_empty() {
            self.drop_all_orphans(poller, waits);
        }
    }

    fn drop_all_orphans(&mut self, poller: &Poller, waits: &Waits) {
        while let Some(fd) = self.orphans.pop() {
            self.rows[fd as usize].orphan = false;
            if self.rows[fd as usize].first == NONE {
                self.narrow(poller, waits, fd);
            }
        }
    }

    /// Forgets the registration of `fd` at once: it is about to be closed. `last`: with it goes the last
    /// reference to its file, so that the kernel forgets by itself, epoll(7) Q6.
    pub fn forget(&mut self, poller: &Poller, fd: RawFd, last: bool) {
        let Some(row) = usize::try_from(fd).ok().and_then(|i| self.rows.get_mut(i)) else { return };
        if row.registered != 0 {
            match last {
                true => poller.closing(fd),
                false => drop(poller.set(fd, row.registered, 0)),
            }
            row.registered = 0;
            self.registered -= 1;
        }
    }

    /// Registers everything with a new kernel queue. A descriptor that the kernel refuses is left
    /// unregistered: its waiters see the refusal when they poll again.
    pub fn register_all(&mut self, poller: &Poller, waits: &Waits) {
        self.registered = 0;
        for (index, row) in self.rows.iter_mut().enumerate() {
            let wanted = waits.wanted(row.first);
            row.registered = match wanted != 0 && poller.set(index as RawFd, 0, wanted).is_ok() {
                true => wanted,
                false => 0,
            };
            self.registered += usize::from(row.registered != 0);
        }
    }
}

// SPDX-License-Identifier: MIT
//! The registrations of a controller: who waits for a descriptor, and for which events the kernel watches it.
//!
//! Each descriptor has a row in a table. The token by which the kernel reports a descriptor is made of the row's
//! index and its generation, so that an event of a registration that should be gone is not taken for one of a later
//! descriptor with the same number.
//!
//! Registrations outlive waits, so that polling the same descriptor again costs no syscall:
//!
//! - a descriptor with an owner (see [`super::owner`]), which is one of the library's own, stays registered until its
//!   owner leaves, or until an event comes that nobody waits for;
//! - a foreign descriptor, one without owner, is taken out before the kernel is asked again, unless somebody polls it
//!   again before: so a program may close it once it has polled something else;
//! - a descriptor with an owner is treated like a foreign one if its member is not `lasting`: the kernel reports
//!   ready descriptors in an order that depends on when they were registered, and Lua programs depend on that order.

use super::member::LEVEL;
use super::owner::{Owner, FOREIGN};
use super::row::Row;
use super::waits::{WaitKey, Waits, NONE};
use super::{Controller, Polled};
use crate::errno::{Errno, Result};
use crate::fork::{births, births_again};
use crate::poller::{Events, Poller, Token, EDGES};
use crate::sys::describe::{Describe, Words};
use crate::sys::memory::{AtomicShared, AtomicWeak};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::os::fd::RawFd;

/// A token has 48 bits: 28 for the index of the row, 20 for its generation.
const PLACES: u32 = 28;
const GENERATIONS: u32 = (1 << 20) - 1;

/// The table of one controller.
#[derive(Default)]
pub struct Descriptors {
    rows: Vec<Row>,
    /// Rows that are free.
    free: Vec<u32>,
    /// By descriptor number, the row of the descriptor that has it now.
    numbers: Vec<u32>,
    /// Rows that are registered, not lasting, and were left by their last waiter since the last `drop_orphans`.
    orphans: Vec<u32>,
    /// Of the few rows whose owners say it, what their waits are for. They are not kept in the rows, which are looked at
    /// in every wait.
    words: HashMap<u32, AtomicShared<dyn Describe>, BuildHasherDefault<DefaultHasher>>,
    /// How many rows are registered.
    registered: usize,
    /// The value of `fork::births` when the kernel queue was made: a child of fork(2) must not change its parent's
    /// queue.
    born: u32,
}

impl Descriptors {
    /// How many descriptors the kernel watches for us.
    pub fn registered(&self) -> usize {
        self.registered
    }

    /// The number of the descriptor in a row.
    pub fn number(&self, row: u32) -> RawFd {
        self.rows.get(row as usize).map_or(-1, |row| row.fd)
    }

    /// What the owner of a row says that its waits are for.
    pub fn words(&self, row: u32) -> Words {
        self.words.get(&row).cloned()
    }

    /// Sets that, if there is memory for it.
    #[inline(always)]
    pub fn set_words(&mut self, row: u32, words: Words) {
        if words.is_some() || !self.words.is_empty() {
            self.change_words(row, words);
        }
    }

    #[cold]
    fn change_words(&mut self, row: u32, words: Words) {
        match words {
            Some(words) if self.words.try_reserve(1).is_ok() => drop(self.words.insert(row, words)),
            _ => drop(self.words.remove(&row)),
        }
    }

    /// The empty table of a controller whose kernel queue has just been made.
    pub fn new() -> Descriptors {
        Descriptors { born: births(), ..Descriptors::default() }
    }

    /// Whether the kernel queue was made by the parent of this process, before fork(2).
    pub fn is_inherited(&self) -> bool {
        self.born != births_again()
    }

    /// The row of the descriptor that has this number.
    #[inline(always)]
    pub fn row_of(&self, fd: RawFd) -> Option<u32> {
        match self.numbers.get(usize::try_from(fd).ok()?) {
            Some(&row) if row != NONE => Some(row),
            _ => None,
        }
    }

    /// The row of the descriptor that an event reports by this token; `None` if that registration should be gone.
    pub fn row_named(&self, token: Token) -> Option<u32> {
        let index = (token & ((1 << PLACES) - 1)) as u32;
        let row = self.rows.get(index as usize)?;
        (row.fd >= 0 && token == name(index, row.generation)).then_some(index)
    }

    /// Makes sure that the kernel watches `fd` for `events`. Returns its row, to which a wait can be added.
    #[inline]
    pub fn register(
        &mut self,
        poller: &Poller,
        me: &AtomicWeak<Controller>,
        on: Polled<'_>,
    ) -> Result<u32> {
        if let Some(index) = self.row_of(on.fd) {
            let row = &self.rows[index as usize];
            if row.owner == on.owner.map_or(FOREIGN, Owner::id) && row.will_tell(on) {
                return Ok(index); // nearly always
            }
        }
        self.register_more(poller, me, on)
    }

    #[cold]
    fn register_more(
        &mut self,
        poller: &Poller,
        me: &AtomicWeak<Controller>,
        Polled { fd, events, owner, lasting, emptied }: Polled<'_>,
    ) -> Result<u32> {
        let wanted_owner = owner.map_or(FOREIGN, Owner::id);
        let found = self.row_of(fd).filter(|&row| {
            let present = self.rows[row as usize].owner;
            present == wanted_owner || wanted_owner == FOREIGN || present == FOREIGN
        });
        let (index, is_new) = match found {
            Some(index) => (index, false),
            None => (self.free_row()?, true),
        };
        if let Some(owner) = owner {
            owner.reserve()?;
        }
        let claims = owner.is_some() && self.rows[index as usize].owner == FOREIGN;
        let row = &mut self.rows[index as usize];
        let wanted = row.registered | events;
        let edges = match owner.is_some() && emptied == LEVEL {
            true => 0,
            false if claims => {
                if lasting {
                    EDGES
                } else {
                    0
                }
            }
            false => row.edges,
        };
        // An owner that claims a foreign row without waiters may have another descriptor under that number, one that
        // the kernel does not watch yet: so it is told of all events.
        let before = if claims && row.first == NONE { 0 } else { row.registered };
        let tells = wanted != before || row.armed & events != events;
        if tells && self.born == births_again() {
            poller.set(fd, name(index, row.generation), before, wanted | edges)?;
        }
        // Only now: the kernel has said that there is such a descriptor.
        if is_new {
            self.enter(poller, index, fd, wanted)?;
        }
        let row = &mut self.rows[index as usize];
        if tells {
            self.registered += usize::from(row.registered == 0);
            (row.registered, row.armed, row.edges) = (wanted, wanted, edges);
        }
        if let Some(owner) = owner.filter(|_| claims) {
            (row.owner, row.lasting) = (wanted_owner, lasting);
            owner.enter(me.clone(), name(index, row.generation));
            self.set_words(index, owner.words());
        }
        Ok(index)
    }

    /// Adds a wait to a row.
    pub fn add(&mut self, waits: &Waits, key: WaitKey, index: u32) {
        let row = &mut self.rows[index as usize];
        waits.link(key, row.last);
        match row.last {
            NONE => row.first = key,
            last => waits.set_next(last, key),
        }
        row.last = key;
        // Nearly always the row is the last orphan: the task that has just left it waits for the same descriptor
        // again.
        if row.orphan && self.orphans.last() == Some(&index) {
            self.orphans.pop();
            row.orphan = false;
        }
    }

    /// Whether a wait is the only one of a row, which is that of this descriptor and registered for what is asked for.
    #[inline(always)]
    pub fn has_only(&self, index: u32, key: WaitKey, on: Polled<'_>) -> bool {
        let Some(row) = self.rows.get(index as usize) else { return false };
        row.first == key
            && row.last == key
            && row.fd == on.fd
            && row.owner == on.owner.map_or(FOREIGN, Owner::id)
            && row.will_tell(on)
            && self.row_of(on.fd) == Some(index)
    }

    /// The index of a free row, which stays free until `enter`.
    fn free_row(&mut self) -> Result<u32> {
        if let Some(&index) = self.free.last() {
            return Ok(index);
        }
        let index = self.rows.len();
        if index >= (1 << PLACES) - 1 {
            return Err(Errno::NOMEM);
        }
        // Room for this row in every list, so that no memory is needed when it is freed or becomes an orphan.
        let more = |list: &mut Vec<u32>| list.try_reserve(index + 1 - list.len().min(index + 1));
        more(&mut self.free).and_then(|()| more(&mut self.orphans)).map_err(|_| Errno::NOMEM)?;
        self.rows.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        self.rows.push(Row::new());
        self.free.push(index as u32);
        Ok(index as u32)
    }

    /// Gives a free row to a descriptor that the kernel watches already. On ENOMEM the kernel watches it no more.
    fn enter(&mut self, poller: &Poller, index: u32, fd: RawFd, told: Events) -> Result<()> {
        let size = fd as usize + 1;
        let more = size.saturating_sub(self.numbers.len());
        if self.numbers.try_reserve(more).is_err() {
            if self.born == births_again() {
                let generation = self.rows[index as usize].generation;
                let _ = poller.set(fd, name(index, generation), told, 0);
            }
            return Err(Errno::NOMEM);
        }
        if more > 0 {
            self.numbers.resize(size, NONE);
        }
        debug_assert_eq!(self.free.last(), Some(&index));
        self.free.pop();
        self.numbers[fd as usize] = index;
        self.rows[index as usize].fd = fd;
        Ok(())
    }

    /// Frees a row that is not registered and that nobody waits for.
    fn free(&mut self, index: u32) {
        let row = &mut self.rows[index as usize];
        let place = &mut self.numbers[row.fd as usize];
        if *place == index {
            *place = NONE;
        }
        row.generation = (row.generation + 1) & GENERATIONS;
        (row.fd, row.owner, row.lasting, row.edges) = (-1, FOREIGN, false, 0);
        self.set_words(index, None);
        self.free.push(index);
    }

    /// Takes a wait out; the registration stays for now.
    pub fn remove(&mut self, waits: &Waits, key: WaitKey, index: u32) {
        let row = &mut self.rows[index as usize];
        let (previous, next) = waits.neighbours(key);
        match previous {
            NONE => row.first = next,
            other => waits.set_next(other, next),
        }
        match next {
            NONE => row.last = previous,
            other => waits.set_previous(other, previous),
        }
        if row.first == NONE && !row.lasting && !row.orphan {
            row.orphan = true;
            self.orphans.push(index);
        }
    }

    /// The first wait of a row; `waits.neighbours` leads to the others.
    pub fn first(&self, index: u32) -> u32 {
        self.rows[index as usize].first
    }

    /// The last wait of a row.
    pub fn last(&self, index: u32) -> u32 {
        self.rows[index as usize].last
    }

    /// The kernel has told of a row.
    #[inline]
    pub fn note_told(&mut self, index: u32, events: Events) {
        self.rows[index as usize].note_told(events);
    }

    /// Narrows a registration to what is waited for: an event came that nobody wanted.
    pub fn narrow(&mut self, poller: &Poller, waits: &Waits, index: u32) {
        let row = &self.rows[index as usize];
        let (registered, wanted) = (row.registered, waits.wanted(row.first));
        if wanted != registered {
            self.registered -= usize::from(wanted == 0 && registered != 0);
            if self.may_tell(index) {
                // Failure means that the kernel has dropped it already.
                let after = if wanted == 0 { 0 } else { wanted | row.edges };
                let _ = poller.set(row.fd, name(index, row.generation), registered, after);
            }
            let row = &mut self.rows[index as usize];
            (row.registered, row.armed) = (wanted, wanted);
        }
    }

    /// Whether the kernel is to be told of changes: not in a child that has its parent's queue, nor of a row whose
    /// number has gone to another descriptor.
    fn may_tell(&self, index: u32) -> bool {
        self.born == births_again() && self.numbers[self.rows[index as usize].fd as usize] == index
    }

    /// Whether there may be any for `drop_orphans`.
    #[inline]
    pub fn has_orphans(&self) -> bool {
        !self.orphans.is_empty()
    }

    /// Drops the registrations that must not outlive their waits.
    #[inline]
    pub fn drop_orphans(&mut self, poller: &Poller, waits: &Waits) {
        if self.has_orphans() {
            self.drop_all_orphans(poller, waits);
        }
    }

    fn drop_all_orphans(&mut self, poller: &Poller, waits: &Waits) {
        while let Some(index) = self.orphans.pop() {
            self.rows[index as usize].orphan = false;
            let row = &self.rows[index as usize];
            if row.fd < 0 || row.first != NONE || row.lasting {
                continue;
            }
            let foreign = row.owner == FOREIGN;
            self.narrow(poller, waits, index);
            if foreign {
                self.free(index);
            }
        }
    }

    /// Ends the registration of a row at once: its descriptor was cancelled or is about to be closed. `last`: it is
    /// the last reference to its open file, so that the kernel forgets it by itself when it is closed, epoll(7) Q6.
    pub fn forget(&mut self, poller: &Poller, index: u32, last: bool) {
        let row = &self.rows[index as usize];
        if row.registered != 0 {
            match (self.may_tell(index), last) {
                (true, true) => poller.closing(row.fd),
                (true, false) => {
                    let _ = poller.set(row.fd, name(index, row.generation), row.registered, 0);
                }
                (false, _) => {}
            }
            let row = &mut self.rows[index as usize];
            (row.registered, row.armed) = (0, 0);
            self.registered -= 1;
        }
        let row = &self.rows[index as usize];
        if row.first == NONE && row.owner == FOREIGN && !row.orphan {
            self.free(index);
        }
    }

    /// Registers the descriptor of a row anew, level-triggered: see `Owner::renew`.
    pub fn renew(&mut self, poller: &Poller, index: u32) {
        if self.rows[index as usize].registered != 0 && self.may_tell(index) {
            let row = &mut self.rows[index as usize];
            (row.edges, row.armed) = (0, row.registered);
            let _ = poller.set(row.fd, name(index, row.generation), 0, row.registered);
        }
    }

    /// The owner of a row has left: the row counts as that of a foreign descriptor.
    pub fn disown(&mut self, index: u32) {
        let row = &mut self.rows[index as usize];
        (row.owner, row.lasting) = (FOREIGN, false);
        row.doubt();
        self.set_words(index, None);
    }

    /// Registers everything with a new kernel queue. A descriptor that the kernel refuses is left
    /// unregistered: its waiters see the refusal when they poll again.
    pub fn register_all(&mut self, poller: &Poller, waits: &Waits) {
        self.registered = 0;
        self.born = births();
        for (index, row) in self.rows.iter_mut().enumerate().filter(|(_, row)| row.fd >= 0) {
            let wanted = waits.wanted(row.first);
            let token = name(index as u32, row.generation);
            let told = wanted != 0 && poller.set(row.fd, token, 0, wanted | row.edges).is_ok();
            row.registered = if told { wanted } else { 0 };
            row.armed = row.registered;
            self.registered += usize::from(row.registered != 0);
        }
    }
}

/// The token of a row.
fn name(index: u32, generation: u32) -> Token {
    Token::from(generation) << PLACES | Token::from(index)
}

// SPDX-License-Identifier: MIT
//! Waits: what one parked task waits for, one record for each descriptor, deadline or condition.
//! A record is linked into its task's list and, if it waits for a descriptor, into that
//! descriptor's. Records live in a slab, so a warm controller allocates nothing.

use super::{Condition, Owner};
use crate::errno::Result;
use crate::poller::Events;
use crate::slab::Slab;
use crate::sys::memory::AtomicShared;
use std::cell::Cell;
use std::os::fd::RawFd;

/// A record's place in the slab.
pub type WaitKey = u32;
/// No record.
pub const NONE: u32 = u32::MAX;

/// What a record waits for.
pub enum On {
    /// Nothing that can fire.
    Nothing,
    /// Events of a descriptor: its row in `Descriptors`, the events, and the place in the descriptor's list.
    Descriptor(u32, Events, Between),
    /// Events of a descriptor of which the kernel has not been told yet: the descriptor, the events, and `lasting`
    /// and `owner` of the member.
    Unregistered(RawFd, Events, bool, Option<Owner>),
    /// A deadline, with the serial of its timer.
    Deadline(u64),
    /// A condition, with the place in its queue.
    Condition(AtomicShared<Condition>, u32),
    /// A deadline of a scope, which `Wait::task` names, with the serial of its timer.
    Scope(u64),
}

/// One record. There is one for nearly each task, so it is as small as can be.
pub struct Wait {
    /// The task's place in its slab.
    pub task: u32,
    /// Which member of the task's wait set this belongs to.
    pub member: u32,
    /// The next record of the same task.
    pub next_of_task: u32,
    /// What it waits for.
    pub on: On,
    /// What has fired: a poll(2) mask for descriptors, `FIRED` for the rest.
    pub fired: Events,
}

/// The records before and after one in a list.
pub struct Between {
    previous: Cell<u32>,
    next: Cell<u32>,
}

impl On {
    /// Events of a descriptor, of a record that is in no list yet.
    pub fn descriptor(row: u32, events: Events) -> On {
        On::Descriptor(row, events, Between { previous: Cell::new(NONE), next: Cell::new(NONE) })
    }
}

impl Wait {
    /// Its place in the list of its descriptor.
    #[inline]
    fn between(&self) -> Option<&Between> {
        match &self.on {
            On::Descriptor(_, _, between) => Some(between),
            _ => None,
        }
    }
}

/// A deadline or a condition fired.
pub const FIRED: Events = 0x4000;

/// All records of a controller.
#[derive(Default)]
pub struct Waits {
    slab: Slab<Wait>,
}

impl Waits {
    /// Adds a record in front of the task's list `next_of_task`. ENOMEM.
    pub fn insert(&mut self, task: u32, member: u32, next_of_task: u32, on: On) -> Result<WaitKey> {
        let wait = Wait { task, member, next_of_task, on, fired: 0 };
        Ok(self.slab.insert(wait)? as WaitKey)
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.slab.len()
    }

    /// The record at `key`.
    pub fn get(&self, key: WaitKey) -> Option<&Wait> {
        self.slab.get(key as usize)
    }

    /// Has the processor fetch the record at `key` into its cache.
    #[inline]
    pub fn fetch(&self, key: WaitKey) {
        self.slab.fetch(key as usize);
    }

    /// The record at `key`, to change.
    pub fn get_mut(&mut self, key: WaitKey) -> Option<&mut Wait> {
        self.slab.get_mut(key as usize)
    }

    /// Takes a record out of the slab. It must have been taken out of its lists before.
    pub fn remove(&mut self, key: WaitKey) -> Wait {
        self.slab.remove(key as usize)
    }

    /// The records before and after this one on the same descriptor.
    pub fn neighbours(&self, key: WaitKey) -> (u32, u32) {
        let between = self.slab[key as usize].between();
        between.map_or((NONE, NONE), |between| (between.previous.get(), between.next.get()))
    }

    /// Makes `key` the last of a descriptor's list that ended with `previous`.
    pub fn link(&self, key: WaitKey, previous: u32) {
        if let Some(between) = self.slab[key as usize].between() {
            between.previous.set(previous);
            between.next.set(NONE);
        }
    }

    /// Sets the successor of a record in a descriptor's list.
    pub fn set_next(&self, key: WaitKey, next: u32) {
        if let Some(between) = self.slab[key as usize].between() {
            between.next.set(next);
        }
    }

    /// Sets the predecessor of a record in a descriptor's list.
    pub fn set_previous(&self, key: WaitKey, previous: u32) {
        if let Some(between) = self.slab[key as usize].between() {
            between.previous.set(previous);
        }
    }

    /// The union of the events that a descriptor's list waits for.
    pub fn wanted(&self, first: u32) -> Events {
        let mut wanted = 0;
        let mut key = first;
        while let Some(wait) = self.get(key) {
            let On::Descriptor(_, events, between) = &wait.on else { break };
            wanted |= events;
            key = between.next.get();
        }
        wanted
    }

    /// The conditions that are waited for.
    pub fn conditions(&self) -> impl Iterator<Item = &Condition> {
        self.slab.iter().filter_map(|(_, wait)| match &wait.on {
            On::Condition(condition, _) if wait.fired == 0 => Some(&**condition),
            _ => None,
        })
    }

    /// Whether the record at `key` still waits for the timer with that serial.
    pub fn is_timer(&self, key: WaitKey, serial: u64) -> bool {
        matches!(self.get(key), Some(Wait { on: On::Deadline(s) | On::Scope(s), .. }) if *s == serial)
    }
}

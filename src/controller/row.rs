// SPDX-License-Identifier: MIT
//! One registration, and whether the kernel will tell of what is waited for there.
//!
//! A stream whose receives tell when they have emptied the kernel's buffer (`Member::emptied`) is registered
//! edge-triggered, which saves the kernel work in each wait. That the waits look level-triggered all the same is seen to
//! here: once the kernel has told of such a row, a wait on it is taken up without a system call only if a receive has
//! emptied the buffer since, in the same turn. Otherwise the interest is stated anew, which makes the kernel look. Once
//! something was told that may stand behind the data (`DOUBTS`), the row becomes level-triggered.

use super::member::NEVER;
use super::owner::FOREIGN;
use super::waits::NONE;
use super::Polled;
use crate::poller::{Events, DOUBTS};
use std::os::fd::RawFd;

/// One row of the table.
pub struct Row {
    /// -1: the row is free.
    pub fd: RawFd,
    /// How many descriptors have had the row before, modulo 2^20: see `GENERATIONS`.
    pub generation: u32,
    /// `FOREIGN`, or the number of the owner.
    pub owner: u64,
    /// Whether its registration outlives waits.
    pub lasting: bool,
    /// The first and the last wait in order of arrival.
    pub first: u32,
    pub last: u32,
    /// The events that the kernel has been told of.
    pub registered: Events,
    /// Those of which it tells even if they are there already.
    pub armed: Events,
    /// Whether it is told of edges: `EDGES` or 0.
    pub edges: Events,
    /// Whether the row is listed in `orphans`.
    pub orphan: bool,
}

impl Row {
    /// A row of no descriptor, which never had one.
    pub fn new() -> Row {
        Row {
            fd: -1,
            generation: 0,
            owner: FOREIGN,
            lasting: false,
            first: NONE,
            last: NONE,
            registered: 0,
            armed: 0,
            edges: 0,
            orphan: false,
        }
    }

    /// The kernel has told of it.
    #[inline]
    pub fn note_told(&mut self, events: Events) {
        if self.edges != 0 {
            self.armed = 0;
            if events & DOUBTS != 0 {
                self.doubt();
            }
        }
    }

    /// Whether the kernel will tell of what is waited for, without being told anything.
    #[inline]
    pub fn will_tell(&self, on: Polled<'_>) -> bool {
        self.armed & on.events == on.events || (self.edges != 0 && self.will_tell_of_edges(on))
    }

    /// The same of an edge-triggered row after the kernel has told of it. A receive that has emptied the kernel's buffer makes
    /// what comes next an edge.
    #[inline]
    fn will_tell_of_edges(&self, on: Polled<'_>) -> bool {
        let news = (self.armed | libc::POLLIN) & self.registered;
        news & on.events == on.events && on.emptied > NEVER
    }

    /// The registration becomes level-triggered when somebody waits again.
    pub fn doubt(&mut self) {
        if self.edges != 0 {
            (self.edges, self.armed) = (0, 0);
        }
    }
}

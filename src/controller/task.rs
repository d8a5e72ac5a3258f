// SPDX-License-Identifier: MIT
//! What a controller keeps of each task.

use super::run_queue::Link;
use super::waits::NONE;
use super::{Payload, TaskId, SERIALS};
use std::num::NonZeroU64;

/// A task. There may be a million, so it is as small as can be.
pub struct Task {
    /// The serial, and above it the kind of the payload.
    key: NonZeroU64,
    /// The number of the payload.
    number: usize,
    /// The first of its waits.
    pub waits: u32,
    /// Its place in the run queue.
    pub link: Link,
}

impl Task {
    /// One that waits for nothing and is not in the run queue.
    pub fn new(serial: u64, data: Payload) -> Task {
        let (kind, number) = match data {
            Payload::Foreign(number) => (FOREIGN, number),
            Payload::Batch => (BATCH, 0),
            Payload::Output(number) => (OUTPUT, number),
            Payload::Inspector => (INSPECTOR, 0),
            Payload::Callback(number) => (CALLBACK, number),
            Payload::Fiber(number) => (FIBER, number),
            Payload::Posted(number) => (POSTED, number),
        };
        let key = NonZeroU64::MIN.saturating_add((serial & SERIALS | kind << KIND) - 1);
        Task { key, number, waits: NONE, link: Link::NONE }
    }

    /// Tells it from other tasks in its place.
    #[inline]
    pub fn serial(&self) -> u64 {
        self.key.get() & SERIALS
    }

    /// Whether it is a fiber.
    #[inline]
    pub fn is_fiber(&self) -> bool {
        self.key.get() >> KIND == FIBER
    }

    /// Whether it is this task, which has run, and may be parked by who asks: a fiber by itself, any other by others.
    #[inline]
    pub fn may_wait(&self, task: TaskId, by_itself: bool) -> bool {
        self.serial() == task.serial && !self.link.is_queued() && self.is_fiber() == by_itself
    }

    /// What it carries.
    #[inline(always)]
    pub fn data(&self) -> Payload {
        match self.key.get() >> KIND {
            FOREIGN => Payload::Foreign(self.number),
            BATCH => Payload::Batch,
            OUTPUT => Payload::Output(self.number),
            INSPECTOR => Payload::Inspector,
            CALLBACK => Payload::Callback(self.number),
            FIBER => Payload::Fiber(self.number),
            _ => Payload::Posted(self.number),
        }
    }
}

/// Where the kind begins in a key, above the 40 bits of the serial.
const KIND: u32 = SERIALS.trailing_ones();
const FOREIGN: u64 = 1;
const BATCH: u64 = 2;
const OUTPUT: u64 = 3;
const INSPECTOR: u64 = 4;
const CALLBACK: u64 = 5;
const FIBER: u64 = 6;
const POSTED: u64 = 7;

// SPDX-License-Identifier: MIT
//! Which task runs: told in a page beside the socket of an inspector, for whoever asks a loop that cannot answer.
//!
//! The page is an array of numbers of 64 bits in the machine's order: `MAGIC`; a count of changes, odd while one is being
//! made; the task, or `NOBODY`; since when it runs, or since when nobody does, in nanoseconds of `cq_monotime`; its
//! name, 64 bytes. It is kept with plain stores, and costs no system call.

use super::extras::Name;
use super::TaskId;
use crate::clock::Instant;
use crate::errno::{Errno, Result};
use crate::fork::{births, births_again};
use crate::sys::memory;
use crate::sys::page::Page;
use std::sync::atomic::{fence, Ordering};

/// The page of one controller.
pub struct Running {
    page: Page,
    /// The value of `fork::births` in the process that made it: a child of fork(2) has the same page, and leaves it alone.
    born: u32,
}

impl Running {
    /// The page that belongs to an inspector's path: nobody runs. ENOMEM, and what the system says of the path.
    pub fn new(path: &[u8]) -> Result<Running> {
        let mut place = memory::bytes(path)?;
        place.try_reserve(SUFFIX.len()).map_err(|_| Errno::NOMEM)?;
        place.extend_from_slice(SUFFIX);
        let running = Running { page: Page::new(place)?, born: births() };
        running.tell(None, Instant::now());
        running.page.words()[0].store(MAGIC, Ordering::Release);
        Ok(running)
    }

    /// Notes who runs from now on, and its name.
    pub fn tell(&self, task: Option<(TaskId, Option<Name>)>, now: Instant) {
        if self.born != births_again() {
            return;
        }
        let words = self.page.words();
        let count = words[1].load(Ordering::Relaxed);
        words[1].store(count + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        words[2].store(task.as_ref().map_or(NOBODY, |(task, _)| task.number()), Ordering::Relaxed);
        words[3].store(now.0, Ordering::Relaxed);
        let name = task.and_then(|(_, name)| name).unwrap_or_default();
        for (word, bytes) in words[4..].iter().zip(name.as_chars().chunks_exact(8)) {
            let bytes: [u8; 8] = std::array::from_fn(|i| bytes[i] as u8);
            word.store(u64::from_ne_bytes(bytes), Ordering::Relaxed);
        }
        words[1].store(count + 2, Ordering::Release);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.born == births_again() {
            self.page.remove_file();
        }
    }
}

/// Stands behind the path of the socket.
const SUFFIX: &[u8] = b".page";

/// The first eight bytes of a page that is complete: "cqueues1".
const MAGIC: u64 = u64::from_ne_bytes(*b"cqueues1");

/// In the place of a task.
const NOBODY: u64 = u64::MAX;

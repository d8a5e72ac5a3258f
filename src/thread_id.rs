// SPDX-License-Identifier: MIT
//! Which thread this is, in a number that is never used again.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static HERE: Cell<u64> = const { Cell::new(0) };
}

/// The number of the calling thread: not 0, and no other thread of this process has it, had it or will have it. Not inlined:
/// see `sys::fiber::suspend`.
#[inline(never)]
pub fn this_thread() -> u64 {
    HERE.with(|here| match here.get() {
        0 => number(here),
        known => known,
    })
}

/// A number that no other thread has that lives now, at next to no price.
#[inline(always)]
pub fn living_thread() -> usize {
    crate::sys::thread::pointer()
}

#[cold]
fn number(here: &Cell<u64>) -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(1);
    here.set(THREADS.fetch_add(1, Ordering::Relaxed));
    here.get()
}

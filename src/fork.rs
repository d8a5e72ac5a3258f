// SPDX-License-Identifier: MIT
//! How often this process has forked, and how often it was born. A child of fork(2) has copies of all descriptors,
//! so neither it nor its parent is the last who has one that was made before; and what the kernel keeps behind them
//! is its parent's.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;

static FORKS: AtomicU32 = AtomicU32::new(0);
static BIRTHS: AtomicU32 = AtomicU32::new(0);

/// How many forks this process and its ancestors have seen since they were first asked.
pub fn forks() -> u32 {
    watch();
    FORKS.load(Ordering::Relaxed)
}

/// How many of them this process and its ancestors came from.
pub fn births() -> u32 {
    watch();
    births_again()
}

/// The same, for who has asked before: at the price of a load.
#[inline]
pub fn births_again() -> u32 {
    BIRTHS.load(Ordering::Relaxed)
}

fn watch() {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| {
        crate::sys::before_fork(count_fork);
        crate::sys::in_children(count_birth);
    });
}

extern "C" fn count_fork() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

extern "C" fn count_birth() {
    BIRTHS.fetch_add(1, Ordering::Relaxed);
}

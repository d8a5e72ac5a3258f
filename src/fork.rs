// SPDX-License-Identifier: MIT
//! How often this process has forked: a child has copies of all descriptors, so nobody in it is the last who
//! has one that was made before.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;

static FORKS: AtomicU32 = AtomicU32::new(0);

/// How many forks this process and its ancestors have seen since it was first asked.
pub fn forks() -> u32 {
    static WATCH: Once = Once::new();
    WATCH.call_once(|| crate::sys::before_fork(count));
    FORKS.load(Ordering::Relaxed)
}

/// The same, for who has asked before: at the price of a load.
#[inline]
pub fn forks_again() -> u32 {
    FORKS.load(Ordering::Relaxed)
}

extern "C" fn count() {
    FORKS.fetch_add(1, Ordering::Relaxed);
}

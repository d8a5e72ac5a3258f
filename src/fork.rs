// SPDX-License-Identifier: MIT
//! How many forks there were, and of how many generations. A child of fork(2) has copies of all descriptors, so a
//! descriptor that was made before a fork is not the last reference to its open file, neither in the child nor in the
//! parent; and a kernel queue that was made before belongs to the parent.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Once;

static FORKS: AtomicU32 = AtomicU32::new(0);
static BIRTHS: AtomicU32 = AtomicU32::new(0);

/// How many times this process, and its ancestors before they forked it, have called fork(2) since one of them first
/// asked. An object notes this number when it is made: if it differs later, another process may have copies.
pub fn forks() -> u32 {
    watch();
    FORKS.load(Ordering::Relaxed)
}

/// How many generations of children this process is away from the one that first asked: fork(2) adds one in the
/// child. An object notes this number when it is made: if it differs later, this process is a descendant of the
/// maker.
pub fn births() -> u32 {
    watch();
    births_again()
}

/// As `births`, for callers that have called it before: costs one load.
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

// SPDX-License-Identifier: MIT
//! Children that nobody waits for any more: their ends are fetched so that no zombies stay.
//!
//! The list belongs to the process, as children do. It has no lock, since a child of fork(2) would find a lock that
//! another thread held locked for ever.

use super::memory::Room;
use super::process::Child;
use std::io;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

static FIRST: AtomicPtr<Orphan> = AtomicPtr::new(null_mut());

struct Orphan {
    child: Child,
    next: *mut Orphan,
}

/// Room for a child in the list: leaving it there later takes no memory.
pub struct Place(Room<Orphan>);

impl Place {
    /// ENOMEM.
    pub fn new() -> io::Result<Place> {
        Room::new().map(Place)
    }

    /// Leaves a child to the list, if it has not ended.
    pub fn leave(self, child: Child) {
        if let Ok(None) = child.fetch() {
            push(Box::into_raw(self.0.fill(Orphan { child, next: null_mut() })));
        }
    }
}

/// Fetches the ends of those that have ended since.
pub fn reap() {
    if FIRST.load(Ordering::Relaxed).is_null() {
        return;
    }
    let mut next = FIRST.swap(null_mut(), Ordering::Acquire);
    while !next.is_null() {
        // SAFETY: whoever takes the list owns its boxes.
        let orphan = unsafe { Box::from_raw(next) };
        next = orphan.next;
        // One that is another's by now, after fork(2) or a foreign wait, is an error and forgotten.
        if let Ok(None) = orphan.child.fetch() {
            push(Box::into_raw(orphan));
        }
    }
}

/// Takes over a box.
fn push(orphan: *mut Orphan) {
    let mut first = FIRST.load(Ordering::Relaxed);
    loop {
        // SAFETY: nobody else knows the box yet.
        unsafe { (*orphan).next = first };
        match FIRST.compare_exchange_weak(first, orphan, Ordering::Release, Ordering::Relaxed) {
            Ok(_) => return,
            Err(other) => first = other,
        }
    }
}

// SPDX-License-Identifier: MIT
//! The controllers of each thread, so that closing a descriptor can cancel it in all of them.

use super::Controller;
use std::cell::RefCell;
use std::os::fd::RawFd;
use std::sync::{Arc, Weak};

thread_local! {
    static CONTROLLERS: RefCell<Vec<Weak<Controller>>> = const { RefCell::new(Vec::new()) };
    static MARK: u8 = const { 0 };
}

/// A number that no other living thread has.
pub fn this_thread() -> usize {
    MARK.with(|mark| std::ptr::from_ref(mark) as usize)
}

/// Enters a controller in the calling thread's list.
pub fn add(controller: &Arc<Controller>) {
    with_list(|list| {
        list.retain(|entry| entry.strong_count() > 0);
        list.push(Arc::downgrade(controller));
    });
}

/// A controller is being stepped here: it belongs to this thread now.
pub fn move_to_this_thread(controller: &Controller) {
    let here = this_thread();
    if controller.thread.replace(here) != here {
        with_list(|list| {
            // It may have been here before.
            if !list.iter().any(|entry| entry.ptr_eq(&controller.me)) {
                list.push(controller.me.clone());
            }
        });
    }
}

/// Takes a controller out of the calling thread's list.
pub fn remove(controller: &Controller) {
    with_list(|list| list.retain(|entry| !entry.ptr_eq(&controller.me)));
}

/// Cancels a descriptor in every controller of the calling thread. `last`: it is the last reference to
/// its file, and closed next.
pub fn cancel_everywhere(fd: RawFd, last: bool) {
    if fd < 0 {
        return;
    }
    let here = this_thread();
    let mut index = 0;
    // One at a time, so that the list is not borrowed while a controller works.
    while let Some(entry) = with_list(|list| list.get(index).cloned()).flatten() {
        if let Some(controller) = entry.upgrade().filter(|c| c.thread.get() == here) {
            controller.cancel_closing(fd, last);
        }
        index += 1;
    }
}

/// The list; `None` while the thread is being torn down.
fn with_list<R>(f: impl FnOnce(&mut Vec<Weak<Controller>>) -> R) -> Option<R> {
    CONTROLLERS.try_with(|list| f(&mut list.borrow_mut())).ok()
}

/// How many entries the calling thread's list has.
#[cfg(test)]
pub fn entries() -> usize {
    with_list(|list| list.len()).unwrap_or_default()
}

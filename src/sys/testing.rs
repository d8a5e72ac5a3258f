// SPDX-License-Identifier: MIT
//! What tests do to themselves.

use super::check;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// Runs `f` while signals keep coming in to this thread, whose handler does nothing.
pub fn interrupted<R>(f: impl FnOnce() -> R) -> R {
    extern "C" fn handle(_signal: libc::c_int) {}
    // SAFETY: an all-zero sigaction is valid, its flags restart nothing; the handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handle as extern "C" fn(libc::c_int) as libc::sighandler_t;
        check(libc::sigaction(libc::SIGUSR2, &action, std::ptr::null_mut())).expect("a handler");
    }
    // SAFETY: no pointers.
    let me = unsafe { libc::pthread_self() } as usize;
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Acquire) {
                // SAFETY: the thread waits for this one.
                unsafe { libc::pthread_kill(me as libc::pthread_t, libc::SIGUSR2) };
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        });
        let result = f();
        over.store(true, Ordering::Release);
        result
    })
}

/// Closes `to` and makes it a copy of `from`, dup2(2).
pub fn replace(to: RawFd, from: RawFd) {
    // SAFETY: no pointers.
    check(unsafe { libc::dup2(from, to) }).expect("both are open");
}

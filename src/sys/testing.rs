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

/// Runs `f` in a child of fork(2), and returns the bytes that it returns there.
pub fn in_child(f: impl FnOnce() -> Vec<u8>) -> Vec<u8> {
    use std::io::{Read, Write};
    let (reader, writer) = super::pipe().expect("a pipe");
    let (mut reader, mut writer) = (std::fs::File::from(reader), std::fs::File::from(writer));
    // SAFETY: the child calls `f` and ends; the allocator is usable there.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let _ = writer.write_all(&f());
        // SAFETY: ends the process without running what its parent has registered.
        unsafe { libc::_exit(0) };
    }
    drop(writer);
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).expect("what the child has written");
    // SAFETY: no pointers but NULL.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), 0) };
    bytes
}

/// Closes `to` and makes it a copy of `from`, dup2(2).
pub fn replace(to: RawFd, from: RawFd) {
    // SAFETY: no pointers.
    check(unsafe { libc::dup2(from, to) }).expect("both are open");
}

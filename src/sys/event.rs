// SPDX-License-Identifier: MIT
//! eventfd(2): a descriptor that one thread makes readable for another.

use super::{check, check_size};
use std::io;
use std::os::fd::RawFd;

/// A new event descriptor, close-on-exec and non-blocking, readable if `raised`.
pub fn create(raised: bool) -> io::Result<RawFd> {
    // SAFETY: no pointers.
    check(unsafe { libc::eventfd(raised.into(), libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
}

/// Makes it readable.
pub fn raise(fd: RawFd) -> io::Result<()> {
    let one = 1u64;
    // SAFETY: eight readable bytes.
    check_size(unsafe { libc::write(fd, (&raw const one).cast(), 8) }).map(drop)
}

/// Makes it unreadable again.
pub fn clear(fd: RawFd) {
    let mut count = 0u64;
    // SAFETY: eight writable bytes. EAGAIN means that it was clear.
    let _ = unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
}

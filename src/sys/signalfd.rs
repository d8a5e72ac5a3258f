// SPDX-License-Identifier: MIT
//! signalfd(2).

use super::signal::Set;
use super::{check, check_size};
use std::io;
use std::os::fd::RawFd;

/// A descriptor that is readable while a signal of the set is pending, close-on-exec and non-blocking.
pub fn create(set: &Set) -> io::Result<RawFd> {
    // SAFETY: the set is initialised and outlives the call.
    check(unsafe { libc::signalfd(-1, set.as_ptr(), libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })
}

/// Takes a pending signal. EAGAIN if there is none.
pub fn take(fd: RawFd) -> io::Result<i32> {
    // SAFETY: an all-zero record is a valid object.
    let mut record: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
    let size = std::mem::size_of_val(&record);
    // SAFETY: the record is writable for its size; the kernel writes whole records only.
    check_size(unsafe { libc::read(fd, (&raw mut record).cast(), size) })?;
    Ok(record.ssi_signo as i32)
}

// SPDX-License-Identifier: MIT
//! inotify(7).

use super::{check, check_size};
use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;

/// One record of the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Record<'a> {
    /// Which watch it belongs to; -1 for IN_Q_OVERFLOW.
    pub watch: i32,
    /// IN_ bits.
    pub mask: u32,
    /// The name within the watched directory; empty for the directory itself.
    pub name: &'a OsStr,
}

/// inotify_init1(2), close-on-exec and non-blocking. EMFILE: no descriptor, or no instance is left.
pub fn create() -> io::Result<RawFd> {
    // SAFETY: no pointers.
    check(unsafe { libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK) })
}

/// inotify_add_watch(2). ENOSPC: no watch is left.
pub fn watch(fd: RawFd, path: &CStr, mask: u32) -> io::Result<i32> {
    // SAFETY: the path is terminated.
    check(unsafe { libc::inotify_add_watch(fd, path.as_ptr(), mask) })
}

/// inotify_rm_watch(2). A watch that is gone already is no matter.
pub fn unwatch(fd: RawFd, watch: i32) {
    // SAFETY: no pointers.
    unsafe { libc::inotify_rm_watch(fd, watch) };
}

/// Reads as many records as fit; tells how many bytes they are. EAGAIN if there are none.
pub fn read(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer is writable for its length.
    check_size(unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) })
}

/// The records in what was read. Ends at one that is not whole, which the kernel never writes.
pub fn records(mut bytes: &[u8]) -> impl Iterator<Item = Record<'_>> {
    std::iter::from_fn(move || {
        let field = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
        let (watch, mask, length) = (field(0)? as i32, field(4)?, field(12)? as usize);
        let padded = bytes.get(HEADER..HEADER.checked_add(length)?)?;
        let end = padded.iter().position(|&byte| byte == 0).unwrap_or(length);
        bytes = &bytes[HEADER + length..];
        Some(Record { watch, mask, name: OsStr::from_bytes(&padded[..end]) })
    })
}

/// watch, mask, cookie, length: four numbers of four bytes.
const HEADER: usize = 16;

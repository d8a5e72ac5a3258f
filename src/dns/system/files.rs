// SPDX-License-Identifier: MIT
//! Files of configuration: read without ever waiting, and looked at for changes.

use crate::errno::{Errno, Result};
use crate::log;
use crate::sys::file;
use std::os::unix::fs::MetadataExt;

/// The most bytes that are read of what is no regular file: a device may never end.
const LIMIT: u64 = 1 << 20;

/// What a file says. In its place may be a FIFO that nobody writes to, or a device: neither is waited for. EAGAIN
/// if it has nothing to say yet, EFBIG if it does not end, the errno of what kept it from being read.
pub fn read(path: &str) -> Result<Vec<u8>> {
    Ok(file::read(path, u64::MAX, LIMIT)?)
}

/// Tells whoever reads the log what became of a file of the system's, which is gone on without: that it cannot be read,
/// and which lines were skipped. One that is missing is as good as an empty one.
pub fn complain(path: &str, read: Result<()>, warnings: &[String]) {
    match read {
        Ok(()) => warnings.iter().for_each(log::warn),
        Err(Errno::NOENT) => {}
        Err(error) => log::warn(format_args!("{path}: {error}")),
    }
}

/// What tells one state of a file from another: device, inode, size, time of change. Its time alone would miss an
/// older file moved in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version(u64, u64, u64, i64, i64);

/// The state of a file; `None` if there is none.
pub fn version(path: &str) -> Option<Version> {
    let file = std::fs::metadata(path).ok()?;
    Some(Version(file.dev(), file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
}

#[cfg(test)]
mod tests;

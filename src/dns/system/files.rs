// SPDX-License-Identifier: MIT
//! Files of configuration: read without ever waiting, and looked at for changes.

use crate::errno::{Errno, Result};
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

/// The most bytes that are read of what is no regular file: a device may never end.
const LIMIT: u64 = 1 << 20;

/// What a file says. In its place may be a FIFO that nobody writes to, or a device: neither is waited for. EAGAIN
/// if it has nothing to say yet, EFBIG if it does not end, the errno of what kept it from being read.
pub fn read(path: &str) -> Result<Vec<u8>> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut text = Vec::new();
    if file.metadata()?.is_file() {
        file.read_to_end(&mut text)?;
        return Ok(text);
    }
    file.take(LIMIT + 1).read_to_end(&mut text)?;
    match text.len() as u64 > LIMIT {
        true => Err(Errno(libc::EFBIG)),
        false => Ok(text),
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

// SPDX-License-Identifier: MIT
//! Whether a file is still what was read: its time alone would miss an older file moved in its place.

use std::os::unix::fs::MetadataExt;

/// What tells one state of a file from another: device, inode, size, time of change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Version(u64, u64, u64, i64, i64);

/// The state of a file; `None` if there is none.
pub fn version(path: &str) -> Option<Version> {
    let file = std::fs::metadata(path).ok()?;
    Some(Version(file.dev(), file.ino(), file.size(), file.ctime(), file.ctime_nsec()))
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Files that settings name: read without ever waiting, and one that is appended to.

use crate::errno::{Errno, Result};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;

/// The most bytes that are read: revocation lists of large authorities have some ten million.
const MOST: u64 = 1 << 28;

/// What a file says. In its place may be a FIFO that nobody writes to, or a device: neither is waited for. EAGAIN
/// if it has nothing to say yet, EFBIG if it does not end, the errno of what kept it from being read.
pub fn read(path: &str) -> Result<Vec<u8>> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut bytes = Vec::new();
    file.take(MOST + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > MOST {
        true => Err(Errno(libc::EFBIG)),
        false => Ok(bytes),
    }
}

/// Opens a file to append to. Only its owner may read one that did not exist.
pub fn append(path: &str) -> Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let mut how = OpenOptions::new();
    Ok(how.append(true).create(true).mode(0o600).custom_flags(flags).open(path)?)
}

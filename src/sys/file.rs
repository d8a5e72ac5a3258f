// SPDX-License-Identifier: MIT
//! Files by their paths: read without waiting, appended to, removed only while they are the same.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// In the place of a file may be a FIFO that nobody writes to, or a device: opening waits for neither.
const AT_ONCE: i32 = libc::O_NONBLOCK | libc::O_NOCTTY;

/// What a file says, at most `most` bytes of a regular file and `most_of_others` of what is none. EAGAIN if a FIFO or
/// device has nothing to say yet, EFBIG if there is more, and what the system says of the path.
pub fn read(path: &str, most: u64, most_of_others: u64) -> io::Result<Vec<u8>> {
    let file = OpenOptions::new().read(true).custom_flags(AT_ONCE).open(path)?;
    let most = if file.metadata()?.is_file() { most } else { most_of_others };
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    match bytes.len() as u64 > most {
        true => Err(io::Error::from_raw_os_error(libc::EFBIG)),
        false => Ok(bytes),
    }
}

/// Opens a file to append to. Only its owner may read one that did not exist.
pub fn append(path: &str) -> io::Result<File> {
    let mut how = OpenOptions::new();
    how.append(true).create(true).mode(0o600).custom_flags(AT_ONCE).open(path)
}

/// Tells one file from another: device and inode.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct FileId(u64, u64);

impl FileId {
    /// That of a file.
    pub fn of(file: &Metadata) -> FileId {
        FileId(file.dev(), file.ino())
    }

    /// Removes this file from its path, unless another one has the path by now.
    pub fn remove(self, path: &Path) {
        if fs::symlink_metadata(path).is_ok_and(|found| self == FileId::of(&found)) {
            let _ = fs::remove_file(path);
        }
    }
}

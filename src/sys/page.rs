// SPDX-License-Identifier: MIT
//! A page of memory that is also a file: other processes of the user read what this one stores, whatever it is doing.
//!
//! Facts, mmap(2): stores to a shared mapping are seen at once by read(2) of the file. A store to a page for which the
//! file system has no room, or that the file no longer has, ends the process with SIGBUS. So the file is written in full
//! before it is mapped; only its user, and root, could cut it afterwards.

use super::file::FileId;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::ptr::NonNull;
use std::sync::atomic::AtomicU64;

/// How many numbers a page has: one page of memory or less on every system.
pub const WORDS: usize = 512;

const SIZE: usize = WORDS * 8;

/// The page, which is zeros at first. Its file is removed with it.
pub struct Page {
    words: NonNull<[AtomicU64; WORDS]>,
    path: Vec<u8>,
    file: FileId,
}

impl Page {
    /// Makes the file and maps it. A file of this user that is there already is replaced. ENOMEM, and what the system
    /// says of the path.
    pub fn new(path: Vec<u8>) -> io::Result<Page> {
        let place = Path::new(OsStr::from_bytes(&path));
        let (uid, found) = (super::user(), fs::symlink_metadata(place));
        if found.is_ok_and(|found| found.is_file() && found.uid() == uid) {
            fs::remove_file(place)?;
        }
        let mut file =
            OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(place)?;
        let mapped = file.write_all(&[0; SIZE]).and_then(|()| map(&file));
        let (Ok(words), Ok(made)) = (&mapped, file.metadata()) else {
            let _ = fs::remove_file(place);
            return Err(mapped.err().unwrap_or_else(|| io::ErrorKind::Other.into()));
        };
        let (words, file) = (*words, FileId::of(&made));
        Ok(Page { words, path, file })
    }

    /// The numbers in it.
    pub fn words(&self) -> &[AtomicU64; WORDS] {
        // SAFETY: mapped until the page is dropped, zeros or what was stored; other processes only read it.
        unsafe { self.words.as_ref() }
    }

    /// Removes the file, unless another one has its path.
    pub fn remove_file(&self) {
        self.file.remove(Path::new(OsStr::from_bytes(&self.path)));
    }
}

fn map(file: &File) -> io::Result<NonNull<[AtomicU64; WORDS]>> {
    let (access, fd) = (libc::PROT_READ | libc::PROT_WRITE, file.as_raw_fd());
    // SAFETY: a new mapping, of a file that is as large.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), SIZE, access, libc::MAP_SHARED, fd, 0) };
    match place == libc::MAP_FAILED {
        true => Err(io::Error::last_os_error()),
        false => NonNull::new(place.cast()).ok_or_else(|| io::ErrorKind::OutOfMemory.into()),
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: mapped by `map`, with this size.
        unsafe { libc::munmap(self.words.as_ptr().cast(), SIZE) };
    }
}

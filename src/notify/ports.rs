// SPDX-License-Identifier: MIT
//! Solaris and illumos.
//!
//! Facts: PORT_SOURCE_FILE tells of a path, once; it must be associated again, with the times that
//! the file had when it was last looked at, so that nothing in between is missed. FILE_DELETE and
//! the renames are told whether asked for or not. FILE_MODIFIED of a directory: its entries
//! changed.

use super::scan::MOVED;
use super::translate;
use super::{ATTRIB, DELETE, FDOPENDIR, FEN, MODIFY, OPENAT, O_CLOEXEC, REVOKE};
use crate::controller::{Descriptor, Member};
use crate::errno::{Errno, Result};
use crate::sys::ports as sys;
use std::collections::HashMap;
use std::ffi::CString;
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What the system offers.
pub const FEATURES: u32 = FEN | OPENAT | FDOPENDIR | O_CLOEXEC;

/// How many events are read at once.
const ROOM: usize = 256;

const WANTED: sys::Changes = sys::FILE_MODIFIED | sys::FILE_ATTRIB | sys::FILE_TRUNC;

const TOLD: &[(u32, u32)] = &[
    ((sys::FILE_MODIFIED | sys::FILE_TRUNC) as u32, MODIFY),
    (sys::FILE_ATTRIB as u32, ATTRIB),
    // Another file took its name: this one is gone from there.
    ((sys::FILE_DELETE | sys::FILE_RENAME_TO) as u32, DELETE),
    (sys::FILE_RENAME_FROM as u32, DELETE | MOVED),
    ((sys::UNMOUNTED | sys::MOUNTEDOVER) as u32, REVOKE),
];

/// A port of its own, whose descriptor can be polled by others.
pub struct Watcher {
    port: Descriptor,
    files: HashMap<usize, (PathBuf, Box<sys::File>)>,
    events: Vec<sys::Event>,
}

impl Watcher {
    /// A watcher that watches nothing yet.
    pub fn new() -> Result<Watcher> {
        let port = Descriptor::new(sys::create()?)?;
        Ok(Watcher { port, files: HashMap::new(), events: Vec::with_capacity(ROOM) })
    }

    /// Readable when something happened.
    pub fn fd(&self) -> RawFd {
        self.port.fd()
    }

    /// A member that waits until the descriptor is readable.
    pub fn member(&self) -> Member {
        self.port.member(libc::POLLIN)
    }

    /// Watches a file or directory.
    pub fn watch(&mut self, token: usize, path: &Path, folder: bool) -> Result<()> {
        let found = std::fs::symlink_metadata(path)?;
        if folder && !found.is_dir() {
            return Err(Errno(libc::ENOTDIR));
        }
        if found.is_symlink() {
            return Err(Errno(libc::ELOOP));
        }
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::BADARG)?;
        let times = [
            [found.atime(), found.atime_nsec()],
            [found.mtime(), found.mtime_nsec()],
            [found.ctime(), found.ctime_nsec()],
        ];
        let mut file = sys::File::new(name, times);
        sys::associate_file(self.port.fd(), &mut file, WANTED, token)?;
        self.files.insert(token, (path.to_owned(), file));
        Ok(())
    }

    /// Stops watching a file or directory.
    pub fn unwatch(&mut self, token: usize) {
        if let Some((_, mut file)) = self.files.remove(&token) {
            let _ = sys::dissociate_file(self.port.fd(), &mut file); // may have been told
        }
    }

    /// Appends what happened.
    pub fn read(&mut self, told: &mut Vec<(usize, u32)>) -> Result<()> {
        loop {
            sys::wait(self.port.fd(), &mut self.events, Some(0))?;
            let more = self.events.len() == self.events.capacity();
            let events = std::mem::take(&mut self.events);
            for event in &events {
                told.extend(self.one(event));
            }
            self.events = events;
            if !more {
                return Ok(());
            }
        }
    }

    /// One event, after which its file is associated again.
    fn one(&mut self, event: &sys::Event) -> Option<(usize, u32)> {
        let token = sys::token(event);
        let (path, file) = self.files.remove(&token)?;
        if file.id() != sys::object(event) {
            self.files.insert(token, (path, file));
            return None;
        }
        let mut changes = translate(TOLD, sys::events(event) as u32);
        // A modification that the port finds by the file's times is reported as both.
        if changes & MODIFY != 0 {
            changes &= !ATTRIB;
        }
        // A file that was replaced is found again by its directory.
        if changes & (DELETE | REVOKE) == 0 {
            let folder = path.is_dir();
            if self.watch(token, &path, folder).is_err() {
                return Some((token, changes | DELETE));
            }
        }
        Some((token, changes))
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let tokens: Vec<usize> = self.files.keys().copied().collect();
        tokens.into_iter().for_each(|token| self.unwatch(token));
    }
}

// SPDX-License-Identifier: MIT
//! Linux.
//!
//! Facts: a watched directory tells of its entries by name, files' contents and metadata included. Watches belong
//! to inodes: watching one again, under another path, answers the same number. A watch whose directory was removed
//! or unmounted tells IN_IGNORED last. A file without a name, open(2) O_TMPFILE, is told of under a name that the
//! kernel invents: "#" and its inode's number. The kernel keeps fs.inotify.max_queued_events records, and
//! IN_Q_OVERFLOW instead of more. A user may have fs.inotify.max_user_watches watches (else ENOSPC) and
//! fs.inotify.max_user_instances queues (else EMFILE).

use super::*;
use crate::controller::{Descriptor, Member};
use crate::sys::inotify as sys;
use std::collections::HashMap;
use std::ffi::CString;

/// What the system offers.
pub const FEATURES: u32 = INOTIFY | OPENAT | FDOPENDIR | super::O_CLOEXEC;
/// Entries need not be tracked one by one.
pub const TRACKS: bool = false;

const MASK: u32 = libc::IN_MODIFY
    | libc::IN_ATTRIB
    | libc::IN_MOVED_FROM
    | libc::IN_MOVED_TO
    | libc::IN_CREATE
    | libc::IN_DELETE
    | libc::IN_DELETE_SELF
    | libc::IN_MOVE_SELF
    | libc::IN_ONLYDIR
    | libc::IN_DONT_FOLLOW;

/// How much is read at once: some two thousand records.
const BUFFER: usize = 64 << 10;
/// How many reads are made in a row while there is more to read.
const READS: usize = 16;

/// An inotify queue.
pub struct Source {
    queue: Descriptor,
    directories: HashMap<i32, usize>,
    watches: HashMap<usize, i32>,
    buffer: Box<[u8]>,
}

impl Source {
    /// An empty queue.
    pub fn new() -> Result<Source> {
        let queue = Descriptor::new(sys::create().map_err(|error| limited(error.into()))?)?;
        let (directories, watches) = (HashMap::new(), HashMap::new());
        Ok(Source { queue, directories, watches, buffer: vec![0; BUFFER].into() })
    }

    /// Readable when something happened.
    pub fn fd(&self) -> RawFd {
        self.queue.fd()
    }

    /// A member that waits until the descriptor is readable.
    pub fn member(&self) -> Member {
        self.queue.member(libc::POLLIN)
    }

    /// Watches a directory.
    pub fn watch(&mut self, directory: usize, path: &Path) -> Result<()> {
        let watch = self.add(path)?;
        // If the directory was watched under another path, it has moved from there, which is about to be told.
        if let Some(other) = self.directories.insert(watch, directory) {
            self.watches.remove(&other);
        }
        self.watches.insert(directory, watch);
        Ok(())
    }

    /// Whether the directory at `path` is the one that is watched under this number.
    pub fn is_watching(&mut self, directory: usize, path: &Path) -> bool {
        let watch = self.watches.get(&directory).copied();
        watch.is_some() && self.add(path).ok() == watch
    }

    fn add(&self, path: &Path) -> Result<i32> {
        let path = CString::new(path.as_os_str().as_bytes()).map_err(|_| Errno::BADARG)?;
        sys::watch(self.fd(), &path, MASK).map_err(|error| limited(error.into()))
    }

    /// Stops watching a directory.
    pub fn unwatch(&mut self, directory: usize) {
        if let Some(watch) = self.watches.remove(&directory) {
            self.directories.remove(&watch);
            sys::unwatch(self.fd(), watch);
        }
    }

    /// Nothing to do: inotify tells what happens to entries in any case.
    pub fn track(&mut self, _directory: usize, _name: &OsStr) -> Result<()> {
        Ok(())
    }

    /// Appends what happened.
    pub fn read(&mut self, changes: &mut Vec<Change>) -> Result<()> {
        for _ in 0..READS {
            let size = match sys::read(self.fd(), &mut self.buffer) {
                Ok(size) => size,
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.into()),
            };
            for record in sys::records(&self.buffer[..size]) {
                changes.extend(self.change(record));
            }
            // A record that did not fit is the sign that there are more.
            if size + LARGEST < BUFFER {
                break;
            }
        }
        Ok(())
    }

    /// The change that a record tells; `None` if it is none.
    fn change(&self, record: sys::Record) -> Option<Change> {
        if record.mask & libc::IN_Q_OVERFLOW != 0 {
            return Some(Change::Overflow);
        }
        let &directory = self.directories.get(&record.watch)?;
        if !record.name.is_empty() {
            let changes = translate(ENTRY, record.mask);
            let (name, folder) = (record.name.to_owned(), record.mask & libc::IN_ISDIR != 0);
            return Some(Change::Entry { directory, name, changes, folder });
        }
        let changes = translate(ITSELF_TOO, record.mask);
        let moved = record.mask & libc::IN_MOVE_SELF != 0;
        (changes != 0).then_some(Change::Itself { directory, changes, moved })
    }
}

/// The size of the largest record: a header of 16 bytes, a name and its NUL, filled up.
const LARGEST: usize = 16 + 256 + 16;

const ENTRY: &[(u32, u32)] = &[
    (libc::IN_CREATE | libc::IN_MOVED_TO, CREATE),
    (libc::IN_DELETE | libc::IN_MOVED_FROM, DELETE),
    (libc::IN_ATTRIB, ATTRIB),
    (libc::IN_MODIFY, MODIFY),
    (libc::IN_MOVED_FROM | libc::IN_MOVED_TO, RENAMED),
];

const ITSELF_TOO: &[(u32, u32)] = &[
    (libc::IN_ATTRIB, ATTRIB),
    (libc::IN_DELETE_SELF | libc::IN_MOVE_SELF, DELETE),
    (libc::IN_UNMOUNT, REVOKE),
    (libc::IN_MOVE_SELF, RENAMED),
];

/// Names the limit that was reached.
fn limited(error: Errno) -> Errno {
    match error.0 {
        libc::ENOSPC => Errno::WATCHES,
        // EMFILE is about instances, and not about descriptors, if another descriptor can be opened.
        libc::EMFILE if std::fs::File::open("/").is_ok() => Errno::INSTANCES,
        _ => error,
    }
}

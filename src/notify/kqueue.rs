// SPDX-License-Identifier: MIT
//! macOS and the BSDs.
//!
//! Facts: EVFILT_VNODE tells of an open descriptor's file, so each file takes a descriptor.
//! NOTE_WRITE of a directory: its entries changed. NOTE_DELETE: the last name went, or of a
//! directory the only one. Closing takes the registration away. O_EVTONLY, on macOS, does not keep
//! a volume from being unmounted.

use super::scan::MOVED;
use super::translate;
use super::{ATTRIB, DELETE, MODIFY, REVOKE};
use super::{FDOPENDIR, OPENAT, O_CLOEXEC};
use crate::controller::{Descriptor, Member};
use crate::errno::Result;
use crate::sys::kqueue as sys;
use std::collections::HashMap;
use std::fs::OpenOptions;
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the system offers.
pub const FEATURES: u32 = super::KQUEUE | OPENAT | FDOPENDIR | O_CLOEXEC;

/// How many events are read at once.
const ROOM: usize = 256;

#[cfg(target_vendor = "apple")]
const ONLY_EVENTS: i32 = libc::O_EVTONLY;
#[cfg(not(target_vendor = "apple"))]
const ONLY_EVENTS: i32 = 0;

const NOTES: &[(u32, u32)] = &[
    (sys::NOTE_WRITE | sys::NOTE_EXTEND, MODIFY),
    (sys::NOTE_ATTRIB, ATTRIB),
    (sys::NOTE_DELETE, DELETE),
    (sys::NOTE_RENAME, DELETE | MOVED),
    (sys::NOTE_REVOKE, REVOKE),
];

/// A kqueue of its own, whose descriptor can be polled by others.
pub struct Watcher {
    queue: Descriptor,
    files: HashMap<usize, Descriptor>,
    events: Vec<sys::Event>,
}

impl Watcher {
    /// A watcher that watches nothing yet.
    pub fn new() -> Result<Watcher> {
        let queue = Descriptor::queue(sys::create()?)?;
        Ok(Watcher { queue, files: HashMap::new(), events: Vec::with_capacity(ROOM) })
    }

    /// Readable when something happened.
    pub fn fd(&self) -> RawFd {
        self.queue.fd()
    }

    /// A member that waits until the descriptor is readable.
    pub fn member(&self) -> Member {
        self.queue.member(libc::POLLIN)
    }

    /// Watches a file or directory.
    pub fn watch(&mut self, token: usize, path: &Path, folder: bool) -> Result<()> {
        let kind = if folder { libc::O_DIRECTORY } else { 0 };
        // O_NONBLOCK: opening a named pipe must not wait for its other end.
        let flags = libc::O_NONBLOCK | libc::O_NOFOLLOW | ONLY_EVENTS | kind;
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        let file = Descriptor::new(file.into_raw_fd())?;
        let notes = NOTES.iter().fold(0, |all, note| all | note.0);
        let ident = file.fd() as usize;
        let event = sys::event(ident, sys::VNODE, sys::ADD | sys::CLEAR, notes, token);
        sys::change(self.queue.fd(), &[event])?;
        self.files.insert(token, file);
        Ok(())
    }

    /// Stops watching a file or directory.
    pub fn unwatch(&mut self, token: usize) {
        self.files.remove(&token);
    }

    /// Appends what happened.
    pub fn read(&mut self, told: &mut Vec<(usize, u32)>) -> Result<()> {
        loop {
            sys::wait(self.queue.fd(), &mut self.events, Some(0))?;
            for event in &self.events {
                told.push((sys::token(event), translate(NOTES, sys::notes(event))));
            }
            if self.events.len() < self.events.capacity() {
                return Ok(());
            }
        }
    }
}

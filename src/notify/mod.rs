// SPDX-License-Identifier: MIT
//! What happens to files: a directory or a tree is watched, changes are told by name.
//!
//! A backend provides a type `Source` with:
//!
//! - `new() -> Result<Source>`, `fd()`: a descriptor that is readable when `read` has something to
//!   tell;
//! - `watch(directory, path) -> Result<()>`: watches a directory, under a number of the caller's;
//!   ENOTDIR for anything else. Entries that come and go are told for all of it;
//! - `is_watching(directory, path) -> bool`: whether what is watched under this number is what is
//!   there now;
//! - `unwatch(directory)`: stops watching a directory;
//! - `track(directory, name) -> Result<()>`: has changes of an entry itself told as well. A backend that tells them
//!   in any case has the constant `TRACKS` = false, and this does nothing;
//! - `read(&mut Vec<Change>) -> Result<()>`: appends what happened, in order; nothing is no error;
//! - the constant `FEATURES`.
//!
//! On top of that this module knows which names are wanted, follows trees as they grow and shrink,
//! and keeps what is not fetched yet, one entry a name.

mod bits;
#[cfg(epoll)]
mod inotify;
#[cfg(kqueue)]
mod kqueue;
mod pending;
#[cfg(ports)]
mod ports;
#[cfg(any(kqueue, ports))]
mod scan;
mod tree;
mod wanted;

#[cfg(epoll)]
use inotify as backend;
#[cfg(any(kqueue, ports))]
use scan as backend;

pub use bits::*;

use crate::clock::Span;
use crate::controller::Member;
use crate::errno::{Errno, Result};
use pending::Pending;
use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use tree::Tree;
use wanted::Wanted;

/// Names the watched directory itself.
pub const ITSELF: &[u8] = b".";

/// Something that happened, as a backend tells it.
#[derive(Debug, PartialEq, Eq)]
pub enum Change {
    /// To an entry of a directory.
    Entry {
        /// Of which one, by its number.
        directory: usize,
        /// Its name there.
        name: OsString,
        /// What.
        changes: u32,
        /// Whether it is a directory.
        folder: bool,
    },
    /// To a watched directory itself. With `DELETE` or `REVOKE` it is watched no more, unless it
    /// has just moved.
    Itself {
        /// To which one, by its number.
        directory: usize,
        /// What.
        changes: u32,
        /// Whether it is there still, under another name.
        moved: bool,
    },
    /// Changes were lost.
    Overflow,
}

/// Watches a directory, or a tree.
pub struct Notifier {
    inner: RefCell<Inner>,
}

struct Inner {
    tree: Tree,
    wanted: Wanted,
    pending: Pending,
    /// Of the names that were added in a tree, those that exist.
    there: HashSet<Vec<u8>>,
    /// What the directory itself is watched for.
    own: u32,
    /// What is there already is still to be told.
    existing: bool,
    /// A failure, told by the next fetch that finds nothing else.
    failure: Option<Errno>,
    /// What the last fetch returned.
    fetched: Vec<u8>,
    changes: Vec<Change>,
}

impl Notifier {
    /// Watches the directory `path` for `changes`; with `recursive` all below it too. ENOTDIR for a
    /// file; ENOENT, EACCES; see `Errno::WATCHES` and `Errno::INSTANCES` for the limits of inotify.
    pub fn open(path: &Path, changes: u32, recursive: bool) -> Result<Notifier> {
        let tree = Tree::open(path, recursive)?;
        let mut inner = Inner {
            tree,
            wanted: Wanted::new(recursive, changes),
            pending: Pending::default(),
            there: HashSet::new(),
            own: changes,
            existing: false,
            failure: None,
            fetched: Vec::new(),
            changes: Vec::new(),
        };
        inner.track_all(tree::ROOT)?;
        Ok(Notifier { inner: RefCell::new(inner) })
    }

    /// Has the entries that are there told, too: those that are wanted when the first change is looked for.
    pub fn tell_existing(&self) {
        self.inner.borrow_mut().existing = true;
    }

    /// Tells of the entry `name` from now on, there or not. EISDIR for a name with a slash, unless
    /// whole trees are watched; ENAMETOOLONG.
    pub fn add(&self, name: &[u8], changes: u32) -> Result<()> {
        let inner = &mut *self.inner.borrow_mut();
        if name.contains(&b'/') && !inner.tree.recursive {
            return Err(Errno(libc::EISDIR));
        }
        if name.split(|&byte| byte == b'/').any(|part| part.len() > LONGEST) {
            return Err(Errno(libc::ENAMETOOLONG));
        }
        inner.wanted.add(name, changes);
        if inner.tree.recursive && inner.tree.has(name) {
            inner.there.insert(name.to_vec());
        }
        inner.tree.track(name)
    }

    /// Tells of entries whose names fit a pattern of fnmatch(3). One with a slash is matched with
    /// the whole path below the watched directory, one without with the last part. EINVAL for a
    /// NUL.
    pub fn add_pattern(&self, pattern: &[u8], changes: u32) -> Result<()> {
        let inner = &mut *self.inner.borrow_mut();
        inner.wanted.add_pattern(pattern, changes)?;
        inner.track_all(tree::ROOT)
    }

    /// Takes the oldest entry: which name, and what happened to it. EAGAIN if nothing did; ENOENT when
    /// the directory is gone and all has been told.
    pub fn fetch(&self) -> Result<u32> {
        let unread = self.inner.borrow().existing || !self.has_pending();
        if unread {
            self.step()?;
        }
        let inner = &mut *self.inner.borrow_mut();
        match inner.pending.take() {
            Some((name, changes)) => {
                inner.fetched.clear();
                inner.fetched.extend_from_slice(&name);
                inner.fetched.push(0);
                Ok(changes)
            }
            None => Err(match inner.failure.take() {
                Some(error) => error,
                None if inner.tree.is_gone() => Errno::NOENT,
                None => Errno::AGAIN,
            }),
        }
    }

    /// The name that the last `fetch` took, followed by a NUL that is not counted. The pointer
    /// holds until the next one.
    pub fn name(&self) -> (*const u8, usize) {
        let inner = self.inner.borrow();
        (inner.fetched.as_ptr(), inner.fetched.len().saturating_sub(1))
    }

    /// Reads the changes that the system has to tell, and notes those that are wanted. Not while some are still to be fetched:
    /// what happens after them is told as a change of its own.
    pub fn step(&self) -> Result<()> {
        let mut inner = self.inner.borrow_mut();
        match inner.pending.is_empty() || inner.existing {
            true => inner.step(),
            false => Ok(()),
        }
    }

    /// Whether something can be fetched without asking the system.
    pub fn has_pending(&self) -> bool {
        let inner = self.inner.borrow();
        !inner.pending.is_empty()
            || inner.existing
            || inner.failure.is_some()
            || inner.tree.is_gone()
    }

    /// Readable when the system has something to tell.
    pub fn fd(&self) -> RawFd {
        self.inner.borrow().tree.source.fd()
    }

    /// How long to wait for that: not at all while something can be fetched.
    pub fn timeout(&self) -> Option<Span> {
        self.has_pending().then_some(Span::ZERO)
    }

    /// What to wait for until something can be fetched.
    pub fn interest(&self) -> Member {
        let polled = self.inner.borrow().tree.source.member();
        polled.within(self.timeout())
    }
}

impl Inner {
    fn step(&mut self) -> Result<()> {
        if std::mem::take(&mut self.existing) {
            self.note_existing();
        }
        let mut changes = std::mem::take(&mut self.changes);
        let read = self.tree.source.read(&mut changes);
        self.pending.begin();
        let mut itself = 0;
        for change in changes.drain(..) {
            itself |= self.happened(change);
        }
        self.changes = changes;
        if itself & (self.own | OVERFLOW) != 0 {
            self.pending.note(ITSELF, itself & (self.own | OVERFLOW));
        }
        read
    }

    /// Handles one change that a backend told. Returns the changes of the watched directory itself.
    fn happened(&mut self, change: Change) -> u32 {
        match change {
            Change::Overflow => {
                // Directories may have come and gone unseen.
                self.tree.forget_missing();
                self.follow(tree::ROOT, false);
                OVERFLOW
            }
            Change::Itself { directory, changes, moved } => {
                let root = directory == tree::ROOT;
                if changes & (DELETE | REVOKE) != 0 && !moved {
                    self.tree.forget(directory);
                }
                if root {
                    changes
                } else {
                    0
                }
            }
            Change::Entry { directory, name, changes, folder } => {
                let Some(path) = self.tree.path_of(directory, &name) else { return 0 };
                if changes & DELETE == 0 && is_invented(&name) && !self.tree.has(&path) {
                    return 0;
                }
                self.note(&path, changes);
                // Of two directories that change places, each is told as gone when the other has come.
                if folder && changes & DELETE != 0 && !self.tree.is_in_place(&path) {
                    self.note_gone_below(&path);
                    self.tree.forget_within(&path);
                }
                if changes & CREATE != 0 {
                    if let Some(new) = self.came(directory, &name, &path, folder) {
                        self.follow(new, true);
                    }
                }
                // Whole trees are told by name; in a single directory, names that were not asked for show here.
                if self.tree.recursive {
                    0
                } else {
                    changes & (CREATE | DELETE | RENAMED)
                }
            }
        }
    }

    /// Notes that a directory is gone or was renamed: the added names below it have gone too.
    fn note_gone_below(&mut self, directory: &[u8]) {
        let gone: Vec<Vec<u8>> = self
            .wanted
            .below(directory)
            .filter(|&name| self.there.contains(name))
            .map(<[u8]>::to_vec)
            .collect();
        gone.iter().for_each(|name| self.note(name, DELETE));
    }

    /// Notes changes of an entry for the next fetch, as far as they are wanted.
    fn note(&mut self, path: &[u8], changes: u32) {
        if self.tree.recursive && changes & (CREATE | DELETE) != 0 && self.wanted.is_named(path) {
            match changes & DELETE {
                0 => drop(self.there.insert(path.to_vec())),
                _ => drop(self.there.remove(path)),
            }
        }
        let changes = changes & self.wanted.changes(path);
        if changes != 0 {
            self.pending.note(path, changes);
        }
    }

    /// Handles an entry that came: has it tracked if it is wanted, and watches it if it is a directory in a tree.
    /// Returns the number of a directory that is watched since now.
    fn came(&mut self, directory: usize, name: &OsStr, path: &[u8], folder: bool) -> Option<usize> {
        if backend::TRACKS && self.wanted.changes(path) != 0 {
            let tracked = self.tree.source.track(directory, name);
            self.keep(tracked);
        }
        if !folder || !self.tree.recursive {
            return None;
        }
        let watched = self.tree.watch(path);
        self.keep(watched.map(drop));
        watched.ok().flatten()
    }

    /// Goes through a directory that came, or that may have changed unseen, and all below: entries may have come
    /// before their directory was watched. It uses a list and no recursion, as a tree may be deeper than a fiber's
    /// stack.
    fn follow(&mut self, directory: usize, new: bool) {
        if !self.tree.recursive {
            return;
        }
        let mut todo = vec![(directory, new)];
        while let Some((directory, new)) = todo.pop() {
            for (name, folder) in self.tree.entries(directory) {
                let Some(path) = self.tree.path_of(directory, &name) else { break };
                if new {
                    self.note(&path, CREATE);
                }
                match self.tree.find(&path) {
                    Some(known) if folder => todo.push((known, new)),
                    _ => {
                        let came = self.came(directory, &name, &path, folder);
                        todo.extend(came.map(|directory| (directory, true)));
                    }
                }
            }
        }
    }

    /// Has the wanted entries that exist already tracked, if the backend needs that.
    fn track_all(&mut self, directory: usize) -> Result<()> {
        if !backend::TRACKS || !self.wanted.has_patterns() {
            return Ok(());
        }
        for (directory, name, _) in self.wanted_entries(directory) {
            self.tree.source.track(directory, &name)?;
        }
        Ok(())
    }

    /// Notes the wanted entries that are there.
    fn note_existing(&mut self) {
        for (_, _, path) in self.wanted_entries(tree::ROOT) {
            self.pending.note(&path, PRESENT);
        }
    }

    /// The wanted entries of a directory and of all that are watched below it: each with the number of its directory, its
    /// name there, and its path.
    fn wanted_entries(&self, directory: usize) -> Vec<(usize, OsString, Vec<u8>)> {
        let (mut found, mut todo) = (Vec::new(), vec![directory]);
        while let Some(directory) = todo.pop() {
            for (name, folder) in self.tree.entries(directory) {
                let Some(path) = self.tree.path_of(directory, &name) else { continue };
                todo.extend(self.tree.find(&path).filter(|_| folder));
                if self.wanted.changes(&path) != 0 {
                    found.push((directory, name, path));
                }
            }
        }
        found
    }

    /// Keeps a failure for the next fetch, if a limit was reached. That an entry cannot be opened, or has gone again
    /// meanwhile, is no failure of the notifier.
    fn keep(&mut self, result: Result<()>) {
        if let Some(error) = result.err().filter(|error| is_limit(*error)) {
            self.failure = Some(error);
        }
    }
}

/// The longest name of an entry, on every system that we know.
const LONGEST: usize = 255;

/// Whether a name may be one that Linux invents for a file without any.
fn is_invented(name: &OsStr) -> bool {
    let digits = name.as_bytes().strip_prefix(b"#").unwrap_or_default();
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

/// Whether an error says that a limit of the process or the system keeps more from being watched.
fn is_limit(error: Errno) -> bool {
    let limits = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOSPC];
    limits.contains(&error.0) || error == Errno::WATCHES || error == Errno::INSTANCES
}

/// Translates bits of the system's into those of this module, by a table of pairs.
fn translate(table: &[(u32, u32)], bits: u32) -> u32 {
    let told = table.iter().filter(|(from, _)| bits & from != 0);
    told.fold(0, |all, (_, to)| all | to)
}

fn join(directory: &[u8], name: &OsStr) -> Vec<u8> {
    match directory {
        b"" => name.as_bytes().to_vec(),
        _ => [directory, b"/", name.as_bytes()].concat(),
    }
}

#[cfg(test)]
mod tests;

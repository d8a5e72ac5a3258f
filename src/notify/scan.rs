// SPDX-License-Identifier: MIT
//! The backend for systems that tell that a file or directory has changed, and not what changed in it.
//!
//! A directory that changed is listed again and compared with what it held before. What happens to
//! an entry itself is told only if the entry is watched by itself (`track`). What came and went
//! between two looks is not seen.
//!
//! The system is behind a type `Watcher`, in a file of its own:
//!
//! - `new() -> Result<Watcher>`, `fd()`;
//! - `watch(token, path, folder) -> Result<()>`: a file, or with `folder` a directory (else
//!   ENOTDIR), links not followed;
//! - `unwatch(token)`;
//! - `read(&mut Vec<(token, changes)>) -> Result<()>`: appends what happened; `MOVED` is added to `DELETE` if the
//!   file or directory still exists under another name.

#[cfg(kqueue)]
use super::kqueue as system;
#[cfg(ports)]
use super::ports as system;

use super::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::os::unix::fs::{DirEntryExt, MetadataExt};
use std::path::PathBuf;
use system::Watcher;

pub use system::FEATURES;
pub const TRACKS: bool = true;
/// Beside `DELETE`: the name is gone, but the file still exists under another one.
pub const MOVED: u32 = 1 << 31;

/// What is watched, and compared.
pub struct Source {
    watcher: Watcher,
    folders: BTreeMap<usize, Folder>,
    objects: HashMap<usize, Object>,
    next: usize,
    told: Vec<(usize, u32)>,
}

/// A directory.
struct Folder {
    path: PathBuf,
    /// Device and inode: another directory may come under the same path.
    identity: (u64, u64),
    token: usize,
    entries: BTreeMap<OsString, Entry>,
    /// It was renamed: what lies at `path` now is another directory, or nothing.
    moved: bool,
}

/// An entry of a directory, as it was found by the last listing.
#[derive(Clone, Copy)]
struct Entry {
    inode: u64,
    folder: bool,
    /// Its token, if it is watched by itself.
    token: Option<usize>,
    /// The system has told that it went; something else may have come under its name and inode.
    gone: bool,
}

/// What a token stands for: a directory, or an entry of one.
struct Object {
    directory: usize,
    name: Option<OsString>,
}

impl Source {
    /// A source that watches nothing yet.
    pub fn new() -> Result<Source> {
        let (folders, objects) = (BTreeMap::new(), HashMap::new());
        Ok(Source { watcher: Watcher::new()?, folders, objects, next: 0, told: Vec::new() })
    }

    /// Readable when something happened.
    pub fn fd(&self) -> RawFd {
        self.watcher.fd()
    }

    /// A member that waits until the descriptor is readable.
    pub fn member(&self) -> Member {
        self.watcher.member()
    }

    /// Watches a directory.
    pub fn watch(&mut self, directory: usize, path: &Path) -> Result<()> {
        let identity = identity(path)?;
        let token = self.watch_object(path, Object { directory, name: None }, true)?;
        let entries = list(path).inspect_err(|_| self.unwatch_object(token))?;
        let path = path.to_owned();
        self.folders.insert(directory, Folder { path, identity, token, entries, moved: false });
        Ok(())
    }

    /// Whether the directory at `path` is the one that is watched under this number.
    pub fn is_watching(&mut self, directory: usize, path: &Path) -> bool {
        let found = identity(path).ok();
        found.is_some() && self.folders.get(&directory).map(|folder| folder.identity) == found
    }

    /// Stops watching a directory and its entries.
    pub fn unwatch(&mut self, directory: usize) {
        let Some(folder) = self.folders.remove(&directory) else { return };
        self.unwatch_object(folder.token);
        let entries = folder.entries.into_values();
        entries.filter_map(|entry| entry.token).for_each(|token| self.unwatch_object(token));
    }

    /// Watches an entry by itself, if it exists. Of an entry that cannot be opened only coming and going is told.
    pub fn track(&mut self, directory: usize, name: &OsStr) -> Result<()> {
        let Some(folder) = self.folders.get_mut(&directory) else { return Ok(()) };
        let path = folder.path.join(name);
        if folder.entries.get(name).is_none_or(|entry| entry.token.is_some()) {
            return Ok(());
        }
        let object = Object { directory, name: Some(name.to_owned()) };
        let token = match self.watch_object(&path, object, false) {
            Ok(token) => token,
            Err(error) if is_limit(error) => return Err(error),
            Err(_) => return Ok(()),
        };
        let entry = self.folders.get_mut(&directory).and_then(|f| f.entries.get_mut(name));
        if let Some(entry) = entry {
            entry.token = Some(token);
        }
        Ok(())
    }

    fn watch_object(&mut self, path: &Path, object: Object, folder: bool) -> Result<usize> {
        let token = self.next;
        self.watcher.watch(token, path, folder)?;
        self.next += 1;
        self.objects.insert(token, object);
        Ok(token)
    }

    fn unwatch_object(&mut self, token: usize) {
        self.objects.remove(&token);
        self.watcher.unwatch(token);
    }

    /// Appends what happened.
    pub fn read(&mut self, changes: &mut Vec<Change>) -> Result<()> {
        let mut told = std::mem::take(&mut self.told);
        let read = self.watcher.read(&mut told);
        let mut changed = BTreeSet::new();
        for (token, happened) in told.drain(..) {
            let Some(Object { directory, name }) = self.objects.get(&token) else { continue };
            let directory = *directory;
            match name.clone() {
                Some(name) => self.entry_changed(directory, name, happened, &mut changed, changes),
                None => self.folder_changed(directory, happened, &mut changed, changes),
            }
        }
        self.told = told;
        changed.into_iter().for_each(|directory| self.compare(directory, changes));
        read
    }

    fn entry_changed(
        &mut self,
        directory: usize,
        name: OsString,
        happened: u32,
        changed: &mut BTreeSet<usize>,
        changes: &mut Vec<Change>,
    ) {
        let entry = self.folders.get_mut(&directory).and_then(|f| f.entries.get_mut(&name));
        let Some(entry) = entry else { return };
        let folder = entry.folder;
        if happened & DELETE != 0 {
            entry.gone = true;
            changed.insert(directory);
        }
        let lasting = happened & (ATTRIB | MODIFY);
        // MODIFY of a directory means that its entries changed. That is told entry by entry, if the directory is
        // watched.
        let lasting = if folder { lasting & ATTRIB } else { lasting };
        if lasting != 0 {
            changes.push(Change::Entry { directory, name, changes: lasting, folder });
        }
    }

    fn folder_changed(
        &mut self,
        directory: usize,
        happened: u32,
        changed: &mut BTreeSet<usize>,
        changes: &mut Vec<Change>,
    ) {
        if happened & MODIFY != 0 {
            changed.insert(directory);
        }
        let moved = happened & MOVED != 0;
        if let Some(folder) = self.folders.get_mut(&directory).filter(|_| moved) {
            folder.moved = true;
        }
        let itself = happened & (ATTRIB | DELETE | REVOKE);
        if itself != 0 {
            // The entries of a directory that is gone are told as gone before the directory is.
            if itself & DELETE != 0 && !moved {
                self.compare(directory, changes);
            }
            changes.push(Change::Itself { directory, changes: itself, moved });
        }
    }

    /// Lists a directory again, and tells what is different.
    fn compare(&mut self, directory: usize, changes: &mut Vec<Change>) {
        let folder = self.folders.get_mut(&directory).filter(|folder| !folder.moved);
        let Some(folder) = folder else { return };
        // The directory cannot be listed, for example for want of a descriptor: changes are lost.
        let Ok(mut now) = list(&folder.path) else { return changes.push(Change::Overflow) };
        let mut dropped = Vec::new();
        let mut tell = |name: &OsString, changed, folder| {
            changes.push(Change::Entry { directory, name: name.clone(), changes: changed, folder });
        };
        for (name, old) in &folder.entries {
            match now.get_mut(name) {
                Some(new) if new.inode == old.inode && !old.gone => {
                    new.token = old.token;
                    continue;
                }
                Some(new) => tell(name, CREATE | if old.gone { DELETE } else { 0 }, new.folder),
                None => tell(name, DELETE, old.folder),
            }
            dropped.extend(old.token);
        }
        let came = now.iter().filter(|(name, _)| !folder.entries.contains_key(*name));
        came.for_each(|(name, entry)| tell(name, CREATE, entry.folder));
        folder.entries = now;
        dropped.into_iter().for_each(|token| self.unwatch_object(token));
    }
}

/// Device and inode of a directory.
fn identity(path: &Path) -> Result<(u64, u64)> {
    let found = std::fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

/// What a directory holds now: nothing if it is gone.
fn list(path: &Path) -> Result<BTreeMap<OsString, Entry>> {
    let entries = match std::fs::read_dir(path) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => {
            return Ok(BTreeMap::new());
        }
        entries => entries?,
    };
    let one = |entry: std::fs::DirEntry| {
        let folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        (entry.file_name(), Entry { inode: entry.ino(), folder, token: None, gone: false })
    };
    Ok(entries.flatten().map(one).collect())
}

// SPDX-License-Identifier: MIT
//! The directories that are watched: one, or a whole tree. Each has a number, and a path below the
//! first one, whose path is empty.

use super::backend::Source;
use super::{is_limit, join};
use crate::errno::{Errno, Result};
use crate::sys::describe::{words, Changes};
use crate::sys::memory;
use nix::dir::{Dir, Type};
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// The number of the directory that was asked for.
pub const ROOT: usize = 0;

/// See the module.
pub struct Tree {
    pub source: Source,
    pub recursive: bool,
    /// The absolute path of the first directory: programs change their working directories.
    root: PathBuf,
    /// Whether the first directory is watched no more. It keeps its number and its path.
    gone: bool,
    /// The paths of the directories by their numbers. Numbers are never used again, since what was told of a
    /// directory may be looked at when it is gone.
    directories: HashMap<usize, Vec<u8>>,
    next: usize,
    numbers: HashMap<Vec<u8>, usize>,
}

impl Tree {
    /// Watches a directory, and with `recursive` all below.
    pub fn open(path: &Path, recursive: bool) -> Result<Tree> {
        // An empty path is refused here; joined to the working directory it would be that directory.
        let root = std::fs::canonicalize(path)?;
        let mut tree = Tree {
            source: Source::new()?,
            recursive,
            root,
            gone: false,
            directories: HashMap::new(),
            next: ROOT,
            numbers: HashMap::new(),
        };
        if let Some(owner) = tree.source.member().owner {
            let path = memory::bytes(tree.root.as_os_str().as_bytes());
            owner.describe(path.ok().and_then(|path| words(Changes(path))));
        }
        tree.watch(b"")?;
        if recursive {
            tree.watch_below(ROOT)?;
        }
        Ok(tree)
    }

    /// Watches all directories below one. It uses a list and no recursion, as a tree may be deeper than a fiber's
    /// stack.
    fn watch_below(&mut self, directory: usize) -> Result<()> {
        let mut todo = vec![directory];
        while let Some(directory) = todo.pop() {
            for (name, folder) in self.entries(directory) {
                let path = self.path_of(directory, &name).filter(|_| folder);
                match path.map_or(Ok(None), |path| self.watch(&path)) {
                    Ok(found) => todo.extend(found),
                    Err(error) if is_limit(error) => return Err(error),
                    // It went meanwhile, or must not be opened by this process.
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    /// Watches one more directory and returns its number. `None`: this directory is watched already, with all below
    /// it.
    pub fn watch(&mut self, path: &[u8]) -> Result<Option<usize>> {
        let whole = self.whole(path);
        if !path.is_empty() && !is_directory(&whole) {
            return Err(Errno(libc::ENOTDIR)); // a link, say
        }
        if let Some(&known) = self.numbers.get(path) {
            if self.source.is_watching(known, &whole) {
                return Ok(None);
            }
            // Another one came under this path.
            self.forget_within(path);
        }
        let number = self.next;
        self.source.watch(number, &whole)?;
        self.next += 1;
        self.directories.insert(number, path.to_vec());
        self.numbers.insert(path.to_vec(), number);
        Ok(Some(number))
    }

    /// Has an entry tracked, if its directory is watched.
    pub fn track(&mut self, path: &[u8]) -> Result<()> {
        let last = path.iter().rposition(|&byte| byte == b'/');
        let (directory, name) = match last {
            None => (&b""[..], path),
            Some(at) => (&path[..at], &path[at + 1..]),
        };
        match self.numbers.get(directory) {
            Some(&number) => self.source.track(number, OsStr::from_bytes(name)),
            None => Ok(()),
        }
    }

    /// Stops watching a directory, which is gone.
    pub fn forget(&mut self, directory: usize) {
        if directory == ROOT {
            self.gone = true;
        } else if let Some(path) = self.directories.remove(&directory) {
            self.numbers.remove(&path);
        }
        self.source.unwatch(directory);
    }

    /// Stops watching the directory at a path and all below it: they are gone.
    pub fn forget_within(&mut self, path: &[u8]) {
        let within = |other: &[u8]| match other.strip_prefix(path) {
            Some(rest) => rest.is_empty() || rest[0] == b'/',
            None => false,
        };
        let gone: Vec<usize> = self
            .directories
            .iter()
            .filter(|(number, other)| **number != ROOT && within(other))
            .map(|(number, _)| *number)
            .collect();
        gone.into_iter().for_each(|number| self.forget(number));
    }

    /// Forgets the directories that are not there any more.
    pub fn forget_missing(&mut self) {
        let numbers: Vec<usize> = self.directories.keys().copied().collect();
        for number in numbers {
            let path = self.directories.get(&number).map(|path| self.whole(path));
            if path.is_some_and(|path| number != ROOT && !path.is_dir()) {
                self.forget(number);
            }
        }
    }

    /// Whether nothing is watched any more.
    pub fn is_gone(&self) -> bool {
        self.gone
    }

    /// The number of a directory that is watched.
    pub fn find(&self, path: &[u8]) -> Option<usize> {
        self.numbers.get(path).copied()
    }

    /// The path of an entry. `None` if its directory is watched no more.
    pub fn path_of(&self, directory: usize, name: &OsStr) -> Option<Vec<u8>> {
        self.directories.get(&directory).map(|path| join(path, name))
    }

    /// The entries of a directory, each with whether it is a directory. Links are not followed, not even one that has
    /// taken the place of the directory itself.
    pub fn entries(&self, directory: usize) -> Vec<(OsString, bool)> {
        let Some(path) = self.directories.get(&directory).map(|path| self.whole(path)) else {
            return Vec::new();
        };
        let flags = OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        let Ok(mut open) = Dir::open(&path, flags, Mode::empty()) else { return Vec::new() };
        let mut found = Vec::new();
        for entry in open.iter().flatten() {
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                let folder = match entry.file_type() {
                    Some(kind) => kind == Type::Directory,
                    None => is_directory(&path.join(name)), // some file systems do not say
                };
                found.push((name.to_owned(), folder));
            }
        }
        found
    }

    /// Whether an entry exists.
    pub fn has(&self, path: &[u8]) -> bool {
        self.whole(path).symlink_metadata().is_ok()
    }

    /// Whether the directory that is watched under a path is the one that lies there.
    pub fn is_in_place(&mut self, path: &[u8]) -> bool {
        let whole = self.whole(path);
        self.find(path).is_some_and(|known| self.source.is_watching(known, &whole))
    }

    /// The absolute path of a path below the first directory.
    fn whole(&self, path: &[u8]) -> PathBuf {
        match path {
            b"" => self.root.clone(),
            _ => self.root.join(OsStr::from_bytes(path)),
        }
    }
}

/// Whether that is a directory, and no link to one.
fn is_directory(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|found| found.is_dir())
}

// SPDX-License-Identifier: MIT
//! inotify(7) on open files: what has happened to them since the last look. One instance a queue, since
//! there are few in a system.

use super::super::inotify;
use super::{error, register, status, Own, SOURCE};
use std::collections::HashMap;
use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;

/// Files under observation, by keys of the caller's.
pub struct Watches {
    inotify: Own,
    files: HashMap<usize, File>,
}

struct File {
    fd: RawFd,
    /// Its number in the inotify, and, for a directory, that of the parent: inotify is silent when an open
    /// one is removed.
    own: i32,
    parent: i32,
    links: libc::nlink_t,
    size: libc::off_t,
}

/// What has happened.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Happened {
    pub written: bool,
    pub grown: bool,
    pub cut: bool,
    pub attributes: bool,
    pub linked: bool,
    /// Its last name is gone, or one of its names.
    pub unlinked: bool,
    pub renamed: bool,
    pub unmounted: bool,
}

const CONTENT: u32 =
    libc::IN_MODIFY | libc::IN_CREATE | libc::IN_DELETE | libc::IN_MOVED_FROM | libc::IN_MOVED_TO;

impl Watches {
    fn new() -> io::Result<Watches> {
        Ok(Watches { inotify: Own(inotify::create()?), files: HashMap::new() })
    }

    /// Begins with the file that `fd` is open on, as long as it is.
    pub fn add(&mut self, key: usize, fd: RawFd) -> io::Result<()> {
        let found = status(fd)?;
        let all = CONTENT | libc::IN_ATTRIB | libc::IN_MOVE_SELF;
        let own = self.watch(&format!("/proc/self/fd/{fd}"), all)?;
        let mut parent = -1;
        if found.st_mode & libc::S_IFMT == libc::S_IFDIR {
            let above = self.watch(&format!("/proc/self/fd/{fd}/.."), libc::IN_DELETE);
            parent = above.unwrap_or(-1); // may be gone
        }
        let (links, size) = (found.st_nlink, found.st_size);
        self.files.insert(key, File { fd, own, parent, links, size });
        Ok(())
    }

    fn watch(&self, path: &str, mask: u32) -> io::Result<i32> {
        let path = CString::new(path).map_err(|_| error(libc::EINVAL))?;
        inotify::watch(self.inotify.0, &path, mask | libc::IN_MASK_ADD)
    }

    /// No more of a file. What is left in the kernel finds no key.
    pub fn remove(&mut self, key: usize) {
        let Some(gone) = self.files.remove(&key) else { return };
        for watch in [gone.own, gone.parent] {
            if watch >= 0 && !self.files.values().any(|f| f.own == watch || f.parent == watch) {
                inotify::unwatch(self.inotify.0, watch);
            }
        }
    }

    /// What has happened since the last look.
    pub fn look(&mut self) -> Vec<(usize, Happened)> {
        let mut all: HashMap<usize, Happened> = HashMap::new();
        while let Some(records) = self.read() {
            for (watch, mask) in records {
                for (&key, file) in &mut self.files {
                    file.count(watch, mask, all.entry(key).or_default());
                }
            }
        }
        all.into_iter().filter(|(_, happened)| *happened != Happened::default()).collect()
    }

    /// Some watches and masks; `None`: no more.
    fn read(&self) -> Option<Vec<(i32, u32)>> {
        let mut bytes = [0u8; 4096];
        let size = inotify::read(self.inotify.0, &mut bytes).ok()?;
        let found = inotify::records(&bytes[..size]).map(|record| {
            // inotify tells a directory what happens to its entries, too.
            let named = !record.name.is_empty();
            let others = if named { libc::IN_ATTRIB | libc::IN_MODIFY } else { 0 };
            (record.watch, record.mask & !others)
        });
        Some(found.collect())
    }
}

/// Those of a queue, which it has from the first file on.
pub fn watches(place: &mut Option<Watches>, queue: RawFd) -> io::Result<&mut Watches> {
    if place.is_none() {
        let made = Watches::new()?;
        register(queue, made.inotify.0, libc::EPOLLIN, SOURCE)?;
        *place = Some(made);
    }
    Ok(place.as_mut().expect("made above"))
}

impl File {
    fn count(&mut self, watch: i32, mask: u32, happened: &mut Happened) {
        let Ok(now) = status(self.fd) else { return };
        if watch == self.parent {
            happened.unlinked |= now.st_nlink == 0;
        }
        if watch != self.own {
            return;
        }
        happened.renamed |= mask & libc::IN_MOVE_SELF != 0;
        happened.unmounted |= mask & libc::IN_UNMOUNT != 0;
        if mask & CONTENT != 0 {
            happened.written = true;
            happened.grown |= now.st_size > self.size;
            happened.cut |= now.st_size < self.size;
            happened.linked |= mask & libc::IN_ISDIR != 0;
        }
        if mask & libc::IN_ATTRIB != 0 {
            happened.unlinked |= now.st_nlink < self.links;
            happened.linked |= now.st_nlink > self.links;
            happened.attributes |= now.st_nlink == self.links;
        }
        self.links = now.st_nlink;
        self.size = now.st_size;
    }
}

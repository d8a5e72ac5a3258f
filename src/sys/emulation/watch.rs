// SPDX-License-Identifier: MIT
//! inotify(7) on one open file: what has happened to it since the last look.

use super::{error, status, Own};
use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;

/// A file under observation.
pub struct Watch {
    inotify: Own,
    /// Of the parent, for a directory: inotify is silent when an open one is removed.
    parent: i32,
    links: u64,
    size: i64,
}

/// What has happened.
#[derive(Clone, Copy, Default)]
pub struct Happened {
    pub read: bool,
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

impl Watch {
    /// Begins with the file that `fd` is open on.
    pub fn new(fd: RawFd) -> io::Result<Watch> {
        // SAFETY: no pointers.
        let inotify = super::super::check(unsafe {
            libc::inotify_init1(libc::IN_NONBLOCK | libc::IN_CLOEXEC)
        })?;
        let found = status(fd)?;
        let mut watch =
            Watch { inotify: Own(inotify), parent: -1, links: found.st_nlink, size: found.st_size };
        let own = CONTENT | libc::IN_ACCESS | libc::IN_ATTRIB | libc::IN_MOVE_SELF;
        watch.add(&format!("/proc/self/fd/{fd}"), own)?;
        if found.st_mode & libc::S_IFMT == libc::S_IFDIR {
            let parent = watch.add(&format!("/proc/self/fd/{fd}/.."), libc::IN_DELETE);
            watch.parent = parent.unwrap_or(-1); // may be gone
        }
        Ok(watch)
    }

    /// Readable when something may have happened.
    pub fn fd(&self) -> RawFd {
        self.inotify.0
    }

    fn add(&self, path: &str, mask: u32) -> io::Result<i32> {
        let path = CString::new(path).map_err(|_| error(libc::EINVAL))?;
        // SAFETY: a terminated string.
        super::super::check(unsafe { libc::inotify_add_watch(self.inotify.0, path.as_ptr(), mask) })
    }

    /// What has happened to the file, on which `fd` is open.
    pub fn look(&mut self, fd: RawFd) -> Happened {
        let mut happened = Happened::default();
        while let Some(masks) = self.read() {
            for (watch, mask) in masks {
                self.count(&mut happened, watch, mask, fd);
            }
        }
        happened
    }

    fn count(&mut self, happened: &mut Happened, watch: i32, mask: u32, fd: RawFd) {
        let Ok(now) = status(fd) else { return };
        if watch == self.parent {
            happened.unlinked |= now.st_nlink == 0;
            return;
        }
        happened.read |= mask & libc::IN_ACCESS != 0;
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

    /// Some watches and masks; `None`: no more.
    fn read(&self) -> Option<Vec<(i32, u32)>> {
        let mut bytes = [0u8; 4096];
        // SAFETY: writable for its length.
        let size = unsafe { libc::read(self.inotify.0, bytes.as_mut_ptr().cast(), bytes.len()) };
        let mut rest = &bytes[..usize::try_from(size).ok()?];
        let mut found = Vec::new();
        let number = |bytes: &[u8], at: usize| {
            u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        while rest.len() >= 16 {
            found.push((number(rest, 0) as i32, number(rest, 4)));
            rest = &rest[16 + number(rest, 12) as usize..];
        }
        Some(found)
    }
}

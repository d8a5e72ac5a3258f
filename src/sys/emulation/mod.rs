// SPDX-License-Identifier: MIT
//! The queues of other systems, imitated on Linux for tests, inconveniences included. Under the names of
//! the libc crate, so that `sys::kqueue` and `sys::ports` are the same code here and there.
//! Tables behind locks: it has to be right, not fast.

#[cfg(kqueue)]
pub mod kqueue;
#[cfg(ports)]
pub mod ports;
mod watch;

use super::clock::monotonic;
use super::{epoll, event, poll};
use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Closes a descriptor, and what an imitated queue of that number was made of.
pub fn close(fd: RawFd) {
    // First, since another thread may get the number as soon as it is free.
    #[cfg(kqueue)]
    kqueue::closed(fd);
    #[cfg(ports)]
    ports::closed(fd);
    // SAFETY: the caller gives up a descriptor that it owns.
    unsafe { libc::close(fd) };
}

/// The queues of the process, by their numbers.
struct Table<T>(Mutex<Option<HashMap<RawFd, Arc<T>>>>);

impl<T> Table<T> {
    const fn new() -> Table<T> {
        Table(Mutex::new(None))
    }

    fn insert(&self, fd: RawFd, queue: T) {
        // One that was closed behind our back goes when its number comes again.
        let _old = lock(&self.0).get_or_insert_default().insert(fd, Arc::new(queue));
    }

    fn get(&self, fd: RawFd) -> io::Result<Arc<T>> {
        let found = lock(&self.0).as_ref().and_then(|table| table.get(&fd).cloned());
        found.ok_or_else(|| error(libc::EBADF))
    }

    fn remove(&self, fd: RawFd) {
        let _old = lock(&self.0).as_mut().and_then(|table| table.remove(&fd));
    }
}

/// A panic elsewhere is no reason to stop the tests here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn error(code: i32) -> io::Error {
    io::Error::from_raw_os_error(code)
}

/// The C convention: -1 and errno.
fn result(outcome: io::Result<i32>) -> i32 {
    outcome.unwrap_or_else(|error| {
        // SAFETY: errno of this thread.
        unsafe { *libc::__errno_location() = error.raw_os_error().unwrap_or(libc::EIO) };
        -1
    })
}

/// A descriptor of the imitation's own.
struct Own(RawFd);

impl Drop for Own {
    fn drop(&mut self) {
        // SAFETY: it is ours and given up.
        unsafe { libc::close(self.0) };
    }
}

/// Makes a queue readable for what the kernel knows nothing of.
struct Bell(Own);

impl Bell {
    /// A bell in that queue.
    fn new(queue: RawFd) -> io::Result<Bell> {
        let bell = Bell(Own(event::create(false)?));
        register(queue, bell.0 .0, libc::EPOLLIN, BELL)?;
        Ok(bell)
    }

    fn ring(&self, rings: bool) {
        event::clear(self.0 .0);
        if rings {
            let _ = event::raise(self.0 .0);
        }
    }
}

/// Tokens of an epoll: a descriptor's number; `BELL`; `SOURCE`, another descriptor of ours.
const BELL: u64 = 1 << 40;
const SOURCE: u64 = 1 << 41;

/// Registers a descriptor, or changes how it is.
fn register(queue: RawFd, fd: RawFd, events: i32, token: u64) -> io::Result<()> {
    let mut record = libc::epoll_event { events: events as u32, u64: token };
    let mut control = |op| {
        // SAFETY: the record is valid for the call.
        super::check(unsafe { libc::epoll_ctl(queue, op, fd, &mut record) }).map(drop)
    };
    match control(libc::EPOLL_CTL_MOD) {
        Err(e) if e.raw_os_error() == Some(libc::ENOENT) => control(libc::EPOLL_CTL_ADD),
        other => other,
    }
}

fn unregister(queue: RawFd, fd: RawFd) {
    let _ = epoll::control(queue, libc::EPOLL_CTL_DEL, fd, 0, 0);
}

/// Waits for an epoll until a deadline, for at most `room` records.
fn wait(queue: RawFd, room: usize, deadline: Deadline) -> io::Result<Vec<epoll::Event>> {
    let mut found = Vec::with_capacity(room);
    let Some(left) = deadline.left() else {
        epoll::wait(queue, &mut found, -1)?;
        return Ok(found);
    };
    match epoll::wait_nanoseconds(queue, &mut found, left) {
        Err(e) if e.raw_os_error() == Some(libc::ENOSYS) => {
            let milliseconds = left.div_ceil(1_000_000).min(i32::MAX as u64);
            epoll::wait(queue, &mut found, milliseconds as i32)?;
        }
        other => other?,
    }
    Ok(found)
}

/// Until when a call waits, in nanoseconds of the monotonic clock.
#[derive(Clone, Copy)]
struct Deadline(Option<u64>);

impl Deadline {
    /// Not at all.
    #[cfg(ports)]
    const NOW: Deadline = Deadline(Some(0));

    /// From a `struct timespec`, which may be NULL.
    ///
    /// # Safety
    ///
    /// It is readable unless NULL.
    unsafe fn new(limit: *const libc::timespec) -> Deadline {
        if limit.is_null() {
            return Deadline(None);
        }
        // SAFETY: as documented.
        let limit = unsafe { *limit };
        let span = limit.tv_sec as u64 * 1_000_000_000 + limit.tv_nsec as u64;
        Deadline(Some(monotonic().saturating_add(span)))
    }

    fn left(self) -> Option<u64> {
        self.0.map(|at| at.saturating_sub(monotonic()))
    }

    fn is_over(self) -> bool {
        self.left() == Some(0)
    }
}

/// What poll(2) says now.
fn ready(fd: RawFd, events: i16) -> i16 {
    let mut question = [poll::Question { fd, events, revents: 0 }];
    poll::ask(&mut question).map_or(0, |_| question[0].revents)
}

/// What tells an open file from a later one of the same number, as well as that can be told.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

fn identity(fd: RawFd) -> io::Result<Identity> {
    let status = status(fd)?;
    Ok(Identity(status.st_dev, status.st_ino))
}

fn status(fd: RawFd) -> io::Result<libc::stat> {
    // SAFETY: an all-zero stat is valid.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: writable.
    super::check(unsafe { libc::fstat(fd, &mut status) })?;
    Ok(status)
}

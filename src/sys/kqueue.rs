// SPDX-License-Identifier: MIT
//! kqueue(2). The systems differ in the types of the fields, not in what they mean.

use super::check;
#[cfg(emulated)]
use super::emulation::kqueue as system;
#[cfg(not(emulated))]
use libc as system;
use std::io;
use std::os::fd::RawFd;

/// A change, or what was found: what the system calls `struct kevent`.
pub type Event = system::kevent;

/// The number of a filter.
#[cfg(not(target_os = "netbsd"))]
pub type Filter = i16;
/// The number of a filter.
#[cfg(target_os = "netbsd")]
pub type Filter = u32;

/// What to do with a registration, or what is known of an event.
#[cfg(not(target_os = "netbsd"))]
pub type Flags = u16;
/// What to do with a registration, or what is known of an event.
#[cfg(target_os = "netbsd")]
pub type Flags = u32;

pub(crate) use system::{
    EVFILT_READ as READ, EVFILT_SIGNAL as SIGNAL, EVFILT_USER as USER, EVFILT_VNODE as VNODE,
    EVFILT_WRITE as WRITE,
};
pub(crate) use system::{EV_ADD as ADD, EV_CLEAR as CLEAR, EV_DELETE as DELETE, EV_EOF as EOF};
pub(crate) use system::{
    NOTE_ATTRIB, NOTE_DELETE, NOTE_EXTEND, NOTE_RENAME, NOTE_REVOKE, NOTE_TRIGGER, NOTE_WRITE,
};

/// Urgent data, with `NOTE_OOB`: filter and note, where the system has it.
#[cfg(any(target_vendor = "apple", target_os = "openbsd", target_os = "dragonfly", emulated))]
pub const URGENT: Option<(Filter, u32)> = Some((system::EVFILT_EXCEPT, system::NOTE_OOB));
/// FreeBSD and NetBSD have no filter for it.
#[cfg(any(target_os = "freebsd", target_os = "netbsd"))]
pub const URGENT: Option<(Filter, u32)> = None;

/// A new queue, close-on-exec. A child of fork(2) does not inherit it.
#[cfg(target_os = "netbsd")]
pub fn create() -> io::Result<RawFd> {
    // SAFETY: no pointers.
    check(unsafe { system::kqueue1(libc::O_CLOEXEC) })
}

/// A new queue, close-on-exec. A child of fork(2) does not inherit it, but one of vfork(2) or
/// posix_spawn(3) in another thread might, between the two calls: not every system has kqueue1.
#[cfg(not(target_os = "netbsd"))]
pub fn create() -> io::Result<RawFd> {
    // SAFETY: no pointers.
    let queue = check(unsafe { system::kqueue() })?;
    super::close_on_exec(queue)?;
    Ok(queue)
}

/// A change to hand over.
pub fn event(ident: usize, filter: Filter, flags: Flags, notes: u32, token: usize) -> Event {
    // SAFETY: all fields are numbers, or a pointer that nobody follows.
    let mut event: Event = unsafe { std::mem::zeroed() };
    event.ident = ident as _;
    event.filter = filter;
    event.flags = flags;
    event.fflags = notes;
    event.udata = token as *mut _;
    event
}

/// Hands changes over, in order, up to the first that is refused.
pub fn change(queue: RawFd, changes: &[Event]) -> io::Result<()> {
    let (none, now) = (std::ptr::null_mut(), std::ptr::null());
    // SAFETY: the changes are readable for their number; no event is asked for.
    let done = unsafe { system::kevent(queue, changes.as_ptr(), changes.len() as _, none, 0, now) };
    check(done).map(drop)
}

/// Waits at most `limit` nanoseconds (`None`: for ever): at most `events.capacity()` records, which
/// replace the vector's content.
pub fn wait(queue: RawFd, events: &mut Vec<Event>, limit: Option<u64>) -> io::Result<()> {
    events.clear();
    let limit = limit.map(super::timespec);
    let limit = limit.as_ref().map_or(std::ptr::null(), |t| t as *const _);
    let (room, none) = (events.capacity() as _, std::ptr::null());
    // SAFETY: the vector's allocation has room for `room` records; the timespec outlives the call.
    let count = check(unsafe { system::kevent(queue, none, 0, events.as_mut_ptr(), room, limit) })?;
    // SAFETY: the system initialised `count` records, at most the capacity.
    unsafe { events.set_len(count as usize) };
    Ok(())
}

/// What an event is about: a descriptor, a signal, a number of the program's.
pub fn ident(event: &Event) -> usize {
    event.ident
}

/// Which filter reports it.
pub fn filter(event: &Event) -> Filter {
    event.filter
}

/// `EOF` and the like.
pub fn flags(event: &Event) -> Flags {
    event.flags
}

/// `NOTE_...`, of filters that have them.
pub fn notes(event: &Event) -> u32 {
    event.fflags
}

/// What was given at registration.
pub fn token(event: &Event) -> usize {
    event.udata as usize
}

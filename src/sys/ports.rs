// SPDX-License-Identifier: MIT
//! port_create(3C): the event ports of Solaris and illumos.

use super::check;
#[cfg(emulated)]
use super::emulation::ports as system;
#[cfg(not(emulated))]
use libc as system;
use std::ffi::CString;
use std::io;
use std::os::fd::RawFd;

/// What happened: what the system calls `port_event_t`.
pub type Event = system::port_event;

/// What has become ready, or changed.
pub type Changes = i32;

pub(crate) use system::{
    PORT_SOURCE_FD as SOURCE_FD, PORT_SOURCE_FILE as SOURCE_FILE, PORT_SOURCE_USER as SOURCE_USER,
};

// <sys/port.h>; the libc crate does not have these.
/// The file was read.
#[cfg(emulated)]
pub(crate) const FILE_ACCESS: Changes = 0x1;
/// Its content changed.
pub(crate) const FILE_MODIFIED: Changes = 0x2;
/// Its attributes changed.
pub(crate) const FILE_ATTRIB: Changes = 0x4;
/// It was removed; reported whether asked for or not, like the following.
pub(crate) const FILE_DELETE: Changes = 0x10;
/// Another was renamed to its name.
pub(crate) const FILE_RENAME_TO: Changes = 0x20;
/// It was renamed to another name.
pub(crate) const FILE_RENAME_FROM: Changes = 0x40;
/// It was cut.
pub(crate) const FILE_TRUNC: Changes = 0x10_0000;
/// Its filesystem was unmounted.
pub(crate) const UNMOUNTED: Changes = 0x2000_0000;
/// Something was mounted over it.
pub(crate) const MOUNTEDOVER: Changes = 0x4000_0000;

/// The most records that one call may ask for, PORT_MAX_LIST.
const MOST: usize = 8192;

/// A new port, close-on-exec: afterwards, since port_create takes no flags.
pub fn create() -> io::Result<RawFd> {
    // SAFETY: no pointers.
    let port = check(unsafe { system::port_create() })?;
    super::close_on_exec(port)?;
    Ok(port)
}

/// Has the next occurrence of poll(2) `events` on `fd` reported, once. EBADFD: no such descriptor.
pub fn associate(port: RawFd, fd: RawFd, events: Changes, token: usize) -> io::Result<()> {
    let token = token as *mut libc::c_void;
    // SAFETY: a descriptor is a number; nobody follows the token.
    check(unsafe { system::port_associate(port, SOURCE_FD, fd as libc::uintptr_t, events, token) })
        .map(drop)
}

/// Takes that back. ENOENT: it was not, or has been reported.
pub fn dissociate(port: RawFd, fd: RawFd) -> io::Result<()> {
    // SAFETY: a descriptor is a number.
    check(unsafe { system::port_dissociate(port, SOURCE_FD, fd as libc::uintptr_t) }).map(drop)
}

/// Puts an event of the program's own into the port, from any thread.
pub fn send(port: RawFd, events: Changes, token: usize) -> io::Result<()> {
    // SAFETY: nobody follows the token.
    check(unsafe { system::port_send(port, events, token as *mut libc::c_void) }).map(drop)
}

/// What the system calls `file_obj_t`.
#[repr(C)]
pub(super) struct FileObject {
    pub(super) accessed: libc::timespec,
    pub(super) modified: libc::timespec,
    pub(super) changed: libc::timespec,
    reserved: [libc::uintptr_t; 3],
    pub(super) name: *mut libc::c_char,
}

/// A file to watch by its name. Its address is what the port knows it by, so it is boxed, and must
/// be dissociated, or reported, before it goes.
pub struct File {
    object: FileObject,
    _name: CString,
}

impl File {
    /// By name, as its times were: `[seconds, nanoseconds]` of the last access, modification and change.
    /// A file that has changed since is reported at once.
    pub fn new(name: CString, times: [[i64; 2]; 3]) -> Box<File> {
        let [accessed, modified, changed] = times.map(|[seconds, nanoseconds]| libc::timespec {
            tv_sec: seconds as libc::time_t,
            tv_nsec: nanoseconds as libc::c_long,
        });
        let name_pointer = name.as_ptr().cast_mut();
        let object =
            FileObject { accessed, modified, changed, reserved: [0; 3], name: name_pointer };
        Box::new(File { object, _name: name })
    }

    /// What an event's `object` says that is about this file.
    pub fn id(&self) -> usize {
        &raw const self.object as usize
    }
}

/// Has the next change of a file reported, once; `changes` of `FILE_ACCESS`, `FILE_MODIFIED`,
/// `FILE_ATTRIB`, `FILE_TRUNC`. ENOENT: no such file.
///
/// The system reads the name during the call only, but compares the address later.
pub fn associate_file(
    port: RawFd,
    file: &mut Box<File>,
    changes: Changes,
    token: usize,
) -> io::Result<()> {
    let token = token as *mut libc::c_void;
    // SAFETY: the object and its name are readable for the call.
    check(unsafe { system::port_associate(port, SOURCE_FILE, file.id(), changes, token) }).map(drop)
}

/// Takes that back. ENOENT: it was not, or has been reported.
pub fn dissociate_file(port: RawFd, file: &mut Box<File>) -> io::Result<()> {
    // SAFETY: the system compares the address only.
    check(unsafe { system::port_dissociate(port, SOURCE_FILE, file.id()) }).map(drop)
}

/// Waits at most `limit` nanoseconds (`None`: for ever): at most `events.capacity()` records, which
/// replace the vector's content; none at the limit.
pub fn wait(port: RawFd, events: &mut Vec<Event>, limit: Option<u64>) -> io::Result<()> {
    events.clear();
    events.reserve(1);
    let mut limit = limit.map(super::timespec);
    let limit = limit.as_mut().map_or(std::ptr::null_mut(), |t| t as *mut _);
    let room = events.capacity().min(MOST) as libc::c_uint;
    let (list, mut count) = (events.as_mut_ptr(), 1);
    // SAFETY: the vector has room for `room` records, at least one; the timespec outlives the call. No
    // source has the number 0.
    let result = unsafe {
        (*list).portev_source = 0;
        system::port_getn(port, list, room, &mut count, limit)
    };
    let result = check(result);
    // ETIME and EINTR may come with events, and may leave the count as it was without any.
    // SAFETY: set above, or by the system.
    if unsafe { (*list).portev_source } == 0 {
        count = 0;
    }
    // SAFETY: the system initialised `count` records, at most the capacity.
    unsafe { events.set_len(count as usize) };
    match result {
        Err(e) if count == 0 && e.raw_os_error() != Some(libc::ETIME) => Err(e),
        _ => Ok(()),
    }
}

/// Which source reports an event.
pub fn source(event: &Event) -> i32 {
    event.portev_source.into()
}

/// What has happened.
pub fn events(event: &Event) -> Changes {
    event.portev_events
}

/// The descriptor, or the `id` of a file.
pub fn object(event: &Event) -> usize {
    event.portev_object
}

/// What was given.
pub fn token(event: &Event) -> usize {
    event.portev_user as usize
}

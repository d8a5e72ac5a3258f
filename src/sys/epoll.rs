// SPDX-License-Identifier: MIT
//! epoll(7).

use super::{check, check_size};
use std::io;
use std::os::fd::RawFd;

/// One record of the kernel: events and the token given at registration.
pub type Event = libc::epoll_event;

/// epoll_create1(2), close-on-exec.
pub fn create() -> io::Result<RawFd> {
    // SAFETY: no pointers.
    check(unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) })
}

/// epoll_ctl(2).
pub fn control(
    epoll: RawFd,
    op: libc::c_int,
    fd: RawFd,
    events: u32,
    token: u64,
) -> io::Result<()> {
    let mut event = Event { events, u64: token };
    // SAFETY: `event` is valid for the call; the kernel keeps no pointer to it.
    check(unsafe { libc::epoll_ctl(epoll, op, fd, &mut event) }).map(drop)
}

/// epoll_wait(2): at most `events.capacity()` records, which replace the vector's content.
/// `milliseconds` below zero waits without limit.
pub fn wait(epoll: RawFd, events: &mut Vec<Event>, milliseconds: libc::c_int) -> io::Result<()> {
    events.clear();
    let room = events.capacity() as libc::c_int;
    // SAFETY: the vector's allocation has room for `room` records.
    let count = check(unsafe { libc::epoll_wait(epoll, events.as_mut_ptr(), room, milliseconds) })?;
    // SAFETY: the kernel initialised `count` records, at most the capacity.
    unsafe { events.set_len(count as usize) };
    Ok(())
}

/// epoll_pwait2(2), Linux 5.11: the same with a limit in nanoseconds. ENOSYS on older kernels
/// and under valgrind.
pub fn wait_nanoseconds(epoll: RawFd, events: &mut Vec<Event>, limit: u64) -> io::Result<()> {
    events.clear();
    let room = events.capacity() as libc::c_int;
    let limit = super::timespec(limit);
    let (none, size) = (std::ptr::null::<libc::sigset_t>(), 8usize);
    // SAFETY: as in `wait`; the timespec outlives the call and no signal mask is passed.
    let result = unsafe {
        libc::syscall(libc::SYS_epoll_pwait2, epoll, events.as_mut_ptr(), room, &limit, none, size)
    };
    let count = check_size(result as libc::ssize_t)?;
    // SAFETY: the kernel initialised `count` records, at most the capacity.
    unsafe { events.set_len(count) };
    Ok(())
}

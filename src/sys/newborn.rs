// SPDX-License-Identifier: MIT
//! Making descriptors: close-on-exec and non-blocking from birth, where the system can do that.
//!
//! macOS cannot. There the flags are set right afterwards, and a program that another thread starts in
//! between inherits the descriptor.

use super::check;
use std::io;
use std::os::fd::RawFd;

/// socket(2).
#[cfg(not(target_vendor = "apple"))]
pub fn socket(family: i32, kind: i32) -> io::Result<RawFd> {
    // SAFETY: no pointers.
    check(unsafe { libc::socket(family, kind | FLAGS, 0) })
}

/// socketpair(2) of UNIX sockets.
#[cfg(not(target_vendor = "apple"))]
pub fn pair(kind: i32) -> io::Result<[RawFd; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind | FLAGS, 0, fds.as_mut_ptr()) })?;
    Ok(fds)
}

/// accept4(2), without the peer's address.
#[cfg(not(target_vendor = "apple"))]
pub fn accept(fd: RawFd) -> io::Result<RawFd> {
    let none = std::ptr::null_mut();
    // SAFETY: no address is asked for.
    check(unsafe { libc::accept4(fd, none, none.cast(), FLAGS) })
}

/// pipe2(2), close-on-exec only.
#[cfg(not(target_vendor = "apple"))]
pub fn pipe() -> io::Result<[RawFd; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::pipe2(fds.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok(fds)
}

#[cfg(not(target_vendor = "apple"))]
const FLAGS: libc::c_int = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;

/// socket(2).
#[cfg(target_vendor = "apple")]
pub fn socket(family: i32, kind: i32) -> io::Result<RawFd> {
    // SAFETY: no pointers.
    let fd = check(unsafe { libc::socket(family, kind, 0) })?;
    prepare([fd], super::socket::adopt).map(|[fd]| fd)
}

/// socketpair(2) of UNIX sockets.
#[cfg(target_vendor = "apple")]
pub fn pair(kind: i32) -> io::Result<[RawFd; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr()) })?;
    prepare(fds, super::socket::adopt)
}

/// accept(2), without the peer's address.
#[cfg(target_vendor = "apple")]
pub fn accept(fd: RawFd) -> io::Result<RawFd> {
    let none = std::ptr::null_mut();
    // SAFETY: no address is asked for.
    let fd = check(unsafe { libc::accept(fd, none, none.cast()) })?;
    prepare([fd], super::socket::adopt).map(|[fd]| fd)
}

/// pipe(2), close-on-exec only.
#[cfg(target_vendor = "apple")]
pub fn pipe() -> io::Result<[RawFd; 2]> {
    let mut fds = [-1; 2];
    // SAFETY: room for two descriptors.
    check(unsafe { libc::pipe(fds.as_mut_ptr()) })?;
    prepare(fds, super::close_on_exec)
}

/// Sets the flags of new descriptors, or closes them.
#[cfg(target_vendor = "apple")]
fn prepare<const N: usize>(
    fds: [RawFd; N],
    set: impl Fn(RawFd) -> io::Result<()>,
) -> io::Result<[RawFd; N]> {
    match fds.iter().try_for_each(|&fd| set(fd)) {
        Ok(()) => Ok(fds),
        Err(error) => {
            fds.iter().for_each(|&fd| super::close(fd));
            Err(error)
        }
    }
}

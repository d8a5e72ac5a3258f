// SPDX-License-Identifier: MIT
//! Who is on the other side of a UNIX socket, as of its connect: process (0: not known), user, group.
//! Each system has a way of its own.

use super::check;
use std::io;
use std::os::fd::RawFd;

/// SO_PEERCRED, `struct ucred`.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    let mut found = libc::ucred { pid: 0, uid: 0, gid: 0 };
    option(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, &mut found)?;
    Ok((found.pid, found.uid, found.gid))
}

/// SO_PEERCRED, `struct sockpeercred`.
#[cfg(target_os = "openbsd")]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    let mut found = libc::sockpeercred { uid: 0, gid: 0, pid: 0 };
    option(fd, libc::SOL_SOCKET, libc::SO_PEERCRED, &mut found)?;
    Ok((found.pid, found.uid, found.gid))
}

/// LOCAL_PEEREID, unix(4).
#[cfg(target_os = "netbsd")]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    let mut found = libc::unpcbid { unp_pid: 0, unp_euid: 0, unp_egid: 0 };
    option(fd, 0, libc::LOCAL_PEEREID, &mut found)?;
    Ok((found.unp_pid, found.unp_euid, found.unp_egid))
}

/// getpeereid(3), and LOCAL_PEERPID.
#[cfg(target_vendor = "apple")]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    let (user, group) = user(fd)?;
    let mut process = 0;
    option(fd, libc::SOL_LOCAL, libc::LOCAL_PEERPID, &mut process)?;
    Ok((process, user, group))
}

/// getpeereid(3), and LOCAL_PEERCRED, which knows the process since FreeBSD 13.
#[cfg(target_os = "freebsd")]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    let (user, group) = user(fd)?;
    // SAFETY: an all-zero xucred is valid.
    let mut found: libc::xucred = unsafe { std::mem::zeroed() };
    option(fd, libc::SOL_LOCAL, libc::LOCAL_PEERCRED, &mut found)?;
    // SAFETY: written by the system, or zero; either field is a number.
    Ok((unsafe { found.cr_pid__c_anonymous_union.cr_pid }, user, group))
}

/// getpeereid(3); nobody tells the process.
#[cfg(target_os = "dragonfly")]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    user(fd).map(|(user, group)| (0, user, group))
}

/// getpeerucred(3C).
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
pub fn credentials(fd: RawFd) -> io::Result<(i32, u32, u32)> {
    let mut found = std::ptr::null_mut();
    // SAFETY: writable; the record that comes is freed below, after its numbers were read.
    unsafe {
        check(libc::getpeerucred(fd, &mut found))?;
        let who =
            (libc::ucred_getpid(found), libc::ucred_geteuid(found), libc::ucred_getegid(found));
        libc::ucred_free(found);
        Ok(who)
    }
}

#[cfg(any(target_vendor = "apple", target_os = "freebsd", target_os = "dragonfly"))]
fn user(fd: RawFd) -> io::Result<(u32, u32)> {
    let (mut user, mut group) = (0, 0);
    // SAFETY: both are writable.
    check(unsafe { libc::getpeereid(fd, &mut user, &mut group) })?;
    Ok((user, group))
}

#[cfg(not(any(target_os = "dragonfly", target_os = "solaris", target_os = "illumos")))]
fn option<T>(fd: RawFd, level: i32, name: i32, found: &mut T) -> io::Result<()> {
    let mut size = std::mem::size_of::<T>() as libc::socklen_t;
    // SAFETY: `found` is writable for `size` bytes, and plain numbers.
    check(unsafe { libc::getsockopt(fd, level, name, (found as *mut T).cast(), &mut size) })?;
    Ok(())
}

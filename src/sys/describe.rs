// SPDX-License-Identifier: MIT
//! What a descriptor is, in words and without memory: for lists of tasks.

use super::socket;
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage};
use std::fmt::{Result, Write};
use std::os::fd::RawFd;

/// Writes what a wait for these events of a descriptor is for: "read of 127.0.0.1:443".
pub fn wait(fd: RawFd, events: i16, to: &mut impl Write) -> Result {
    match socket::option(fd, libc::SOL_SOCKET, libc::SO_TYPE) {
        Ok(_) if is_listener(fd) => with_name(to, "accept on ", socket::local_name(fd).ok(), fd),
        Ok(_) => with_name(to, verb(events), socket::peer_name(fd).ok(), fd),
        Err(_) => match kind(fd) {
            Some(kind) => to.write_str(kind),
            None => write!(to, "{}descriptor {fd}", verb(events)),
        },
    }
}

fn is_listener(fd: RawFd) -> bool {
    socket::option(fd, libc::SOL_SOCKET, libc::SO_ACCEPTCONN).is_ok_and(|value| value != 0)
}

fn verb(events: i16) -> &'static str {
    match (events & libc::POLLIN != 0, events & libc::POLLOUT != 0) {
        (true, true) => "read of and write to ",
        (_, true) => "write to ",
        _ => "read of ",
    }
}

fn with_name(to: &mut impl Write, what: &str, name: Option<SockaddrStorage>, fd: RawFd) -> Result {
    to.write_str(what)?;
    let Some(name) = name else { return write!(to, "descriptor {fd}, not connected") };
    match name.family() {
        Some(AddressFamily::Inet | AddressFamily::Inet6) => write!(to, "{name}"),
        Some(AddressFamily::Unix) => match name.as_unix_addr().and_then(|unix| unix.path()) {
            Some(path) => write!(to, "{}", path.display()),
            None => write!(to, "an unnamed UNIX socket, descriptor {fd}"),
        },
        _ => write!(to, "descriptor {fd}"),
    }
}

/// What the system says of a descriptor that is no socket.
fn kind(fd: RawFd) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 5] = [
        (b"anon_inode:inotify", "file changes"),
        (b"anon_inode:[eventpoll]", "another controller"),
        (b"anon_inode:[signalfd]", "signals"),
        (b"anon_inode:[eventfd]", "an event"),
        (b"anon_inode:[pidfd]", "the end of a process"),
    ];
    let mut path = [0; 40];
    let mut rest = &mut path[..39]; // a NUL is left at the end
    std::io::Write::write_fmt(&mut rest, format_args!("/proc/self/fd/{fd}")).ok()?;
    let mut target = [0; 64];
    // SAFETY: both arrays are as long as is said, and the first is terminated.
    let size =
        unsafe { libc::readlink(path.as_ptr().cast(), target.as_mut_ptr().cast(), target.len()) };
    let found = target.get(..usize::try_from(size).ok()?)?;
    KINDS.iter().find(|(name, _)| *name == found).map(|&(_, kind)| kind)
}

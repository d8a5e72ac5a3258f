// SPDX-License-Identifier: MIT
//! What is waited for, in words and without memory: for lists of tasks.

use super::memory::AtomicShared;
use super::socket;
use nix::sys::socket::{AddressFamily, SockaddrLike, SockaddrStorage};
use std::ffi::OsStr;
use std::fmt::{Result, Write};
use std::os::fd::RawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Something that knows more of a wait than the kernel does.
pub trait Describe {
    /// Writes what a wait for these events of its descriptor is for; a condition has -1 and none.
    fn describe(&self, fd: RawFd, events: i16, to: &mut dyn Write) -> Result;
}

/// What is waited for, if anybody has said it.
pub type Words = Option<AtomicShared<dyn Describe>>;

/// Words for a descriptor or a condition. `None` without memory: they are for people, and nothing depends on them.
pub fn words(said: impl Describe + 'static) -> Words {
    AtomicShared::new(said).ok().map(AtomicShared::told)
}

/// The same words for each wait.
impl Describe for &'static str {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> Result {
        to.write_str(self)
    }
}

/// A connection to an address, which is not there yet.
pub struct Connection(pub SockaddrStorage);

impl Describe for Connection {
    fn describe(&self, fd: RawFd, _events: i16, to: &mut dyn Write) -> Result {
        with_name(to, "connection to ", Some(self.0), fd)
    }
}

/// What a connection is used for at present.
pub struct Stage(pub &'static str);

impl Describe for Stage {
    fn describe(&self, fd: RawFd, events: i16, to: &mut dyn Write) -> Result {
        wait(fd, events, to)?;
        write!(to, " ({})", self.0)
    }
}

/// Changes of the files in a directory, with its path.
pub struct Changes(pub Vec<u8>);

impl Describe for Changes {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> Result {
        write!(to, "file changes of {}", Path::new(OsStr::from_bytes(&self.0)).display())
    }
}

/// The end of a process, with its number.
pub struct Ending(pub i32);

impl Describe for Ending {
    fn describe(&self, _fd: RawFd, _events: i16, to: &mut dyn Write) -> Result {
        write!(to, "the end of process {}", self.0)
    }
}

/// Writes what a wait for these events of a descriptor is for: "read of 127.0.0.1:443".
pub fn wait(fd: RawFd, events: i16, to: &mut dyn Write) -> Result {
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

fn with_name(to: &mut dyn Write, what: &str, name: Option<SockaddrStorage>, fd: RawFd) -> Result {
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

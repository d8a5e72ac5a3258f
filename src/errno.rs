// SPDX-License-Identifier: MIT
//! One error type for every layer: a system errno(3) value or one of the library's own codes.

pub mod names;

use std::ffi::CStr;
use std::fmt;

/// What went wrong: positive values are the system's, negative ones the library's.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Errno(pub i32);

/// The result of every fallible operation of the core.
pub type Result<T> = std::result::Result<T, Errno>;

/// The library's own codes count upwards from here: minus the four bytes `sck9` and `dns@`.
const SOCKET_BASE: i32 = -0x7363_6b39;
const DNS_BASE: i32 = -0x646e_7340;

impl Errno {
    /// Text or binary data that belongs to no socket operation: a NUL in a host name, say.
    pub const BADARG: Errno = Errno(libc::EINVAL);
    /// Would block: wait for readiness and repeat.
    pub const AGAIN: Errno = Errno(libc::EAGAIN);
    /// End of file, or the stream was closed for writing.
    pub const PIPE: Errno = Errno(libc::EPIPE);
    /// The descriptor or object is closed.
    pub const BADF: Errno = Errno(libc::EBADF);
    /// The deadline passed.
    pub const TIMEDOUT: Errno = Errno(libc::ETIMEDOUT);
    /// Ended by somebody who asked for it.
    pub const CANCELED: Errno = Errno(libc::ECANCELED);
    /// Refused while running or in use.
    pub const BUSY: Errno = Errno(libc::EBUSY);
    /// No such thing.
    pub const NOENT: Errno = Errno(libc::ENOENT);
    /// No memory.
    pub const NOMEM: Errno = Errno(libc::ENOMEM);
    /// A bug inside the library: a panic was caught at the boundary.
    pub const PANIC: Errno = Errno(SOCKET_BASE + 16);
    /// TLS failed: the object that it failed on tells why.
    pub const TLS: Errno = Errno(SOCKET_BASE);
    /// The peer's certificate is missing or not what was demanded.
    pub const NOTVERIFIED: Errno = Errno(SOCKET_BASE + 2);
    /// A TLS stream ended without the peer saying so.
    pub const TRUNCATED: Errno = Errno(SOCKET_BASE + 17);
    /// No inotify watch is left.
    pub const WATCHES: Errno = Errno(SOCKET_BASE + 18);
    /// No inotify queue is left.
    pub const INSTANCES: Errno = Errno(SOCKET_BASE + 19);
    /// A task of a scope has failed.
    pub const FAILED: Errno = Errno(SOCKET_BASE + 20);
    /// A DNS message does not fit.
    pub const NOBUFS: Errno = Errno(DNS_BASE);
    /// A malformed DNS name, record or message.
    pub const ILLEGAL: Errno = Errno(DNS_BASE + 1);
    /// A record for a section of a DNS message that is behind already.
    pub const ORDER: Errno = Errno(DNS_BASE + 2);
    /// No section of a DNS message.
    pub const SECTION: Errno = Errno(DNS_BASE + 3);
    /// Text that is no address.
    pub const ADDRESS: Errno = Errno(DNS_BASE + 5);
    /// No query was submitted.
    pub const NOQUERY: Errno = Errno(DNS_BASE + 6);
    /// No answer to use.
    pub const NOANSWER: Errno = Errno(DNS_BASE + 7);
    /// The answer was fetched before.
    pub const FETCHED: Errno = Errno(DNS_BASE + 8);
    /// No server gave an answer that can be used.
    pub const FAIL: Errno = Errno(DNS_BASE + 11);
    /// The port is no number and no known service.
    pub const SERVICE: Errno = Errno(DNS_BASE + 9);
    /// There is no such host, or it has no address of the family.
    pub const NONAME: Errno = Errno(DNS_BASE + 10);

    /// The calling thread's errno.
    pub fn last() -> Errno {
        Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
    }

    /// Whether the operation can be repeated when the descriptor is ready.
    pub fn is_again(self) -> bool {
        self.0 == libc::EAGAIN || self.0 == libc::EWOULDBLOCK || self.0 == libc::EINPROGRESS
    }

    /// Whether there was no descriptor to be had.
    pub fn is_shortage(self) -> bool {
        matches!(self.0, libc::EMFILE | libc::ENFILE)
    }

    /// The text for people, without a trailing newline.
    pub fn text(self) -> String {
        match LIBRARY.iter().find(|e| e.code == self) {
            Some(entry) => entry.text.to_str().unwrap_or_default().to_owned(),
            None => crate::sys::strerror(self.0),
        }
    }

    /// Every name with its number: the system's, then the library's own.
    pub fn all() -> impl Iterator<Item = (&'static CStr, i32)> {
        crate::errno::names::system().chain(LIBRARY.iter().map(|e| (e.name, e.code.0)))
    }

    /// The symbolic name: `EAGAIN`, `CQ_EPANIC`.
    pub fn name(self) -> Option<&'static CStr> {
        let library = LIBRARY.iter().find(|e| e.code == self).map(|e| e.name);
        library.or_else(|| crate::errno::names::system().find(|e| e.1 == self.0).map(|e| e.0))
    }
}

impl fmt::Debug for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text(), self.0)
    }
}

impl fmt::Display for Errno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for Errno {}

impl From<std::io::Error> for Errno {
    fn from(e: std::io::Error) -> Errno {
        Errno(e.raw_os_error().unwrap_or(libc::EIO))
    }
}

impl From<nix::errno::Errno> for Errno {
    fn from(e: nix::errno::Errno) -> Errno {
        Errno(e as i32)
    }
}

/// One code of the library: append-only, one name in every language.
struct Entry {
    code: Errno,
    name: &'static CStr,
    text: &'static CStr,
}

const LIBRARY: &[Entry] = &[
    entry(SOCKET_BASE, c"CQ_ETLS", c"TLS failed"),
    entry(SOCKET_BASE + 1, c"CQ_EX509", c"certificate lookup was interrupted"),
    entry(SOCKET_BASE + 2, c"CQ_ENOTVERIFIED", c"peer certificate is missing or not verified"),
    entry(SOCKET_BASE + 3, c"CQ_ECLOSURE", c"TLS was shut down in good order"),
    entry(SOCKET_BASE + 4, c"CQ_ENOHOST", c"no address left to try"),
    entry(Errno::PANIC.0, c"CQ_EPANIC", c"internal error in libcqueues"),
    entry(Errno::TRUNCATED.0, c"CQ_ETRUNCATED", c"TLS stream was cut short"),
    entry(
        Errno::WATCHES.0,
        c"CQ_EWATCHES",
        c"no inotify watch left: raise fs.inotify.max_user_watches",
    ),
    entry(
        Errno::INSTANCES.0,
        c"CQ_EINSTANCES",
        c"no inotify queue left: raise fs.inotify.max_user_instances",
    ),
    entry(Errno::FAILED.0, c"CQ_EFAILED", c"a task has failed"),
    entry(Errno::NOBUFS.0, c"CQ_ENOBUFS", c"DNS message does not fit its buffer"),
    entry(Errno::ILLEGAL.0, c"CQ_EILLEGAL", c"malformed DNS name, record or message"),
    entry(Errno::ORDER.0, c"CQ_EORDER", c"DNS sections are filled out of order"),
    entry(Errno::SECTION.0, c"CQ_ESECTION", c"no such section in a DNS message"),
    entry(DNS_BASE + 4, c"CQ_EDNS", c"DNS failed"),
    entry(Errno::ADDRESS.0, c"CQ_EADDRESS", c"text is not an address"),
    entry(Errno::NOQUERY.0, c"CQ_ENOQUERY", c"no DNS query to work on"),
    entry(Errno::NOANSWER.0, c"CQ_ENOANSWER", c"name server hung up without an answer"),
    entry(Errno::FETCHED.0, c"CQ_EFETCHED", c"DNS answer was taken already"),
    entry(Errno::SERVICE.0, c"CQ_ESERVICE", c"port is not a number"),
    entry(Errno::NONAME.0, c"CQ_ENONAME", c"no such host or address"),
    entry(Errno::FAIL.0, c"CQ_EFAIL", c"no name server could tell"),
];

const fn entry(code: i32, name: &'static CStr, text: &'static CStr) -> Entry {
    Entry { code: Errno(code), name, text }
}

#[cfg(test)]
mod tests;

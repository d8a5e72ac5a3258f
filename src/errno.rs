// SPDX-License-Identifier: MIT
//! One error type for every layer: a system errno(3) value or one of the library's own codes.

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
    /// Refused while running or in use.
    pub const BUSY: Errno = Errno(libc::EBUSY);
    /// No such thing.
    pub const NOENT: Errno = Errno(libc::ENOENT);
    /// A bug inside the library: a panic was caught at the boundary.
    pub const PANIC: Errno = Errno(SOCKET_BASE + 16);
    /// The port is no number and no known service.
    pub const SERVICE: Errno = Errno(DNS_BASE + 9);
    /// The host name does not resolve: only numeric addresses do.
    pub const NONAME: Errno = Errno(DNS_BASE + 10);

    /// The calling thread's errno.
    pub fn last() -> Errno {
        Errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(libc::EIO))
    }

    /// Whether the operation can be repeated when the descriptor is ready.
    pub fn is_again(self) -> bool {
        self.0 == libc::EAGAIN || self.0 == libc::EWOULDBLOCK || self.0 == libc::EINPROGRESS
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
        crate::errno_names::system().chain(LIBRARY.iter().map(|e| (e.name, e.code.0)))
    }

    /// The symbolic name: `EAGAIN`, `CQ_EPANIC`.
    pub fn name(self) -> Option<&'static CStr> {
        let library = LIBRARY.iter().find(|e| e.code == self).map(|e| e.name);
        library.or_else(|| crate::errno_names::system().find(|e| e.1 == self.0).map(|e| e.0))
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
    Entry { code: Errno::PANIC, name: c"CQ_EPANIC", text: c"internal error in libcqueues" },
    Entry { code: Errno::SERVICE, name: c"CQ_ESERVICE", text: c"port is not a number" },
    Entry { code: Errno::NONAME, name: c"CQ_ENONAME", text: c"host is not a numeric address" },
];

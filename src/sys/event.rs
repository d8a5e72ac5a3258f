// SPDX-License-Identifier: MIT
//! eventfd(2): a descriptor that one thread makes readable for another. Where a filter of system calls refuses it, a
//! datagram socket that is connected to itself: one descriptor, too, to which the same bytes are written.

use super::{check, check_size, socket as sock};
use nix::sys::socket::UnixAddr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// A new event descriptor, close-on-exec and non-blocking, readable if `raised`.
pub fn create(raised: bool) -> io::Result<RawFd> {
    // SAFETY: no pointers.
    let made = unsafe { libc::eventfd(raised.into(), libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
    match check(made) {
        Err(error) if matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) => {
            let fd = loop_back()?;
            if raised {
                raise(fd.as_raw_fd())?;
            }
            Ok(fd.into_raw_fd())
        }
        made => made,
    }
}

/// As `create`, with an owner; not raised.
pub fn create_owned() -> io::Result<OwnedFd> {
    // SAFETY: a new descriptor, which has no other owner.
    create(false).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A datagram socket that is connected to itself. The kernel chooses its address in the abstract namespace, unix(7), and
/// lets nobody else send to it.
fn loop_back() -> io::Result<OwnedFd> {
    let fd = sock::open_owned(libc::AF_UNIX, libc::SOCK_DGRAM)?;
    let unnamed = sock::address_storage(&UnixAddr::new_unnamed());
    sock::bind(fd.as_raw_fd(), &unnamed.ok_or(io::ErrorKind::Unsupported)?)?;
    sock::connect(fd.as_raw_fd(), &sock::local_name(fd.as_raw_fd())?)?;
    Ok(fd)
}

/// Makes it readable.
pub fn raise(fd: RawFd) -> io::Result<()> {
    let one = 1u64;
    // SAFETY: eight readable bytes.
    check_size(unsafe { libc::write(fd, (&raw const one).cast(), 8) }).map(drop)
}

/// Makes it unreadable again.
pub fn clear(fd: RawFd) {
    let mut count = 0u64;
    // SAFETY: eight writable bytes. EAGAIN means that it was clear.
    let _ = unsafe { libc::read(fd, (&raw mut count).cast(), 8) };
}

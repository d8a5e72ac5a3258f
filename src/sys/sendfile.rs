// SPDX-License-Identifier: MIT
//! sendfile(2), where it takes any file and any socket; elsewhere nothing.

use std::io;
use std::os::fd::RawFd;

/// Sends at most `count` bytes of a file, from `offset` on; tells how many: 0 at its end. `None`: the system cannot do
/// that for these two.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub fn send(fd: RawFd, file: RawFd, offset: u64, count: usize) -> io::Result<Option<usize>> {
    let mut at =
        libc::off64_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: `at` is readable and writable.
    match super::check_size(unsafe { libc::sendfile64(fd, file, &mut at, count) }) {
        Ok(sent) => Ok(Some(sent)),
        Err(error) if matches!(error.raw_os_error(), Some(libc::EINVAL | libc::ENOSYS)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends nothing: `None`.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn send(_fd: RawFd, _file: RawFd, _offset: u64, _count: usize) -> io::Result<Option<usize>> {
    Ok(None)
}

/// pread(2).
pub fn read_at(file: RawFd, room: &mut [u8], offset: u64) -> io::Result<usize> {
    let at =
        libc::off_t::try_from(offset).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the room is writable for its length.
    super::check_size(unsafe { libc::pread(file, room.as_mut_ptr().cast(), room.len(), at) })
}

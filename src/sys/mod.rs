// SPDX-License-Identifier: MIT
//! The system: one call per function, `std::io::Result` out. With `capi`, the only home of
//! `unsafe`.

pub mod activation;
pub mod batch;
pub mod certificate;
pub mod clock;
pub mod control;
pub mod describe;
#[cfg(emulated)]
pub mod emulation;
#[cfg(any(epoll, emulated))]
pub mod epoll;
#[cfg(any(epoll, emulated))]
pub mod event;
pub mod fiber;
pub mod file;
pub mod file_calls;
pub mod fnmatch;
#[cfg(any(epoll, emulated))]
pub mod inotify;
#[cfg(kqueue)]
pub mod kqueue;
pub mod memory;
pub mod message;
mod missing;
pub mod multicast;
pub mod networks;
mod newborn;
pub mod orphans;
pub mod page;
pub mod peer;
pub mod pem;
#[cfg(not(epoll))]
pub mod poll;
#[cfg(ports)]
pub mod ports;
pub mod prefetch;
pub mod process;
pub mod program;
mod races;
pub mod search;
pub mod sendfile;
pub mod signal;
#[cfg(any(epoll, all(kqueue, emulated)))]
#[cfg_attr(emulated, allow(dead_code))] // the imitation takes no signals
pub mod signalfd;
pub mod socket;
pub mod stack;
#[cfg(test)]
pub mod testing;
pub mod thread;
pub mod tls;
pub mod tuning;

use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

#[cfg(emulated)]
pub use emulation::close;

/// Closes a descriptor. EINTR counts as closed, as on every system where it has been released.
#[cfg(not(emulated))]
pub fn close(fd: RawFd) {
    // SAFETY: the caller gives up a descriptor that it owns.
    unsafe { libc::close(fd) };
}

/// The effective user of this process.
pub fn user() -> u32 {
    // SAFETY: no pointers; always succeeds.
    unsafe { libc::geteuid() }
}

/// Whether the process runs with other rights than those of whoever started it: setuid, setgid, or capabilities.
pub fn is_privileged() -> bool {
    // SAFETY: no pointers; these always succeed.
    let same = unsafe { libc::geteuid() == libc::getuid() && libc::getegid() == libc::getgid() };
    !same || is_secure()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_secure() -> bool {
    // SAFETY: no pointers.
    unsafe { libc::getauxval(libc::AT_SECURE) != 0 }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_secure() -> bool {
    false
}

/// fcntl(2), for those who cannot do it from birth.
#[cfg(not(any(epoll, target_os = "netbsd")))]
fn close_on_exec(fd: RawFd) -> io::Result<()> {
    // SAFETY: no pointers.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) }).map(drop)
}

/// fstat(2): whether it is a regular file or a directory, which are never waited for.
#[cfg(not(epoll))]
pub fn is_file(fd: RawFd) -> io::Result<bool> {
    // SAFETY: an all-zero stat is valid.
    let mut status: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `status` is writable.
    check(unsafe { libc::fstat(fd, &mut status) })?;
    Ok([libc::S_IFREG, libc::S_IFDIR].contains(&(status.st_mode & libc::S_IFMT)))
}

/// pipe(2): what is written to the second comes out of the first. Close-on-exec.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let [out, into] = newborn::pipe()?;
    // SAFETY: nobody else owns them.
    unsafe { Ok((OwnedFd::from_raw_fd(out), OwnedFd::from_raw_fd(into))) }
}

/// Puts an open file behind the number of another one, which is closed: dup3(2), close-on-exec. `new` is closed too.
#[cfg(epoll)]
pub fn replace(new: RawFd, number: RawFd) -> io::Result<()> {
    // SAFETY: no pointers; both numbers are the caller's.
    let result = check(unsafe { libc::dup3(new, number, libc::O_CLOEXEC) });
    close(new);
    result.map(drop)
}

/// Has `call` called before each fork(2) of this process, by the thread that forks.
pub fn before_fork(call: extern "C" fn()) {
    // SAFETY: the function takes nothing and does not unwind.
    unsafe {
        libc::pthread_atfork(
            Some(std::mem::transmute::<extern "C" fn(), unsafe extern "C" fn()>(call)),
            None,
            None,
        )
    };
}

/// Has `call` called at exit(3), by the thread that leaves, and when the library is unloaded.
pub fn at_exit(call: extern "C" fn()) {
    // SAFETY: the function takes nothing and does not unwind.
    unsafe { libc::atexit(call) };
}

/// Has `call` called in each child of fork(2), by its only thread.
pub fn in_children(call: extern "C" fn()) {
    // SAFETY: the function takes nothing and does not unwind.
    unsafe {
        libc::pthread_atfork(
            None,
            None,
            Some(std::mem::transmute::<extern "C" fn(), unsafe extern "C" fn()>(call)),
        )
    };
}

/// Fills at most 256 bytes with what nobody can foretell.
pub fn random(bytes: &mut [u8]) -> io::Result<()> {
    // SAFETY: the bytes are writable for their length.
    check(unsafe { missing::getentropy(bytes.as_mut_ptr().cast(), bytes.len()) }).map(drop)
}

/// A block of zeros, which the system hands out page by page as they are touched. ENOMEM.
pub fn zeros(size: usize) -> io::Result<Box<[u8]>> {
    let none = || io::Error::from_raw_os_error(libc::ENOMEM);
    let layout = std::alloc::Layout::array::<u8>(size).map_err(|_| none())?;
    if size == 0 {
        return Ok(Box::default());
    }
    // SAFETY: the layout has a size; the block is that of a boxed slice of as many bytes.
    unsafe {
        let block = std::alloc::alloc_zeroed(layout);
        if block.is_null() {
            return Err(none());
        }
        Ok(Box::from_raw(std::ptr::slice_from_raw_parts_mut(block, size)))
    }
}

/// The system's text for an errno value.
pub fn strerror(code: i32) -> String {
    let mut text = [0 as libc::c_char; 256];
    // SAFETY: the buffer is writable for its length, and strerror_r terminates it.
    let found = unsafe { libc::strerror_r(code, text.as_mut_ptr(), text.len()) };
    let bytes: Vec<u8> = text.iter().take_while(|&&c| c != 0).map(|&c| c as u8).collect();
    // What musl says of a code that it does not know.
    let unknown = bytes.is_empty() || bytes == b"No error information";
    match (found, unknown) {
        (_, true) => format!("Unknown error {code}"),
        _ => String::from_utf8_lossy(&bytes).into_owned(),
    }
}

/// A span for the system, cut to three years: more is refused by some.
fn timespec(nanoseconds: u64) -> libc::timespec {
    libc::timespec {
        tv_sec: (nanoseconds / 1_000_000_000).min(100_000_000) as _,
        tv_nsec: (nanoseconds % 1_000_000_000) as _,
    }
}

/// Turns the C convention (-1 and errno) into a result.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        value => Ok(value),
    }
}

/// The same for byte counts.
fn check_size(result: libc::ssize_t) -> io::Result<usize> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        value => Ok(value as usize),
    }
}

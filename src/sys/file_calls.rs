// SPDX-License-Identifier: MIT
//! Calls on files that block: open(2), pread(2), pwrite(2), fsync(2).

use std::ffi::CStr;
use std::io;
use std::os::fd::RawFd;

/// The program's memory, which another thread reads or writes.
#[derive(Clone, Copy)]
pub struct Memory {
    at: *mut u8,
    size: usize,
}

// SAFETY: the pointer is only handed to the system; that nobody else uses what it leads to is the program's concern.
unsafe impl Send for Memory {}

impl Memory {
    /// Memory that is readable or writable, as the call needs it, until the call is over.
    pub fn new(at: *mut u8, size: usize) -> Memory {
        Memory { at, size }
    }

    fn behind(self, count: usize) -> Memory {
        Memory { at: self.at.wrapping_add(count), size: self.size - count }
    }
}

/// Opens a file, closed at exec(3).
pub fn open(path: &CStr, flags: i32, permissions: u32) -> io::Result<RawFd> {
    loop {
        // SAFETY: the path is terminated.
        let fd = unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, permissions) };
        match super::check(fd) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result.map(|_| fd),
        }
    }
}

/// Reads as much as there is room for, fewer at the end of the file, from an offset or where the file stands.
pub fn read(file: RawFd, memory: Memory, offset: Option<i64>) -> io::Result<usize> {
    all(memory, offset, |memory, at| match at {
        // SAFETY: as for `Memory::new`, here and below.
        Some(at) => unsafe { libc::pread(file, memory.at.cast(), memory.size, at as libc::off_t) },
        None => unsafe { libc::read(file, memory.at.cast(), memory.size) },
    })
}

/// Writes all of it.
pub fn write(file: RawFd, memory: Memory, offset: Option<i64>) -> io::Result<usize> {
    all(memory, offset, |memory, at| match at {
        // SAFETY: as above.
        Some(at) => unsafe { libc::pwrite(file, memory.at.cast(), memory.size, at as libc::off_t) },
        None => unsafe { libc::write(file, memory.at.cast(), memory.size) },
    })
}

/// Repeats a call until all is done, nothing comes any more, or it fails: an error counts only if nothing was done.
fn all(
    memory: Memory,
    offset: Option<i64>,
    call: impl Fn(Memory, Option<i64>) -> isize,
) -> io::Result<usize> {
    let mut done = 0;
    while done < memory.size {
        let at = offset.map(|at| at.saturating_add(done as i64));
        match super::check_size(call(memory.behind(done), at)) {
            Ok(0) => break,
            Ok(count) => done += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done)
}

/// Has the file's bytes and attributes written to the device.
pub fn sync(file: RawFd) -> io::Result<()> {
    // SAFETY: no pointers.
    super::check(unsafe { libc::fsync(file) }).map(drop)
}

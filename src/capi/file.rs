// SPDX-License-Identifier: MIT
//! `cq_file_*`: calls on files, by the threads of a pool.

use super::boundary::{borrow, call, put, text};
use super::pool::run;
use crate::errno::{Errno, Result};
use crate::pool::Pool;
use crate::sys::file_calls::{self, Memory};
use crate::sys::memory::boxed;
use std::ffi::{c_char, c_int, c_void};
use std::io;
use std::os::fd::RawFd;

/// As many bytes as one call moves.
const MOST: usize = 1 << 30;

/// A result of the system as one number, as kernels have it: not negative, or a negated errno.
fn number(result: io::Result<usize>) -> c_int {
    match result {
        Ok(count) => count as c_int,
        Err(error) => -Errno::from(error).0,
    }
}

/// Has a thread of the pool do something that gives such a number.
fn do_in(pool: &Pool, work: impl FnOnce() -> io::Result<usize> + Send + 'static) -> Result<usize> {
    let found = run(pool, boxed(move || number(work()))?)?;
    usize::try_from(found).map_err(|_| Errno(-found))
}

/// Has a thread of a pool open a file, open(2), and waits for it. `flags` are O_RDONLY and its like, to which O_CLOEXEC
/// is added; `permissions` count with O_CREAT. `fd` receives the descriptor, which is the caller's: close(2). In a fiber
/// only the fiber waits; when its waiting is ended, a call that has not begun is taken back, and one that runs is waited
/// for and succeeds.
///
/// Errors: EINVAL for NULL; EDEADLK in a callback; ECHILD as for `cq_pool_run`; ECANCELED; ENOMEM; what the system says.
#[no_mangle]
pub unsafe extern "C" fn cq_file_open(
    pool: *const Pool,
    path: *const c_char,
    flags: c_int,
    permissions: u32,
    fd: *mut c_int,
) -> c_int {
    call(|| {
        if fd.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let (pool, path) = unsafe { (borrow(pool)?, text(path)?.to_owned()) };
        let open = move || file_calls::open(&path, flags, permissions).map(|fd| fd as usize);
        let opened = do_in(pool, open)?;
        unsafe { put(fd, opened as c_int) }
    })
}

/// Has a thread of a pool read from a file, and waits for it: `size` bytes, fewer at the end of the file, from `offset` on,
/// or where the file stands if that is negative (pread(2), read(2)). `received` receives how many; 0 is the end. One call
/// reads at most 1 GiB. Otherwise as `cq_file_open`.
///
/// Errors: as there; EBADF. An error behind some bytes is left to the next call.
///
/// Safety: `data` is writable for `size` bytes until the call is over: on the fiber's stack only if its controller is not
/// closed or freed meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cq_file_read(
    pool: *const Pool,
    fd: c_int,
    data: *mut c_void,
    size: usize,
    offset: i64,
    received: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { transfer(pool, fd, data, size, offset, received, file_calls::read) })
}

/// Has a thread of a pool write to a file, and waits for it: `size` bytes to `offset`, or where the file stands if that is
/// negative (pwrite(2), write(2)). `sent` (may not be NULL) receives how many were written: fewer than `size` if an error
/// came behind some. Otherwise as `cq_file_read`.
///
/// Errors: as there; ENOSPC, EDQUOT, EFBIG.
///
/// Safety: `data` is readable for `size` bytes until the call is over: on the fiber's stack only if its controller is not
/// closed or freed meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cq_file_write(
    pool: *const Pool,
    fd: c_int,
    data: *const c_void,
    size: usize,
    offset: i64,
    sent: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { transfer(pool, fd, data.cast_mut(), size, offset, sent, file_calls::write) })
}

/// A read or a write.
///
/// # Safety
///
/// As for `cq_file_read` and `cq_file_write`.
unsafe fn transfer(
    pool: *const Pool,
    fd: RawFd,
    data: *mut c_void,
    size: usize,
    offset: i64,
    done: *mut usize,
    move_bytes: fn(RawFd, Memory, Option<i64>) -> io::Result<usize>,
) -> Result<()> {
    if done.is_null() || (data.is_null() && size > 0) || isize::try_from(size).is_err() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above, here and below.
    let pool = unsafe { borrow(pool) }?;
    let memory = Memory::new(data.cast(), size.min(MOST));
    let offset = (offset >= 0).then_some(offset);
    let moved = do_in(pool, move || move_bytes(fd, memory, offset))?;
    unsafe { put(done, moved) }
}

/// Has a thread of a pool write what a file holds to its device, fsync(2), and waits for it. Otherwise as `cq_file_open`.
///
/// Errors: as there; EBADF, EIO.
#[no_mangle]
pub unsafe extern "C" fn cq_file_sync(pool: *const Pool, fd: c_int) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let pool = unsafe { borrow(pool) }?;
        do_in(pool, move || file_calls::sync(fd).map(|()| 0)).map(drop)
    })
}

// SPDX-License-Identifier: MIT
//! `cq_semaphore_*`.

use super::boundary::{borrow, call, hand_out_shared, share, value};
use super::waiting::wait;
use crate::errno::Errno;
use crate::semaphore::{Acquire, Semaphore};
use crate::sys::memory::AtomicShared;
use std::ffi::c_int;

/// Makes a semaphore with `count` permits, which may be 0. Tasks that wait for a permit are served in the order in which
/// they came: a permit that is given back is set aside for the first of them, and goes to the next if that one times
/// out or is ended meanwhile. Free it with `cq_semaphore_free`.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_semaphore_new(count: usize, semaphore: *mut *mut Semaphore) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_shared(semaphore, Semaphore::new(count)?) })
}

/// Frees a semaphore: who waits for it gets EBADF. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_semaphore_free(semaphore: *mut Semaphore) {
    value((), || {
        if semaphore.is_null() {
            return Ok(());
        }
        // SAFETY: the handle came from AtomicShared::into_raw; the caller gives it up.
        unsafe { AtomicShared::from_raw(semaphore) }.close()
    });
}

/// Takes a permit, and waits while there is none, at most `timeout` seconds (NaN or negative: without limit). In a fiber
/// only the fiber waits; outside a controller the thread does, in which nobody else can give one back meanwhile.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EBADF if the semaphore is freed meanwhile; EDEADLK in a callback that would wait;
/// EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_semaphore_acquire(semaphore: *const Semaphore, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        match unsafe { borrow(semaphore) }?.try_acquire() {
            Err(Errno::AGAIN) => wait(Acquire(unsafe { share(semaphore) }?), timeout),
            result => result,
        }
    })
}

/// Takes a permit, without waiting.
///
/// Errors: EINVAL for NULL; EAGAIN while there is none, or those that there are are for tasks that have waited for them;
/// EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_semaphore_try_acquire(semaphore: *const Semaphore) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(semaphore) }?.try_acquire())
}

/// Gives `count` permits back, or adds some that were not there before. Any task may do so.
///
/// Errors: EINVAL for NULL; EOVERFLOW if there would be more than SIZE_MAX, and none is given back; EPERM if tasks of
/// another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_semaphore_release(semaphore: *const Semaphore, count: usize) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(semaphore) }?.release(count))
}

/// Counts the permits that can be taken without waiting. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_semaphore_count(semaphore: *const Semaphore) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(semaphore) }?.count()))
}

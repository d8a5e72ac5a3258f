// SPDX-License-Identifier: MIT
//! `cq_wakeup_*`.

use super::boundary::{borrow, call, hand_out_made, limit, take_back, value};
use crate::fiber;
use crate::wakeup::Wakeup;
use std::ffi::c_int;

/// Makes a wakeup: any thread raises it, and one task waits for it. Raising it more often before that is seen wakes once.
/// Free it with `cq_wakeup_free`, when nobody raises it any more.
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE, ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_new(wakeup: *mut *mut Wakeup) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_made(wakeup, Wakeup::new) })
}

/// Frees a wakeup: who waits for it is woken, and gets EBADF. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_free(wakeup: *mut Wakeup) {
    // SAFETY: as documented.
    unsafe { take_back(wakeup) }
}

/// Raises a wakeup. Any thread may call it at any time until the wakeup is freed, and a signal handler, which must save
/// errno.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_raise(wakeup: *const Wakeup) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(wakeup) }?.raiser().raise())
}

/// Tells whether a wakeup was raised since this was last asked, without waiting.
///
/// Errors: EINVAL for NULL; EAGAIN if it was not.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_try_wait(wakeup: *const Wakeup) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(wakeup) }?.take())
}

/// Waits until a wakeup is raised, at most `timeout` seconds (NaN or negative: without limit). In a fiber only the fiber
/// waits; outside a controller the thread does.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EDEADLK in a callback.
///
/// Safety: it is not freed meanwhile.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_wait(wakeup: *const Wakeup, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below. No reference is kept while a fiber waits.
        fiber::wait_for(
            limit(timeout),
            false,
            || Ok(unsafe { borrow(wakeup) }?.interest()),
            || unsafe { borrow(wakeup) }?.take(),
        )
    })
}

/// Returns the descriptor that is readable (POLLIN) from when a wakeup is raised until `cq_wakeup_try_wait` or
/// `cq_wakeup_wait` has seen it, -1 for NULL. It belongs to the handle: poll it, nothing else.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_pollfd(wakeup: *const Wakeup) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(wakeup) }?.fd()))
}

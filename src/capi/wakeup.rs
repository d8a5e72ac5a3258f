// SPDX-License-Identifier: MIT
//! `cq_wakeup_*`.

use super::boundary::{borrow, call, hand_out_shared, limit, share, value};
use super::task::{give_back, lend};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::sys::memory::AtomicShared;
use crate::wakeup::Wakeup;
use std::ffi::c_int;

/// Makes a wakeup: any thread raises it, and one task waits for it. Raising it more often before that is seen wakes once.
/// Free it with `cq_wakeup_free`, when nobody raises it any more.
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE, ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_new(wakeup: *mut *mut Wakeup) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_shared(wakeup, AtomicShared::new(Wakeup::new()?)?) })
}

/// Frees a wakeup: who waits for it is woken, and gets EBADF. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_free(wakeup: *mut Wakeup) {
    value((), || {
        if !wakeup.is_null() {
            // SAFETY: the handle came from AtomicShared::into_raw; the caller gives it up.
            unsafe { AtomicShared::from_raw(wakeup) }.close();
        }
        Ok(())
    });
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
/// Errors: EINVAL for NULL; ETIMEDOUT; EBADF if the wakeup is freed meanwhile; EDEADLK in a callback.
///
/// Safety: while a thread waits outside a controller, the wakeup is not freed.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_wait(wakeup: *const Wakeup, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        match unsafe { borrow(wakeup) }?.take() {
            Err(Errno::AGAIN) => {}
            result => return result,
        }
        let kept = lend(unsafe { share(wakeup) }?)?;
        let result = unsafe { wait(kept, timeout) };
        unsafe { give_back(kept) };
        result
    })
}

/// Waits for a wakeup that was lent. No reference is held meanwhile.
///
/// # Safety
///
/// The wakeup is lent.
unsafe fn wait(wakeup: *const AtomicShared<Wakeup>, timeout: f64) -> Result<()> {
    // SAFETY: as above.
    fiber::wait_for(
        limit(timeout),
        false,
        || Ok(unsafe { borrow(wakeup) }?.interest()),
        || unsafe { borrow(wakeup) }?.take(),
    )
}

/// Returns the descriptor that is readable (POLLIN) from when a wakeup is raised until `cq_wakeup_try_wait` or
/// `cq_wakeup_wait` has seen it, -1 for NULL. It belongs to the handle: poll it, nothing else.
#[no_mangle]
pub unsafe extern "C" fn cq_wakeup_pollfd(wakeup: *const Wakeup) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(wakeup) }?.fd()))
}

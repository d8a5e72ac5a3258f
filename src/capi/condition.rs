// SPDX-License-Identifier: MIT
//! `cq_condition_*`.

use super::boundary::{borrow, call, hand_out_shared, limit, put_optional, text, value};
use crate::controller::Condition;
use crate::controller::Member;
use crate::errno::Errno;
use crate::fiber;
use crate::sys::memory::AtomicShared;
use std::ffi::{c_char, c_int};

/// Turns a handle of a condition into a counted reference; `None` for NULL.
///
/// # Safety
///
/// `handle` is NULL or a live handle from `cq_condition_new`.
pub unsafe fn share(handle: *const Condition) -> Option<AtomicShared<Condition>> {
    // SAFETY: the handle came from `into_raw`, and stands for its reference.
    (!handle.is_null()).then(|| unsafe { AtomicShared::beside(handle) })
}

/// Makes a condition variable. With `lifo` the latest waiter is woken first, otherwise the
/// earliest. Free it with `cq_condition_free`.
///
/// Errors: EINVAL for NULL; ENOMEM.
///
/// Source: cqueues User Guide §3.2.13.
#[no_mangle]
pub unsafe extern "C" fn cq_condition_new(lifo: bool, condition: *mut *mut Condition) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { hand_out_shared(condition, Condition::new(lifo)?) }
    })
}

/// Frees a condition variable. Tasks that wait for it stay parked on the rest of their wait set. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_condition_free(condition: *mut Condition) {
    value((), || {
        if !condition.is_null() {
            // SAFETY: the handle came from `into_raw`; the caller gives it up.
            drop(unsafe { AtomicShared::from_raw(condition) });
        }
        Ok(())
    });
}

/// Names what tasks wait for at a condition, for lists of tasks: they show `condition "NAME"`. The name has at most 63
/// bytes, of which a copy is kept. NULL and "" take the name away.
///
/// Errors: EINVAL for a NULL condition; ENAMETOOLONG, ENOMEM, and EPERM if tasks of another thread wait: it keeps the
/// name that it had.
///
/// Safety: `name` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_condition_set_name(
    condition: *const Condition,
    name: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let condition = unsafe { borrow(condition) }?;
        let name = if name.is_null() { c"" } else { unsafe { text(name) }? };
        condition.set_name(name)
    })
}

/// Wakes at most `limit` waiting tasks and tells how many it woke. They run in the next step of their controllers. It
/// makes no system call, except to make the descriptor of a controller readable that is not being stepped and whose
/// `cq_controller_pollfd` has been asked for.
///
/// `woken` may be NULL.
///
/// Errors: EINVAL for a NULL condition; EPERM if tasks of another thread wait: have `cq_controller_post` signal it
/// there.
#[no_mangle]
pub unsafe extern "C" fn cq_condition_signal(
    condition: *const Condition,
    limit: usize,
    woken: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let condition = unsafe { borrow(condition) }?;
        condition.check_thread()?;
        let count = condition.signal(limit);
        // SAFETY: as documented.
        unsafe { put_optional(woken, count) };
        Ok(())
    })
}

/// Waits until the condition is signalled, at most `timeout` seconds (NaN or negative: without
/// limit). In a fiber only the fiber waits; outside a controller the thread does.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EDEADLK in a callback; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_condition_wait(condition: *const Condition, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let on = Member::condition(&unsafe { share(condition) }.ok_or(Errno::BADARG)?);
        let timer = Member::timeout(limit(timeout));
        let mut signalled = false;
        fiber::poll([on, timer], &mut |fired| signalled |= fired.member == 0)?;
        if signalled {
            Ok(())
        } else {
            Err(Errno::TIMEDOUT)
        }
    })
}

// SPDX-License-Identifier: MIT
//! `cq_mutex_*`.

use super::boundary::{borrow, call, hand_out_shared, share};
use super::waiting::wait;
use crate::errno::Errno;
use crate::fiber;
use crate::mutex::{Holder, Lock, Mutex};
use crate::sys::memory::AtomicShared;
use crate::thread_id::this_thread;
use std::ffi::c_int;

/// Whoever runs: the task, or outside of callbacks and fibers the thread.
fn caller() -> Holder {
    match fiber::running() {
        Some((controller, task)) => Holder::Task(AtomicShared::downgrade(&controller), task),
        None => Holder::Thread(this_thread()),
    }
}

/// Makes a mutex, which one task at a time can hold. It is for tasks of one thread, and does not keep threads apart.
/// Its holder is the callback or fiber that locked it, in any number of resumptions, and outside of these the thread.
/// Tasks that wait are served in the order in which they came: the mutex is handed to the first of them, and to the next
/// if that one times out or is ended meanwhile. A mutex that its holder does not unlock before it ends stays locked.
/// Free it with `cq_mutex_free`.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_mutex_new(mutex: *mut *mut Mutex) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_shared(mutex, Mutex::new()?) })
}

/// Frees a mutex that nobody holds or waits for, or that a task holds which is over. NULL is ignored.
///
/// Errors: EBUSY while it is held or waited for; EPERM if tasks of another thread wait. It is then not freed.
#[no_mangle]
pub unsafe extern "C" fn cq_mutex_free(mutex: *mut Mutex) -> c_int {
    call(|| {
        if mutex.is_null() {
            return Ok(());
        }
        // SAFETY: as documented.
        unsafe { borrow(mutex) }?.check_unused()?;
        // SAFETY: the handle came from AtomicShared::into_raw; the caller gives it up.
        drop(unsafe { AtomicShared::from_raw(mutex) });
        Ok(())
    })
}

/// Locks a mutex, and waits while another task holds it, at most `timeout` seconds (NaN or negative: without limit). In
/// a fiber only the fiber waits; outside a controller the thread does, in which nobody else can unlock it meanwhile.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EDEADLK if the caller holds it already, and in a callback that would wait; EPERM
/// if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_mutex_lock(mutex: *const Mutex, timeout: f64) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        match unsafe { borrow(mutex) }?.try_lock(caller()) {
            Err(Errno::BUSY) => {}
            result => return result,
        }
        if unsafe { borrow(mutex) }?.is_held_by(&caller())? {
            return Err(Errno(libc::EDEADLK));
        }
        wait(Lock(unsafe { share(mutex) }?, caller()), timeout)
    })
}

/// Locks a mutex, without waiting.
///
/// Errors: EINVAL for NULL; EBUSY while somebody holds it, the caller included, or it is for a task that has waited for
/// it; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_mutex_try_lock(mutex: *const Mutex) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(mutex) }?.try_lock(caller()))
}

/// Unlocks a mutex, and hands it to the task that has waited longest for it.
///
/// Errors: EINVAL for NULL; EPERM if the caller does not hold it, or if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_mutex_unlock(mutex: *const Mutex) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(mutex) }?.unlock(&caller()))
}

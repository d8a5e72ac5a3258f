// SPDX-License-Identifier: MIT
//! `cq_queue_*`.

use super::boundary::{borrow, call, hand_out_shared, put, share, value};
use super::task;
use super::waiting::wait;
use crate::controller::Controller;
use crate::errno::Errno;
use crate::fiber;
use crate::queue::{Get, ItemQueue, Put};
use crate::sys::memory::{AtomicShared, AtomicWeak};
use std::ffi::{c_int, c_void};

/// Makes a queue of pointers, first in, first out. It takes at most `limit` items; 0: as many as there is memory for.
/// Tasks that wait at either end are served in the order in which they came: an item or a place that becomes free is
/// set aside for the first of them, and goes to the next if that one times out or is ended meanwhile. Free it with
/// `cq_queue_free`.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_new(limit: usize, queue: *mut *mut ItemQueue) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_shared(queue, ItemQueue::new(limit)?) })
}

/// Closes and frees a queue: who waits for it gets EPIPE. Items that nobody has taken are not looked at; take them
/// before. Other threads must have stopped posting. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_free(queue: *mut ItemQueue) {
    value((), || {
        if queue.is_null() {
            return Ok(());
        }
        // SAFETY: the handle came from AtomicShared::into_raw; the caller gives it up.
        unsafe { AtomicShared::from_raw(queue) }.close()
    });
}

/// Puts an item at the end of the queue, and waits while the queue is full, at most `timeout` seconds (NaN or negative:
/// without limit). In a fiber only the fiber waits; outside a controller the thread does, in which nobody else can make
/// room meanwhile. The item may be NULL.
///
/// Errors: EINVAL for NULL as the queue; ETIMEDOUT; EPIPE once the queue is closed; EDEADLK in a callback that would
/// wait; EPERM if tasks of another thread wait. The item is then not in the queue.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_put(
    queue: *const ItemQueue,
    item: *mut c_void,
    timeout: f64,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        match unsafe { borrow(queue) }?.try_put(item) {
            Err(Errno::AGAIN) => wait(Put(unsafe { share(queue) }?, item), timeout),
            result => result,
        }
    })
}

/// Puts an item at the end of the queue, without waiting.
///
/// Errors: EINVAL for NULL as the queue; EAGAIN while the queue is full, or what room it has is for tasks that have
/// waited for it; EPIPE once the queue is closed; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_try_put(queue: *const ItemQueue, item: *mut c_void) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(queue) }?.try_put(item))
}

/// Takes the first item, and waits while there is none, at most `timeout` seconds (NaN or negative: without limit). In a
/// fiber only the fiber waits; outside a controller the thread does, in which nobody else can put an item meanwhile.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EPIPE once the queue is closed and has no items left; EDEADLK in a callback that
/// would wait; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_get(
    queue: *const ItemQueue,
    timeout: f64,
    item: *mut *mut c_void,
) -> c_int {
    call(|| {
        if item.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let taken = match unsafe { borrow(queue) }?.try_get() {
            Err(Errno::AGAIN) => wait(Get(unsafe { share(queue) }?), timeout)?,
            result => result?,
        };
        unsafe { put(item, taken) }
    })
}

/// Takes the first item, without waiting.
///
/// Errors: EINVAL for NULL; EAGAIN while there is no item, or those that there are are for tasks that have waited for
/// them; EPIPE once the queue is closed and has no items left; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_try_get(
    queue: *const ItemQueue,
    item: *mut *mut c_void,
) -> c_int {
    call(|| {
        if item.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let taken = unsafe { borrow(queue) }?.try_get()?;
        unsafe { put(item, taken) }
    })
}

/// Puts an item at the end of the queue, without waiting; any thread may call this at any time until the queue or the
/// controller is freed. The item is in the queue at once; tasks that wait for items learn of it in the next step of
/// `controller`, which must belong to the thread whose tasks use the queue. A thread that waits in `cq_queue_get`
/// outside a controller does not learn of it. Items of one thread stay in order.
///
/// Errors: EINVAL for NULL as the queue or controller; EAGAIN while the queue is full; EPIPE once the queue is closed;
/// EBADF if the controller is closed; EMFILE, ENFILE. The item is then not in the queue. A step of a controller that
/// belongs to another thread than the waiting tasks ends with EPERM.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_post(
    queue: *const ItemQueue,
    controller: *const Controller,
    item: *mut c_void,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (shared, cq) = (unsafe { share(queue) }?, unsafe { borrow(controller) }?);
        shared.post(item, cq, || {
            // A weak reference: a queue that is freed before the call has nobody left to wake.
            let argument = AtomicWeak::into_raw(AtomicShared::downgrade(&shared));
            task::post(cq, Some(look), Some(forget), argument as *mut c_void)
                // SAFETY: made above, and seen by nobody on failure.
                .inspect_err(|_| drop(unsafe { AtomicWeak::<ItemQueue>::from_raw(argument) }))
        })
    })
}

/// What is called instead of `look` if the controller is closed before.
unsafe extern "C" fn forget(argument: *mut c_void) {
    // SAFETY: from `cq_queue_post`; each is used once.
    drop(unsafe { AtomicWeak::<ItemQueue>::from_raw(argument as usize) });
}

/// What the thread of the tasks that use the queue calls after other threads have posted.
unsafe extern "C" fn look(argument: *mut c_void) -> c_int {
    call(|| {
        // SAFETY: from `cq_queue_post`; each is used once.
        let queue = unsafe { AtomicWeak::<ItemQueue>::from_raw(argument as usize) };
        match (queue.upgrade(), fiber::running()) {
            (Some(queue), Some((controller, _))) => queue.look(&controller),
            _ => Ok(()), // the queue was freed meanwhile
        }
    })
}

/// Closes a queue: nothing more can be put, and everybody who waits is woken. Items that are in the queue can still be
/// taken; after them comes EPIPE. Closing twice is safe.
///
/// Errors: EINVAL for NULL; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_close(queue: *const ItemQueue) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(queue) }?.close())
}

/// Counts the items in the queue. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_queue_count(queue: *const ItemQueue) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(queue) }?.count()))
}

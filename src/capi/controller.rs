// SPDX-License-Identifier: MIT
//! `cq_controller_*`.

use super::boundary::{
    borrow, bytes, call, hand_out_shared, limit, put, put_optional, seconds, value,
};
use super::inspect::inspect_new;
use super::task::{self, cq_function, cq_task, pack};
use crate::controller::{Controller, Order, TaskId};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::sys::memory::AtomicShared;
use std::ffi::{c_char, c_int, c_void};

/// For `cq_controller_set_order`: tasks that are ready together run in the order in which they became ready. New
/// controllers have this order.
pub const CQ_OLDEST_FIRST: u32 = 0;
/// For `cq_controller_set_order`: the task that became ready last runs first, and a task that is parked on nothing
/// keeps its place. This is the order of the Lua library cqueues.
pub const CQ_NEWEST_FIRST: u32 = 1;

/// A task that ended with a code: see `cq_controller_failure`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_failure {
    /// The task. It is over, unless it is a callback that has parked itself.
    pub task: cq_task,
    /// The code that it ended with.
    pub code: c_int,
    /// The name that `cq_task_set_name` gave it; empty without one.
    pub name: [c_char; 64],
    /// Why, in words, or NULL. For `cq_scope_failure`, which says how long it holds.
    pub reason: *const c_char,
    /// 0. Reserved for later versions.
    pub reserved: [u64; 3],
}

/// Turns a handle into a reference, for the calls that only the thread may make that uses the controller. EPERM while
/// another thread steps it.
pub(super) unsafe fn own<'a>(handle: *const Controller) -> Result<&'a Controller> {
    // SAFETY: as for `borrow`.
    let cq = unsafe { borrow(handle) }?;
    cq.check_thread()?;
    Ok(cq)
}

/// EBUSY in a callback or fiber of this very controller, where waiting for it could never end.
pub(super) fn refuse_inside(cq: &Controller) -> Result<()> {
    match cq.is_inside() {
        true => Err(Errno::BUSY),
        false => Ok(()),
    }
}

/// Makes a controller, which belongs to the calling thread. Free it with `cq_controller_free`. If the environment
/// variable `CQUEUES_INSPECT` names a directory, the controller is served there as by `cq_controller_inspect`.
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE, ENOMEM.
///
/// Source: cqueues User Guide §3.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_new(controller: *mut *mut Controller) -> c_int {
    call(|| {
        let made = Controller::new()?;
        if !controller.is_null() {
            inspect_new(&made);
        }
        // SAFETY: as documented.
        unsafe { hand_out_shared(controller, made) }
    })
}

/// Frees a controller and drops its tasks: suspended fibers never continue. Inside a step of this controller, that
/// happens when the step ends. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_free(controller: *mut Controller) {
    value((), || {
        if controller.is_null() {
            return Ok(());
        }
        // SAFETY: the handle came from `into_raw`; the caller gives it up.
        let cq = unsafe { AtomicShared::from_raw(controller.cast_const()) };
        close_and_drop(&cq).or_else(|_| {
            cq.close_after_step();
            if cq.is_entered() {
                std::mem::forget(cq); // `cq_controller_leave` drops it
            }
            Ok(())
        })
    });
}

pub(super) fn close_and_drop(cq: &Controller) -> Result<()> {
    cq.close()?.for_each(task::drop_payload);
    Ok(())
}

/// Drops all tasks and closes all of the controller's descriptors. The handle stays valid and must
/// still be freed. Closing twice is safe.
///
/// Errors: EINVAL for NULL; EBUSY inside one of its own steps.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_close(controller: *mut Controller) -> c_int {
    // SAFETY: as documented.
    call(|| close_and_drop(unsafe { own(controller) }?))
}

/// Sets the order in which tasks run that are ready together: `CQ_OLDEST_FIRST` or `CQ_NEWEST_FIRST`. In both orders,
/// a task that becomes ready during a step runs in the next step, and of several tasks that wait for one descriptor,
/// the one that began to wait first runs first. With `CQ_NEWEST_FIRST`, tasks whose timers are due run before tasks
/// whose descriptors are ready, and `CQ_WAIT_LAZY` has no effect.
///
/// Errors: EINVAL for NULL or another order.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_set_order(controller: *mut Controller, order: u32) -> c_int {
    call(|| {
        let order = match order {
            CQ_OLDEST_FIRST => Order::OldestFirst,
            CQ_NEWEST_FIRST => Order::NewestFirst,
            _ => return Err(Errno::BADARG),
        };
        // SAFETY: as documented.
        unsafe { own(controller) }?.set_order(order);
        Ok(())
    })
}

/// Makes the descriptor of a controller that runs the newest task first readable once more, if its last step has
/// found descriptors ready. From then on, each of its steps that finds descriptors ready does so at its end. The Lua
/// library cqueues does this, and programs that nest controllers notice it in the order of their tasks; no other
/// program needs it. It has no effect on controllers that run the oldest task first.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_recall(controller: *const Controller) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { own(controller) }?.recall();
        Ok(())
    })
}

/// Tells the order in which tasks run that are ready together. `CQ_OLDEST_FIRST` for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_order(controller: *const Controller) -> u32 {
    value(CQ_OLDEST_FIRST, || {
        // SAFETY: as documented.
        Ok(match unsafe { own(controller) }?.order() {
            Order::OldestFirst => CQ_OLDEST_FIRST,
            Order::NewestFirst => CQ_NEWEST_FIRST,
        })
    })
}

/// Tells whether the controller has no tasks. True for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_empty(controller: *const Controller) -> bool {
    // SAFETY: as documented.
    value(true, || Ok(unsafe { own(controller) }?.count() == 0))
}

/// Counts the controller's tasks. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_count(controller: *const Controller) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { own(controller) }?.count()))
}

/// Wakes every task of this controller that waits for `fd`, with `CQ_CANCELLED` as what fired, and takes the
/// descriptor out of the controller.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_cancel(controller: *mut Controller, fd: c_int) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { own(controller) }?.cancel(fd);
        Ok(())
    })
}

/// Blocks the calling thread until the controller has something to do or a signal is delivered. The `count` signals
/// are unblocked for the time of the wait. No task runs: step the controller afterwards.
///
/// Errors: EINVAL for NULL or a number that is no signal; EBADF after close; EBUSY in a callback or fiber of this
/// controller.
///
/// Source: ppoll(2), cqueues User Guide §3.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_pause(
    controller: *mut Controller,
    signals: *const c_int,
    count: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        refuse_inside(cq)?;
        let raw = unsafe { bytes(signals.cast(), count.saturating_mul(size_of::<c_int>())) }?;
        let list = raw.chunks_exact(4).map(|c| c_int::from_ne_bytes([c[0], c[1], c[2], c[3]]));
        cq.pause(&list.collect::<Vec<_>>())
    })
}

/// Gives the descriptor that is readable when a step would have something to do. In any other event loop, poll it for
/// POLLIN, for at most `cq_controller_timeout` seconds, and then step with a timeout of 0.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_pollfd(
    controller: *mut Controller,
    fd: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = unsafe { own(controller) }?.pollfd()?;
        unsafe { put(fd, found) }
    })
}

/// Gives the events to poll the descriptor for: POLLIN, also for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_events(_controller: *const Controller) -> u32 {
    libc::POLLIN as u32
}

/// Gives the seconds after which a step has something to do even if no descriptor becomes ready: 0 if a task is
/// ready, NaN if there is no deadline, and NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_timeout(controller: *mut Controller) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { own(controller) }?.timeout())))
}

/// Ends the wait of the step that is under way, or makes the controller's descriptor readable, so that the thread
/// that waits for the descriptor steps the controller. Any thread may call it at any time, until the controller is
/// closed or freed. A signal handler may call it if `cq_controller_pollfd` or this function was called before,
/// outside of the handler; it must save errno.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_alert(controller: *mut Controller) -> c_int {
    // SAFETY: as documented; `alert` touches only what threads may share.
    call(|| unsafe { borrow(controller) }?.alert())
}

/// Has `function(argument)` called by the thread that steps the controller, in its next step, and wakes that thread.
/// Any thread may post at any time, until the controller is closed or freed. Functions run in the order in which they
/// were posted. A posted function may not wait: calls that would have to wait answer EDEADLK, as in a callback. A
/// function that has not run when the controller is closed or freed never runs.
///
/// The result of the function is 0 or the code with which `cq_controller_step` shall return.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE, ENOMEM: nothing is called then.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_post(
    controller: *mut Controller,
    function: cq_function,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: as documented; a post touches only what threads may share.
    call(|| task::post(unsafe { borrow(controller) }?, function, None, argument))
}

/// Has the `cq_controller_loop` that is under way return ECANCELED when its step is done; if none is under way, the
/// next call of `cq_controller_loop` does so at once. The tasks stay as they are, and another loop goes on with them.
/// Any thread may call it at any time until the controller is closed or freed; a signal handler may call it on the
/// conditions under which it may call `cq_controller_alert`.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_stop(controller: *mut Controller) -> c_int {
    // SAFETY: as documented; `stop` touches only what threads may share, and what only the stepping thread has.
    call(|| unsafe { borrow(controller) }?.stop())
}

/// Tells from which task the code came that the last step, loop or `cq_controller_next` returned: the last task that
/// ended with a code since the last step began.
///
/// Errors: EINVAL for NULL; ENOENT if no task did: the code, if there was one, is the controller's own.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_failure(
    controller: *const Controller,
    failure: *mut cq_failure,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = unsafe { own(controller) }?.failure().ok_or(Errno::NOENT)?;
        let (task, name) = (pack(found.task), *found.name.as_chars());
        let (code, reason) = (found.code, std::ptr::null());
        unsafe { put(failure, cq_failure { task, code, name, reason, reserved: [0; 3] }) }
    })
}

/// Keeps a pointer of the program's with the controller.
///
/// Errors: EINVAL for NULL as the controller; EPERM while another thread steps it.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_set_data(
    controller: *mut Controller,
    data: *mut c_void,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { own(controller) }?.data().set(data as usize);
        Ok(())
    })
}

/// Returns that pointer; NULL without one. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_data(controller: *const Controller) -> *mut c_void {
    // SAFETY: as documented.
    value(std::ptr::null_mut(), || Ok(unsafe { own(controller) }?.data().get() as *mut c_void))
}

/// Shuts down in good order, and returns at once. Tasks that wait to accept a connection get ECANCELED, from now on, and
/// are to close their listeners; scopes that are idle (`cq_scope_set_idle`) end, and those that become so. In `grace`
/// seconds all other scopes and tasks end, with ETIMEDOUT; NaN or negative: never; 0: now. Then go on with
/// `cq_controller_loop`, which returns when all tasks have ended. Of tasks that do not end, `cq_controller_tasks` tells
/// the name and the wait. Another call changes the grace.
///
/// Errors: EINVAL for NULL; EBADF after close; EPERM while another thread steps the controller; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_shutdown(controller: *mut Controller, grace: f64) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { own(controller) }?.shutdown(limit(grace)))
}

/// Tells whether `cq_controller_shutdown` was called. False for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_shuts_down(controller: *const Controller) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { own(controller) }?.shuts_down()))
}

/// After fork(2), in the child: gives the controller a kernel queue of its own, in which everything that its tasks
/// wait for is registered again.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_reset(controller: *mut Controller) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { own(controller) }?.reset())
}

/// Gives the controller and the task that run in this thread. Either output may be NULL. The controller is the handle
/// that `cq_controller_new` made, and not one more to free.
///
/// Errors: ENOENT outside of callbacks and fibers.
#[no_mangle]
pub unsafe extern "C" fn cq_running(controller: *mut *mut Controller, task: *mut cq_task) -> c_int {
    call(|| {
        let (cq, id) =
            fiber::running().filter(|(_, id)| *id != TaskId::nobody()).ok_or(Errno::NOENT)?;
        // SAFETY: as documented, here and below.
        unsafe { put_optional(controller, AtomicShared::as_ptr(&cq).cast_mut()) };
        unsafe { put_optional(task, pack(id)) };
        Ok(())
    })
}

// SPDX-License-Identifier: MIT
//! `cq_controller_*`.

use super::boundary::{borrow, bytes, call, limit, put, put_optional, seconds, slice, value};
use super::poll::{cq_interest, member};
use super::task::{self, cq_function, cq_release, cq_resume, cq_task, pack, unpack};
use crate::clock::{Instant, Span};
use crate::controller::{Controller, Fired, Member, Order, Payload, TaskId};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::sys::fiber::outside;
use std::ffi::{c_int, c_void};
use std::sync::Arc;

/// A task that is ready: see `cq_controller_next`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_ready {
    /// The task.
    pub task: cq_task,
    /// What it carries.
    pub data: *mut c_void,
    /// What fired, in the order of its wait set; holds until the next call of
    /// `cq_controller_next` with this controller.
    pub fired: *const Fired,
    /// How many fired.
    pub count: usize,
}

/// For `cq_controller_wait`: while tasks wake each other, ask the kernel only now and then.
pub const CQ_WAIT_LAZY: u32 = 1;

/// For `cq_controller_set_order`: tasks that are ready together run in the order in which they became ready. The
/// order of new controllers.
pub const CQ_OLDEST_FIRST: u32 = 0;
/// For `cq_controller_set_order`: the task that became ready last runs first, and a task that is parked on nothing
/// keeps its place. The order of the Lua library cqueues.
pub const CQ_NEWEST_FIRST: u32 = 1;

/// Takes a handle as a counted reference, so that a task may free its own controller.
unsafe fn share(handle: *const Controller) -> Result<Arc<Controller>> {
    if handle.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: a live handle came from Arc::into_raw and still holds its count.
    unsafe {
        Arc::increment_strong_count(handle);
        Ok(Arc::from_raw(handle))
    }
}

/// Makes a controller, which belongs to the calling thread. Free it with `cq_controller_free`.
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE, ENOMEM.
///
/// Source: guide §3.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_new(controller: *mut *mut Controller) -> c_int {
    call(|| {
        let made = Arc::into_raw(Controller::new()?).cast_mut();
        // SAFETY: as documented. On failure the handle is taken back.
        unsafe { put(controller, made).inspect_err(|_| drop(Arc::from_raw(made))) }
    })
}

/// Frees a controller and drops its tasks: suspended fibers never continue. Inside one of its own
/// steps that happens when the step ends. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_free(controller: *mut Controller) {
    value((), || {
        if controller.is_null() {
            return Ok(());
        }
        // SAFETY: the handle came from Arc::into_raw; the caller gives it up.
        let cq = unsafe { Arc::from_raw(controller) };
        close_and_drop(&cq).or_else(|_| {
            cq.close_after_step();
            Ok(())
        })
    });
}

fn close_and_drop(cq: &Controller) -> Result<()> {
    cq.close()?.into_iter().for_each(task::drop_payload);
    Ok(())
}

/// Drops all tasks and closes all of the controller's descriptors. The handle stays valid and must
/// still be freed. Closing twice is safe.
///
/// Errors: EINVAL for NULL; EBUSY inside one of its own steps.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_close(controller: *mut Controller) -> c_int {
    // SAFETY: as documented.
    call(|| close_and_drop(unsafe { borrow(controller) }?))
}

/// Adds a task that the caller resumes by itself: the pull interface for language bindings.
/// `cq_controller_next` hands it out with `data` in the next step. `task` may be NULL.
///
/// Errors: EINVAL for NULL; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_spawn(
    controller: *mut Controller,
    data: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let made = unsafe { borrow(controller) }?.spawn(Payload::Foreign(data as usize))?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// Adds a task in callback style: each step in which it is ready calls `resume`. `release` (may be
/// NULL) is called once with `argument` when the task is over. `task` may be NULL.
///
/// Errors: EINVAL for NULL; EBADF after close.
///
/// Safety: `resume` and `release` may be called with `argument` until `release` was called.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_attach(
    controller: *mut Controller,
    resume: cq_resume,
    release: cq_release,
    argument: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { borrow(controller) }?;
        let made = task::attach(cq, resume, release, argument)?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// Adds a fiber: `function(argument)` runs on a stack of its own (256 KiB, a guard page below), and
/// the calls that wait (`cq_poll`, `cq_sleep`, `cq_socket_read`, ...) suspend only the fiber. A fiber
/// whose controller is closed or freed never continues: what it owns it must have handed to
/// `argument`, for `release` to free. `release` and `task` may be NULL.
///
/// Errors: EINVAL for NULL; EBADF after close; ENOMEM.
///
/// Safety: as for `cq_controller_attach`. An overflow of the stack ends the process with SIGSEGV.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_wrap(
    controller: *mut Controller,
    function: cq_function,
    release: cq_release,
    argument: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { borrow(controller) }?;
        let made = task::wrap(cq, function, release, argument)?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// Begins a step of the pull interface; `cq_controller_leave` ends it.
///
/// Errors: EINVAL for NULL; EBADF after close; EBUSY inside another step of this controller.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_enter(controller: *mut Controller) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let cq = unsafe { share(controller) }?;
        cq.enter()?;
        // `leave` gives this count back: a task may free the controller meanwhile.
        std::mem::forget(cq);
        Ok(())
    })
}

/// Sets the order in which tasks run that are ready together: `CQ_OLDEST_FIRST` or `CQ_NEWEST_FIRST`. In either, what
/// becomes ready during a step runs in the next one, and of tasks that wait for one descriptor, the one that began to
/// wait first runs first. Newest first, timers that are due run before descriptors that are ready, and `CQ_WAIT_LAZY`
/// has no effect.
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
        unsafe { borrow(controller) }?.set_order(order);
        Ok(())
    })
}

/// Makes the descriptor of a controller that runs the newest task first readable once more, if its last step has found
/// descriptors ready. The Lua library cqueues does so, and programs that nest controllers see it in the order of their
/// tasks; nobody else needs it. Without effect on controllers that run the oldest task first.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_recall(controller: *const Controller) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(controller) }?.recall();
        Ok(())
    })
}

/// The order in which tasks run that are ready together. `CQ_OLDEST_FIRST` for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_order(controller: *const Controller) -> u32 {
    value(CQ_OLDEST_FIRST, || {
        // SAFETY: as documented.
        Ok(match unsafe { borrow(controller) }?.order() {
            Order::OldestFirst => CQ_OLDEST_FIRST,
            Order::NewestFirst => CQ_NEWEST_FIRST,
        })
    })
}

/// Ends a step. Tasks of its batch that were not taken are handed out by the next one.
///
/// Errors: EINVAL for NULL, or without a step.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_leave(controller: *mut Controller) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let cq = unsafe { borrow(controller) }?;
        if !cq.is_running() {
            return Err(Errno::BADARG);
        }
        leave(cq);
        // SAFETY: the count that `enter` took.
        unsafe { Arc::decrement_strong_count(controller) };
        Ok(())
    })
}

/// Ends a step; `false` if the controller was given up meanwhile, and is closed now.
fn leave(cq: &Controller) -> bool {
    let given_up = cq.leave();
    if given_up {
        let _ = close_and_drop(cq);
    }
    !given_up
}

/// Waits at most `timeout` seconds (NaN or negative: without limit) for something to do, and makes
/// up the batch of this step. Returns early after a signal, with an empty batch perhaps. Does
/// not wait while a task is ready, nor without tasks. `flags` is 0 or `CQ_WAIT_LAZY`.
///
/// Errors: EINVAL for NULL or unknown flags; EBADF after close.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_wait(
    controller: *mut Controller,
    timeout: f64,
    flags: u32,
) -> c_int {
    call(|| {
        if flags & !CQ_WAIT_LAZY != 0 {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        unsafe { borrow(controller) }?.wait(limit(timeout), flags & CQ_WAIT_LAZY != 0)
    })
}

/// Takes the next ready task of the batch that `cq_controller_spawn` added. The caller resumes it,
/// then parks or finishes it. Callbacks and fibers of the same controller run inside this call.
///
/// Errors: ENOENT when the batch is done; EINVAL for NULL, or outside of a step; otherwise the code
/// with which a callback or fiber ended: call again to go on.
///
/// Safety: `ready` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_next(
    controller: *mut Controller,
    ready: *mut cq_ready,
) -> c_int {
    call(|| {
        if ready.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        let cq = unsafe { borrow(controller) }?;
        if !cq.is_running() {
            return Err(Errno::BADARG);
        }
        loop {
            let (task, payload, (fired, count)) = cq.next_kept().ok_or(Errno::NOENT)?;
            match payload {
                Payload::Callback(job) | Payload::Fiber(job) => {
                    outside(|| run_job(&mut Some(cq.share()), task, job))?
                }
                Payload::Foreign(data) => {
                    let data = data as *mut c_void;
                    // SAFETY: as documented.
                    unsafe { ready.write(cq_ready { task: pack(task), data, fired, count }) };
                    return Ok(());
                }
                Payload::Output(_) => {} // never handed out
            }
        }
    })
}

/// Runs a callback or fiber; the reference travels through.
fn run_job(held: &mut Option<Arc<Controller>>, task: TaskId, job: usize) -> Result<()> {
    let mut fired = held.as_ref().map(|cq| cq.take_kept()).unwrap_or_default();
    let code = task::dispatch(held, task, job, &mut fired);
    if let Some(cq) = held {
        cq.keep(fired);
    }
    if code == 0 {
        Ok(())
    } else {
        Err(Errno(code))
    }
}

/// Parks a task until a member of the set fires: a pull task after it was resumed, a callback task
/// from inside its callback. An empty set makes it ready in the next step.
///
/// Errors: EINVAL for NULL, unknown events, or a fiber; ENOENT if there is no such task; EBADF or
/// EPERM for a descriptor that cannot be polled: the task is then parked on nothing.
///
/// Safety: `set` is readable for `count` members. Conditions are kept alive while the task waits;
/// closing a socket wakes its waiters.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_park(
    controller: *mut Controller,
    task: cq_task,
    set: *const cq_interest,
    count: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { borrow(controller) }?;
        let set = unsafe { slice(set, count) }?;
        if let [one] = set {
            return cq.park(unpack(task), false, [unsafe { parked(cq, one) }?]);
        }
        let list = set.iter().map(|i| unsafe { parked(cq, i) }).collect::<Result<Vec<Member>>>()?;
        cq.park(unpack(task), false, list)
    })
}

/// A member of a wait set. Newest first, the registration of a socket ends with its waits, as in the Lua library cqueues:
/// programs see it in the order of their tasks, and whoever polls the controller is not woken by it.
///
/// # Safety
/// As for [`member`].
unsafe fn parked(cq: &Controller, interest: &cq_interest) -> Result<Member> {
    // SAFETY: as documented.
    let mut member = unsafe { member(interest) }?;
    member.owned &= interest.socket.is_null() || cq.order() == Order::OldestFirst;
    Ok(member)
}

/// Removes a task: a pull task that has ended, or any task that shall not go on. `release` is called
/// for callbacks and fibers.
///
/// Errors: EINVAL for NULL; ENOENT if there is no such task; EBUSY for a callback or fiber from
/// inside itself.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_finish(controller: *mut Controller, task: cq_task) -> c_int {
    // SAFETY: as documented.
    call(|| task::cancel(unsafe { borrow(controller) }?, unpack(task)))
}

/// Waits at most `timeout` seconds (NaN or negative: without limit) and runs every callback and
/// fiber that is ready, once. In a fiber of another controller only the fiber waits.
///
/// Without tasks it returns at once.
///
/// Errors: EINVAL for NULL; EBADF after close; EBUSY inside another step of this controller; EDEADLK
/// in a callback of another controller, unless `timeout` is 0 or something is ready; ENOTSUP if a task
/// that `cq_controller_spawn` added is ready; otherwise the code with which a task ended: call again to
/// go on.
///
/// Source: guide §3.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_step(controller: *mut Controller, timeout: f64) -> c_int {
    // SAFETY: as documented.
    call(|| step(unsafe { borrow(controller) }?, limit(timeout), false).map(drop))
}

/// Holds no count while a fiber waits: abandoned, it would never give it back.
/// `false`: a task has given the controller up.
fn step(cq: &Controller, mut timeout: Option<Span>, lazy: bool) -> Result<bool> {
    if fiber::is_running() && !cq.is_running() {
        let until = [timeout, cq.timeout()].into_iter().flatten().min();
        if until != Some(Span::ZERO) {
            fiber::poll_one(cq.interest(until)?)?;
        }
        timeout = Some(Span::ZERO);
    }
    // A task may free the controller.
    let cq = &cq.share();
    cq.enter()?;
    let result = cq.wait(timeout, lazy).and_then(|()| outside(|| run_batch(cq.share())));
    let alive = leave(cq);
    result.map(|()| alive)
}

fn run_batch(cq: Arc<Controller>) -> Result<()> {
    let mut held = Some(cq);
    while let Some((task, payload, _)) = held.as_ref().and_then(|cq| cq.next_kept()) {
        match payload {
            Payload::Callback(job) | Payload::Fiber(job) => run_job(&mut held, task, job)?,
            Payload::Foreign(_) => {
                held.as_ref().map_or(Ok(()), |cq| cq.park(task, false, []))?;
                return Err(Errno(libc::ENOTSUP));
            }
            Payload::Output(_) => {} // never handed out
        }
    }
    Ok(())
}

/// Steps until there are no tasks left or `timeout` seconds have passed (NaN or negative: without
/// limit).
///
/// Errors: as for `cq_controller_step`.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_loop(controller: *mut Controller, timeout: f64) -> c_int {
    call(|| {
        let deadline = limit(timeout).map(|span| Instant::now().after(span));
        loop {
            // SAFETY: as documented. A task that frees its controller ends the loop with its step.
            let cq = unsafe { borrow(controller) }?;
            let left = deadline.map(|at| at.since(Instant::now()));
            if cq.count() == 0 || !step(cq, left, true)? {
                return Ok(());
            }
            if deadline.is_some_and(|at| at <= Instant::now()) {
                return Ok(());
            }
        }
    })
}

/// Tells whether there are no tasks. True for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_empty(controller: *const Controller) -> bool {
    // SAFETY: as documented.
    value(true, || Ok(unsafe { borrow(controller) }?.count() == 0))
}

/// Counts the tasks. 0 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_count(controller: *const Controller) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(controller) }?.count()))
}

/// Wakes every task of this controller that polls `fd`, and forgets the descriptor.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_cancel(controller: *mut Controller, fd: c_int) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(controller) }?.cancel(fd);
        Ok(())
    })
}

/// Suspends the thread until the controller has something to do or a signal is delivered. The
/// `count` signals are unblocked for the time of the wait.
///
/// Errors: EINVAL for NULL or a number that is no signal; EBADF after close.
///
/// Source: ppoll(2), guide §3.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_pause(
    controller: *mut Controller,
    signals: *const c_int,
    count: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { borrow(controller) }?;
        let raw = unsafe { bytes(signals.cast(), count.saturating_mul(size_of::<c_int>())) }?;
        let list = raw.chunks_exact(4).map(|c| c_int::from_ne_bytes([c[0], c[1], c[2], c[3]]));
        cq.pause(&list.collect::<Vec<_>>())
    })
}

/// Gives the descriptor that is readable when a step would have something to do: poll it for
/// POLLIN in any other event loop, with `cq_controller_timeout`, and step with a timeout of 0.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_pollfd(
    controller: *mut Controller,
    fd: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = unsafe { borrow(controller) }?.pollfd()?;
        unsafe { put(fd, found) }
    })
}

/// Gives the events to poll the descriptor for: POLLIN.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_events(_controller: *const Controller) -> u32 {
    libc::POLLIN as u32
}

/// Gives the seconds after which a step has something to do although no descriptor is ready: 0 if
/// a task is ready, NaN if there is no deadline.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_timeout(controller: *mut Controller) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(controller) }?.timeout())))
}

/// Makes the controller's descriptor ready, so that whoever waits for it steps it. The one call that
/// any thread may make, until the controller is closed or freed.
///
/// Errors: EINVAL for NULL; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_alert(controller: *mut Controller) -> c_int {
    // SAFETY: as documented; `alert` touches only what threads may share.
    call(|| unsafe { borrow(controller) }?.alert())
}

/// After fork(2), in the child: gives the controller a kernel queue of its own, with everything that
/// is being polled.
///
/// Errors: EINVAL for NULL; EBADF after close; EMFILE, ENFILE.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_reset(controller: *mut Controller) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(controller) }?.reset())
}

/// Gives the controller and the task that run in this thread. Either output may be NULL. The
/// controller is borrowed.
///
/// Errors: ENOENT outside of callbacks and fibers.
#[no_mangle]
pub unsafe extern "C" fn cq_running(controller: *mut *mut Controller, task: *mut cq_task) -> c_int {
    call(|| {
        let (cq, id) = fiber::running().ok_or(Errno::NOENT)?;
        // SAFETY: as documented, here and below.
        unsafe { put_optional(controller, Arc::as_ptr(&cq).cast_mut()) };
        unsafe { put_optional(task, pack(id)) };
        Ok(())
    })
}

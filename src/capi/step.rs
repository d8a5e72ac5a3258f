// SPDX-License-Identifier: MIT
//! `cq_controller_*`: steps. The pull calls for bindings, and the loop that runs callbacks and fibers.

use super::boundary::{borrow, call, deadline, limit};
use super::controller::{close_and_drop, own, refuse_inside};
use super::hooks;
use super::task::{self, cq_task, pack};
use crate::clock::{Instant, Span};
use crate::controller::{Controller, Fired, Kept, Payload, TaskId};
use crate::errno::{Errno, Result};
use crate::fiber::{self, resuming, Resumer};
use crate::sys::fiber::outside;
use crate::sys::memory::AtomicShared;
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;

/// A task that is ready: see `cq_controller_next`.
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_ready {
    /// The task.
    pub task: cq_task,
    /// The `data` that `cq_controller_add` was given for it.
    pub data: *mut c_void,
    /// The members of its wait set that fired, in the order of the set; holds until the next call of
    /// `cq_controller_next` or `cq_controller_begin` with this controller.
    pub fired: *const Fired,
    /// The number of elements of `fired`.
    pub count: usize,
    /// The `data` of the task that comes next, in this step or in a later one; NULL if there is none, or if it was not added by
    /// `cq_controller_add`. For a caller that has the processor fetch its memory meanwhile: the task may be gone as soon
    /// as another function is called.
    pub ahead: *mut c_void,
    /// Reserved for later versions: not written, and not to be read.
    pub reserved: MaybeUninit<u64>,
}

/// For `cq_controller_wait` and `cq_controller_begin`: while tasks wake each other, the kernel is asked only now and
/// then: after 61 resumptions or 100 µs at the latest.
pub const CQ_WAIT_LAZY: u32 = 1;

/// Begins a step of the pull interface. Then call `cq_controller_wait`, call `cq_controller_next` until it answers
/// ENOENT, and end the step with `cq_controller_leave`. `cq_controller_begin` is the first three of these in one call.
///
/// Errors: EINVAL for NULL; EBADF after close; EBUSY inside another step of this controller.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_enter(controller: *mut Controller) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        cq.enter()?;
        cq.note_entered(true);
        Ok(())
    })
}

/// Ends a step. Tasks of its batch that `cq_controller_next` has not handed out are handed out in the next step.
///
/// Errors: EINVAL for NULL, without a step that `cq_controller_enter` began, and in a callback or fiber of this
/// controller.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_leave(controller: *mut Controller) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let cq = unsafe { own(controller) }?;
        if !cq.is_entered() || cq.is_inside() {
            return Err(Errno::BADARG);
        }
        drop(Entered(controller));
        Ok(())
    })
}

/// A step that was entered, and ends when this is dropped.
struct Entered(*mut Controller);

impl Drop for Entered {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the step holds a reference to its controller.
        let cq = unsafe { &*self.0 };
        cq.note_entered(false);
        if !leave(cq) {
            // SAFETY: the reference that `cq_controller_free` has left to this step.
            drop(unsafe { AtomicShared::from_raw(self.0) });
        }
    }
}

/// Ends a step. `false`: the controller was freed during the step, and is closed now.
fn leave(cq: &Controller) -> bool {
    let given_up = cq.leave();
    if given_up {
        let _ = close_and_drop(cq);
    }
    !given_up
}

/// Waits at most `timeout` seconds (NaN or negative: without limit) for something to do, and makes up the batch of
/// this step: the tasks that are ready. It does not wait while a task is ready, nor if the controller has no tasks. A
/// signal ends the wait early; the batch may then be empty. `flags` is 0 or `CQ_WAIT_LAZY`.
///
/// Errors: EINVAL for NULL or unknown flags; EBADF after close; ENOMEM, and what is ready stays so; EBUSY in a
/// callback or fiber of this controller.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_wait(
    controller: *mut Controller,
    timeout: f64,
    flags: u32,
) -> c_int {
    call(|| {
        let lazy = is_lazy(flags)?;
        // SAFETY: as documented.
        let cq = unsafe { own(controller) }?;
        refuse_inside(cq)?;
        hooks::wait(cq, limit(timeout), lazy)
    })
}

/// EINVAL for unknown flags.
fn is_lazy(flags: u32) -> Result<bool> {
    match flags & !CQ_WAIT_LAZY {
        0 => Ok(flags == CQ_WAIT_LAZY),
        _ => Err(Errno::BADARG),
    }
}

/// Takes the next task of the batch that was added by `cq_controller_add`. The caller resumes it, then calls
/// `cq_controller_park` or `cq_controller_finish` for it. Callbacks and fibers of the same controller that are ready
/// run inside this call.
///
/// Errors: ENOENT when the batch is done; EINVAL for NULL, or outside of a step; EPERM while another thread steps it;
/// ENOTSUP if a task of `cq_batch_step` is ready; otherwise the code with which a callback or fiber ended: call again to go on.
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
        if !cq.is_stepped_here() {
            return Err(if cq.is_running() { Errno(libc::EPERM) } else { Errno::BADARG });
        }
        // SAFETY: as documented.
        unsafe { next(cq, ready) }
    })
}

/// Begins a step, waits, and takes its first task: `cq_controller_enter`, `cq_controller_wait` and `cq_controller_next`
/// in one call. After 0 go on as after `cq_controller_next`, and end the step with `cq_controller_leave`. After anything
/// else no step is under way: ENOENT says that nothing was ready, and that the step is over.
///
/// Errors: ENOENT; EINVAL for NULL or unknown flags; EBADF after close; EBUSY inside another step of this controller;
/// EPERM while another thread steps it; ENOMEM; ENOTSUP if a task of `cq_batch_step` is ready; otherwise the code with
/// which a callback or fiber ended, of which `cq_controller_failure` tells more: what else was ready is handed out in the
/// next step.
///
/// Safety: `ready` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_begin(
    controller: *mut Controller,
    timeout: f64,
    flags: u32,
    ready: *mut cq_ready,
) -> c_int {
    call(|| {
        if ready.is_null() {
            return Err(Errno::BADARG);
        }
        let lazy = is_lazy(flags)?;
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        cq.enter()?;
        cq.note_entered(true);
        let entered = Entered(controller);
        hooks::wait(cq, limit(timeout), lazy)?;
        unsafe { next(cq, ready) }?;
        std::mem::forget(entered);
        Ok(())
    })
}

/// Takes the next task for the pull interface. ENOENT when the batch is done; otherwise see `cq_controller_next`.
///
/// # Safety
///
/// `ready` is writable.
#[inline(always)]
unsafe fn next(cq: &Controller, ready: *mut cq_ready) -> Result<()> {
    let (task, payload, kept) = cq.next_kept().ok_or(Errno::NOENT)?;
    let found = match payload {
        Payload::Foreign(data) => ready_of(task, data, kept),
        Payload::Batch => return leave_to_others(cq, task),
        other => run_until_foreign(cq, task, other)?,
    };
    // SAFETY: as documented.
    unsafe { ready.write(found) };
    Ok(())
}

fn ready_of(task: TaskId, data: usize, kept: Kept) -> cq_ready {
    let (data, ahead, reserved) =
        (data as *mut c_void, kept.ahead as *mut c_void, MaybeUninit::uninit());
    cq_ready { task: pack(task), data, fired: kept.fired, count: kept.count, ahead, reserved }
}

/// Runs callbacks and fibers until a task of the pull interface comes. A callback or fiber may free the controller.
#[cold]
fn run_until_foreign(cq: &Controller, mut task: TaskId, mut payload: Payload) -> Result<cq_ready> {
    let cq = cq.share();
    loop {
        alone(&cq, task, payload)?;
        let (next, data, kept) = cq.next_kept().ok_or(Errno::NOENT)?;
        match data {
            Payload::Foreign(data) => return Ok(ready_of(next, data, kept)),
            Payload::Batch => return leave_to_others(&cq, next),
            _ => (task, payload) = (next, data),
        }
    }
}

/// A task that this kind of step cannot resume is ready again in the next one: ENOTSUP.
fn leave_to_others<T>(cq: &Controller, task: TaskId) -> Result<T> {
    cq.park(task, false, [])?;
    Err(Errno(libc::ENOTSUP))
}

/// Resumes a task that the batch which makes this step does not know. ENOTSUP for one of the pull interface or of
/// another batch; the code with which a callback or fiber ended.
pub(super) fn run_other(
    cq: &AtomicShared<Controller>,
    task: TaskId,
    payload: Payload,
) -> Result<()> {
    match payload {
        Payload::Foreign(_) | Payload::Batch => leave_to_others(cq, task),
        other => alone(cq, task, other),
    }
}

/// Resumes one callback or fiber, or calls a posted function.
fn alone(cq: &AtomicShared<Controller>, task: TaskId, payload: Payload) -> Result<()> {
    let mut fired = cq.take_kept();
    let ended = outside(|| {
        resuming(cq.clone(), |resumer| run_job((cq, resumer), task, payload, &mut fired))
    });
    cq.keep(fired);
    ended
}

/// Resumes a callback or fiber, or calls a posted function. The caller has a reference of its own, as the task may free the
/// controller.
#[inline(always)]
fn run_job(
    (cq, resumer): (&Controller, &Resumer),
    task: TaskId,
    payload: Payload,
    fired: &mut Vec<Fired>,
) -> Result<()> {
    cq.note_inside(true);
    let code = match payload {
        Payload::Callback(job) | Payload::Fiber(job) => {
            task::dispatch((cq, resumer), task, job, fired)
        }
        Payload::Posted(posted) => task::run_posted((cq, resumer), task, posted),
        // Others resume these.
        Payload::Foreign(_) | Payload::Batch | Payload::Output(_) | Payload::Inspector => 0,
    };
    cq.note_inside(false);
    if code == 0 {
        Ok(())
    } else {
        Err(Errno(code))
    }
}

/// Waits at most `timeout` seconds (NaN or negative: without limit) and runs every callback and fiber that is ready,
/// once. In a fiber of another controller only that fiber waits.
///
/// Without tasks it returns at once.
///
/// Errors: EINVAL for NULL; EBADF after close; ENOMEM; EBUSY inside another step of this controller; EDEADLK
/// in a callback of another controller, unless `timeout` is 0 or something is ready; ENOTSUP if a task
/// is ready that `cq_controller_add` added, or one of a batch, whose operation then begins anew; otherwise the code
/// with which a task ended: call again to go on.
///
/// Source: cqueues User Guide §3.2.1.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_step(controller: *mut Controller, timeout: f64) -> c_int {
    // SAFETY: as documented.
    call(|| step(unsafe { own(controller) }?, limit(timeout), false).map(drop))
}

/// Makes one step. `false`: a task has freed the controller.
#[inline(never)] // see `sys::fiber::suspend`, here and below
pub(super) fn step(cq: &Controller, mut timeout: Option<Span>, lazy: bool) -> Result<bool> {
    let mut waited_for = None;
    if fiber::is_running() && !cq.is_running() {
        let until = Span::least(timeout, cq.timeout());
        if until != Some(Span::ZERO) {
            waited_for = Some(await_work(cq, until)?);
        }
        timeout = Some(Span::ZERO);
    }
    // A task may free the controller.
    let cq = &waited_for.unwrap_or_else(|| cq.share());
    cq.enter()?;
    let stepping = Stepping(cq);
    let result = hooks::wait(cq, timeout, lazy)
        .and_then(|()| outside(|| resuming(cq.share(), |resumer| run_batch(cq, resumer))));
    let alive = stepping.leave();
    result.map(|()| alive)
}

/// A step under way. It ends also when it panics, so that the controller can be used again.
pub(super) struct Stepping<'a>(pub &'a Controller);

impl Stepping<'_> {
    pub fn leave(self) -> bool {
        let alive = leave(self.0);
        std::mem::forget(self);
        alive
    }
}

impl Drop for Stepping<'_> {
    fn drop(&mut self) {
        leave(self.0);
    }
}

/// Waits in a fiber until another controller has something to do. That controller may be freed meanwhile, and the
/// fiber be abandoned; so the reference that keeps the controller alive is lent to the fiber.
#[inline(never)]
fn await_work(cq: &Controller, until: Option<Span>) -> Result<AtomicShared<Controller>> {
    let member = cq.interest(until)?;
    let lent = task::lend(cq.share())?;
    let waited = fiber::poll_one(member);
    // SAFETY: lent above; good until it is given back.
    let again = unsafe { AtomicShared::clone(&*lent) };
    // SAFETY: lent above, on this fiber.
    unsafe { task::give_back(lent) };
    waited.map(|()| again)
}

/// Resumes what is ready. Not inlined: what it looks up of the thread is looked up once for the batch, during which the thread
/// stays the same.
#[inline(never)]
fn run_batch(cq: &Controller, resumer: &Resumer) -> Result<()> {
    let mut fired = cq.take_kept();
    let mut result = Ok(());
    while let Some((task, payload)) = cq.next_turn(&mut fired) {
        result = match payload {
            Payload::Callback(_) | Payload::Fiber(_) | Payload::Posted(_) => {
                run_job((cq, resumer), task, payload, &mut fired)
            }
            Payload::Foreign(_) | Payload::Batch => leave_to_others(cq, task),
            Payload::Output(_) | Payload::Inspector => Ok(()), // never handed out
        };
        if result.is_err() {
            break;
        }
    }
    cq.keep(fired);
    result
}

/// Steps until no tasks are left, and then answers 0, or until `timeout` seconds have passed (NaN or negative:
/// without limit). A task that frees the controller ends the loop too, with 0.
///
/// Errors: ETIMEDOUT if tasks are left when the time is over; ECANCELED after `cq_controller_stop`; otherwise as for
/// `cq_controller_step`. `cq_controller_failure` tells the code of a task from one of these.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_loop(controller: *mut Controller, timeout: f64) -> c_int {
    call(|| {
        let deadline = deadline(timeout);
        let mut is_late = false;
        // SAFETY: as documented, here and below.
        unsafe { own(controller) }?.forget_failure();
        loop {
            // A task that frees its controller ends the loop with its step.
            let cq = unsafe { own(controller) }?;
            if cq.take_stop() {
                return Err(Errno::CANCELED);
            }
            if cq.count() == 0 {
                return Ok(());
            }
            if is_late {
                return Err(Errno::TIMEDOUT);
            }
            let left = deadline.map(|at| at.since(Instant::now()));
            if !step(cq, left, true)? {
                return Ok(());
            }
            is_late = deadline.is_some_and(|at| at <= Instant::now());
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{catch_unwind, AssertUnwindSafe};

    #[test]
    fn a_step_that_panics_has_ended() {
        let cq = Controller::new().unwrap();
        let step = AssertUnwindSafe(|| {
            cq.enter().unwrap();
            let _stepping = Stepping(&cq);
            cq.note_inside(true);
            panic!("a bug");
        });
        assert!(catch_unwind(step).is_err());
        assert!(!cq.is_running() && !cq.is_inside());
        assert!(cq.enter().is_ok());
        assert!(leave(&cq));
    }
}

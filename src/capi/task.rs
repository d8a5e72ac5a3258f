// SPDX-License-Identifier: MIT
//! Callbacks and fibers: the tasks that the library itself resumes, over the pull calls.

use crate::controller::{Controller, Fired, Payload, ScopeId, TaskId};
use crate::errno::{Errno, Result};
use crate::fiber::{current, Fiber, Resumer};
use crate::sys::memory::{boxed, Shared};
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};

/// The number of a task in its controller. A number is used again after 1,099,511,627,776 (2^40) tasks and timeouts
/// of that controller at the earliest.
#[allow(non_camel_case_types)]
pub type cq_task = u64;

/// The bits of a `cq_task` that are the task's place, a small number. No two tasks that a controller has at the same
/// time have the same place, and the place of a task that is over is used again, so that a program can keep what
/// belongs to tasks in an array with the place as its index.
pub const CQ_TASK_PLACE: u64 = 0xff_ffff;

/// In `member` of a `cq_fired`, which is the only one then: the wait was ended, as the task was cancelled or its scope
/// has ended. `events` is the code for that, ECANCELED or ETIMEDOUT.
pub const CQ_ENDED: u32 = 0xffff_ffff;

/// Resumes a task. The `count` elements of `fired` tell what woke it (none the first time) and hold until the
/// function returns. To be called again, the function parks the task again with `cq_controller_park`; otherwise the
/// task is over. The result is 0 or the code with which `cq_controller_step` shall return.
#[allow(non_camel_case_types)]
pub type cq_resume = Option<
    unsafe extern "C" fn(
        controller: *mut Controller,
        task: cq_task,
        argument: *mut c_void,
        fired: *const Fired,
        count: usize,
    ) -> c_int,
>;

/// The body of a fiber, or a function for `cq_controller_post`. The result is as for `cq_resume`.
#[allow(non_camel_case_types)]
pub type cq_function = Option<unsafe extern "C" fn(argument: *mut c_void) -> c_int>;

/// Called once with a task's `argument` when the task is over, whether it ended or was dropped with its controller.
#[allow(non_camel_case_types)]
pub type cq_release = Option<unsafe extern "C" fn(argument: *mut c_void)>;

/// What a task of this layer runs when it is resumed.
enum Body {
    Callback(
        unsafe extern "C" fn(*mut Controller, cq_task, *mut c_void, *const Fired, usize) -> c_int,
    ),
    Fiber(Fiber),
}

/// A callback or fiber; its address is the payload of its task.
pub struct Job {
    body: Body,
    argument: *mut c_void,
    /// Set once the job has become a task: when adding the task fails, its argument is not released.
    release: Cell<cq_release>,
    /// Whether the job is being resumed.
    running: Cell<bool>,
    /// Where a fiber's function leaves its result; boxed, since the fiber points to it. None for a callback.
    result: Option<Box<Cell<c_int>>>,
    /// The values that were lent to its fiber (`lend`): dropped with the fiber if that is abandoned.
    lent: RefCell<Vec<Loan>>,
}

/// A value that was lent, under its address.
struct Loan(*mut dyn Any);

impl Drop for Loan {
    fn drop(&mut self) {
        // SAFETY: from Box::into_raw in `lend`, and dropped once.
        drop(unsafe { Box::from_raw(self.0) });
    }
}

/// Keeps a value for a call that may wait. If the call's fiber is abandoned meanwhile, the frames of the call vanish
/// without running destructors, and the value is dropped with the fiber. The pointer is good until `give_back`, on
/// the same fiber. ENOMEM, and the value is dropped.
#[inline(never)] // no thread-local is touched by code inlined behind a suspension
pub(super) fn lend<T: 'static>(thing: T) -> Result<*const T> {
    let place = Box::into_raw(boxed(thing)?);
    let loan = Loan(place);
    // SAFETY: NULL, or the job that is being resumed, which `dispatch` holds.
    match unsafe { current().cast::<Job>().as_ref() } {
        Some(job) => {
            let mut lent = job.lent.borrow_mut();
            lent.try_reserve(1).map_err(|_| Errno::NOMEM)?;
            lent.push(loan);
        }
        None => std::mem::forget(loan),
    }
    Ok(place)
}

/// Drops what was lent.
///
/// # Safety
///
/// `place` came from `lend` on this fiber, or outside of any, and was not given back.
#[inline(never)]
pub(super) unsafe fn give_back<T: 'static>(place: *const T) {
    // SAFETY: as in `lend`.
    let Some(job) = (unsafe { current().cast::<Job>().as_ref() }) else {
        return drop(Loan(place.cast_mut()));
    };
    let mut lent = job.lent.borrow_mut();
    let index = lent.iter().position(|loan| std::ptr::addr_eq(loan.0, place));
    let loan = index.map(|index| lent.swap_remove(index));
    drop(lent);
    drop(loan);
}

impl Drop for Job {
    fn drop(&mut self) {
        if let Some(release) = self.release.get() {
            // SAFETY: the caller of attach or wrap promised that it may be called with this.
            unsafe { release(self.argument) };
        }
    }
}

/// The number of a task, for C.
pub fn pack(task: TaskId) -> cq_task {
    task.number()
}

/// The task of a number.
pub fn unpack(task: cq_task) -> TaskId {
    TaskId { index: (task & CQ_TASK_PLACE) as u32, serial: task >> 24 }
}

/// Adds a callback task.
pub fn attach(
    cq: Target<'_>,
    resume: cq_resume,
    release: cq_release,
    argument: *mut c_void,
) -> Result<TaskId> {
    let callback = resume.ok_or(Errno::BADARG)?;
    spawn(cq, Body::Callback(callback), release, argument, None)
}

/// Adds a fiber.
pub(super) fn wrap(
    cq: Target<'_>,
    function: cq_function,
    release: cq_release,
    argument: *mut c_void,
) -> Result<TaskId> {
    let function = function.ok_or(Errno::BADARG)?;
    let result = boxed(Cell::new(0))?;
    let place: *const Cell<c_int> = &*result;
    let fiber = Fiber::new(cq.0.stack_size(), move || {
        // SAFETY: the function and its argument are the caller's; `place` lives in the job, which
        // outlives its fiber.
        unsafe { (*place).set(function(argument)) }
    })?;
    spawn(cq, Body::Fiber(fiber), release, argument, Some(result))
}

/// A controller, and the scope in it that a task is added to, if any.
#[derive(Clone, Copy)]
pub struct Target<'a>(pub &'a Controller, pub Option<ScopeId>);

impl Target<'_> {
    /// Adds a task there.
    pub fn spawn(&self, payload: Payload) -> Result<TaskId> {
        match self.1 {
            None => self.0.spawn(payload),
            Some(scope) => self.0.spawn_in(scope, payload),
        }
    }
}

fn spawn(
    cq: Target<'_>,
    body: Body,
    release: cq_release,
    argument: *mut c_void,
    result: Option<Box<Cell<c_int>>>,
) -> Result<TaskId> {
    let (running, lent, ends) = (Cell::new(false), RefCell::default(), Cell::new(None));
    let is_fiber = matches!(body, Body::Fiber(_));
    let job = Job { body, argument, release: ends, running, result, lent };
    let job = Shared::<Job>::into_raw(Shared::new(job)?);
    let payload = match is_fiber {
        false => Payload::Callback(job as usize),
        true => Payload::Fiber(job as usize),
    };
    match cq.spawn(payload) {
        Ok(task) => {
            // SAFETY: the task has a reference, which the number stands for.
            unsafe { Shared::<Job>::beside(job) }.release.set(release);
            Ok(task)
        }
        Err(error) => {
            drop_payload(payload);
            Err(error)
        }
    }
}

/// Resumes a job, outside of any fiber. Returns the code that its task ended with, or 0 if the task goes on.
#[inline(always)]
pub fn dispatch(
    (cq, resumer): (&Controller, &Resumer<'_>),
    task: TaskId,
    job: usize,
    fired: &mut Vec<Fired>,
) -> c_int {
    // SAFETY: the payload of a job task is a counted reference; this takes another one, so the job
    // outlives its resumption whatever happens to the task.
    let job = unsafe { Shared::<Job>::beside(job as *const Job) };
    job.running.set(true);
    let (code, ended) = match &job.body {
        Body::Callback(callback) => {
            let (handle, argument) = (std::ptr::from_ref(cq).cast_mut(), job.argument);
            let code = resumer.run_callback(task, || {
                // SAFETY: the caller of attach promised that it may be called so.
                unsafe { callback(handle, pack(task), argument, fired.as_ptr(), fired.len()) }
            });
            (code, !cq.is_parked(task))
        }
        Body::Fiber(fiber) => {
            let here = Shared::as_ptr(&job).cast();
            let ended = resumer.run_fiber(task, here, fired, || fiber.resume());
            (job.result.as_ref().filter(|_| ended).map_or(0, |result| result.get()), ended)
        }
    };
    job.running.set(false);
    match ended || code != 0 {
        true => end(cq, task, code, ended),
        false => 0,
    }
}

/// Notes the code of a task, and removes it if it has `ended`.
#[inline(never)]
fn end(cq: &Controller, task: TaskId, code: c_int, ended: bool) -> c_int {
    let code = outcome(cq, task, code);
    if ended {
        // ENOENT: it was cancelled meanwhile.
        let _ = cq.finish(task).map(drop_payload);
    }
    code
}

/// A function that another thread has posted, with its argument.
struct Posted {
    function: unsafe extern "C" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
    /// Called instead, if the function is never called.
    release: cq_release,
}

/// Has a function called by the controller's thread, in its next step; if the controller is closed before, `release`
/// is called instead. On failure neither is.
pub(super) fn post(
    cq: &Controller,
    function: cq_function,
    release: cq_release,
    argument: *mut c_void,
) -> Result<()> {
    let function = function.ok_or(Errno::BADARG)?;
    let posted = Box::into_raw(boxed(Posted { function, argument, release })?);
    // SAFETY: made above, and seen by nobody on failure.
    cq.post(posted as usize).inspect_err(|_| drop(unsafe { Box::from_raw(posted) }))
}

/// Calls a posted function, as a callback. Returns its code.
pub(super) fn run_posted(
    (cq, resumer): (&Controller, &Resumer<'_>),
    task: TaskId,
    posted: usize,
) -> c_int {
    // SAFETY: from `post`; the task had the only reference, and ends here.
    let posted = unsafe { Box::from_raw(posted as *mut Posted) };
    let _ = cq.finish(task);
    // SAFETY: who posted it promised that it may be called so.
    let call = || unsafe { (posted.function)(posted.argument) };
    let code = resumer.run_callback(task, call);
    outcome(cq, task, code)
}

/// The code that a step ends with after a task has ended with one.
fn outcome(cq: &Controller, task: TaskId, code: c_int) -> c_int {
    match code {
        0 => 0,
        code => cq.note_failure(task, code),
    }
}

/// Drops what a task of this layer carried.
pub fn drop_payload(payload: Payload) {
    if let Payload::Posted(posted) = payload {
        // SAFETY: from `post`; the task had the only reference.
        let posted = unsafe { Box::from_raw(posted as *mut Posted) };
        if let Some(release) = posted.release {
            // SAFETY: who posted it promised that it may be called with this.
            unsafe { release(posted.argument) };
        }
    }
    if let Payload::Callback(job) | Payload::Fiber(job) = payload {
        // SAFETY: the task's counted reference, given up with the task.
        drop(unsafe { Shared::<Job>::from_raw(job as *const Job) });
    }
}

/// Removes a task. EBUSY for a fiber from inside itself.
pub fn cancel(cq: &Controller, task: TaskId) -> Result<()> {
    if let Payload::Callback(job) | Payload::Fiber(job) = cq.payload(task)? {
        // SAFETY: the task still holds its reference.
        if unsafe { Shared::<Job>::beside(job as *const Job) }.running.get() {
            return Err(Errno::BUSY);
        }
        cq.note_code(task, Errno::CANCELED.0);
    }
    cq.finish(task).map(drop_payload)
}

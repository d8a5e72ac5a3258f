// SPDX-License-Identifier: MIT
//! `cq_task_*`, `cq_scope_wait`: ending tasks, waiting for their end, and whose they are.

use super::boundary::{call, deadline, put, put_optional, value};
use super::controller::own;
use super::scope::{cq_scope, named, of, reason};
use super::step::step;
use super::task::{cq_task, give_back, lend, unpack};
use crate::clock::{Instant, Span};
use crate::controller::{Controller, Join, Member, ScopeId, TaskId};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::sys::memory::{AtomicShared, Shared};
use std::ffi::{c_char, c_int, c_void};

/// Waits until all tasks that were started in the scope, and those of the scopes in it, have ended. In a fiber only the
/// fiber waits; outside of any task this thread steps the controller until then.
///
/// Returns 0; the code of the first task that failed (`cq_scope_failure` tells the rest); or, if the scope has ended
/// without a failure, the code given to `cq_scope_cancel`, ECANCELED or ETIMEDOUT.
///
/// In a fiber that is cancelled itself, the call ends at once only if the scope goes on. If the scope has ended as well,
/// its tasks are about to end, and the call waits for them.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed; EDEADLK in a callback, and in a task of the
/// scope; ENOMEM; ECANCELED, ETIMEDOUT. Outside of any task, as for `cq_controller_step`.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_wait(scope: *mut cq_scope) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        let id = scope.id();
        match fiber::running() {
            None => wait_outside(&cq, id)?,
            Some((_, task)) if is_in(&cq, task, id) => return Err(Errno(libc::EDEADLK)),
            Some((running, _)) => {
                drop(running);
                return wait_in_fiber(cq, id);
            }
        }
        outcome(&cq, id)
    })
}

/// Whether a task was started in a scope or in one of those in it.
fn is_in(cq: &Controller, task: TaskId, scope: ScopeId) -> bool {
    matches!(fiber::running(), Some((running, _)) if std::ptr::eq(&*running, cq))
        && cq.is_started_in(task, scope)
}

/// How a scope has ended whose tasks have.
fn outcome(cq: &Controller, id: ScopeId) -> Result<()> {
    let (fault, code) =
        cq.with_scope(id, |scope| (scope.fault.as_ref().map(|f| f.code), scope.code))?;
    match (fault, cq.end_of_scope(id)?) {
        (Some(code), _) => Err(Errno(code)),
        (None, Some(_)) if code != 0 => Err(Errno(code)),
        (None, Some(end)) => Err(end.code()),
        (None, None) => Ok(()),
    }
}

fn wait_outside(cq: &Controller, id: ScopeId) -> Result<()> {
    while cq.busy(id)? != 0 {
        if !step(cq, None, true)? {
            return Err(Errno::BADF);
        }
    }
    Ok(())
}

/// The fiber may be abandoned while it waits, so that the controller is lent to it.
fn wait_in_fiber(cq: AtomicShared<Controller>, id: ScopeId) -> Result<()> {
    let lent = lend(cq)?;
    let result = wait_lent(lent, id);
    // SAFETY: lent above, on this fiber.
    unsafe { give_back(lent) };
    result
}

fn wait_lent(lent: *const AtomicShared<Controller>, id: ScopeId) -> Result<()> {
    loop {
        // SAFETY: good until it is given back.
        let cq = unsafe { &*lent };
        let Some((member, is_deaf)) = member_of(cq, id)? else { return outcome(cq, id) };
        fiber::check_may_wait()?; // a callback never can, whatever its scope is about to do
        let waited = fiber::wait_for_scope(member, is_deaf);
        // SAFETY: as above.
        if waited.is_err() && unsafe { &*lent }.end_of_scope(id)?.is_none() {
            return waited;
        }
    }
}

/// What to wait for until a scope has no tasks left, and whether they are about to end; `None`: it has none.
fn member_of(cq: &Controller, id: ScopeId) -> Result<Option<(Member, bool)>> {
    let Some(idle) = cq.idle(id)? else { return Ok(None) };
    Ok(Some((Member::condition(&idle), cq.end_of_scope(id)?.is_some())))
}

/// Parks a task of the pull interface, or a callback, until the scope has no tasks left, as `cq_scope_wait` waits: if
/// the scope has ended, what ends the task's other waits does not end this one. Without tasks in the scope the task is
/// ready in the next step.
///
/// Errors: as for `cq_controller_park`; EDEADLK for a task of the scope; EBADF once the controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_park(scope: *const cq_scope, task: cq_task) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        match unsafe { park_until_idle(scope, unpack(task)) }? {
            true => Ok(()),
            false => unsafe { of(scope) }?.0.park(unpack(task), false, []),
        }
    })
}

/// The same, but without tasks in the scope `false`, and the task is not parked.
///
/// # Safety
///
/// `scope` is NULL or live.
pub(super) unsafe fn park_until_idle(scope: *const cq_scope, task: TaskId) -> Result<bool> {
    // SAFETY: as above.
    let (cq, scope) = unsafe { of(scope) }?;
    if cq.is_started_in(task, scope.id()) {
        return Err(Errno(libc::EDEADLK));
    }
    match member_of(&cq, scope.id())? {
        None => Ok(false),
        Some((member, is_deaf)) => {
            cq.park_for_scope(task, false, member, is_deaf)?;
            Ok(true)
        }
    }
}

/// Cancels a task: each of its waits ends with ECANCELED from now on, the present one included, and so do those of
/// tasks in scopes that it has begun. Ending with that code is no failure. Otherwise as `cq_scope_cancel`.
///
/// Errors: EINVAL for NULL; ENOENT if there is no such task; ENOMEM; EPERM while another thread steps the controller.
///
/// Safety: `reason` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_task_cancel(
    controller: *mut Controller,
    task: cq_task,
    reason: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        cq.cancel_task(unpack(task), unsafe { self::reason(reason) })
    })
}

/// Tells whether the waits of a task are ended: 0, ECANCELED, or ETIMEDOUT after the deadline of a scope around it.
///
/// Errors: EINVAL for NULL; ENOENT if there is no such task; ECANCELED, ETIMEDOUT.
#[no_mangle]
pub unsafe extern "C" fn cq_task_status(controller: *const Controller, task: cq_task) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let cq = unsafe { own(controller) }?;
        match cq.end_of_task(unpack(task))? {
            Some(end) => Err(end.code()),
            None => Ok(()),
        }
    })
}

/// Returns why the waits of a task are ended, in the words of whoever has cancelled it; NULL without any. The text
/// holds until the task is over or the scope that was cancelled is freed. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_task_reason(
    controller: *const Controller,
    task: cq_task,
) -> *const c_char {
    // SAFETY: as documented.
    value(std::ptr::null(), || unsafe { own(controller) }?.reason_of_task(unpack(task)))
}

/// Notes that a task of the pull interface has failed, before `cq_controller_finish` removes it: the scope that it was
/// started in ends, unless it supervises, and keeps the failure. `reason` may be NULL.
///
/// Errors: EINVAL for NULL, or for 0 as the code; ENOENT if there is no such task, or if it was started in no scope.
///
/// Safety: `reason` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_task_fail(
    controller: *mut Controller,
    task: cq_task,
    code: c_int,
    reason: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        if code == 0 {
            return Err(Errno::BADARG);
        }
        match cq.fail_task(unpack(task), code, unsafe { self::reason(reason) })? {
            true => Ok(()),
            false => Err(Errno::NOENT),
        }
    })
}

/// Waits until a task is over, at most `timeout` seconds (NaN or negative: without limit). `code` (may be NULL) receives
/// the code that it ended with: ECANCELED if it was removed before its end. In a fiber only the fiber waits; outside of
/// any task this thread steps the controller until then.
///
/// Errors: EINVAL for NULL; ENOENT if there is no such task: it may be over already, and the code with it; ETIMEDOUT;
/// ECANCELED if the wait was ended; EDEADLK in a callback, and for the task that runs; ENOMEM. Outside of any task, as
/// for `cq_controller_step`.
///
/// Safety: `code` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn cq_task_join(
    controller: *mut Controller,
    task: cq_task,
    timeout: f64,
    code: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let task = unpack(task);
        let deadline = deadline(timeout);
        let join = cq.join(task)?;
        let ended = match fiber::running() {
            None => join_outside(cq, &join, deadline)?,
            Some((running, itself)) if std::ptr::eq(&*running, cq) && itself == task => {
                return Err(Errno(libc::EDEADLK))
            }
            Some((running, _)) => {
                drop(running);
                join_in_fiber(join, deadline)?
            }
        };
        unsafe { put_optional(code, ended) };
        Ok(())
    })
}

fn join_outside(cq: &Controller, join: &Join, deadline: Option<Instant>) -> Result<c_int> {
    loop {
        if let Some(code) = join.code.get() {
            return Ok(code);
        }
        let left = deadline.map(|at| at.since(Instant::now()));
        let alive = step(cq, left, true)?;
        if join.code.get().is_none() && (!alive || left == Some(Span::ZERO)) {
            return Err(if alive { Errno::TIMEDOUT } else { Errno::BADF });
        }
    }
}

fn join_in_fiber(join: Shared<Join>, deadline: Option<Instant>) -> Result<c_int> {
    let lent = lend(join)?;
    let result = join_lent(lent, deadline);
    // SAFETY: lent above, on this fiber.
    unsafe { give_back(lent) };
    result
}

fn join_lent(lent: *const Shared<Join>, deadline: Option<Instant>) -> Result<c_int> {
    loop {
        // SAFETY: good until it is given back.
        let join = unsafe { &*lent };
        if let Some(code) = join.code.get() {
            return Ok(code);
        }
        fiber::poll_until(Member::condition(&join.ended), deadline)?;
    }
}

/// Keeps a pointer of the program's with a task.
///
/// Errors: EINVAL for NULL as the controller; ENOENT if there is no such task; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_task_set_data(
    controller: *mut Controller,
    task: cq_task,
    data: *mut c_void,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { own(controller) }?.set_data(unpack(task), data as usize))
}

/// Returns that pointer; NULL without one, and if there is no such task. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_task_data(controller: *const Controller, task: cq_task) -> *mut c_void {
    value(std::ptr::null_mut(), || {
        // SAFETY: as documented.
        Ok(unsafe { own(controller) }?.data_of(unpack(task))? as *mut c_void)
    })
}

/// Gives the present scope of a task: the innermost of those that it has begun, or the one that it was started in. The
/// handle is the one that `cq_scope_new` made, and not one more to free. `task` is 0 for the callback or fiber that
/// runs.
///
/// Errors: EINVAL for NULL; ENOENT if it is in no scope, or if there is no such task in this controller.
///
/// Safety: `scope` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_task_scope(
    controller: *const Controller,
    task: cq_task,
    scope: *mut *mut cq_scope,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let id = cq.scope_of(named(cq, task)?).ok_or(Errno::NOENT)?;
        let handle = cq.with_scope(id, |scope| scope.handle)?;
        unsafe { put(scope, handle as *mut cq_scope) }
    })
}

// SPDX-License-Identifier: MIT
//! `cq_scope_*`: groups of tasks that end together.

use super::boundary::{borrow, call, limit, put, put_optional, share, text, value};
use super::controller::{cq_failure, own};
use super::task::{self, cq_function, cq_release, cq_resume, cq_task, pack, unpack, Target};
use crate::controller::{Controller, Name, Payload, ScopeId, TaskId, Text};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::sys::memory::boxed;
use crate::sys::memory::{AtomicShared, AtomicWeak};
use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};

/// A scope: a group of tasks that end together. Scopes nest. When a scope ends, since it was cancelled, its time is
/// over or one of its tasks has failed, then each wait of its tasks ends with a code, the present one and all later
/// ones, and so do those of the scopes in it.
#[allow(non_camel_case_types)]
pub struct cq_scope {
    controller: AtomicWeak<Controller>,
    id: ScopeId,
}

impl cq_scope {
    /// Its number in its controller.
    pub(super) fn id(&self) -> ScopeId {
        self.id
    }
}

/// How many handles of freed scopes a thread keeps for new ones.
const SPARE: usize = 64;

thread_local! {
    #[allow(clippy::vec_box)] // the program has their addresses
    static HANDLES: RefCell<Vec<Box<cq_scope>>> = const { RefCell::new(Vec::new()) };
}

/// A handle, without taking memory where a scope was freed before. ENOMEM.
fn handle(scope: cq_scope) -> Result<Box<cq_scope>> {
    let spare = HANDLES.try_with(|handles| handles.borrow_mut().pop()).ok().flatten();
    match spare {
        Some(mut handle) => {
            *handle = scope;
            Ok(handle)
        }
        None => Ok(boxed(scope)?),
    }
}

/// Keeps a handle for another scope.
fn keep(mut handle: Box<cq_scope>) {
    handle.controller = AtomicWeak::new();
    let _ = HANDLES.try_with(|handles| {
        let mut handles = handles.borrow_mut();
        if handles.len() < SPARE && handles.try_reserve(1).is_ok() {
            handles.push(handle);
        }
    });
}

/// The controller of a scope, and its number there. EBADF once the controller is closed or freed; EPERM while another
/// thread steps it.
pub(super) unsafe fn of<'a>(
    scope: *const cq_scope,
) -> Result<(AtomicShared<Controller>, &'a cq_scope)> {
    // SAFETY: as for `borrow`.
    let scope = unsafe { borrow(scope) }?;
    let cq = scope.controller.upgrade().ok_or(Errno::BADF)?;
    cq.check_thread()?;
    match cq.is_closed() {
        true => Err(Errno::BADF),
        false => Ok((cq, scope)),
    }
}

/// The scope in which a task is to be started; `None` for NULL.
///
/// # Safety
///
/// `scope` is NULL or live.
pub(super) unsafe fn optional(scope: *const cq_scope) -> Result<Option<ScopeId>> {
    match scope.is_null() {
        true => Ok(None),
        // SAFETY: as above.
        false => unsafe { of(scope) }.map(|(_, scope)| Some(scope.id)),
    }
}

/// The task of a number; 0 stands for the one that runs on this thread.
pub(super) fn named(cq: &Controller, task: cq_task) -> Result<TaskId> {
    match task {
        0 => {
            let (running, task) = fiber::running().ok_or(Errno::NOENT)?;
            let is_here = std::ptr::eq(&*running, cq);
            is_here.then_some(task).ok_or(Errno::NOENT)
        }
        task => Ok(unpack(task)),
    }
}

/// Words, if there are any.
pub(super) unsafe fn reason(words: *const c_char) -> Option<Text> {
    // SAFETY: NULL or terminated.
    unsafe { text(words) }.ok().and_then(Text::new)
}

/// Makes a scope in the controller. It lies in `parent`; with NULL, in the present scope of the task that runs, if
/// that is a callback or fiber of this controller, and otherwise in none. Free it with `cq_scope_free`.
///
/// Errors: EINVAL for NULL, or for a parent of another controller; EBADF after close; ENOMEM; EPERM while another
/// thread steps the controller.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_new(
    controller: *mut Controller,
    parent: *const cq_scope,
    scope: *mut *mut cq_scope,
) -> c_int {
    call(|| {
        if scope.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let around = match parent.is_null() {
            true => named(cq, 0).ok().and_then(|task| cq.scope_of(task)),
            false => match unsafe { of(parent) }? {
                (other, _) if !std::ptr::eq(&*other, cq) => return Err(Errno::BADARG),
                (_, parent) => Some(parent.id),
            },
        };
        let id = cq.new_scope(around)?;
        let controller = AtomicShared::downgrade(&unsafe { share(controller) }?);
        let made = handle(cq_scope { controller, id }).inspect_err(|_| {
            let _ = cq.remove_scope(id);
        })?;
        let made = Box::into_raw(made);
        cq.with_scope(id, |scope| scope.handle = made as usize)?;
        unsafe { put(scope, made) }
    })
}

/// Frees a scope. It ends, and its tasks are removed as by `cq_controller_finish`: suspended fibers never continue. To
/// let them end by themselves, call `cq_scope_cancel` and `cq_scope_wait` before. The task that makes this call, if it
/// is one of the scope, goes on, but cannot wait any more; a task that has begun the scope is back in the one around
/// it. Scopes that lie in it have ended, and are still to be freed. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_free(scope: *mut cq_scope) {
    value((), || {
        if scope.is_null() {
            return Ok(());
        }
        // SAFETY: the handle came from `cq_scope_new`; the caller gives it up.
        let handle = unsafe { Box::from_raw(scope) };
        let (controller, id) = (handle.controller.upgrade(), handle.id);
        keep(handle);
        let Some(cq) = controller.filter(|cq| !cq.is_closed()) else { return Ok(()) };
        cq.with_scope(id, |scope| scope.handle = 0)?;
        cq.cancel_scope(id, 0, None)?;
        while let Some(task) = cq.any_task_in(id)? {
            if task::cancel(&cq, task).is_err() {
                cq.expel(task);
            }
        }
        cq.remove_scope(id)
    });
}

/// As `cq_controller_add`, in a scope.
///
/// Errors: as there; ECANCELED, ETIMEDOUT if the scope has ended; EBADF once the controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_add(
    scope: *mut cq_scope,
    data: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (cq, scope) = unsafe { of(scope) }?;
        let made = cq.spawn_in(scope.id, Payload::Foreign(data as usize))?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// As `cq_controller_attach`, in a scope.
///
/// Errors: as there; ECANCELED, ETIMEDOUT if the scope has ended; EBADF once the controller is closed or freed.
///
/// Safety: as there.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_attach(
    scope: *mut cq_scope,
    resume: cq_resume,
    release: cq_release,
    argument: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (cq, scope) = unsafe { of(scope) }?;
        let made = task::attach(Target(&cq, Some(scope.id)), resume, release, argument)?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// As `cq_controller_wrap`, in a scope. A fiber that ends with a code other than 0 has failed: the scope ends, unless
/// `cq_scope_set_supervisor` said otherwise, and keeps the first failure for `cq_scope_wait`; the step in which that
/// happens goes on. Ending with the code that its waits were ended with is no failure.
///
/// Errors: as there; ECANCELED, ETIMEDOUT if the scope has ended; EBADF once the controller is closed or freed.
///
/// Safety: as there.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_wrap(
    scope: *mut cq_scope,
    function: cq_function,
    release: cq_release,
    argument: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (cq, scope) = unsafe { of(scope) }?;
        let made = task::wrap(Target(&cq, Some(scope.id)), function, release, argument)?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// Begins the scope around what a task does from now on, until `cq_scope_end`: when the scope ends, so do the waits of
/// this task. `task` is 0 for the callback or fiber that runs.
///
/// Errors: EINVAL for NULL, or if the scope does not lie in the task's present one; EBUSY if a task has begun it;
/// ENOENT if there is no such task; EBADF once the controller is closed or freed; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_begin(scope: *mut cq_scope, task: cq_task) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.begin_scope(scope.id, named(&cq, task)?)
    })
}

/// Ends what `cq_scope_begin` began: the task is back in the scope around it, and can wait again unless that has ended
/// too.
///
/// Errors: EINVAL for NULL, or if the scope is not the task's present one, begun by it; EBUSY while tasks that were
/// started in the scope are left: call `cq_scope_wait` before; ENOENT if there is no such task; EBADF once the
/// controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_end(scope: *mut cq_scope, task: cq_task) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.leave_scope(scope.id, named(&cq, task)?)
    })
}

/// Lets the scope end in so many seconds, with ETIMEDOUT. With NaN or a negative number it does not end by itself, and
/// with 0 it ends now. A scope that has ended stays so.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_deadline(scope: *mut cq_scope, seconds: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.set_deadline(scope.id, limit(seconds))
    })
}

/// Keeps out what ends the scopes around this one, or the task that has begun it, for so many seconds from now: time
/// for cleaning up. After that their end reaches it. NaN, negative or 0: no longer. What ends the scope itself is not
/// kept out.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_shield(scope: *mut cq_scope, seconds: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.set_shield(scope.id, limit(seconds))
    })
}

/// Ends the scope and those in it. Each wait of their tasks ends with ECANCELED: the present one in the next step, and
/// each that they begin from then on, in the step after it. A wait for which something has fired already succeeds. What
/// sockets have buffered stays, as after a timeout. `code` is for whoever waits for the scope, see `cq_scope_wait`; 0
/// stands for ECANCELED. `reason` (may be NULL) says why, in words of which a copy is kept if there is memory for it. Cancelling again, or a scope that has ended, changes nothing.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed; EPERM while another thread steps it: have
/// `cq_controller_post` cancel it there.
///
/// Safety: `reason` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_cancel(
    scope: *mut cq_scope,
    code: c_int,
    reason: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.cancel_scope(scope.id, code, unsafe { self::reason(reason) })
    })
}

/// With `true` the other tasks of the scope go on when one fails.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_set_supervisor(scope: *mut cq_scope, supervises: bool) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.with_scope(scope.id, |scope| scope.supervises = supervises)
    })
}

/// With `true`, what the scope does may end at once when its controller shuts down: a connection waits for its next
/// request, for instance. If it shuts down already, the scope ends now, with ECANCELED.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_set_idle(scope: *mut cq_scope, idle: bool) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.set_idle(scope.id, idle)
    })
}

/// Tells how many of the tasks that were started in the scope, and of the scopes in it that have such tasks, are left.
/// 0 for NULL, and once the controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_count(scope: *const cq_scope) -> usize {
    value(0, || {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        Ok(cq.busy(scope.id)? as usize)
    })
}

/// Tells whether the scope, or one around it that no shield keeps out, has ended: 0, ECANCELED, or ETIMEDOUT after a
/// deadline.
///
/// Errors: EINVAL for NULL; EBADF once the controller is closed or freed; ECANCELED, ETIMEDOUT.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_status(scope: *const cq_scope) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        match cq.end_of_scope(scope.id)? {
            Some(end) => Err(end.code()),
            None => Ok(()),
        }
    })
}

/// Returns why the scope was cancelled, or why its first task failed, in words; NULL without any. The text holds until
/// the scope is freed or the controller is closed. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_reason(scope: *const cq_scope) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.with_scope(scope.id, |s| s.reason.as_ref().map_or(std::ptr::null(), Text::as_ptr))
    })
}

/// Tells which task of the scope failed first. The reason in it holds until the scope is freed or the controller is
/// closed.
///
/// Errors: EINVAL for NULL; ENOENT if none has failed; EBADF once the controller is closed or freed.
///
/// Safety: `failure` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_failure(
    scope: *const cq_scope,
    failure: *mut cq_failure,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (cq, scope) = unsafe { of(scope) }?;
        let found = cq.with_scope(scope.id, |scope| {
            scope.fault.as_ref().map(|fault| cq_failure {
                task: pack(fault.task),
                code: fault.code,
                name: *fault.name.as_chars(),
                reason: fault.reason.as_ref().map_or(std::ptr::null(), Text::as_ptr),
                reserved: [0; 3],
            })
        })?;
        unsafe { put(failure, found.ok_or(Errno::NOENT)?) }
    })
}

/// Names a scope, for whoever debugs the program. The name has at most 63 bytes, of which a copy is kept. NULL and ""
/// take the name away.
///
/// Errors: EINVAL for NULL as the scope; ENAMETOOLONG; EBADF once the controller is closed or freed.
///
/// Safety: `name` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_set_name(scope: *mut cq_scope, name: *const c_char) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (cq, scope) = unsafe { of(scope) }?;
        let name = Name::new(if name.is_null() { c"" } else { unsafe { text(name) }? })?;
        cq.with_scope(scope.id, |scope| scope.name = name)
    })
}

/// Keeps a pointer of the program's with the scope.
///
/// Errors: EINVAL for NULL as the scope; EBADF once the controller is closed or freed.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_set_data(scope: *mut cq_scope, data: *mut c_void) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.with_scope(scope.id, |scope| scope.data = data as usize)
    })
}

/// Returns that pointer; NULL without one, and once the controller is closed or freed. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_data(scope: *const cq_scope) -> *mut c_void {
    value(std::ptr::null_mut(), || {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.with_scope(scope.id, |scope| scope.data as *mut c_void)
    })
}

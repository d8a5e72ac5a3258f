// SPDX-License-Identifier: MIT
//! Functions of the program's that the library calls: around each wait of a controller, and for what it has to tell.

use super::boundary::{call, value};
use super::controller::own;
use crate::clock::Span;
use crate::controller::{Controller, TaskId};
use crate::errno::Result;
use crate::fiber::resuming;
use crate::log;
use crate::sys::program::{Hook, Hooks, Listener};
use std::ffi::{c_char, c_int, c_void};

/// A function that is called in each step: see `cq_controller_set_hooks`.
#[allow(non_camel_case_types)] // the name in C
pub type cq_hook = Option<unsafe extern "C" fn(controller: *mut Controller, data: *mut c_void)>;

/// Has functions called in each step of a controller, by the thread that steps it: `before` when the step has begun,
/// before it is looked what is ready, and `after` when that was done, before any task runs. Between the two lies the
/// time in which the kernel was asked or waited for. Either may be NULL; both NULL ends it. A controller has one pair:
/// the last that was set. What `before` makes ready (tasks that it adds, conditions that it signals) is ready in this
/// step, which does not wait then; what `after` makes ready comes in the next one.
///
/// A hook may call whatever a callback may: functions that wait answer EDEADLK. It may free the controller, as a
/// callback may. `cq_running` answers ENOENT, since no task runs.
///
/// Errors: EINVAL for NULL; EPERM while another thread steps it.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_set_hooks(
    controller: *mut Controller,
    before: cq_hook,
    after: cq_hook,
    data: *mut c_void,
) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let cq = unsafe { own(controller) }?;
        let any = before.is_some() || after.is_some();
        let (before, after) = (before.map(erased), after.map(erased));
        cq.set_hooks(any.then_some(Hooks { before, after, data }));
        Ok(())
    })
}

/// The same function, for a part of the core that knows no controller.
fn erased(hook: unsafe extern "C" fn(*mut Controller, *mut c_void)) -> Hook {
    // SAFETY: one pointer is passed like another, and `run` passes a controller.
    unsafe { std::mem::transmute(hook) }
}

/// The wait of a step that has begun: `Controller::wait` between the hooks.
#[inline]
pub(super) fn wait(cq: &Controller, limit: Option<Span>, lazy: bool) -> Result<()> {
    match cq.has_hooks() {
        false => cq.wait(limit, lazy),
        true => wait_between(cq, limit, lazy),
    }
}

#[cold]
fn wait_between(cq: &Controller, limit: Option<Span>, lazy: bool) -> Result<()> {
    if let Some(hooks) = cq.hooks() {
        run(cq, hooks.before, hooks.data);
    }
    let waited = cq.wait(limit, lazy);
    if let Some(hooks) = cq.hooks() {
        run(cq, hooks.after, hooks.data);
    }
    waited
}

/// Calls a hook: it may not wait, and is no task.
fn run(cq: &Controller, hook: Option<Hook>, data: *mut c_void) {
    let Some(hook) = hook else { return };
    let handle = std::ptr::from_ref(cq).cast_mut().cast();
    cq.note_inside(true);
    resuming(cq.share(), |resumer| {
        resumer.run_callback(TaskId::nobody(), || {
            // SAFETY: who set it promised that it may be called so; the step holds the controller.
            unsafe { hook(handle, data) }
        })
    });
    cq.note_inside(false);
}

/// For `cq_log`: a bug inside the library, which some call answers with CQ_EPANIC.
pub const CQ_LOG_ERROR: c_int = 1;
/// For `cq_log`: something of the system or the network does not work as it should, and the library goes on without
/// it: a name server that is silent or refuses, a line of resolv.conf or hosts that says nothing known.
pub const CQ_LOG_WARNING: c_int = 2;

const _: () = assert!(CQ_LOG_ERROR == log::Level::Error as c_int);
const _: () = assert!(CQ_LOG_WARNING == log::Level::Warning as c_int);

/// A function that is told what no call's result tells: see `cq_set_log`. `text` is one line of UTF-8, at most 511
/// bytes of it, and holds during the call.
#[allow(non_camel_case_types)] // the name in C
pub type cq_log =
    Option<unsafe extern "C" fn(data: *mut c_void, level: c_int, text: *const c_char)>;

/// Has a function told what no call's result tells, in the whole process: `level` is `CQ_LOG_ERROR` or
/// `CQ_LOG_WARNING`, levels may be added. Without one, or with NULL, bugs inside the library are written to the standard
/// error stream and nothing else is told. The words may change from version to version.
///
/// The function is called in the middle of the library's work, by any thread that uses the library, several at once. It
/// may call no function of the library but `cq_set_log`, `cq_strerror` and `cq_monotime`. When `cq_set_log` returns, a
/// call of the function before may still be under way in another thread.
///
/// In a Rust program it is told the panics of the whole program, too.
#[no_mangle]
pub unsafe extern "C" fn cq_set_log(function: cq_log, data: *mut c_void) {
    value((), || {
        log::set(function.map(|log| Listener { log, data }));
        Ok(())
    })
}

// SPDX-License-Identifier: MIT
//! `cq_controller_tasks`, `cq_controller_stat`: what tasks wait for, and what a controller has done.

use super::boundary::{call, put, slice_mut, value};
use super::controller::own;
use super::scope::{cq_scope, of};
use super::task::{cq_task, pack, CQ_TASK_PLACE};
use crate::clock::Instant;
use crate::controller::{Controller, Doing, Listed};
use crate::errno::{Errno, Result};
use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int};
use std::fmt::Write;

/// For `state` of `cq_task_info`: the task is being resumed.
pub const CQ_TASK_RUNNING: u32 = 0;
/// The task runs in this step or in the next one.
pub const CQ_TASK_READY: u32 = 1;
/// The task waits.
pub const CQ_TASK_PARKED: u32 = 2;

/// A task, as `cq_controller_tasks` tells it.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_task_info {
    /// The task.
    pub task: cq_task,
    /// Its present scope, or NULL; not one more handle to free.
    pub scope: *mut cq_scope,
    /// `CQ_TASK_RUNNING`, `CQ_TASK_READY` or `CQ_TASK_PARKED`.
    pub state: u32,
    /// How many things it waits for beside the one that `wait` tells, timeouts aside.
    pub others: u32,
    /// Since when it has been in this state, as `cq_monotime` tells time; NaN unless `cq_controller_set_counting` was
    /// called.
    pub since: f64,
    /// When its wait ends at the latest; NaN without limit.
    pub deadline: f64,
    /// Its name; empty without one.
    pub name: [c_char; 64],
    /// What it waits for, in words: "read of 127.0.0.1:443 (TLS handshake)", "accept on [::1]:80", "connection to
    /// 192.0.2.1:80", "answer of 127.0.0.53 to AAAA example.test., try 2", "file changes of /etc", "end of task 16777216",
    /// "condition", "sleep". Empty if it does not wait; cut to 95 bytes.
    pub wait: [c_char; 96],
    /// 0. Reserved for later versions.
    pub reserved: [u64; 4],
}

/// What a controller has done, see `cq_controller_stat`. The times are seconds.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_controller_counts {
    /// How many tasks there are now. This and the next two are told always.
    pub tasks: u64,
    /// How many descriptors the kernel watches now.
    pub descriptors: u64,
    /// How many deadlines of waits and scopes are set now.
    pub deadlines: u64,
    /// How many steps there were.
    pub steps: u64,
    /// How often a task was resumed.
    pub resumptions: u64,
    /// How many descriptors the kernel has told of.
    pub events: u64,
    /// How long tasks have run.
    pub busy: f64,
    /// How long the kernel was asked and waited for.
    pub idle: f64,
    /// How long the longest resumption took.
    pub longest: f64,
    /// Whose that was; 0 if there was none.
    pub longest_task: cq_task,
    /// The name of that task, if it had one and was not over after that resumption.
    pub longest_name: [c_char; 64],
    /// 0. Reserved for later versions.
    pub reserved: [u64; 8],
}

/// Text that is cut where its room ends.
struct Words<'a>(&'a mut [c_char]);

impl Write for Words<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.0.len().saturating_sub(1); // the NUL at the end
        let size = text.len().min(room);
        let taken = std::mem::take(&mut self.0);
        let (now, later) = taken.split_at_mut(size);
        now.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from as c_char);
        self.0 = later;
        Ok(())
    }
}

fn info(listed: &Listed) -> cq_task_info {
    let state = match listed.doing {
        Doing::Runs => CQ_TASK_RUNNING,
        Doing::IsReady => CQ_TASK_READY,
        Doing::Waits => CQ_TASK_PARKED,
    };
    let mut wait = [0; 96];
    let _ = listed.wait_in_words(&mut Words(&mut wait));
    cq_task_info {
        task: pack(listed.task),
        scope: listed.scope as *mut cq_scope,
        state,
        others: listed.others,
        since: listed.since.map_or(f64::NAN, Instant::seconds),
        deadline: f64::NAN,
        name: *listed.name.copied().unwrap_or_default().as_chars(),
        wait,
        reserved: [0; 4],
    }
}

/// Lists the tasks of a controller into an array with room for `room` of them, in the order of their places (see
/// `CQ_TASK_PLACE`). `count` receives how many there are, which may be more than there was room for. Nothing is
/// allocated, no task is disturbed, and nothing of the program's is called.
///
/// Errors: EINVAL for NULL; EPERM while another thread steps the controller.
///
/// Safety: `tasks` is writable for `room` elements.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_tasks(
    controller: *const Controller,
    tasks: *mut cq_task_info,
    room: usize,
    count: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let list = unsafe { slice_mut(tasks, room) }?;
        if count.is_null() {
            return Err(Errno::BADARG);
        }
        let (found, list) = (Cell::new(0), RefCell::new(list));
        cq.list(
            |listed| {
                if let Some(place) = list.borrow_mut().get_mut(found.get()) {
                    *place = info(&listed);
                }
                found.set(found.get() + 1);
            },
            |index, deadline| {
                let (mut list, filled) = (list.borrow_mut(), found.get().min(room));
                note_deadline(&mut list[..filled], index, deadline);
            },
        );
        unsafe { put(count, found.get()) }
    })
}

/// Finds the task in that place, and notes the earliest of its deadlines.
fn note_deadline(list: &mut [cq_task_info], index: u32, deadline: Instant) {
    let place = |info: &cq_task_info| (info.task & CQ_TASK_PLACE) as u32;
    if let Ok(at) = list.binary_search_by_key(&index, place) {
        list[at].deadline = list[at].deadline.min(deadline.seconds()); // NaN is no number to `min`
    }
}

/// Lets the controller count what it does, from zero, or not any more. Counting reads the clock at each resumption.
///
/// Errors: EINVAL for NULL; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_set_counting(
    controller: *mut Controller,
    counts: bool,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { own(controller) }?.set_counting(counts))
}

/// Tells what a controller has done since `cq_controller_set_counting`; without that, only what there is now, and 0 for
/// the rest.
///
/// Errors: EINVAL for NULL; EPERM while another thread steps the controller.
///
/// Safety: `counts` is writable.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_stat(
    controller: *const Controller,
    counts: *mut cq_controller_counts,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let told = cq.with_counts(|c| cq_controller_counts {
            steps: c.steps,
            resumptions: c.resumptions,
            events: c.events,
            busy: c.busy as f64 / 1e9,
            idle: c.idle as f64 / 1e9,
            longest: c.longest as f64 / 1e9,
            longest_task: c.longest_task.map_or(0, pack),
            longest_name: *c.longest_name.as_chars(),
            ..now(cq)
        });
        unsafe { put(counts, told.unwrap_or_else(|| now(cq))) }
    })
}

/// What there is now.
fn now(cq: &Controller) -> cq_controller_counts {
    cq_controller_counts {
        tasks: cq.count() as u64,
        descriptors: cq.registered() as u64,
        deadlines: cq.deadlines() as u64,
        steps: 0,
        resumptions: 0,
        events: 0,
        busy: 0.0,
        idle: 0.0,
        longest: 0.0,
        longest_task: 0,
        longest_name: [0; 64],
        reserved: [0; 8],
    }
}

/// Returns the scope around a scope, which is not one more handle to free; NULL if there is none. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_parent(scope: *const cq_scope) -> *mut cq_scope {
    value(std::ptr::null_mut(), || {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        let parent: Result<_> = cq.parent_of(scope.id())?.ok_or(Errno::NOENT);
        cq.with_scope(parent?, |scope| scope.handle as *mut cq_scope)
    })
}

/// Returns the name of a scope, which holds until the scope is named again or freed; NULL without one. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_scope_name(scope: *const cq_scope) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: as documented.
        let (cq, scope) = unsafe { of(scope) }?;
        cq.with_scope(scope.id(), |scope| match scope.name.is_empty() {
            true => std::ptr::null(),
            false => scope.name.as_ptr(),
        })
    })
}

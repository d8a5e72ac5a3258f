// SPDX-License-Identifier: MIT
//! `cq_controller_*`, `cq_task_*`: adding, naming, parking and removing tasks.

use super::boundary::{call, limit, put_optional, slice, text, value};
use super::controller::own;
use super::poll::{controller_alone, cq_interest, is_quiet, member, plain_events};
use super::task::{self, cq_function, cq_release, cq_resume, cq_task, pack, unpack, Target};
use crate::controller::{Controller, Member, Order, Payload, Polled, TaskId, LEVEL};
use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use std::ffi::{c_char, c_int, c_void};

/// Adds a task of the pull interface, which language bindings use: the caller resumes it by itself.
/// `cq_controller_next` hands it out with `data` in the next step. `task` may be NULL.
///
/// Errors: EINVAL for NULL; EBADF after close; ENOMEM with 16,777,216 tasks; EPERM while another thread steps the
/// controller.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_add(
    controller: *mut Controller,
    data: *mut c_void,
    task: *mut cq_task,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let made = unsafe { own(controller) }?.spawn(Payload::Foreign(data as usize))?;
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
        let cq = unsafe { own(controller) }?;
        let made = task::attach(Target(cq, None), resume, release, argument)?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// Adds a fiber: `function(argument)` runs on a stack of its own, and the calls that wait (`cq_poll`, `cq_sleep`,
/// `cq_socket_read`, ...) suspend only the fiber. A fiber whose controller is closed or freed while it is suspended
/// never continues: what it owns must be reachable from `argument`, for `release` to free. `release` and `task` may
/// be NULL.
///
/// The stack has 256 KiB unless `cq_controller_set_stack_size` said otherwise; pages of it that were never touched
/// take no memory. Below it lies a guard of 512 KiB (64 KiB where pointers have 32 bits). A function that runs over
/// the end of the stack, or has a local array that does not fit and is not larger than the guard, ends the process
/// with SIGSEGV and overwrites nothing. Linux from 6.13 on has room for hundreds of thousands of fibers; before, the
/// two mappings of each fiber count against vm.max_map_count, 65,530 as a rule.
///
/// A fiber may wait inside a C++ catch block. An exception must not leave the function of a fiber, a callback, a
/// `release` or a posted function: if one does, the process is ended. longjmp(3) must not leave these functions
/// either, nor jump from one fiber to another: the behaviour is undefined then.
///
/// Errors: EINVAL for NULL; EBADF after close; ENOMEM.
///
/// Safety: as for `cq_controller_attach`.
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
        let cq = unsafe { own(controller) }?;
        let made = task::wrap(Target(cq, None), function, release, argument)?;
        unsafe { put_optional(task, pack(made)) };
        Ok(())
    })
}

/// Sets the size of the stacks of fibers that are added from now on, in bytes, rounded up to whole pages. To give a
/// single fiber a stack of another size, set it before that `cq_controller_wrap` and set it back afterwards. Only
/// stacks of the default size, 262,144 bytes, are kept for later fibers.
///
/// Errors: EINVAL for NULL, less than 16 KiB, or more than 1 GiB.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_set_stack_size(
    controller: *mut Controller,
    size: usize,
) -> c_int {
    call(|| {
        if !(16 << 10..=1 << 30).contains(&size) {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        unsafe { own(controller) }?.set_stack_size(size);
        Ok(())
    })
}

/// Names a task, for `cq_controller_failure` and for whoever debugs the program. The name has at most 63 bytes, of
/// which a copy is kept. NULL and "" take the name away.
///
/// Errors: EINVAL for NULL as the controller; ENOENT if there is no such task; ENAMETOOLONG, ENOMEM: the task keeps
/// the name that it had.
///
/// Safety: `name` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_task_set_name(
    controller: *mut Controller,
    task: cq_task,
    name: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let name = if name.is_null() { c"" } else { unsafe { text(name) }? };
        cq.set_name(unpack(task), name)
    })
}

/// Returns the name of a task; NULL if it has none, or if there is no such task. The text holds until the task is
/// named again or is over. NULL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_task_name(
    controller: *const Controller,
    task: cq_task,
) -> *const c_char {
    // SAFETY: as documented.
    value(std::ptr::null(), || unsafe { own(controller) }?.name_of(unpack(task)))
}

/// Parks a task until a member of the set fires: a pull task after it was resumed, a callback task
/// from inside its callback. An empty set makes it ready in the next step.
///
/// Errors: EINVAL for NULL, unknown events, or a fiber; ENOENT if there is no such task; EBADF or
/// EPERM for a descriptor that cannot be polled, ENOMEM: the task is then parked on nothing.
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
    // SAFETY: as documented, here and below.
    match unsafe { parked_again(controller, task, set, count) } {
        Some(cq) => call(|| {
            cq.end_turn();
            Ok(())
        }),
        None => unsafe { park(controller, task, set, count) },
    }
}

/// Parks a task on the socket that it waited for when it was resumed, as nearly all tasks do, and tells its controller,
/// on which the turn is to be ended. `None`: not done.
///
/// # Safety
///
/// As for `cq_controller_park`.
#[inline(always)]
unsafe fn parked_again<'a>(
    controller: *mut Controller,
    task: cq_task,
    set: *const cq_interest,
    count: usize,
) -> Option<&'a Controller> {
    // SAFETY: as documented.
    let (cq, interest) = unsafe { (own(controller).ok()?, set.as_ref().filter(|_| count == 1)?) };
    // SAFETY: as documented.
    let socket = unsafe { interest.socket.as_ref() }?;
    let events = plain_events(interest)?;
    let parked = socket.with_plain_wait(events, |on| cq.park_again(unpack(task), false, on));
    (parked == Some(true)).then_some(cq)
}

/// `cq_controller_park`, for whatever a task waits for.
///
/// # Safety
///
/// As there.
#[inline(never)]
unsafe fn park(
    controller: *mut Controller,
    task: cq_task,
    set: *const cq_interest,
    count: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let set = unsafe { slice(set, count) }?;
        if let [one] = set {
            let done = match is_quiet(one) {
                true => unsafe { park_quietly(cq, unpack(task), one) },
                false => unsafe { park_on_descriptor(cq, unpack(task), one) },
            };
            if let Some(done) = done {
                return done;
            }
            return unsafe { park_on_any(cq, unpack(task), one) };
        }
        let mut list = Vec::new();
        list.try_reserve_exact(count).map_err(|_| Errno::NOMEM)?;
        for interest in set {
            list.push(unsafe { parked(cq, interest) }?);
        }
        cq.park(unpack(task), false, list)
    })
}

/// Parks a task on a descriptor or a socket and nothing else, as nearly all are. `None` for other interests.
///
/// # Safety
///
/// As for [`member`].
#[inline]
unsafe fn park_on_descriptor(
    cq: &Controller,
    task: TaskId,
    interest: &cq_interest,
) -> Option<Result<()>> {
    let events = plain_events(interest)?;
    cq.end_turn();
    let lasts = cq.order() == Order::OldestFirst;
    // SAFETY: as documented.
    match unsafe { interest.socket.as_ref() } {
        None if interest.fd < 0 || events == 0 => None,
        None => {
            let fd = interest.fd;
            let on = Polled { fd, events, owner: None, lasting: true, emptied: LEVEL };
            Some(cq.park_on_descriptor(task, false, on))
        }
        Some(socket) => socket.with_plain_wait(events, |on| {
            cq.park_on_descriptor(task, false, Polled { lasting: lasts, ..on })
        }),
    }
}

/// Parks a task on one interest, of any kind.
///
/// # Safety
///
/// As for [`member`].
#[inline(never)]
unsafe fn park_on_any(cq: &Controller, task: TaskId, interest: &cq_interest) -> Result<()> {
    // SAFETY: as documented.
    if let Some(polled) = unsafe { controller_alone(interest) } {
        cq.end_turn();
        let lasting = cq.order() == Order::OldestFirst;
        let park = |on: Polled<'_>| cq.park_on_descriptor(task, false, Polled { lasting, ..on });
        if let Some(done) = polled.with_plain_wait(park) {
            return done;
        }
    }
    // SAFETY: as documented.
    cq.park_on_one(task, false, unsafe { parked(cq, interest) }?)
}

/// Parks a task on a time or a condition and nothing else. `None` for other interests that are quiet.
///
/// # Safety
///
/// As for [`member`].
#[inline]
unsafe fn park_quietly(
    cq: &Controller,
    task: TaskId,
    interest: &cq_interest,
) -> Option<Result<()>> {
    // SAFETY: as documented.
    match (unsafe { interest.condition.as_ref() }, limit(interest.timeout)) {
        (None, Some(span)) => Some(cq.park_on_deadline(task, false, span)),
        (Some(condition), None) => {
            // SAFETY: as documented.
            let share = || unsafe { AtomicShared::beside(interest.condition) };
            Some(cq.park_on_condition(task, false, condition, share))
        }
        _ => None,
    }
}

/// Turns an interest into a member of a wait set. With `Order::NewestFirst` the registration of a socket or
/// controller ends with its waits, as in the Lua library cqueues: programs see that in the order of their tasks,
/// whoever polls the controller is not woken by the registration, and controllers that polled each other once may do
/// so again the other way round.
///
/// # Safety
///
/// As for [`member`].
unsafe fn parked(cq: &Controller, interest: &cq_interest) -> Result<Member> {
    // SAFETY: as documented.
    let mut member = unsafe { member(interest) }?;
    member.lasting = (interest.socket.is_null() && interest.controller.is_null())
        || cq.order() == Order::OldestFirst;
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
    call(|| task::cancel(unsafe { own(controller) }?, unpack(task)))
}

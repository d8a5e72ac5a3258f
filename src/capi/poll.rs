// SPDX-License-Identifier: MIT
//! Wait sets: `cq_interest`, `cq_poll`, `cq_sleep`.

use super::boundary::{borrow, call, limit, put_optional, slice, value};
use super::condition::share;
use super::scope::{self, cq_scope};
use crate::clock::Span;
use crate::controller::{Condition, Controller, Fired, Member};
use crate::dns::ask::resolver::Resolver;
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::notify::Notifier;
use crate::poller::{Events, INTEREST};
use crate::process::Process;
use crate::signal::Listener;
use crate::socket::Socket;
use crate::thread::Thread;
use std::ffi::{c_int, c_void};

/// One member of a wait set. It fires as soon as any part of it does.
///
/// Initialise it with `CQ_INTEREST_NONE`, then set what applies.
#[derive(Clone, Copy)]
#[repr(C)]
#[allow(non_camel_case_types)]
pub struct cq_interest {
    /// A descriptor, or -1. Call `cq_controller_cancel` for it before closing it: a new descriptor of the same number
    /// would be taken for it. That is not necessary once no task waits for it and a later step has begun. For an
    /// object of this library set its member below instead of its descriptor here: objects leave their controllers by
    /// themselves when they are closed.
    pub fd: c_int,
    /// POLLIN, POLLOUT, POLLPRI: what to wait for on the descriptor. For a socket, 0 stands for what
    /// `cq_socket_events` tells. A socket that still looks for the addresses of its name waits for those, whatever is
    /// given here.
    pub events: u32,
    /// Set by `cq_poll`: 0, or what fired: a poll(2) mask, `CQ_FIRED`, `CQ_CANCELLED`.
    pub fired: u32,
    /// Fires after this many seconds from now; NaN or negative: no timeout.
    pub timeout: f64,
    /// A condition, or NULL.
    pub condition: *const Condition,
    /// A socket, or NULL; its descriptor is used instead of `fd`.
    pub socket: *const Socket,
    /// A resolver, or NULL: what its last fetch that returned EAGAIN waits for is used instead of `fd` and `events`.
    pub resolver: *const Resolver,
    /// A controller, or NULL: fires when a step of it would have something to do. It is used instead of `fd` and
    /// `events`, as are the next three members. At most one of `resolver`, `controller`, `signal`, `thread` and
    /// `notify` is given.
    pub controller: *const Controller,
    /// A signal listener, or NULL: fires when it has a signal to tell.
    pub signal: *const Listener,
    /// A thread, or NULL: fires when it has ended.
    pub thread: *const Thread,
    /// A notifier, or NULL: fires when it has changes to tell.
    pub notify: *const Notifier,
    /// A scope, or NULL: fires when none of its tasks is left. It is given alone or with a timeout. A task that is
    /// cancelled together with the scope does not wait for it so: see `cq_scope_park`.
    pub scope: *const cq_scope,
    /// A process, or NULL: fires when it has ended, and where `cq_process_pollfd` is -1 also after `cq_process_timeout`
    /// seconds, when `cq_process_try_wait` is to be asked. It is used instead of `fd` and `events`, with none of the objects
    /// above but `condition`.
    pub process: *const Process,
    /// NULL. Reserved for later versions.
    pub reserved: *const c_void,
}

/// In `fired`: a timeout has passed, or a condition was signalled.
pub const CQ_FIRED: u32 = 0x4000;
/// In `fired`: the descriptor was cancelled. It has the value of POLLNVAL.
pub const CQ_CANCELLED: u32 = 0x20;

/// Turns a member into the core's form. EINVAL for unknown events, EBADF for a closed socket.
///
/// # Safety
///
/// Condition and socket are NULL or live.
pub unsafe fn member(interest: &cq_interest) -> Result<Member> {
    let events = Events::try_from(interest.events).map_err(|_| Errno::BADARG)?;
    if events & !INTEREST != 0 {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above.
    let condition = unsafe { share(interest.condition) };
    let timeout = limit(interest.timeout);
    // SAFETY: as above.
    let mut member = match unsafe { interest.socket.as_ref() } {
        Some(socket) => socket.waited_for(events)?,
        // SAFETY: as above.
        None if names_an_object(interest) => unsafe { named(interest) }?,
        None => {
            let polled = Member::foreign(interest.fd, events);
            return Ok(Member { condition, timeout, ..polled });
        }
    };
    member.timeout = Span::least(timeout, member.timeout);
    member.also = condition;
    Ok(member)
}

/// The events of an interest in a descriptor or a socket, and nothing else. `None` for others, and for unknown events.
#[inline]
pub fn plain_events(interest: &cq_interest) -> Option<Events> {
    let plain = interest.condition.is_null()
        && limit(interest.timeout).is_none()
        && !names_an_object(interest);
    let events = Events::try_from(interest.events).ok()?;
    (plain && events & !INTEREST == 0).then_some(events)
}

/// The controller that an interest is in, if that is in nothing else and has no limit.
///
/// # Safety
///
/// The controller is NULL or live.
#[inline]
pub unsafe fn controller_alone<'a>(interest: &cq_interest) -> Option<&'a Controller> {
    // SAFETY: as above.
    let controller = unsafe { interest.controller.as_ref() }?;
    let others = cq_interest { controller: std::ptr::null(), ..*interest };
    let alone = is_quiet(&others) && others.condition.is_null() && limit(others.timeout).is_none();
    alone.then_some(controller)
}

/// Whether an interest is in no descriptor and none of the objects that have one.
#[inline]
pub fn is_quiet(interest: &cq_interest) -> bool {
    interest.socket.is_null() && interest.events == 0 && !names_an_object(interest)
}

#[inline]
fn names_an_object(interest: &cq_interest) -> bool {
    let addresses = interest.resolver as usize
        | interest.controller as usize
        | interest.signal as usize
        | interest.thread as usize
        | interest.notify as usize
        | interest.process as usize
        | interest.scope as usize;
    addresses != 0
}

/// The member that waits for an object which knows by itself what to wait for. EINVAL for more than one.
///
/// # Safety
///
/// The objects are NULL or live.
unsafe fn named(interest: &cq_interest) -> Result<Member> {
    if !interest.scope.is_null() {
        // SAFETY: as above.
        return unsafe { scope_alone(interest) };
    }
    // SAFETY: as above.
    let (resolver, controller, signal, thread, notify, process) = unsafe {
        (
            interest.resolver.as_ref(),
            interest.controller.as_ref(),
            interest.signal.as_ref(),
            interest.thread.as_ref(),
            interest.notify.as_ref(),
            interest.process.as_ref(),
        )
    };
    Ok(match (resolver, controller, signal, thread, notify, process) {
        (Some(resolver), None, None, None, None, None) => resolver.interest(),
        (None, Some(controller), None, None, None, None) => {
            controller.interest(controller.timeout())?
        }
        (None, None, Some(listener), None, None, None) => listener.interest(),
        (None, None, None, Some(thread), None, None) => thread.interest().within(None),
        (None, None, None, None, Some(notifier), None) => notifier.interest(),
        (None, None, None, None, None, Some(process)) => process.interest(),
        _ => return Err(Errno::BADARG),
    })
}

/// The member that waits for a scope; with one that has no tasks left, for no time at all.
///
/// # Safety
///
/// As for `named`.
unsafe fn scope_alone(interest: &cq_interest) -> Result<Member> {
    let others = cq_interest { scope: std::ptr::null(), ..*interest };
    if names_an_object(&others) || !others.condition.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as above.
    let (cq, scope) = unsafe { scope::of(interest.scope) }?;
    Ok(match cq.idle(scope.id())? {
        Some(idle) => Member::condition(&idle),
        None => Member::timeout(Some(Span::ZERO)),
    })
}

/// Tells which descriptor a task waits for when it polls this interest, for `cq_controller_cancel` and for messages.
/// For a controller it is not the one of `cq_controller_pollfd`, which is for other event loops. -1 if there is none,
/// or if the interest names several objects, and -1 for NULL.
///
/// Safety: the objects that the interest names are live.
#[no_mangle]
pub unsafe extern "C" fn cq_interest_pollfd(interest: *const cq_interest) -> c_int {
    value(-1, || {
        // SAFETY: as documented, here and below.
        let interest = unsafe { borrow(interest) }?;
        Ok(match unsafe { interest.socket.as_ref() } {
            Some(socket) => socket.interest().fd,
            None if names_an_object(interest) => unsafe { named(interest) }?.fd,
            None => interest.fd,
        })
    })
}

/// Waits until a member of the set fires and marks in `fired` which did. In a fiber only the fiber
/// waits; outside a controller the thread does. An empty set lets the other tasks run once.
///
/// `ready` (may be NULL) receives the number of members that fired.
///
/// Errors: EINVAL for NULL or unknown events; EBADF or EPERM for a descriptor that cannot be
/// polled; ENOMEM; EDEADLK in a callback.
///
/// Safety: `set` is writable for `count` members; its conditions and sockets live until it
/// returns.
///
/// Source: cqueues User Guide §3.1.1.
#[no_mangle]
pub unsafe extern "C" fn cq_poll(set: *mut cq_interest, count: usize, ready: *mut usize) -> c_int {
    call(|| {
        let (mut asks_controllers, mut list) = (false, Vec::new());
        // SAFETY: as documented.
        for interest in unsafe { slice(set, count) }? {
            // SAFETY: as documented, here and below.
            unsafe { member(interest) }?;
            asks_controllers |= !interest.scope.is_null() || !interest.controller.is_null();
        }
        for index in 0..count {
            unsafe { (*set.add(index)).fired = 0 };
        }
        let mut fired = 0;
        // Nothing may be owned across the wait, so members are made again one by one.
        let members = (0..count).filter_map(|index| unsafe { member(&*set.add(index)) }.ok());
        let mut each = |hit: Fired| {
            fired += 1;
            unsafe { (*set.add(hit.member as usize)).fired = hit.events };
        };
        if asks_controllers {
            // Parking borrows the fiber's controller, which may be the one to ask: it is asked before. Parking takes the
            // list apart, so that nothing of it is left across the wait.
            list.try_reserve_exact(count).map_err(|_| Errno::NOMEM)?;
            list.extend(members);
            fiber::poll(list, &mut each)?;
        } else {
            fiber::poll(members, &mut each)?;
        }
        unsafe { put_optional(ready, fired) };
        Ok(())
    })
}

/// Waits for `seconds` seconds. In a fiber only the fiber waits; outside a controller the thread does. NaN or
/// negative: for ever. Times are kept as exactly as the kernel can; a controller with 256 times to wait for or more wakes
/// those of the same half millisecond together, at its end.
///
/// Errors: EDEADLK in a callback.
#[no_mangle]
pub extern "C" fn cq_sleep(seconds: f64) -> c_int {
    call(|| fiber::sleep(limit(seconds)))
}

/// Calls `cq_controller_cancel` with the controller that runs in this thread, for callbacks and fibers.
///
/// Errors: ENOENT outside of callbacks and fibers.
#[no_mangle]
pub extern "C" fn cq_cancel(fd: c_int) -> c_int {
    call(|| {
        let (controller, _) = fiber::running().ok_or(Errno::NOENT)?;
        controller.cancel(fd);
        Ok(())
    })
}

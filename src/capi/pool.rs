// SPDX-License-Identifier: MIT
//! `cq_pool_*`.

use super::boundary::{borrow, call, hand_out_made, put_optional, take_back, text, value};
use super::task::{give_back, lend};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::pool::{Call, Pool, Work};
use crate::sys::memory::boxed;
use std::ffi::{c_char, c_int, c_void};

/// The most threads of a pool.
const MOST: usize = 1024;

/// What `cq_pool_run` has called.
#[allow(non_camel_case_types)] // the name in C
pub type cq_blocking = Option<unsafe extern "C-unwind" fn(argument: *mut c_void) -> c_int>;

/// Makes a pool of `threads` threads for calls that block: files, databases, names of users. They are started now, with all
/// signals blocked, and never more of them. `name` (NULL: "cqueues") is what debuggers and ps(1) show, 15 bytes of it on
/// Linux. Any thread may use a pool, several at once. Free it with `cq_pool_free`.
///
/// Errors: EINVAL for NULL, for a name that is not UTF-8, and for no threads or more than 1,024; EAGAIN if the system has no
/// room for them; ENOMEM.
///
/// Safety: `name` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_pool_new(
    name: *const c_char,
    threads: usize,
    pool: *mut *mut Pool,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let name = if name.is_null() { c"cqueues" } else { unsafe { text(name) }? };
        let name = name.to_str().map_err(|_| Errno::BADARG)?;
        if !(1..=MOST).contains(&threads) {
            return Err(Errno::BADARG);
        }
        unsafe { hand_out_made(pool, || Pool::new(threads, name)) }
    })
}

/// Frees a pool. Calls that wait for a thread are over, with ECANCELED as their result; those that run are waited for: it
/// blocks the thread. No fiber may be waiting for a call when it is freed from inside a step of its controller. NULL is
/// ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_pool_free(pool: *mut Pool) {
    // SAFETY: as documented.
    unsafe { take_back(pool) }
}

/// Has a thread of a pool call `function(argument)`, and waits until it is over. `result` (may be NULL) receives what it
/// returned. In a fiber only the fiber waits; outside a controller the thread does. Calls begin in the order in which they
/// came, when a thread is free.
///
/// A thread cannot be stopped: when the fiber's waiting is ended (a scope that ends, `cq_task_cancel`), a call that has not
/// begun is taken back and the code is returned; one that runs is waited for all the same, and succeeds. So `argument` may lie
/// on the fiber's stack, unless the fiber's controller may be closed or freed meanwhile.
///
/// The function must return: not by pthread_exit(3), longjmp(3) or an exception. It runs in another thread, so it touches no
/// object of the library that this thread uses.
///
/// Errors: EINVAL for NULL; EDEADLK in a callback; ECHILD in a child of fork(2), which has none of the pool's threads; EMFILE,
/// ENFILE, ENOMEM. The function is not called then.
#[no_mangle]
pub unsafe extern "C" fn cq_pool_run(
    pool: *const Pool,
    function: cq_blocking,
    argument: *mut c_void,
    result: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let pool = unsafe { borrow(pool) }?;
        let function = function.ok_or(Errno::BADARG)?;
        let found = run(pool, work(function, argument)?)?;
        unsafe { put_optional(result, found) };
        Ok(())
    })
}

/// Has a thread of a pool do something, and waits for what it gives. EDEADLK in a callback.
pub(super) fn run(pool: &Pool, work: Work) -> Result<c_int> {
    fiber::check_may_wait()?;
    let call = lend(pool.call(work)?)?;
    // SAFETY: it was lent, and is given back once.
    let found = unsafe { wait(call) };
    // SAFETY: as above.
    unsafe { give_back(call) };
    found
}

/// The program's pointer, which its function is called with in another thread, as the program wishes.
struct Argument(*mut c_void);

// SAFETY: the pointer is only handed over; what it leads to is the program's concern, as documented for `cq_pool_run`.
unsafe impl Send for Argument {}

impl Argument {
    fn get(&self) -> *mut c_void {
        self.0
    }
}

/// ENOMEM.
fn work(
    function: unsafe extern "C-unwind" fn(*mut c_void) -> c_int,
    argument: *mut c_void,
) -> Result<Work> {
    let argument = Argument(argument);
    // SAFETY: as the caller of `cq_pool_run` promised.
    let work = boxed(move || unsafe { function(argument.get()) })?;
    Ok(work)
}

/// Waits for a call that was lent. No reference is held meanwhile.
///
/// # Safety
///
/// The call is lent.
unsafe fn wait(call: *const Call) -> Result<c_int> {
    let mut is_deaf = false;
    loop {
        // SAFETY: as above, here and below.
        match unsafe { borrow(call) }?.result() {
            Err(Errno::AGAIN) => {}
            result => return result,
        }
        let member = unsafe { borrow(call) }?.interest();
        let waited = match is_deaf && fiber::is_running() {
            true => fiber::wait_for_scope(member, true),
            false => fiber::poll([member], &mut |_| {}),
        };
        if let Err(error) = waited {
            if unsafe { borrow(call) }?.withdraw() {
                return Err(error);
            }
            is_deaf = true;
        }
    }
}

/// Counts the calls that wait for a thread of a pool. 0 for NULL. Any thread may call it.
#[no_mangle]
pub unsafe extern "C" fn cq_pool_waiting(pool: *const Pool) -> usize {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(pool) }?.waiting()))
}

// SPDX-License-Identifier: MIT
//! `cq_thread_*`.

use super::boundary::{borrow, bytes, call, hand_out, limit, put, put_optional, take_back, value};
use super::socket::socket_handle;
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::socket::Socket;
use crate::sys;
use crate::sys::memory::boxed;
use crate::thread::{self, Entry, Thread};
use std::ffi::{c_char, c_int, c_void};
use std::panic::AssertUnwindSafe;

/// The function that a thread runs. `socket` is the thread's end of the socket pair, which the function frees. Its
/// result, 0 or an error number as a rule, is what `cq_thread_join` tells.
#[allow(non_camel_case_types)]
pub type cq_thread_function =
    Option<unsafe extern "C-unwind" fn(socket: *mut Socket, argument: *mut c_void) -> c_int>;

/// What is passed to a new thread.
struct Start {
    entry: Entry,
    function: unsafe extern "C-unwind" fn(*mut Socket, *mut c_void) -> c_int,
    argument: *mut c_void,
}

/// Starts a POSIX thread that runs `function(socket, argument)`, with a pair of UNIX stream sockets
/// between it and the caller, whose end is written to `socket`. All signals are blocked in it.
/// Objects of the library belong to one thread at a time; the thread makes its own controller.
///
/// The thread may end by returning from the function or by pthread_exit(3). It goes on when its handle is freed or
/// the thread that started it ends, until the process ends.
///
/// Errors: EINVAL for NULL; EAGAIN if the system has no room for a thread; EMFILE, ENFILE, ENOMEM.
///
/// Safety: `argument` is what `function` expects, and may be used in another thread.
///
/// Source: cqueues User Guide §3.2.5, pthread_create(3).
#[no_mangle]
pub unsafe extern "C" fn cq_thread_start(
    function: cq_thread_function,
    argument: *mut c_void,
    socket: *mut *mut Socket,
    thread: *mut *mut Thread,
) -> c_int {
    call(|| {
        let function = function.ok_or(Errno::BADARG)?;
        if socket.is_null() || thread.is_null() {
            return Err(Errno::BADARG);
        }
        let (handle, entry, ours) = thread::prepare()?;
        // All of it before the thread starts, which cannot be called back.
        let start = Box::into_raw(boxed(Start { entry, function, argument })?);
        // SAFETY: on failure nothing has taken it over.
        let give_up = || drop(unsafe { Box::from_raw(start) });
        let thread_handle = boxed(handle).inspect_err(|_| give_up())?;
        // SAFETY: `run` takes the box over; if it never runs it is still ours.
        let id = unsafe { sys::thread::spawn(run, start.cast()) }.inspect_err(|_| give_up())?;
        thread_handle.started(id);
        // SAFETY: as documented, here and below.
        unsafe { put(socket, socket_handle(ours)) }?;
        unsafe { put(thread, Box::into_raw(thread_handle)) }
    })
}

/// The whole life of a thread. Nothing in this frame needs dropping while the function runs, as it may be
/// unwound by force.
extern "C-unwind" fn run(start: *mut c_void) -> *mut c_void {
    // SAFETY: `cq_thread_start` gave the box up.
    let begun = unsafe { begin(start.cast()) };
    match begun {
        // SAFETY: as its caller promised.
        Ok((function, socket, argument)) => thread::leave(unsafe { function(socket, argument) }),
        Err(error) => thread::leave(error.0),
    }
    std::ptr::null_mut()
}

type Begun =
    (unsafe extern "C-unwind" fn(*mut Socket, *mut c_void) -> c_int, *mut Socket, *mut c_void);

unsafe fn begin(start: *mut Start) -> Result<Begun> {
    // SAFETY: as above.
    let Start { entry, function, argument } = *unsafe { Box::from_raw(start) };
    let enter = AssertUnwindSafe(|| entry.enter());
    let socket = std::panic::catch_unwind(enter).unwrap_or(Err(Errno::PANIC))?;
    Ok((function, socket_handle(socket), argument))
}

/// Gives a handle back. The thread goes on if it has not ended. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_thread_free(thread: *mut Thread) {
    // SAFETY: as documented.
    unsafe { take_back(thread) }
}

/// Makes a handle of the calling thread. Free it with `cq_thread_free`.
///
/// Errors: EINVAL for NULL; ESRCH in a thread that `cq_thread_start` did not start; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_thread_self(thread: *mut *mut Thread) -> c_int {
    call(|| {
        let current = thread::current()?;
        // SAFETY: as documented.
        unsafe { hand_out(thread, current) }
    })
}

/// Tells whether two handles are of one thread. False for NULL, also twice.
#[no_mangle]
pub unsafe extern "C" fn cq_thread_equal(a: *const Thread, b: *const Thread) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { borrow(a)?.is(borrow(b)?) }))
}

/// Sets the text that `cq_thread_reason` tells of the calling thread after its end, a description of an error for
/// instance. The last text that was set counts.
///
/// Errors: EINVAL for NULL with a size, for a NUL inside, and in a thread that `cq_thread_start` did not start.
///
/// Safety: `text` is readable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_thread_explain(text: *const c_char, size: usize) -> c_int {
    // SAFETY: as documented.
    call(|| thread::explain(unsafe { bytes(text.cast(), size) }?))
}

/// Waits until a thread has ended, at most `timeout` seconds (NaN or negative: without limit), and tells what its
/// function returned, or EOWNERDEAD if it never did. After pthread_exit(3) that is known at once; after the raw
/// system call exit(2), on Linux, within a second or at the timeout. In a fiber only the fiber waits; outside a
/// controller the thread does. A thread may be joined again, with the same result.
///
/// `result` may be NULL. Errors: EINVAL for NULL; ETIMEDOUT, with 0 at once if the thread still
/// runs; EDEADLK in the thread itself, and in a callback.
///
/// Source: cqueues User Guide §3.2.5, pthread_join(3).
#[no_mangle]
pub unsafe extern "C" fn cq_thread_join(
    thread: *const Thread,
    timeout: f64,
    result: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below. No reference is kept while a fiber waits.
        let code = fiber::wait_for(
            limit(timeout),
            false,
            || Ok(unsafe { borrow(thread) }?.interest()),
            || {
                let thread = unsafe { borrow(thread) }?;
                thread.look_for_it();
                Ok(thread.join()?.code)
            },
        )?;
        unsafe { put_optional(result, code) };
        Ok(())
    })
}

/// Returns the text that a thread has set with `cq_thread_explain`, once the thread has ended, and its size in bytes.
/// The text holds until the handle is freed; a NUL follows it, which the size does not count. NULL while the thread
/// runs and if it set no text. NULL for NULL.
///
/// Safety: `size` is NULL or writable.
#[no_mangle]
pub unsafe extern "C" fn cq_thread_reason(
    thread: *const Thread,
    size: *mut usize,
) -> *const c_char {
    value(std::ptr::null(), || {
        // SAFETY: as documented, here and below.
        let reason = unsafe { borrow(thread) }?.reason().ok_or(Errno::AGAIN)?;
        unsafe { put_optional(size, reason.to_bytes().len()) };
        Ok(reason.as_ptr())
    })
}

/// Returns the descriptor that is readable (POLLIN) from the thread's end on, or -1 for NULL. It belongs to the
/// handle: poll it, nothing else.
#[no_mangle]
pub unsafe extern "C" fn cq_thread_pollfd(thread: *const Thread) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(thread) }?.fd()))
}

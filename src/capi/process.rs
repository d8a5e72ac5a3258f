// SPDX-License-Identifier: MIT
//! `cq_process_*`: child processes.

use super::boundary::{
    borrow, call, change, hand_out_made, limit, put, put_optional, seconds, take_back, text, value,
};
use super::socket::socket_handle;
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::process::{End, Given, Process, ProcessOptions, Stream};
use crate::socket::Socket;
use std::ffi::{c_char, c_int};

/// For `cq_process_options_stream`: the caller's stream. That is the default.
pub const CQ_PROCESS_INHERIT: u32 = 0;
/// For `cq_process_options_stream`: /dev/null.
pub const CQ_PROCESS_NULL: u32 = 1;
/// For `cq_process_options_stream`: a copy of a descriptor of the caller's.
pub const CQ_PROCESS_DESCRIPTOR: u32 = 2;
/// For `cq_process_options_stream`: one end of a pair of UNIX stream sockets, whose other end the caller gets by
/// `cq_process_stdin`, `cq_process_stdout` or `cq_process_stderr`. On Linux a program cannot open a socket by the name
/// /dev/stdout; give it a pipe's descriptor if it must.
pub const CQ_PROCESS_SOCKET: u32 = 3;
/// For `cq_process_options_stream`, for standard error only: what standard output is.
pub const CQ_PROCESS_STDOUT: u32 = 4;

/// For `cq_process_options_set`: whether the child has the environment of the calling process, beside what
/// `cq_process_options_variable` changes; on by default.
pub const CQ_PROCESS_ENVIRONMENT: u32 = 1;
/// For `cq_process_options_set`: whether a program without a slash in its name is looked for in the directories of PATH,
/// as the calling process has it; on by default. Otherwise the name is a path.
pub const CQ_PROCESS_SEARCH: u32 = 2;
/// For `cq_process_options_set`: whether the child leads a process group of its own, which signals of the terminal do not
/// reach; off by default.
pub const CQ_PROCESS_GROUP: u32 = 3;
/// For `cq_process_options_set`: whether the child leads a session of its own, without a terminal; off by default.
pub const CQ_PROCESS_SESSION: u32 = 4;

/// Makes options for a child process: without a program, with the caller's streams, environment and working directory.
/// Free them with `cq_process_options_free`; processes keep no reference to them.
///
/// Errors: EINVAL for NULL; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_new(options: *mut *mut ProcessOptions) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_made(options, || Ok(ProcessOptions::default())) })
}

/// Frees options. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_free(options: *mut ProcessOptions) {
    // SAFETY: as documented.
    unsafe { take_back(options) }
}

/// Adds an argument. The first is the program: a path, or a name that is looked for (`CQ_PROCESS_SEARCH`).
///
/// Errors: EINVAL for NULL; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_argument(
    options: *mut ProcessOptions,
    argument: *const c_char,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe { change(options, |options| options.add_argument(text(argument)?)) }
}

/// Sets a variable of the child's environment; with NULL as its value the child does not have it. The last value that was
/// given counts.
///
/// Errors: EINVAL for NULL as options or name, and for a name that is empty or has a "="; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_variable(
    options: *mut ProcessOptions,
    name: *const c_char,
    value: *const c_char,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe {
        change(options, |options| {
            let value = if value.is_null() { None } else { Some(text(value)?) };
            options.set_variable(text(name)?, value)
        })
    }
}

/// Sets the working directory of the child. A program that is given by a relative path is looked for from there.
///
/// Errors: EINVAL for NULL; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_directory(
    options: *mut ProcessOptions,
    path: *const c_char,
) -> c_int {
    // SAFETY: as documented, here and below.
    unsafe { change(options, |options| options.set_directory(text(path)?)) }
}

/// Sets what a standard stream of the child is: `stream` is 0, 1 or 2, `kind` is one of `CQ_PROCESS_INHERIT`, `_NULL`,
/// `_DESCRIPTOR`, `_SOCKET`, `_STDOUT`. With `CQ_PROCESS_DESCRIPTOR`, `fd` is a descriptor that stays the caller's and is
/// open when the process is started; otherwise it is not used.
///
/// Errors: EINVAL for NULL, for another stream or kind, and for a negative descriptor.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_stream(
    options: *mut ProcessOptions,
    stream: c_int,
    kind: u32,
    fd: c_int,
) -> c_int {
    // SAFETY: as documented.
    unsafe {
        change(options, |options| {
            let place = usize::try_from(stream).ok().and_then(|n| options.streams.get_mut(n));
            *place.ok_or(Errno::BADARG)? = match kind {
                CQ_PROCESS_INHERIT => Stream::Given(Given::Inherit),
                CQ_PROCESS_NULL => Stream::Given(Given::Null),
                CQ_PROCESS_DESCRIPTOR if fd >= 0 => Stream::Given(Given::Descriptor(fd)),
                CQ_PROCESS_SOCKET => Stream::Socket,
                CQ_PROCESS_STDOUT if stream == 2 => Stream::Given(Given::Output),
                _ => return Err(Errno::BADARG),
            };
            Ok(())
        })
    }
}

/// Turns one of `CQ_PROCESS_ENVIRONMENT`, `_SEARCH`, `_GROUP`, `_SESSION` on (1) or off (0).
///
/// Errors: EINVAL for NULL, for an unknown option, and for another value.
#[no_mangle]
pub unsafe extern "C" fn cq_process_options_set(
    options: *mut ProcessOptions,
    option: u32,
    value: c_int,
) -> c_int {
    // SAFETY: as documented.
    unsafe {
        change(options, |options| {
            let place = match option {
                CQ_PROCESS_ENVIRONMENT => &mut options.keeps_environment,
                CQ_PROCESS_SEARCH => &mut options.searches,
                CQ_PROCESS_GROUP => &mut options.leads_group,
                CQ_PROCESS_SESSION => &mut options.leads_session,
                _ => return Err(Errno::BADARG),
            };
            *place = match value {
                0 | 1 => value == 1,
                _ => return Err(Errno::BADARG),
            };
            Ok(())
        })
    }
}

/// Starts a child process. No signal is blocked or ignored in it. It inherits the descriptors of the caller that are not
/// close-on-exec; those of the library are. Free the handle with `cq_process_free`.
///
/// The program must not fetch ends of children that it did not start itself (waitpid(2) with -1), and must not ignore
/// SIGCHLD: the end of the child would not be known.
///
/// Errors: EINVAL for NULL and without a program; what the system says of the program and the working directory, for
/// example ENOENT, EACCES, ENOEXEC, ENOTDIR, E2BIG; EBADF for a descriptor that is not open; ENOSYS for a
/// working directory or a session on systems that cannot do it (see docs/processes.md); EAGAIN, EMFILE, ENFILE, ENOMEM.
///
/// Source: posix_spawn(3).
#[no_mangle]
pub unsafe extern "C" fn cq_process_spawn(
    options: *const ProcessOptions,
    process: *mut *mut Process,
) -> c_int {
    // SAFETY: as documented, here and below.
    call(|| unsafe { hand_out_made(process, || Process::start(borrow(options)?)) })
}

/// Frees a process, with the sockets that were not taken from it; no fiber may be waiting for it. Callbacks that poll it
/// wake, as its descriptor is closed. A child that still runs goes on; its end is fetched in a later call of
/// `cq_process_spawn`, `_wait`, `_try_wait`, `_kill` or `_free` for any process, so that no zombies gather. NULL is
/// ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_process_free(process: *mut Process) {
    // SAFETY: as documented.
    unsafe { take_back(process) }
}

/// Returns the number of a process, also after its end, when the number may be another's; -1 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_process_pid(process: *const Process) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(process) }?.pid()))
}

/// Takes the caller's end of the child's standard input (`CQ_PROCESS_SOCKET`). It is the caller's from then on; the child
/// reads end of file once it is closed.
///
/// Errors: EINVAL for NULL; ENOENT if there is none or it was taken before.
#[no_mangle]
pub unsafe extern "C" fn cq_process_stdin(
    process: *const Process,
    socket: *mut *mut Socket,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { take(process, 0, socket) })
}

/// Takes the caller's end of the child's standard output. It is the caller's from then on.
///
/// Errors: as for `cq_process_stdin`.
#[no_mangle]
pub unsafe extern "C" fn cq_process_stdout(
    process: *const Process,
    socket: *mut *mut Socket,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { take(process, 1, socket) })
}

/// Takes the caller's end of the child's standard error. It is the caller's from then on.
///
/// Errors: as for `cq_process_stdin`.
#[no_mangle]
pub unsafe extern "C" fn cq_process_stderr(
    process: *const Process,
    socket: *mut *mut Socket,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { take(process, 2, socket) })
}

unsafe fn take(process: *const Process, number: usize, socket: *mut *mut Socket) -> Result<()> {
    if socket.is_null() {
        return Err(Errno::BADARG);
    }
    // SAFETY: as documented for the callers.
    unsafe { put(socket, socket_handle(borrow(process)?.take_socket(number)?)) }
}

/// Waits until a process has ended, at most `timeout` seconds (NaN or negative: without limit). Its exit code is written to
/// `code`, and 0 to `signal`; if a signal killed it, -1 to `code` and the signal to `signal`. Both may be NULL. In a fiber
/// only the fiber waits; outside a controller the thread does. The result can be asked for again.
///
/// Errors: EINVAL for NULL as process; ETIMEDOUT, with 0 at once if it still runs; ECHILD if somebody else has fetched its
/// end, SIGCHLD is ignored, or it is no child of the calling process; EDEADLK in a callback.
#[no_mangle]
pub unsafe extern "C" fn cq_process_wait(
    process: *const Process,
    timeout: f64,
    code: *mut c_int,
    signal: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below. No reference is kept while a fiber waits.
        let end = fiber::wait_for(
            limit(timeout),
            false,
            || Ok(unsafe { borrow(process) }?.interest()),
            || unsafe { borrow(process) }?.end(),
        )?;
        unsafe { tell(end, code, signal) };
        Ok(())
    })
}

/// As `cq_process_wait`, at once.
///
/// Errors: EINVAL for NULL as process; EAGAIN while it runs; ECHILD.
#[no_mangle]
pub unsafe extern "C" fn cq_process_try_wait(
    process: *const Process,
    code: *mut c_int,
    signal: *mut c_int,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let end = unsafe { borrow(process) }?.end()?;
        unsafe { tell(end, code, signal) };
        Ok(())
    })
}

unsafe fn tell(end: End, code: *mut c_int, signal: *mut c_int) {
    let (exited, killed) = match end {
        End::Exited(code) => (code, 0),
        End::Signaled(signal) => (-1, signal),
    };
    // SAFETY: as documented for the callers.
    unsafe { put_optional(code, exited) };
    unsafe { put_optional(signal, killed) };
}

/// Sends a signal to a process; 0 only asks whether it runs. It never reaches another process that has got its number.
///
/// Errors: EINVAL for NULL and for a number that is no signal; ESRCH once it has ended; EPERM if it has taken other rights.
///
/// Source: pidfd_send_signal(2), kill(2).
#[no_mangle]
pub unsafe extern "C" fn cq_process_kill(process: *const Process, signal: c_int) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(process) }?.kill(signal))
}

/// Returns the descriptor that is readable (POLLIN) from the end of a process on, or -1 where the system has none (a
/// pidfd, Linux 5.4), and -1 for NULL. Where there is none, ask again after `cq_process_timeout` seconds. It belongs to the
/// handle: poll it, nothing else.
#[no_mangle]
pub unsafe extern "C" fn cq_process_pollfd(process: *const Process) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(process) }?.fd()))
}

/// Returns after how many seconds to ask `cq_process_try_wait` again where no descriptor tells of the end; otherwise NaN,
/// and NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_process_timeout(process: *const Process) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(process) }?.interval())))
}

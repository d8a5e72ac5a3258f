// SPDX-License-Identifier: MIT
//! `cq_controller_inspect`: looking at a controller from outside.

use super::boundary::{call, text, value};
use super::controller::own;
use super::task::{cq_task, unpack};
use crate::controller::Controller;
use crate::errno::Errno;
use crate::sys;
use std::ffi::{c_char, c_int};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::OnceLock;

/// Lets other programs look at the controller, `cq ps` for instance: serves its tasks, their scopes and what
/// `cq_controller_stat` tells over a UNIX stream socket that is made at `path`. Only processes of this process's user,
/// and of root, can connect. Who connects gets one JSON object and then the end of the stream; who sends the line
/// `tree` or `top` first gets text for people instead. The document "inspect" lists what stands in them. NULL as the
/// path stops that; a path beside an earlier one replaces it.
///
/// The controller counts from then on as after `cq_controller_set_counting`, unless it does already. It answers in its
/// steps: not while a task runs, nor between steps. What serves is no task of the program's: loops end beside it, and
/// it is neither counted nor listed; its descriptors are counted. The path is removed when serving stops, and when
/// the controller is closed or freed; a relative one is looked up again then. A child of fork(2) does not serve, and
/// leaves the path alone. A socket of the same user at which nobody listens any more is replaced.
///
/// Errors: EINVAL for NULL as the controller, or an empty path; EADDRINUSE if somebody listens at the path, or
/// something else is there; ENAMETOOLONG; EBADF after close; EPERM while another thread steps the controller; ENOMEM,
/// and what the system says of the path: ENOENT, EACCES, EMFILE. On failure an earlier path may be served no longer.
///
/// Safety: `path` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_inspect(
    controller: *mut Controller,
    path: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        if path.is_null() {
            cq.stop_inspecting();
            return Ok(());
        }
        match unsafe { text(path) }?.to_bytes() {
            b"" => Err(Errno::BADARG),
            path => cq.inspect(path),
        }
    })
}

/// Tells whether somebody looks at the controller from outside who wants to see where the code of each task stands. It is
/// for bindings, which alone know that: they ask at the end of each step, call `cq_task_set_place` for each of their
/// tasks if it is so, and the answer is given in the next step. It is true once for each who looks. Without such
/// a question in earlier steps, answers do not wait for places. False for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_controller_wants_places(controller: *const Controller) -> bool {
    // SAFETY: as documented.
    value(false, || Ok(unsafe { own(controller) }?.wants_places()))
}

/// Says where the code of a task stands, "server.lua:12", for who looks at the controller at present: see
/// `cq_controller_wants_places`. A copy is kept until that was shown. NULL and "" take it away.
///
/// Errors: EINVAL for NULL as the controller; ENOENT if there is no such task; ENOMEM; EPERM while another thread steps
/// the controller.
///
/// Safety: `place` is NULL or terminated.
#[no_mangle]
pub unsafe extern "C" fn cq_task_set_place(
    controller: *mut Controller,
    task: cq_task,
    place: *const c_char,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let cq = unsafe { own(controller) }?;
        let place = if place.is_null() { c"" } else { unsafe { text(place) }? };
        cq.set_place(unpack(task), place)
    })
}

/// Serves a new controller if the environment asks for that. A failure is nobody's business but of who looks.
pub(super) fn inspect_new(cq: &Controller) {
    static DIRECTORY: OnceLock<Option<Vec<u8>>> = OnceLock::new();
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    if let Some(directory) = DIRECTORY.get_or_init(directory) {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("/{}.{number}", std::process::id());
        let _ = cq.inspect(&[directory, name.as_bytes()].concat());
    }
}

/// The directory that `CQUEUES_INSPECT` names, if it is safe to make sockets there.
fn directory() -> Option<Vec<u8>> {
    let directory = std::env::var_os("CQUEUES_INSPECT").filter(|_| !sys::is_privileged())?;
    let found = fs::metadata(&directory).ok()?;
    let is_safe = found.is_dir() && found.uid() == sys::user() && found.mode() & 0o022 == 0;
    (is_safe && directory.as_bytes().first() == Some(&b'/')).then(|| directory.into_vec())
}

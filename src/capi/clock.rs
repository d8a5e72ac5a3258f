// SPDX-License-Identifier: MIT
//! `cq_clock_*`.

use super::boundary::call;
use crate::clock;
use std::ffi::c_int;

/// Moves the clock of `cq_monotime` forward by `seconds`, for the whole process: for tests of programs, in which a timeout
/// of an hour need not take one. All times of the library are times of that clock: timeouts, deadlines of tasks and
/// scopes, timers, the retries of resolvers and the ages of their answers, and what `cq_controller_timeout` and its like
/// tell. The wall clock, by which certificates are judged, and the program's own clocks stay as they are.
///
/// It moves by a few nanoseconds more, so that what a program has set to a sum of seconds is due. What is due is done in the
/// next step of its controller. A thread that waits in the kernel meanwhile does not notice: alert its controller
/// afterwards. Any thread may call this. A clock cannot be moved back.
///
/// Errors: EINVAL if `seconds` is negative, NaN or infinite, or the clock would have run for more than 292 years.
///
/// Example:
///
/// ```c
/// cq_scope_deadline(scope, 3600);
/// cq_clock_advance(3600); // the scope ends in the next step
/// ```
#[no_mangle]
pub extern "C" fn cq_clock_advance(seconds: f64) -> c_int {
    call(|| clock::advance(seconds))
}

/// Sets how fast the clock of `cq_monotime` runs from now on, for the whole process: 1 as the system's, as in the beginning;
/// 0 not at all, so that only `cq_clock_advance` moves it. A wait with a timeout goes on until that clock says so, which may
/// be never; a step of a controller with a `timeout` does, too.
///
/// Where the system has no descriptor for the end of a child or for signals, they are looked for from time to time, by this
/// clock. A loop that polls a controller's descriptor by itself is told seconds of this clock by `cq_controller_timeout`.
/// Threads that wait in the kernel meanwhile do not notice, as for `cq_clock_advance`. Any thread may call this.
///
/// Errors: EINVAL if `rate` is negative, NaN, or more than a million.
#[no_mangle]
pub extern "C" fn cq_clock_set_rate(rate: f64) -> c_int {
    call(|| clock::set_rate(rate))
}

// SPDX-License-Identifier: MIT
//! `cq_timer_*`.

use super::boundary::{
    borrow, call, deadline, hand_out_shared, limit, put_optional, seconds, share, value,
};
use super::task::{give_back, lend};
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::sys::memory::AtomicShared;
use crate::timer::Timer;
use std::ffi::c_int;

/// Makes a timer, which is stopped. It takes no descriptor. Free it with `cq_timer_free`.
///
/// A callback waits for a timer with the `timeout` of a member, which is `cq_timer_timeout`, and asks `cq_timer_try_wait` when
/// it is woken.
///
/// Errors: EINVAL for NULL; ENOMEM.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_new(timer: *mut *mut Timer) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { hand_out_shared(timer, Timer::new()?) })
}

/// Frees a timer: who waits for it gets EBADF. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_free(timer: *mut Timer) {
    value((), || {
        if timer.is_null() {
            return Ok(());
        }
        // SAFETY: the handle came from AtomicShared::into_raw; the caller gives it up.
        unsafe { AtomicShared::from_raw(timer) }.close()
    });
}

/// The time between two expirations. EINVAL for one that is not a number.
fn interval(seconds: f64) -> Result<Option<Span>> {
    match seconds.is_nan() {
        true => Err(Errno::BADARG),
        false => Ok(limit(seconds)),
    }
}

/// Has a timer expire in `seconds`, and if `interval` is more than 0 every `interval` seconds after that. A timer that runs
/// is set anew, also for those who wait for it. A `seconds` that is NaN or negative stops it.
///
/// The expirations of a repeating timer keep their times, however late anybody asks.
///
/// Errors: EINVAL for NULL, and for an interval that is NaN; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_start(timer: *const Timer, seconds: f64, interval: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let timer = unsafe { borrow(timer) }?;
        timer.set(deadline(seconds), self::interval(interval)?)
    })
}

/// As `cq_timer_start`, at a time of the clock of `cq_monotime`, which may have passed.
///
/// Errors: as for `cq_timer_start`.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_start_at(timer: *const Timer, time: f64, interval: f64) -> c_int {
    call(|| {
        // SAFETY: as documented.
        let timer = unsafe { borrow(timer) }?;
        let at = limit(time).map(|since| Instant(since.0));
        timer.set(at, self::interval(interval)?)
    })
}

/// Stops a timer. Expirations that nobody has asked for are forgotten; who waits for it waits until it is started again.
///
/// Errors: EINVAL for NULL; EPERM if tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_stop(timer: *const Timer) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { borrow(timer) }?.set(None, None))
}

/// Returns the seconds until a timer expires, 0 if it has expired, NaN while it is stopped, and NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_timeout(timer: *const Timer) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(timer) }?.left())))
}

/// Tells how often a timer has expired since this was last asked, without waiting. `count` may be NULL.
///
/// Errors: EINVAL for NULL; EAGAIN if it has not expired.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_try_wait(timer: *const Timer, count: *mut u64) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = unsafe { borrow(timer) }?.take()?;
        unsafe { put_optional(count, found) };
        Ok(())
    })
}

/// Waits until a timer expires, at most `timeout` seconds (NaN or negative: without limit), and tells how often it has
/// expired since this was last asked. One that is stopped is waited for until it is started again and expires. In a fiber
/// only the fiber waits; outside a controller the thread does, in which nobody else can start it. `count` may be NULL.
///
/// Errors: EINVAL for NULL; ETIMEDOUT; EBADF if the timer is freed meanwhile; EDEADLK in a callback that would wait; EPERM if
/// tasks of another thread wait.
#[no_mangle]
pub unsafe extern "C" fn cq_timer_wait(
    timer: *const Timer,
    timeout: f64,
    count: *mut u64,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let found = match unsafe { borrow(timer) }?.take() {
            Err(Errno::AGAIN) => {
                let kept = lend(unsafe { share(timer) }?)?;
                let result = unsafe { wait(kept, deadline(timeout)) };
                unsafe { give_back(kept) };
                result?
            }
            result => result?,
        };
        unsafe { put_optional(count, found) };
        Ok(())
    })
}

/// Waits for a timer that was lent. No reference is held meanwhile.
///
/// # Safety
///
/// The timer is lent.
unsafe fn wait(timer: *const AtomicShared<Timer>, until: Option<Instant>) -> Result<u64> {
    loop {
        // SAFETY: as above, here and below.
        let member = unsafe { borrow(timer) }?.interest();
        fiber::poll_until(member, until)?;
        match unsafe { borrow(timer) }?.take() {
            Err(Errno::AGAIN) => {}
            result => return result,
        }
    }
}

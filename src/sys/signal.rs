// SPDX-License-Identifier: MIT
//! ppoll(2): waiting for a descriptor or a signal.

use std::io;
use std::os::fd::RawFd;

/// Waits until `fd` has one of `events`, `limit` nanoseconds passed (`None`: for ever) or a
/// signal was delivered. With `unblock`, those signals are let through for the time of the wait.
/// Returns the events that came, 0 at the limit; EINTR after a signal.
pub fn poll(fd: RawFd, events: i16, limit: Option<u64>, unblock: &[i32]) -> io::Result<i16> {
    let mut record = libc::pollfd { fd, events, revents: 0 };
    let limit = limit.map(|ns| libc::timespec {
        tv_sec: (ns / 1_000_000_000) as libc::time_t,
        tv_nsec: (ns % 1_000_000_000) as libc::c_long,
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), |t| t as *const _);
    let mask = if unblock.is_empty() { None } else { Some(mask_without(unblock)?) };
    let mask = mask.as_ref().map_or(std::ptr::null(), |m| m as *const _);
    // SAFETY: one record; timespec and mask, where given, outlive the call.
    super::check(unsafe { libc::ppoll(&mut record, 1, limit, mask) })?;
    Ok(record.revents)
}

/// The calling thread's signal mask less `signals`.
fn mask_without(signals: &[i32]) -> io::Result<libc::sigset_t> {
    // SAFETY: an all-zero sigset_t is a valid object, and pthread_sigmask fills it.
    let mut mask: libc::sigset_t = unsafe { std::mem::zeroed() };
    // SAFETY: reads the current mask only.
    let failed = unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), &mut mask) };
    if failed != 0 {
        return Err(io::Error::from_raw_os_error(failed));
    }
    for &signal in signals {
        // SAFETY: `mask` is initialised; an invalid number is refused with EINVAL.
        super::check(unsafe { libc::sigdelset(&mut mask, signal) })?;
    }
    Ok(mask)
}

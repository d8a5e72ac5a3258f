// SPDX-License-Identifier: MIT
//! clock_gettime(2).

/// Nanoseconds of CLOCK_MONOTONIC.
pub fn monotonic() -> u64 {
    let t = read(libc::CLOCK_MONOTONIC);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Seconds of the wall clock as of the last tick; a tenth of the price of an exact reading.
#[allow(clippy::unnecessary_cast)] // where a time_t has 32 bits it is needed
pub fn wall_coarse() -> i64 {
    #[cfg(epoll)]
    const CLOCK: libc::clockid_t = libc::CLOCK_REALTIME_COARSE;
    #[cfg(not(epoll))]
    const CLOCK: libc::clockid_t = libc::CLOCK_REALTIME;
    read(CLOCK).tv_sec as i64
}

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is writable; these clocks always exist, so the call cannot fail.
    unsafe { libc::clock_gettime(clock, &mut t) };
    t
}

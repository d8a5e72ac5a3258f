// SPDX-License-Identifier: MIT
//! clock_gettime(2).

/// Nanoseconds of CLOCK_MONOTONIC.
pub fn monotonic() -> u64 {
    let t = read(libc::CLOCK_MONOTONIC);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Nanoseconds of the wall clock, in which pthreads(7) count.
#[cfg(target_os = "linux")]
pub fn wall() -> u64 {
    let t = read(libc::CLOCK_REALTIME);
    t.tv_sec as u64 * 1_000_000_000 + t.tv_nsec as u64
}

/// Seconds of the wall clock as of the last tick; a tenth of the price of an exact reading.
#[allow(clippy::unnecessary_cast)] // where a time_t has 32 bits it is needed
pub fn wall_coarse() -> i64 {
    // Linux, also below an imitated backend: the clock of time(2), so that no time here is later than a program's.
    #[cfg(any(epoll, emulated))]
    const CLOCK: libc::clockid_t = libc::CLOCK_REALTIME_COARSE;
    #[cfg(not(any(epoll, emulated)))]
    const CLOCK: libc::clockid_t = libc::CLOCK_REALTIME;
    read(CLOCK).tv_sec as i64
}

/// Year, month, day, hour, minute and second of a time in UTC: gmtime_r(3), with which tests compare.
#[cfg(test)]
pub fn utc(seconds: u32) -> [i32; 6] {
    let when = seconds.into();
    // SAFETY: all fields are numbers or may be NULL; both pointers are to living values.
    let t = unsafe {
        let mut t: libc::tm = std::mem::zeroed();
        libc::gmtime_r(&raw const when, &raw mut t);
        t
    };
    [t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec]
}

fn read(clock: libc::clockid_t) -> libc::timespec {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is writable; these clocks always exist, so the call cannot fail.
    unsafe { libc::clock_gettime(clock, &mut t) };
    t
}

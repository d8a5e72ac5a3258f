// SPDX-License-Identifier: MIT
//! What some systems, or the libc crate for them, lack, under the names of those who have it.

#[cfg(not(any(target_vendor = "apple", target_os = "solaris", target_os = "illumos")))]
pub use libc::ppoll;

#[cfg(any(target_os = "freebsd", target_os = "dragonfly", target_os = "netbsd", emulated))]
pub use libc::sigtimedwait;

#[cfg(not(target_env = "musl"))]
pub use libc::getentropy;

#[cfg(target_env = "musl")]
unsafe extern "C" {
    pub fn getentropy(bytes: *mut libc::c_void, size: usize) -> libc::c_int;
}

// Both systems have these two.
#[cfg(any(target_os = "solaris", target_os = "illumos"))]
unsafe extern "C" {
    pub fn ppoll(
        records: *mut libc::pollfd,
        count: libc::nfds_t,
        limit: *const libc::timespec,
        mask: *const libc::sigset_t,
    ) -> libc::c_int;

    pub fn sigtimedwait(
        set: *const libc::sigset_t,
        found: *mut libc::siginfo_t,
        limit: *const libc::timespec,
    ) -> libc::c_int;
}

/// For one descriptor. By poll(2) in whole milliseconds, rounded up; with a mask by pselect(2), which
/// changes it atomically, but knows descriptors below FD_SETSIZE only: EINVAL for others.
///
/// # Safety
///
/// One writable record; time and mask NULL or readable.
#[cfg(target_vendor = "apple")]
pub unsafe fn ppoll(
    records: *mut libc::pollfd,
    count: libc::nfds_t,
    limit: *const libc::timespec,
    mask: *const libc::sigset_t,
) -> libc::c_int {
    // SAFETY: as documented.
    unsafe {
        let milliseconds = limit.as_ref().map_or(-1, |limit| {
            let rest = (limit.tv_nsec + 999_999) / 1_000_000;
            limit.tv_sec.saturating_mul(1000).saturating_add(rest).min(i32::MAX.into())
        });
        if mask.is_null() {
            return libc::poll(records, count, milliseconds as libc::c_int);
        }
        let libc::pollfd { fd, events, .. } = *records;
        if fd as usize >= libc::FD_SETSIZE {
            *libc::__error() = libc::EINVAL;
            return -1;
        }
        let mut sets: [libc::fd_set; 3] = std::mem::zeroed();
        for (set, event) in sets.iter_mut().zip([libc::POLLIN, libc::POLLOUT, libc::POLLPRI]) {
            if events & event != 0 {
                libc::FD_SET(fd, set);
            }
        }
        let [input, output, urgent] = &mut sets;
        match libc::pselect(fd + 1, input, output, urgent, limit, mask) {
            -1 => -1,
            _ => libc::poll(records, count, 0),
        }
    }
}

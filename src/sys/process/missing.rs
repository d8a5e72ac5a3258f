// SPDX-License-Identifier: MIT
//! What posix_spawn(3) has on some systems only, and where the environment stands.

use std::ffi::{c_char, c_int};

/// Has the child change its directory before exec. Also in glibc from 2.29, macOS from 10.15 and FreeBSD from 13.1.
#[cfg(any(target_os = "linux", target_vendor = "apple", target_os = "freebsd"))]
pub unsafe fn change_directory(
    actions: *mut libc::posix_spawn_file_actions_t,
    path: *const c_char,
) -> c_int {
    unsafe extern "C" {
        fn posix_spawn_file_actions_addchdir_np(
            actions: *mut libc::posix_spawn_file_actions_t,
            path: *const c_char,
        ) -> c_int;
    }
    // SAFETY: as the caller promises.
    unsafe { posix_spawn_file_actions_addchdir_np(actions, path) }
}

/// ENOSYS: this system's posix_spawn cannot do it.
#[cfg(not(any(target_os = "linux", target_vendor = "apple", target_os = "freebsd")))]
pub unsafe fn change_directory(
    _actions: *mut libc::posix_spawn_file_actions_t,
    _path: *const c_char,
) -> c_int {
    libc::ENOSYS
}

/// The flag that has the child lead a session of its own.
#[cfg(target_os = "linux")]
pub const SETSID: Option<c_int> = Some(libc::POSIX_SPAWN_SETSID as c_int);

/// spawn.h of macOS has 0x0400; the others have none.
#[cfg(not(target_os = "linux"))]
pub const SETSID: Option<c_int> = if cfg!(target_vendor = "apple") { Some(0x0400) } else { None };

/// The list of the process's environment.
#[cfg(not(any(target_vendor = "apple", target_os = "freebsd")))]
pub fn environ() -> *const *const c_char {
    unsafe extern "C" {
        static environ: *const *const c_char;
    }
    // SAFETY: the C library defines it.
    unsafe { environ }
}

/// A library has no `environ` of its own there.
#[cfg(target_vendor = "apple")]
pub fn environ() -> *const *const c_char {
    unsafe extern "C" {
        fn _NSGetEnviron() -> *const *const *const c_char;
    }
    // SAFETY: it returns the address of the list.
    unsafe { *_NSGetEnviron() }
}

/// The program has `environ` there, and not the C library: a library that names it cannot be linked.
#[cfg(target_os = "freebsd")]
pub fn environ() -> *const *const c_char {
    // SAFETY: the name ends with NUL; what it stands for is the address of the list, or there is none.
    unsafe {
        let list: *const *const *const c_char =
            libc::dlsym(libc::RTLD_DEFAULT, c"environ".as_ptr()).cast();
        list.as_ref().map_or(std::ptr::null(), |list| *list)
    }
}

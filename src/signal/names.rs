// SPDX-License-Identifier: MIT
//! The names of the system's signals.

use std::ffi::CStr;

/// Every name of this system with its number. Where two share a number the first one is its name.
pub fn all() -> impl Iterator<Item = (&'static CStr, i32)> {
    [COMMON, OWN].into_iter().flatten().copied()
}

crate::errno::names::names! { COMMON:
    SIGABRT, SIGALRM, SIGBUS, SIGCHLD, SIGCONT, SIGFPE, SIGHUP, SIGILL, SIGINT, SIGKILL, SIGPIPE, SIGPROF,
    SIGQUIT, SIGSEGV, SIGSTOP, SIGSYS, SIGTERM, SIGTRAP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ, SIGIO,
}

#[cfg(any(target_os = "linux", target_os = "android"))]
crate::errno::names::names! { OWN: SIGPWR, SIGSTKFLT, SIGPOLL }
#[cfg(all(kqueue, not(target_os = "linux")))]
crate::errno::names::names! { OWN: SIGEMT, SIGINFO }
#[cfg(all(ports, not(target_os = "linux")))]
crate::errno::names::names! { OWN: SIGEMT, SIGPWR }

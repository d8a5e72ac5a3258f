// SPDX-License-Identifier: MIT
//! fnmatch(3).

use std::ffi::CStr;

/// Whether a name fits a pattern of the shell's kind. `*`, `?` and `[...]` match no slash, and no
/// dot at the beginning of a name.
pub fn matches(pattern: &CStr, name: &CStr) -> bool {
    // SAFETY: both are terminated.
    unsafe { libc::fnmatch(pattern.as_ptr(), name.as_ptr(), FLAGS) == 0 }
}

const FLAGS: libc::c_int = libc::FNM_PATHNAME | libc::FNM_PERIOD;

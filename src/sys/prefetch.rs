// SPDX-License-Identifier: MIT
//! Fetching memory into the cache before somebody needs it: of many tasks that are woken together each one's memory
//! would be waited for otherwise, one after the other.

/// Has the processor fetch what lies at an address, which may be any number. Where there is no such instruction, nothing.
#[inline(always)]
pub fn fetch(address: usize) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the instruction reads nothing that the program could see, and ignores addresses where nothing is.
    unsafe {
        use std::arch::x86_64::{_mm_prefetch, _MM_HINT_T0};
        _mm_prefetch::<_MM_HINT_T0>(address as *const i8);
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = address;
}

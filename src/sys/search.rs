// SPDX-License-Identifier: MIT
//! memchr(3). The C library's is chosen for the processor when the program is loaded, and for the length of a line it takes a
//! third of the instructions of the crate memchr.

/// Where a byte is first.
#[inline]
pub fn find(byte: u8, data: &[u8]) -> Option<usize> {
    let start = data.as_ptr();
    // SAFETY: the data is readable for its length.
    let found = unsafe { libc::memchr(start.cast(), byte.into(), data.len()) };
    (!found.is_null()).then(|| found as usize - start as usize)
}

// SPDX-License-Identifier: MIT
//! poll(2), without waiting.

use super::check;
use std::io;

/// A descriptor, what it is asked for, and what was found.
pub type Question = libc::pollfd;

/// Answers the questions; tells of how many descriptors there is something to say.
pub fn ask(questions: &mut [Question]) -> io::Result<usize> {
    let count = questions.len() as libc::nfds_t;
    // SAFETY: `count` writable records.
    let found = check(unsafe { libc::poll(questions.as_mut_ptr(), count, 0) })?;
    Ok(found as usize)
}

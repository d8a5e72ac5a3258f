// SPDX-License-Identifier: MIT
//! Failures with their reasons.

use crate::errno::Errno;

/// Why a connection or a setting failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The code.
    pub code: Errno,
    /// The reason in words; none if the code says it all.
    pub reason: String,
}

impl Failure {
    /// A failure with its reason.
    pub fn new(code: Errno, reason: &str) -> Failure {
        Failure { code, reason: reason.to_owned() }
    }

    /// ENOMEM, after which the call can be repeated.
    pub fn no_memory() -> Failure {
        Failure { code: Errno::NOMEM, reason: String::new() }
    }
}

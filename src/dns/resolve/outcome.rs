// SPDX-License-Identifier: MIT
//! What comes of an exchange.

use crate::dns::message::packet::Packet;
use crate::errno::Errno;

/// The outcome of an exchange.
#[derive(Clone)]
pub enum Outcome {
    /// An answer.
    Answer(Packet),
    /// None in time.
    Silence,
    /// What the system or TLS said, or that the answer could not be read; and why, where the error does not say it all.
    Failure(Errno, Option<String>),
}

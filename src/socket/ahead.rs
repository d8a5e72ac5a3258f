// SPDX-License-Identifier: MIT
//! Output that leaves before input is looked at or waited for, and what its failure means for the input.

use super::{Buffering, Inner};
use crate::errno::{Errno, Result};

/// What a flush has come to, for the input: nothing, if only no more output is taken, now or ever.
pub(super) fn as_input(flushed: Result<()>) -> Result<()> {
    match flushed {
        Err(failure) if failure.is_again() || failure == Errno::PIPE => Ok(()),
        flushed => flushed,
    }
}

impl Inner {
    /// Sends what is pending, as the peer may answer it. Its failure is the input's: the kernel tells a reset only once,
    /// and the end of file that follows would pass for the peer's own, and who waits for the answer to a message that is
    /// lost would wait in vain.
    pub(super) fn flush_before_input(&mut self) -> Result<()> {
        let due = !self.output.side.queue.is_empty() && self.output.side.mode.autoflush;
        if !due || self.holds_only_lines() {
            return Ok(());
        }
        self.output.more = false;
        let flushed = self.flush(Buffering::No);
        self.begin();
        self.output.blocked = flushed == Err(Errno::AGAIN);
        as_input(flushed)
    }

    /// The input is about to be waited for: what is held leaves first.
    pub(super) fn release_before_wait(&mut self) -> Result<()> {
        if self.held.is_some() {
            self.output.blocked = self.release_held() == Err(Errno::AGAIN);
        }
        self.tell_late()
    }
}

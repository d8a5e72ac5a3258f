// SPDX-License-Identifier: MIT
//! How much a task may do with one socket in one turn: then others have theirs.

use crate::clock::{Instant, Span};
use crate::controller::turn;

/// How many connections a task accepts in one turn.
const BURST: u32 = 64;

/// After how many reads of a socket that had not to wait the clock is looked at, and how long they may go on.
const READS: u32 = 128;
const SHARE: Span = Span(10_000_000);

/// What a task has done with a socket, and in which turn.
pub struct Pace {
    /// How many connections were accepted, and in which turn.
    accepts: u32,
    accepting: u64,
    /// How many reads there were, and since when they have gone on in which turn.
    reads: u32,
    reading: u64,
    since: Instant,
}

impl Pace {
    pub fn new() -> Pace {
        Pace { accepts: 0, accepting: 0, reads: 0, reading: 0, since: Instant(0) }
    }

    /// Counts a read. Whether the task has received so much in this turn that it is to be resumed in the next step.
    #[inline]
    pub fn has_read_enough(&mut self) -> bool {
        self.reads = self.reads.wrapping_add(1);
        self.reads % READS == 0 && self.has_read_long()
    }

    /// The clock is looked at seldom, so that a task that reads little never notices.
    #[cold]
    fn has_read_long(&mut self) -> bool {
        let (now, turn) = (Instant::now(), turn::current());
        if turn == 0 || self.reading != turn {
            (self.reading, self.since) = (turn, now);
            return false;
        }
        if self.since.after(SHARE) > now {
            return false;
        }
        self.reading = 0;
        true
    }

    /// Counts a connection that is about to be accepted. Whether there were so many in this turn that others must have
    /// theirs.
    pub fn has_accepted_enough(&mut self) -> bool {
        let turn = turn::current();
        if std::mem::replace(&mut self.accepting, turn) != turn || turn == 0 {
            self.accepts = 0;
        }
        self.accepts += 1;
        self.accepts > BURST
    }
}

// SPDX-License-Identifier: MIT
//! How much a task may do with one socket in one turn before other tasks must run.

use crate::clock::Instant;
use crate::controller::turn;

/// How many connections a task accepts in one turn. Chosen, and measured over loopback: 64 take 0.3 ms. With fewer a burst
/// costs more steps, with more the other tasks wait longer.
const BURST: u32 = 64;

/// The clock is looked at after each 128 reads of a socket that had not to wait. A task that has read for 10 ms in
/// one turn is resumed in the next step. Both are chosen. Measured: 128 short lines take 0.1 ms, and 128 reads of 4,096
/// bytes 1.1 ms, which is how much longer a turn may be. With a smaller share a stream that never ends is read in more
/// steps; with a larger one the other tasks wait longer.
const READS: u8 = 128;
const SHARE_MICROSECONDS: u32 = 10_000;

/// What a task has done with a socket, and in which turn.
pub struct Pace {
    /// How many reads there were, and since which microsecond they have gone on in which turn: the lower bits of each, as a
    /// task that gives way once too often loses nothing.
    reads: u8,
    reading: u16,
    since: u32,
}

/// The same of a listener: how many connections were accepted, and in which turn.
#[derive(Default)]
pub struct Burst {
    accepts: u32,
    accepting: u64,
}

impl Pace {
    pub fn new() -> Pace {
        Pace { reads: 0, reading: 0, since: 0 }
    }

    /// Counts a read. Returns whether the task has read for so long in this turn that it is to be resumed in the next
    /// step.
    #[inline]
    pub fn has_read_enough(&mut self) -> bool {
        self.reads = self.reads.wrapping_add(1);
        self.reads % READS == 0 && self.has_read_long()
    }

    /// The clock is looked at seldom, so that a task that reads little never notices.
    #[cold]
    fn has_read_long(&mut self) -> bool {
        let (now, turn) = ((Instant::real().0 / 1000) as u32, turn::current());
        if turn == 0 || self.reading != turn as u16 {
            (self.reading, self.since) = (turn as u16, now);
            return false;
        }
        if now.wrapping_sub(self.since) < SHARE_MICROSECONDS {
            return false;
        }
        self.reading = 0;
        true
    }
}

impl Burst {
    /// Counts a connection that is about to be accepted. Returns whether there were so many in this turn that other
    /// tasks must run.
    pub fn has_accepted_enough(&mut self) -> bool {
        let turn = turn::current();
        if std::mem::replace(&mut self.accepting, turn) != turn || turn == 0 {
            self.accepts = 0;
        }
        self.accepts += 1;
        self.accepts > BURST
    }
}

// SPDX-License-Identifier: MIT
//! What a socket keeps for each of its two directions: buffered bytes, mode, limits, statistics.

use super::Mode;
use crate::bytes::{self, Queue};
use crate::clock::wall_seconds;
use crate::errno::Errno;

/// A direction of a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// Towards the program.
    Input,
    /// Towards the peer.
    Output,
}

/// What `stat` tells of one direction.
#[derive(Clone, Copy, Default)]
pub struct Stat {
    /// How many bytes went this way.
    pub count: u64,
    /// Whether end of file was seen (input), the peer refuses more (output), or it was shut down.
    pub eof: bool,
    /// Seconds since the epoch of the last operation; 0 if there was none.
    pub time: i64,
}

/// One direction's settings and state.
pub struct Side {
    /// The input queue or the output queue.
    pub queue: Queue,
    /// How bytes are treated.
    pub mode: Mode,
    /// Buffer size; `usize::MAX` is unlimited.
    pub size: usize,
    /// The longest line.
    pub max_line: usize,
    /// Statistics. `eof` in it says only what receiving or sending has found; `Socket::stat` adds `shut`.
    pub stat: Stat,
    /// Shut down by the program.
    pub shut: bool,
    /// The error that a waiting operation left, until cleared.
    pub error: Option<Errno>,
}

impl Side {
    pub fn new() -> Side {
        let (size, max_line) = (bytes::SMALL, 4096);
        let (stat, mode) = (Stat::default(), Mode::default());
        Side { queue: Queue::default(), mode, size, max_line, stat, shut: false, error: None }
    }

    /// Counts bytes that were received or sent, and notes the time if `time`.
    pub fn count(&mut self, bytes: usize, time: bool) {
        self.stat.count += bytes as u64;
        if time {
            self.stat.time = wall_seconds();
        }
    }
}

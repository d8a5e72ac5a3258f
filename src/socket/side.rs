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

/// Stands for none.
pub const NO_ERROR: Errno = Errno(0);

/// One direction's settings and state. There are two of it in each socket, so nothing in it is larger than need be.
pub struct Side {
    /// The input queue or the output queue.
    pub queue: Queue,
    /// How bytes are treated.
    pub mode: Mode,
    /// Buffer size; `usize::MAX` is unlimited.
    pub size: usize,
    /// The longest line.
    pub max_line: usize,
    /// How many bytes went this way, and the time of the last operation, which will do until the year 2106.
    count: u64,
    time: u32,
    /// Whether that time is noted.
    pub is_timed: bool,
    /// Receiving has found the end of file, or sending that the peer refuses more; `Socket::stat` adds `shut`.
    pub eof: bool,
    /// Shut down by the program.
    pub shut: bool,
    /// The error that a waiting operation left, until cleared, or `NO_ERROR`.
    pub error: Errno,
}

impl Side {
    pub fn new() -> Side {
        let (size, max_line) = (bytes::SMALL, 4096);
        Side {
            queue: Queue::default(),
            mode: Mode::default(),
            size,
            max_line,
            count: 0,
            time: 0,
            is_timed: true,
            eof: false,
            shut: false,
            error: NO_ERROR,
        }
    }

    /// What `Socket::stat` tells.
    pub fn stat(&self) -> Stat {
        Stat { count: self.count, eof: self.eof || self.shut, time: self.time.into() }
    }

    /// Counts bytes that were received or sent, and notes the time if that is wanted.
    #[inline(always)]
    pub fn count(&mut self, bytes: usize) {
        self.count += bytes as u64;
        if self.is_timed {
            self.time = wall_seconds() as u32;
        }
    }
}

// SPDX-License-Identifier: MIT
//! What can be set of a socket, and what it tells of itself.

use super::{Direction, Mode, Socket, Stat};
use crate::clock::Span;
use crate::errno::Errno;

impl Socket {
    /// The mode of a direction.
    pub fn mode(&self, direction: Direction) -> Mode {
        self.ask(Mode::default(), |inner| inner.side(direction).mode)
    }

    /// Sets it.
    pub fn set_mode(&self, direction: Direction, mode: Mode) {
        self.ask((), |inner| {
            let _ = inner.release_held();
            inner.side(direction).mode = mode;
        });
    }

    /// The buffer size of a direction.
    pub fn buffer_size(&self, direction: Direction) -> usize {
        self.ask(0, |inner| inner.side(direction).size)
    }

    /// Sets it.
    pub fn set_buffer_size(&self, direction: Direction, size: usize) {
        self.ask((), |inner| inner.side(direction).size = size.max(1));
    }

    /// The longest line of a direction.
    pub fn max_line(&self, direction: Direction) -> usize {
        self.ask(0, |inner| inner.side(direction).max_line)
    }

    /// Sets it.
    pub fn set_max_line(&self, direction: Direction, size: usize) {
        self.ask((), |inner| inner.side(direction).max_line = size.max(1));
    }

    /// The default limit of waiting operations.
    pub fn timeout(&self) -> Option<Span> {
        self.ask(None, |inner| inner.timeout)
    }

    /// Sets it.
    pub fn set_timeout(&self, timeout: Option<Span>) {
        self.ask((), |inner| inner.timeout = timeout);
    }

    /// The error that a waiting operation left.
    pub fn error(&self, direction: Direction) -> Option<Errno> {
        self.ask(None, |inner| inner.side(direction).error)
    }

    /// Sets or clears it; returns the previous one.
    pub fn set_error(&self, direction: Direction, error: Option<Errno>) -> Option<Errno> {
        self.ask(None, |inner| std::mem::replace(&mut inner.side(direction).error, error))
    }

    /// Statistics of a direction.
    pub fn stat(&self, direction: Direction) -> Stat {
        self.ask(Stat::default(), |inner| {
            let _ = inner.release_held();
            let side = inner.side(direction);
            Stat { eof: side.stat.eof || side.shut, ..side.stat }
        })
    }

    /// Bytes buffered in a direction.
    pub fn pending(&self, direction: Direction) -> usize {
        self.ask(0, |inner| {
            let _ = inner.release_held();
            inner.side(direction).queue.len()
        })
    }
}

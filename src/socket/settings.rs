// SPDX-License-Identifier: MIT
//! What can be set of a socket, and what it tells of itself.

use super::{Direction, Mode, Socket, Stat};
use crate::clock::Span;
use crate::errno::Errno;

impl Socket {
    /// The mode of a direction.
    pub fn mode(&self, direction: Direction) -> Mode {
        self.inner.borrow_mut().side(direction).mode
    }

    /// Sets it.
    pub fn set_mode(&self, direction: Direction, mode: Mode) {
        let _ = self.inner.borrow_mut().release_held();
        self.inner.borrow_mut().side(direction).mode = mode;
    }

    /// The buffer size of a direction.
    pub fn buffer_size(&self, direction: Direction) -> usize {
        self.inner.borrow_mut().side(direction).size
    }

    /// Sets it.
    pub fn set_buffer_size(&self, direction: Direction, size: usize) {
        self.inner.borrow_mut().side(direction).size = size.max(1);
    }

    /// The longest line of a direction.
    pub fn max_line(&self, direction: Direction) -> usize {
        self.inner.borrow_mut().side(direction).max_line
    }

    /// Sets it.
    pub fn set_max_line(&self, direction: Direction, size: usize) {
        self.inner.borrow_mut().side(direction).max_line = size.max(1);
    }

    /// The default limit of waiting operations.
    pub fn timeout(&self) -> Option<Span> {
        self.inner.borrow().timeout
    }

    /// Sets it.
    pub fn set_timeout(&self, timeout: Option<Span>) {
        self.inner.borrow_mut().timeout = timeout;
    }

    /// The error that a waiting operation left.
    pub fn error(&self, direction: Direction) -> Option<Errno> {
        self.inner.borrow_mut().side(direction).error
    }

    /// Sets or clears it; returns the previous one.
    pub fn set_error(&self, direction: Direction, error: Option<Errno>) -> Option<Errno> {
        std::mem::replace(&mut self.inner.borrow_mut().side(direction).error, error)
    }

    /// Statistics of a direction.
    pub fn stat(&self, direction: Direction) -> Stat {
        let mut inner = self.inner.borrow_mut();
        let _ = inner.release_held();
        let side = inner.side(direction);
        Stat { eof: side.stat.eof || side.shut, ..side.stat }
    }

    /// Bytes buffered in a direction.
    pub fn pending(&self, direction: Direction) -> usize {
        let _ = self.inner.borrow_mut().release_held();
        self.inner.borrow_mut().side(direction).queue.len()
    }
}

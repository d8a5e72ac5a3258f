// SPDX-License-Identifier: MIT
//! Lines that are held back. Within one resumption of a task, the first line that it writes to a
//! socket leaves at once, so that nobody waits for it and its errors are told; the lines after it leave
//! together when the task waits or ends, the buffer is full, or the descriptor is handed out. A
//! program that answers sixteen lines at once makes two system calls for it instead of sixteen.
//!
//! Nothing is held outside of a resumption. What the kernel does not take when the resumption ends is
//! sent by a task of the controller's own as soon as it does.

use super::{Buffering, Inner, Socket};
use crate::controller::turn::{self, Holder};
use crate::controller::Member;
use crate::errno::{Errno, Result};
use crate::sys::memory::Weak;
use std::cell::RefCell;

/// The held lines of a socket, which are the front of its output queue.
pub struct Held {
    /// Lines may be held until the task waits.
    allowed: bool,
    /// Lines are held now.
    some: bool,
    /// The last turn in which a line was written.
    turn: u64,
    /// The socket itself, for the list of those that hold lines.
    me: Weak<RefCell<Inner>>,
}

impl Held {
    pub fn new(me: Weak<RefCell<Inner>>) -> Held {
        Held { allowed: true, some: false, turn: 0, me }
    }

    /// Whether lines are held now.
    #[inline]
    pub fn is_some(&self) -> bool {
        self.some
    }

    /// An accepted socket may hold lines if its listener may.
    pub fn follow(&mut self, listener: &Held) {
        self.allowed = listener.allowed;
    }

    /// Notes that a line is written. Returns whether it is a further line of its turn, and not the first one.
    fn is_further_line(&mut self) -> bool {
        let turn = turn::current();
        turn != 0 && std::mem::replace(&mut self.turn, turn) == turn
    }
}

impl turn::Output for RefCell<Inner> {
    fn release(&self) -> Result<()> {
        self.try_borrow_mut().map_or(Ok(()), |mut inner| inner.release_held())
    }

    fn go_on(&self) -> Option<Member> {
        let mut inner = self.try_borrow_mut().ok()?;
        let result = inner.flush(Buffering::Line);
        (result == Err(Errno::AGAIN)).then(|| inner.until_writable())
    }
}

impl Socket {
    /// Sets whether lines may be held back, which is the default; returns the previous setting.
    pub fn set_hold(&self, on: bool) -> bool {
        self.ask(on, |inner| {
            let _ = inner.release_held();
            std::mem::replace(&mut inner.held.allowed, on)
        })
    }

    /// Whether lines may be held back.
    pub fn hold(&self) -> bool {
        self.ask(false, |inner| inner.held.allowed)
    }
}

impl Inner {
    /// Whether a line that is written now is to be held: not the first one of a resumption.
    pub(super) fn holds_lines(&mut self) -> bool {
        self.held.allowed
            && !self.handle.has_messages()
            && self.held.is_further_line()
            && self.ensure_established().is_ok()
    }

    /// Notes that lines are held. Not inlined, as this may come after a fiber's suspension: see `sys::fiber::suspend`.
    #[inline(never)]
    pub(super) fn note_held(&mut self) {
        if self.held.some || self.output.lines == 0 {
            return;
        }
        self.held.some = true;
        if turn::hold(Holder::new(self.held.me.clone())).is_err() {
            let _ = self.release_held(); // at once, as nobody else would do it
        }
    }

    /// Sends what is held. What must wait stays, as other output does.
    pub(super) fn release_held(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.held.some) {
            return Ok(());
        }
        let interest = self.interest;
        self.output.more = false;
        let result = self.flush(Buffering::Line);
        self.interest = interest;
        result
    }

    /// Whether the output queue holds nothing but held lines.
    pub(super) fn holds_only_lines(&self) -> bool {
        self.held.some && self.output.lines == self.output.side.queue.len()
    }

    fn until_writable(&self) -> Member {
        Member::owned(self.handle.fd, libc::POLLOUT, &self.handle.owner)
    }
}

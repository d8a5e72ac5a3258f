// SPDX-License-Identifier: MIT
//! Lines that are held back. A line that a task writes while the socket has more input at hand is an answer, and
//! the task is about to read what it answers next; such lines leave together when the task waits or ends, the input is
//! used up, the buffer is full, or the descriptor is handed out. A program that answers sixteen lines at once makes
//! one system call for it instead of sixteen. Of other lines of one resumption, the first leaves at once, so that
//! nobody waits for it and its errors are told; the lines after it are held too, where the socket may hold all lines.
//!
//! Nothing is held outside of a resumption. What the kernel does not take when the resumption ends is
//! sent by a task of the controller's own as soon as it does.

use super::ahead::as_input;
use super::{Body, Buffering, Inner, Socket};
use crate::controller::turn::{self, Holder};
use crate::controller::Member;
use crate::errno::{Errno, Result};
use crate::sys::memory::Shared;

/// Which lines may be held until the task waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd)]
pub enum Hold {
    /// Each line leaves at once.
    None,
    /// Those that are written while there is input at hand.
    Answers,
    /// All after the first of a resumption, besides.
    Lines,
}

/// The held lines of a socket, which are the front of its output queue.
pub struct Held {
    /// Which lines may be held.
    allowed: Hold,
    /// Lines are held now.
    some: bool,
    /// The last turn in which a line was written: the lower bits of its number, as a line that is held without need leaves
    /// at the end of the turn all the same.
    turn: u32,
}

impl Held {
    pub fn new() -> Held {
        Held { allowed: Hold::Lines, some: false, turn: 0 }
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

    /// Notes that a line is written in a turn, while there is input at hand or not. Returns whether it may be held.
    #[inline(always)]
    fn may_keep(&mut self, turn: u64, answers: bool) -> bool {
        let further = std::mem::replace(&mut self.turn, turn as u32) == turn as u32;
        turn != 0 && (answers || (further && self.allowed == Hold::Lines))
    }
}

impl turn::Output for Body {
    fn release(&self) -> Result<()> {
        self.inner.try_borrow_mut().map_or(Ok(()), |mut inner| inner.release_held())
    }

    fn go_on(&self) -> Option<Member> {
        let mut inner = self.inner.try_borrow_mut().ok()?;
        let result = inner.flush(Buffering::Line);
        (result == Err(Errno::AGAIN)).then(|| inner.until_writable())
    }
}

impl Socket {
    /// Sets which lines may be held back: all, by default. Sends what is held.
    pub fn set_hold(&self, which: Hold) {
        self.ask((), |inner| {
            let _ = inner.release_held();
            inner.held.allowed = which;
        });
    }

    /// Which lines may be held back.
    pub fn hold(&self) -> Hold {
        self.ask(Hold::None, |inner| inner.held.allowed)
    }
}

impl Inner {
    /// Whether a line that is written now, in the thread's turn of that number or in none, is to be held.
    #[inline(always)]
    pub(super) fn holds_lines(&mut self, turn: u64) -> bool {
        self.held.allowed != Hold::None
            && !self.handle.has_messages()
            && self.held.may_keep(turn, !self.input.side.queue.is_empty())
            && self.ensure_established().is_ok()
    }

    /// Whether lines are held, and what is written now is to be held too, being an answer to what is at hand.
    #[inline]
    pub(super) fn holds_answers(&self) -> bool {
        self.held.some && self.held.allowed != Hold::None && !self.input.side.queue.is_empty()
    }

    /// Notes that lines are held, of the socket in this memory. Not inlined, as this may come after a fiber's suspension:
    /// see `sys::fiber::suspend`.
    #[inline(never)]
    pub(super) fn note_held(&mut self, body: &Shared<Body>) {
        if self.held.some || self.output.lines == 0 {
            return;
        }
        self.held.some = true;
        if turn::hold(Holder::new(Shared::downgrade(body))).is_err() {
            let _ = self.release_held(); // at once, as nobody else would do it
        }
    }

    /// Sends what is held. What must wait stays, as other output does. A failure is told to who reads next, too, as nobody
    /// looks at the result of most of these calls.
    pub(super) fn release_held(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.held.some) {
            return Ok(());
        }
        let interest = self.interest;
        self.output.more = false;
        let result = self.flush(Buffering::Line);
        self.interest = interest;
        if let Err(failure) = as_input(result) {
            self.input.late = failure;
        }
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

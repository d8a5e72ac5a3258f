// SPDX-License-Identifier: MIT
//! Lines that are held back. Within one resumption of a task, the first line that it writes to a
//! socket leaves at once, so that nobody waits for it and its errors are told; the lines after it leave
//! together when the task waits or ends, the buffer is full, or the descriptor is handed out. A
//! program that answers sixteen lines at once makes two system calls for it instead of sixteen.
//!
//! Nothing is held outside of a resumption. What the kernel does not take when the resumption ends is
//! sent by a task of the controller's own as soon as it does.

use super::{Buffering, Inner, Socket};
use crate::clock::{Instant, Span};
use crate::controller::turn::{self, with_now, Output};
use crate::controller::Member;
use crate::errno::{Errno, Result};
use std::cell::RefCell;

impl Output for RefCell<Inner> {
    fn release(&self) -> Result<()> {
        self.try_borrow_mut().map_or(Ok(()), |mut inner| inner.release_held())
    }

    fn go_on(&self) -> Option<Member> {
        let mut inner = self.try_borrow_mut().ok()?;
        let result = inner.flush(Buffering::Line);
        (result == Err(Errno::AGAIN)).then(|| inner.until_writable())
    }
}

/// Not inlined, as this may come after a fiber's suspension: see `sys::fiber::suspend`.
#[inline(never)]
fn turn() -> u64 {
    with_now(|now| now.turn.get())
}

/// After how many reads of a socket that had not to wait the clock is looked at, and how long they may go on.
const READS: u32 = 128;
const SHARE: Span = Span(10_000_000);

/// A socket was made that connects, or whose peer may be one of ours.
pub(super) fn note_client() {
    with_now(|now| now.has_clients.set(true));
}

/// A socket was shut down or closed: its peer, perhaps one of ours, has more to receive than it knows of.
#[inline(never)]
pub(super) fn note_end() {
    with_now(|now| {
        now.moment.set(now.moment.get() + 1);
        now.ends.set(now.ends.get() + 1);
    });
}

impl Socket {
    /// Sets whether lines may be held back, as they may from the beginning; returns what was set.
    pub fn set_hold(&self, on: bool) -> bool {
        self.ask(on, |inner| {
            let _ = inner.release_held();
            std::mem::replace(&mut inner.may_hold, on)
        })
    }

    /// Whether lines may be held back.
    pub fn hold(&self) -> bool {
        self.ask(false, |inner| inner.may_hold)
    }
}

impl Inner {
    /// The kernel's buffer was found empty, or has been emptied by a receive that got less than it asked for. The latter
    /// says nothing of an end of the stream that stands behind the data: it is believed only if no socket of this thread has ended
    /// since the buffer was last found empty.
    pub(super) fn note_drained(&mut self, found_empty: bool) {
        with_now(|now| {
            if found_empty {
                self.ends_known = now.ends.get();
            }
            self.emptied = true;
            self.drained = self.ends_known == now.ends.get();
            self.drained_at = now.moment.get();
        });
    }

    /// It was accepted just now. Nobody knows what has come with it; but unless the peer may be one of this thread's, it
    /// makes no difference to wait first, and saves a receive.
    pub(super) fn note_accepted(&mut self) {
        if !with_now(|now| now.has_clients.get()) {
            self.note_drained(true);
        }
    }

    /// Whether a receive could only answer EAGAIN, as far as this thread can know: the kernel's buffer was emptied in this
    /// resumption, and no other socket of this thread has sent or ended since.
    pub(super) fn is_drained(&self) -> bool {
        self.drained && with_now(|now| now.moment.get()) == self.drained_at
    }

    /// This socket has sent: others may have something to receive now.
    #[inline(never)]
    pub(super) fn note_sent(&mut self) {
        with_now(|now| {
            let moment = now.moment.get();
            now.moment.set(moment + 1);
            if self.drained_at == moment {
                self.drained_at = moment + 1; // nothing comes from oneself
            }
        });
    }

    /// EAGAIN if the task has received so much in this resumption that others must have their turn: it is to be resumed in
    /// the next step.
    #[inline]
    pub(super) fn give_way(&mut self) -> Result<()> {
        self.reads = self.reads.wrapping_add(1);
        match self.reads % READS {
            0 => self.give_way_after_long(),
            _ => Ok(()),
        }
    }

    /// The clock is looked at seldom, so that a task that reads little never notices.
    #[cold]
    fn give_way_after_long(&mut self) -> Result<()> {
        let (now, turn) = (Instant::now(), turn());
        if turn == 0 || self.reading_turn != turn {
            (self.reading_turn, self.reading_since) = (turn, now);
            return Ok(());
        }
        if self.reading_since.after(SHARE) > now {
            return Ok(());
        }
        self.reading_turn = 0;
        self.must_wait(0);
        self.retry = Some(Span::ZERO);
        Err(Errno::AGAIN)
    }

    /// Whether the task has accepted so many connections that others must have their turn.
    pub(super) fn has_accepted_enough(&mut self) -> bool {
        let turn = turn();
        if std::mem::replace(&mut self.turn, turn) != turn || turn == 0 {
            self.accepts = 0;
        }
        self.accepts += 1;
        self.accepts > super::accept::BURST
    }

    /// Whether a line that is written now is to be held: not the first one of a resumption.
    pub(super) fn holds_lines(&mut self) -> bool {
        if !self.may_hold || self.has_messages() {
            return false;
        }
        let turn = turn();
        if turn == 0 {
            return false;
        }
        std::mem::replace(&mut self.turn, turn) == turn && self.ensure_established().is_ok()
    }

    /// Notes that lines are held. Not inlined for the same reason.
    #[inline(never)]
    pub(super) fn note_held(&mut self) {
        if self.held || self.lines == 0 {
            return;
        }
        self.held = true;
        turn::hold(self.me.clone());
    }

    /// Sends what is held. What must wait stays, as other output does.
    pub(super) fn release_held(&mut self) -> Result<()> {
        if !std::mem::take(&mut self.held) {
            return Ok(());
        }
        let wanted = (self.wanted, self.retry);
        self.more = false;
        let result = self.flush(Buffering::Line);
        (self.wanted, self.retry) = wanted;
        result
    }

    /// Nothing but whole lines that may wait until the task does.
    pub(super) fn holds_only_lines(&self) -> bool {
        self.held && self.lines == self.output.queue.len()
    }

    fn until_writable(&self) -> Member {
        Member::owned(self.fd, libc::POLLOUT, &self.owner)
    }
}

// SPDX-License-Identifier: MIT
//! Short ways for lines, of which several have come together: one that is buffered is taken without asking for more, and
//! its answer is put behind the lines that are held. If anything else had to be done first, each of the two changes
//! nothing and says so, and its caller goes the long way: `Socket::receive` or `Socket::send`.

use super::format::{whole_line, Found, Rules};
use super::side::NO_ERROR;
use super::{Buffering, Inner, Socket};
use crate::errno::Result;

impl Socket {
    /// Whether a line may be buffered.
    #[inline(always)]
    pub fn has_input_at_hand(&self) -> bool {
        self.inner.inner.try_borrow().is_ok_and(|inner| !inner.input.side.queue.is_empty())
    }

    /// Whether lines are held, so that an answer may be put behind them.
    #[inline(always)]
    pub fn holds_lines(&self) -> bool {
        self.inner.inner.try_borrow().is_ok_and(|inner| inner.held.is_some())
    }

    /// Takes a buffered line as `receive` would, in the socket's own mode. `None`: not done.
    #[inline(always)]
    pub fn take_line_at_hand<R>(
        &self,
        keep: bool,
        patient: bool,
        take: impl FnOnce(&[u8]) -> R,
    ) -> Option<Result<R>> {
        let mut inner = self.inner.inner.try_borrow_mut().ok()?;
        match inner.line_at_hand(keep, patient)? {
            Ok((at, length)) => Some(Ok(take(inner.input.side.queue.slice(at, length)))),
            Err(error) => Some(Err(error)),
        }
    }

    /// Queues a line as `send` would, in the socket's own mode, if those before it are held. `false`: not done.
    #[inline(always)]
    pub fn append_answer(&self, line: &[u8]) -> bool {
        match self.inner.inner.try_borrow_mut() {
            Ok(mut inner) => inner.append_answer(line),
            Err(_) => false,
        }
    }
}

impl Inner {
    /// Takes a buffered line off the queue, and tells where it lies.
    #[inline(always)]
    fn line_at_hand(&mut self, keep: bool, patient: bool) -> Option<Result<(usize, usize)>> {
        let (text, max_line) = (self.input.side.mode.text, self.input.side.max_line);
        if self.input.side.queue.is_empty()
            || (keep && text) // CRLF would be made LF in place, and `give_way` may leave the line in the queue
            || self.input.side.error != NO_ERROR
            || !(self.output.side.queue.is_empty() || self.holds_only_lines())
        {
            return None;
        }
        let rules = Rules { text, max_line, eof: false, scanned: self.input.scanned };
        let found = whole_line(self.input.side.queue.data_mut(), keep, rules)?;
        let Found::Taken { consumed, length } = found else { return None };
        self.begin();
        if patient {
            if let Err(error) = self.give_way() {
                return Some(Err(error));
            }
        }
        Some(Ok((self.take(consumed), length)))
    }

    /// Queues an answer behind the lines that are held.
    #[inline(always)]
    fn append_answer(&mut self, line: &[u8]) -> bool {
        let mode = self.output.side.mode;
        let suits = mode.buffering == Buffering::Line
            && !mode.text
            && line.last() == Some(&b'\n')
            && self.output.side.error == NO_ERROR
            && self.holds_answers();
        if !suits || !self.output.append_line(line) {
            return false;
        }
        self.begin();
        true
    }
}

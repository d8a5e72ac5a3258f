// SPDX-License-Identifier: MIT
//! Sending: what the mode says must leave goes straight from the program's memory to the kernel;
//! the rest waits in the queue.

use super::establish::Phase;
use super::format::{compose_text, needs_translation};
use super::handle::Handle;
use super::side::Side;
use super::{Body, Buffering, Flags, Inner, Mode, Socket};
use crate::bytes::SMALL;
use crate::controller::turn::{self, with_now, Now};
use crate::errno::{Errno, Result};
use crate::sys::memory::Shared;
use crate::sys::message::send_two;
use crate::sys::socket as sock;
use memchr::memrchr;

/// The most program bytes that are translated before the queue is looked at again.
const PIECE: usize = 16384;

/// So much of `total` as fills blocks of `size`. A division takes as long as much of the rest of sending a short line.
#[inline]
fn whole_blocks(total: usize, size: usize) -> usize {
    match total < size {
        true => 0,
        false => total - total % size,
    }
}

/// Behind the last line feed.
#[inline]
pub(super) fn end_of_lines(data: &[u8]) -> Option<usize> {
    match data.last() {
        Some(b'\n') => Some(data.len()), // nearly always
        _ => memrchr(b'\n', data).map(|at| at + 1),
    }
}

/// What goes to the peer.
pub struct Output {
    pub side: Side,
    /// The end of the last complete line in the queue, as far as is known: what a flush by lines sends.
    pub lines: usize,
    /// The program has said that another send follows at once, or its lines are held: nothing leaves yet.
    pub more: bool,
    /// The program will send again what was not taken.
    pub(super) again: bool,
    /// MSG_NOSIGNAL or 0.
    pub flags: i32,
    /// Pending output could not be sent before the last receive, so that a wait for input has to wait for it too.
    pub blocked: bool,
}

impl Output {
    pub fn new() -> Output {
        let (side, flags) = (Side::new(), libc::MSG_NOSIGNAL);
        Output { side, lines: 0, more: false, again: false, flags, blocked: false }
    }

    /// Queues what could not be sent, as far as there is room, and returns how many bytes it took: none without
    /// memory. The last line in it ends at `end`, 0 for none.
    fn keep(&mut self, handle: &Handle, data: &[u8], end: usize) -> usize {
        let count = match self.room(handle) {
            large if large > SMALL && self.again && data.len() > SMALL => 0,
            room => data.len().min(room),
        };
        let queued = self.side.queue.len();
        let count = self.side.queue.push(&data[..count]).map_or(0, |()| count);
        if end > 0 {
            self.lines = queued + end.min(count); // the part of a line is to leave as all of it was
        }
        count
    }

    /// Puts a further line behind those that are held, if the buffer is not full then. `false`: not done.
    #[inline(always)]
    pub(super) fn append_line(&mut self, line: &[u8]) -> bool {
        let length = self.side.queue.len() + line.len();
        if length >= self.side.size || self.side.queue.push(line).is_err() {
            return false;
        }
        (self.more, self.lines) = (true, length);
        true
    }

    /// How much more the queue may hold.
    fn room(&self, handle: &Handle) -> usize {
        if handle.has_messages() {
            return usize::MAX;
        }
        self.side.size.saturating_sub(self.side.queue.len())
    }

    /// How many of `total` bytes must leave now, when the last line ends at `line`.
    fn due(&self, handle: &Handle, buffering: Buffering, total: usize, line: usize) -> usize {
        let size = self.side.size;
        match buffering {
            _ if self.more && handle.has_messages() => 0,
            _ if self.more => whole_blocks(total, size),
            Buffering::No => total,
            // A message is not cut.
            Buffering::Full if handle.has_messages() && total < size => 0,
            Buffering::Full if handle.has_messages() => total,
            Buffering::Line if handle.has_messages() => line,
            Buffering::Full => whole_blocks(total, size),
            Buffering::Line => line + whole_blocks(total - line, self.side.max_line.min(size)),
        }
    }

    /// Takes `count` bytes that have been sent off the queue.
    fn dequeue(&mut self, count: usize) {
        self.side.queue.consume(count);
        self.side.queue.release();
        self.lines = self.lines.saturating_sub(count);
    }
}

impl Socket {
    /// Takes bytes for output and sends what the mode, with `flags` for this call, says must leave. Returns how
    /// many were taken, and what kept the rest, or the sending of what was taken, from being done: EAGAIN, EPIPE.
    ///
    /// With `more`, another send follows at once: nothing leaves yet unless the buffer is full. With
    /// `again`, the caller comes back with what was not taken: a large buffer is not filled with it.
    pub fn send(&self, data: &[u8], flags: Flags, more: bool, again: bool) -> (usize, Result<()>) {
        self.with_body((0, Err(Errno::BUSY)), |inner, body| {
            inner.send(body, data, flags, more, again)
        })
    }

    /// Sends what is buffered: all of it, or, with `flags`, what the buffering of the mode says must leave.
    /// EAGAIN keeps the rest.
    pub fn flush(&self, flags: Option<Flags>) -> Result<()> {
        self.with_open(|inner| {
            let mode = inner.output.side.mode;
            inner.flush_now(flags.map_or(Buffering::No, |flags| mode.with(flags).buffering))
        })
    }
}

impl Inner {
    /// Sends what must leave. A task that polls the socket afterwards still waits for input if the last operation did.
    fn flush_now(&mut self, buffering: Buffering) -> Result<()> {
        let input = self.interest.events & libc::POLLIN;
        if !self.output.side.queue.is_empty() || self.engine.is_some() {
            self.begin();
        }
        self.output.more = false;
        self.flush(buffering)?;
        self.interest.events |= input;
        Ok(())
    }

    /// Sends what is pending, if it must leave by the mode.
    #[cold]
    fn send_nothing(&mut self, flags: Flags) -> Result<()> {
        self.establishing.check_open()?;
        self.flush_now(self.output.side.mode.with(flags).buffering)
    }

    #[inline(always)]
    fn send(
        &mut self,
        body: &Shared<Body>,
        data: &[u8],
        flags: Flags,
        more: bool,
        again: bool,
    ) -> (usize, Result<()>) {
        if data.is_empty() && !more {
            return (0, self.send_nothing(flags));
        }
        self.begin();
        if let Err(error) = self.establishing.check_open() {
            return (0, Err(error));
        }
        let mode = self.output.side.mode.with(flags);
        let line = mode.buffering == Buffering::Line && data.last() == Some(&b'\n');
        self.output.again = again;
        self.output.more = more || (line && self.holds_lines(turn::current()));
        let mut taken = 0;
        loop {
            let rest = &data[taken..];
            let (count, result) = match mode.text && needs_translation(rest) {
                true => self.send_text(rest, mode),
                false => self.send_binary(rest, mode),
            };
            taken += count;
            if result.is_err() || taken == data.len() {
                if self.output.more && !more {
                    self.note_held(body);
                }
                return (taken, result);
            }
        }
    }

    fn send_text(&mut self, data: &[u8], mode: Mode) -> (usize, Result<()>) {
        let room = self.output.room(&self.handle);
        if room == 0 {
            return (0, self.flush(mode.buffering));
        }
        let most = if self.handle.has_messages() { usize::MAX } else { PIECE };
        let piece = &data[..data.len().min(room).min(most)];
        let queue = &mut self.output.side.queue;
        let (before, mut pushed) = (queue.len(), Ok(()));
        compose_text(piece, |bytes| pushed = pushed.and_then(|()| queue.push(bytes)));
        if pushed.is_err() {
            queue.truncate(before);
            queue.release();
            return (0, pushed);
        }
        let from = if mode.buffering == Buffering::Line { 0 } else { before };
        if let Some(at) = memrchr(b'\n', &queue.data()[from..]) {
            self.output.lines = from + at + 1;
        }
        (piece.len(), self.flush(mode.buffering))
    }

    fn send_binary(&mut self, data: &[u8], mode: Mode) -> (usize, Result<()>) {
        let queued = self.output.side.queue.len();
        let total = queued + data.len();
        // Of bytes that are buffered fully, lines are told only if those that the socket writes otherwise are.
        let end = match [mode.buffering, self.output.side.mode.buffering].contains(&Buffering::Line)
        {
            true => end_of_lines(data).unwrap_or(0),
            false => 0,
        };
        let line = if end > 0 { queued + end } else { 0 };
        let due = self.output.due(&self.handle, mode.buffering, total, line.max(self.output.lines));
        if due == 0 {
            if let Err(error) = self.output.side.queue.push(data) {
                return (0, Err(error));
            }
            self.output.lines = self.output.lines.max(line);
            return (data.len(), Ok(()));
        }
        if due < queued {
            // Of what is queued itself not all must leave: the beginning of a line stays.
            if let Err(error) = self.output.side.queue.push(data) {
                return (0, Err(error));
            }
            self.output.lines = self.output.lines.max(line);
            return (data.len(), self.flush(mode.buffering));
        }
        if let Err(error) = self.may_send() {
            let kept =
                if error == Errno::AGAIN { self.output.keep(&self.handle, data, end) } else { 0 };
            return (kept, Err(error));
        }
        let direct = due.saturating_sub(queued);
        let result = self.send_ahead(&data[..direct]);
        let sent = *result.as_ref().unwrap_or(&0);
        if sent == data.len() && self.output.side.queue.is_empty() {
            self.output.lines = 0;
            return (sent, self.drain_secure()); // nearly always
        }
        self.keep_rest(data, direct, end, result)
    }

    /// Queues what of `data` has not left: `direct` bytes were to leave now, and `result` tells how many did. The last line
    /// in it ends at `end`, 0 for none.
    #[inline(never)]
    pub(super) fn keep_rest(
        &mut self,
        data: &[u8],
        direct: usize,
        end: usize,
        result: Result<usize>,
    ) -> (usize, Result<()>) {
        let sent = *result.as_ref().unwrap_or(&0);
        let end = end.saturating_sub(sent); // in the rest
        let rest = &data[sent..];
        if result.is_ok() && sent == direct && self.output.side.queue.is_empty() {
            self.output.lines = 0;
            let pushed = self.output.side.queue.push(rest);
            self.output.side.queue.release();
            return match pushed {
                Ok(()) => {
                    self.output.lines = end;
                    (data.len(), self.drain_secure())
                }
                Err(error) => (sent, Err(error)),
            };
        }
        if let (true, Err(error)) = (self.handle.has_messages(), &result) {
            if !error.is_again() {
                // The message is lost, as the error says: of this, what was to leave with it.
                return (if direct == 0 { 0 } else { data.len() }, Err(*error));
            }
        }
        let kept = self.output.keep(&self.handle, rest, end);
        // A short send means that the kernel's buffer is full.
        (sent + kept, Err(result.err().unwrap_or_else(|| self.must_wait(libc::POLLOUT))))
    }

    /// Sends the queue and then `data`; returns how much of `data` went.
    fn send_ahead(&mut self, data: &[u8]) -> Result<usize> {
        let queued = self.output.side.queue.len();
        if queued == 0 {
            return self.push_to_kernel(data, &[]);
        }
        let first = std::mem::take(&mut self.output.side.queue);
        let result = self.push_to_kernel(first.data(), data);
        self.output.side.queue = first;
        let sent = self.sent_or_lost(result, queued)?;
        self.output.dequeue(sent.min(queued));
        Ok(sent.saturating_sub(queued))
    }

    /// Drops a message of that size that was queued and could not be sent, so that it is not glued to the next one.
    fn sent_or_lost(&mut self, result: Result<usize>, size: usize) -> Result<usize> {
        if self.handle.has_messages() && result.is_err_and(|error| !error.is_again()) {
            self.output.dequeue(size);
        }
        result
    }

    /// Sends what must leave of the queue by this buffering.
    pub(super) fn flush(&mut self, buffering: Buffering) -> Result<()> {
        while !self.output.side.queue.is_empty() {
            let queued = self.output.side.queue.len();
            let due =
                self.output.due(&self.handle, buffering, queued, self.output.lines.min(queued));
            if due == 0 {
                return Ok(());
            }
            self.may_send()?;
            let queue = std::mem::take(&mut self.output.side.queue);
            let result = self.push_to_kernel(&queue.data()[..due], &[]);
            self.output.side.queue = queue;
            let sent = self.sent_or_lost(result, due)?;
            self.output.dequeue(sent);
        }
        self.drain_secure()
    }

    /// One send.
    fn push_to_kernel(&mut self, first: &[u8], second: &[u8]) -> Result<usize> {
        if self.engine.is_some() {
            return self.push_secure(first, second).inspect(|&n| self.output.side.count(n));
        }
        if self.output.side.shut && self.output.flags & libc::MSG_NOSIGNAL != 0 {
            // send(2) would first tell that the connection was reset: once, and it is for who reads.
            self.output.side.eof = true;
            return Err(Errno::PIPE);
        }
        let result = match second.is_empty() {
            true => sock::send(self.handle.fd, first, self.output.flags),
            false => send_two(self.handle.fd, first, second, self.output.flags),
        };
        let mut result = result.map_err(Errno::from);
        if matches!(self.establishing.phase, Phase::AwaitConnection) {
            result = self.connecting(result);
        }
        with_now(|now| self.note_sent(now, result))
    }

    /// Notes how a send has ended. EPIPE is remembered as end of file.
    #[inline(always)]
    pub(super) fn note_sent(&mut self, now: &Now, result: Result<usize>) -> Result<usize> {
        match result {
            Ok(count) => {
                self.output.side.count(count);
                self.input.kernel.note_sent(now);
                Ok(count)
            }
            Err(Errno(libc::EINTR)) => Ok(0),
            Err(error) if error.is_again() => Err(self.must_wait(libc::POLLOUT)),
            Err(error) => {
                self.output.side.eof |= error == Errno::PIPE;
                Err(error)
            }
        }
    }
}

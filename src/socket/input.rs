// SPDX-License-Identifier: MIT
//! Receiving: from the kernel into the queue, from the queue to the program.

use super::establish::Phase;
use super::format::{find, Format, Found, Rules};
use super::kernel_buffer::KernelBuffer;
use super::side::{Side, NO_ERROR};
use super::{Direction, Flags, Inner, Socket};
use crate::bytes;
use crate::clock::Span;
use crate::controller::turn::with_now;
use crate::errno::{Errno, Result};
use crate::sys::socket as sock;

/// The most that one receive asks for.
const MOST: usize = 1 << 20;

/// The least room for a message.
const PAGE: usize = 4096;

/// How a receive is made.
#[derive(Clone, Copy, Default)]
pub struct Patience {
    /// Answer EAGAIN without asking the kernel when it is known to have nothing.
    pub wait: bool,
    /// First send what output is pending, if its mode says so. What the kernel does not take yet is waited for together
    /// with the input.
    pub flush: bool,
}

/// What comes from the peer.
pub struct Input {
    pub side: Side,
    /// The front of the queue known to hold no line feed.
    pub scanned: usize,
    /// The queue holds a message, of a socket that keeps boundaries: reads end behind it as at end of file.
    pub message: bool,
    /// A failure of receiving that came while there were still bytes to hand out: told by the next receive.
    pub(super) late: Errno,
    /// TLS ended without the peer saying so.
    pub cut: bool,
    /// Whether such an end is a failure.
    pub strict: bool,
    /// What is known of the kernel's receive buffer.
    pub kernel: KernelBuffer,
}

impl Input {
    pub fn new() -> Input {
        let (side, kernel) = (Side::new(), KernelBuffer::new());
        Input { side, scanned: 0, message: false, late: NO_ERROR, cut: false, strict: true, kernel }
    }

    /// Whether TLS ended without the peer saying so, and that is a failure.
    #[inline]
    pub fn is_cut_short(&self) -> bool {
        self.cut && self.strict
    }
}

impl Socket {
    /// Takes what `format` asks for and hands it to `take` where it lies in the buffer. `None`:
    /// end of file, or what comes is no header. EAGAIN keeps every byte; EPIPE is end of file for
    /// lines and counts.
    ///
    /// `patience` is for callers that wait on `interest` next.
    pub fn receive<R>(
        &self,
        format: Format,
        flags: Flags,
        patience: Patience,
        take: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        self.with(|inner| {
            inner.begin();
            if patience.flush {
                inner.flush_before_input()?;
            }
            inner.look_behind_the_end();
            let wanted = !matches!(format, Format::Exactly(0) | Format::UpTo(0));
            if patience.wait && wanted && inner.has_nothing() {
                inner.release_before_wait()?;
                inner.input.side.queue.release();
                return Err(inner.must_wait_for_input());
            }
            let text = inner.input.side.mode.with(flags).text;
            if patience.wait {
                inner.give_way()?;
            }
            let found = match inner.locate(format, text, patience.wait) {
                Err(error) if !error.is_again() => {
                    inner.want_output();
                    return Err(error);
                }
                found => found?,
            };
            inner.want_more(format);
            let Some((at, length)) = found else {
                return Ok(None);
            };
            Ok(Some(take(inner.input.side.queue.slice(at, length))))
        })
    }

    /// Receives until at least `size` bytes are buffered. EPIPE: fewer come.
    pub fn fill(&self, size: usize) -> Result<()> {
        self.with(|inner| {
            inner.begin();
            inner.flush_before_input()?;
            inner.look_behind_the_end();
            while inner.input.side.queue.len() < size && !inner.input.message {
                if let Err(error) = inner.receive_some(size, false) {
                    if !error.is_again() {
                        inner.want_output();
                    }
                    return Err(match error {
                        Errno::PIPE if inner.input.is_cut_short() => Errno::TRUNCATED,
                        error => error,
                    });
                }
            }
            Ok(())
        })
    }

    /// Puts bytes in front of the input: all or, without memory, nothing (ENOMEM).
    pub fn unget(&self, bytes: &[u8]) -> Result<()> {
        self.with_open(|inner| {
            inner.input.side.queue.unget(bytes)?;
            inner.input.scanned = 0;
            inner.input.side.eof = false; // the end is seen again behind them
            Ok(())
        })
    }

    /// Whether end of file was seen, or the peer refuses more.
    pub fn eof(&self, direction: Direction) -> bool {
        self.ask(false, |inner| inner.side(direction).eof)
    }
}

impl Inner {
    /// Sets what a task waits for that polls the socket after a successful read: for input if the read has emptied
    /// the kernel's buffer to find what it was asked for, and for output if some could not leave.
    #[inline]
    pub(super) fn want_more(&mut self, format: Format) {
        let counted = matches!(format, Format::Exactly(_) | Format::UpTo(_));
        let input = if self.input.kernel.emptied && !counted { libc::POLLIN } else { 0 };
        let output = if std::mem::take(&mut self.output.blocked) { libc::POLLOUT } else { 0 };
        self.interest.events = input | output;
    }

    /// Sets that a task waits for output that polls the socket after a read that waits for nothing, if some could not
    /// leave before it.
    #[cold]
    pub(super) fn want_output(&mut self) {
        if std::mem::take(&mut self.output.blocked) {
            self.interest.events = libc::POLLOUT;
        }
    }

    /// A file, a FIFO or a terminal can have more after its end was seen.
    #[inline]
    fn look_behind_the_end(&mut self) {
        if self.handle.kind == super::NO_SOCKET {
            self.input.side.eof = false;
        }
    }

    /// EAGAIN, with a retry in the next step, if the task has received so much in this turn that other tasks must
    /// run.
    #[inline(always)]
    pub(super) fn give_way(&mut self) -> Result<()> {
        match self.pace.has_read_enough() {
            false => Ok(()),
            true => Err(self.must_come_again()),
        }
    }

    #[cold]
    fn must_come_again(&mut self) -> Errno {
        let again = self.must_wait(0);
        self.interest.retry = Span::ZERO.into();
        again
    }

    /// The error that came before this call, once.
    pub(super) fn tell_late(&mut self) -> Result<()> {
        match std::mem::replace(&mut self.input.late, NO_ERROR) {
            NO_ERROR => Ok(()),
            error => Err(error),
        }
    }

    /// Nothing is buffered here or, as far as is known, in the kernel.
    fn has_nothing(&self) -> bool {
        if !self.input.kernel.drained || !self.input.side.queue.is_empty() {
            return false;
        }
        let open = matches!(self.establishing.phase, Phase::Connected) && !self.input.side.eof;
        open && self.engine.as_ref().is_none_or(|tls| tls.is_dry())
            && self.input.kernel.is_drained()
    }

    /// EAGAIN: input must come, or pending output must go.
    pub(super) fn must_wait_for_input(&mut self) -> Errno {
        let output = if std::mem::take(&mut self.output.blocked) { libc::POLLOUT } else { 0 };
        self.must_wait(libc::POLLIN | output)
    }

    /// Takes bytes off the queue, and tells where they lie.
    #[inline]
    pub(super) fn take(&mut self, consumed: usize) -> usize {
        self.input.scanned = 0;
        let at = self.input.side.queue.consume(consumed);
        self.input.message &= !self.input.side.queue.is_empty();
        at
    }

    /// Finds `format` at the front of the input, receiving as needed, and takes it off the queue; returns where it lies.
    fn locate(
        &mut self,
        format: Format,
        text: bool,
        patient: bool,
    ) -> Result<Option<(usize, usize)>> {
        let line = matches!(format, Format::Line { .. });
        if let Format::UpTo(count) = format {
            self.top_up(count.min(bytes::LARGE));
        }
        let ended = self.input.side.eof || self.input.message;
        if line && self.input.side.queue.is_empty() && !ended {
            self.input.scanned = 0;
            self.receive_more(1, patient)?;
        }
        self.search(format, text, patient)
    }

    /// As `locate`, with what is buffered first.
    pub(super) fn search(
        &mut self,
        format: Format,
        text: bool,
        patient: bool,
    ) -> Result<Option<(usize, usize)>> {
        let line = matches!(format, Format::Line { .. });
        loop {
            let max_line = match format {
                Format::Body(_) => self.input.side.max_line.max(self.input.side.size),
                _ => self.input.side.max_line,
            };
            let scanned = if line { self.input.scanned } else { 0 };
            if self.input.is_cut_short() && matches!(format, Format::All) {
                return Err(Errno::TRUNCATED);
            }
            let eof = self.input.side.eof || self.input.message;
            let rules = Rules { text, max_line, eof, scanned };
            match find(self.input.side.queue.data_mut(), format, rules) {
                Found::Taken { consumed, length } => {
                    return Ok(Some((self.take(consumed), length)))
                }
                Found::Nothing => {
                    self.input.message &= !self.input.side.queue.is_empty();
                    return self.nothing(format);
                }
                Found::Skip(consumed) => {
                    self.input.side.queue.consume(consumed);
                    return Ok(None);
                }
                Found::NeedMore(size) => {
                    self.input.scanned = if line { self.input.side.queue.len() } else { 0 };
                    // A message comes whole, or its end is lost.
                    let size = match format {
                        Format::All if self.handle.has_messages() => bytes::LARGE,
                        Format::UpTo(_) => size.min(bytes::LARGE),
                        _ => size,
                    };
                    self.receive_more(size, patient)?;
                }
            }
        }
    }

    /// As `receive_some`, but at end of file `Ok`: the queue is looked at again, now that this is all.
    #[inline(never)]
    fn receive_more(&mut self, size: usize, patient: bool) -> Result<()> {
        match self.receive_some(size, patient) {
            Err(Errno::PIPE) => Ok(()),
            result => result,
        }
    }

    /// For a read of at most `count` bytes that finds some in the queue: adds what the kernel has. A failure is told
    /// by the next receive.
    fn top_up(&mut self, count: usize) {
        let may = !self.input.side.queue.is_empty() && !self.handle.has_messages();
        while may
            && self.input.side.queue.len() < count
            && !self.input.kernel.is_drained()
            && !self.input.side.eof
        {
            match self.receive_some(count, true) {
                Ok(()) => {}
                Err(Errno::AGAIN | Errno::PIPE) => break,
                Err(error) => {
                    self.input.late = error;
                    break;
                }
            }
        }
        self.begin();
    }

    /// The answer to a read for which there is nothing.
    fn nothing<T>(&self, format: Format) -> Result<Option<T>> {
        match format {
            _ if self.input.is_cut_short() => Err(Errno::TRUNCATED),
            Format::Line { .. } | Format::Exactly(_) | Format::UpTo(_) => Err(Errno::PIPE),
            Format::All | Format::Header { .. } | Format::Body(_) => Ok(None),
        }
    }

    /// Receives about `ask` bytes at most into the queue. Returns also how many it had room for.
    fn receive_into_queue(&mut self, ask: usize, patient: bool) -> (Result<usize>, usize) {
        if self.engine.is_some() {
            let mut queue = std::mem::take(&mut self.input.side.queue);
            let (result, asked) = match queue.room(ask) {
                Ok(room) => {
                    let asked = room.len();
                    (self.receive_secure(room, patient), asked)
                }
                Err(error) => (Err(error), ask),
            };
            self.input.side.queue = queue;
            return (result, asked);
        }
        // The end of a message that does not fit is lost, so exactly `ask` bytes are received: how large the block
        // happens to be must not matter. Of a stream, a few bytes more than the program takes at once would make its
        // next read a small one.
        let exactly = self.handle.has_messages() || ask > bytes::SMALL;
        let mut room = match self.input.side.queue.room(ask) {
            Ok(room) => room,
            Err(error) => return (Err(error), ask),
        };
        if exactly {
            room = &mut room[..ask];
        }
        let asked = room.len();
        (sock::receive(self.handle.fd, room).map_err(Errno::from), asked)
    }

    /// One receive, for a buffer that is to hold `size` bytes. EPIPE at end of file.
    fn receive_some(&mut self, size: usize, patient: bool) -> Result<()> {
        if let Err(error) = self.ensure_established() {
            // The peer went away during the handshake.
            self.input.side.eof |= error == Errno::PIPE;
            return Err(error);
        }
        self.tell_late()?;
        if self.input.side.eof {
            return Err(Errno::PIPE);
        }
        self.release_before_wait()?;
        if patient && self.engine.is_none() && self.input.kernel.is_drained() {
            self.input.side.queue.release();
            return Err(self.must_wait_for_input());
        }
        // The buffer is to hold that much in all: half a line must not make it grow.
        let held = self.input.side.queue.len();
        let usual = match self.handle.has_messages() {
            true => self.input.side.size.max(PAGE).max(size),
            false => self.input.side.size.min(bytes::LARGE).max(held + 1),
        };
        let ask = size.max(usual).saturating_sub(held).clamp(1, MOST);
        let (result, asked) = self.receive_into_queue(ask, patient);
        self.note_received(result, asked)
    }

    /// Notes what a receive has brought, which had room for so many bytes. EPIPE at end of file.
    #[inline(always)]
    pub(super) fn note_received(&mut self, result: Result<usize>, asked: usize) -> Result<()> {
        match result {
            Ok(0) if self.handle.kind == libc::SOCK_DGRAM => {
                (self.input.message, self.input.kernel.drained) = (true, false);
                Ok(())
            }
            Ok(0) => {
                (self.input.side.eof, self.input.kernel.drained) = (true, false);
                self.input.side.queue.release();
                Err(Errno::PIPE)
            }
            Ok(count) => {
                self.input.side.queue.filled(count);
                self.input.message = self.handle.has_messages();
                if self.engine.is_none() {
                    // A short read of a file tells nothing, and pollers refuse to wait for files.
                    let emptied = count < asked && self.handle.kind == libc::SOCK_STREAM;
                    self.input.kernel.drained = false;
                    if emptied {
                        with_now(|now| self.input.kernel.note_drained(now, false));
                    }
                }
                self.input.side.count(count);
                Ok(())
            }
            Err(Errno::TRUNCATED) => {
                (self.input.side.eof, self.input.cut) = (true, true);
                self.input.side.queue.release();
                Err(Errno::PIPE)
            }
            Err(Errno(libc::EINTR)) => Ok(()),
            Err(error) if error.is_again() && self.engine.is_some() => {
                self.input.side.queue.release();
                Err(error)
            }
            Err(error) if error.is_again() => {
                with_now(|now| self.input.kernel.note_drained(now, true));
                self.input.side.queue.release();
                Err(self.must_wait_for_input())
            }
            Err(error) => {
                self.input.side.queue.release();
                Err(error)
            }
        }
    }
}

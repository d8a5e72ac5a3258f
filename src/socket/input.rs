// SPDX-License-Identifier: MIT
//! Receiving: from the kernel into the queue, from the queue to the program.

use super::establish::Phase;
use super::format::{find, Format, Found, Rules};
use super::{queue, Buffering, Direction, Inner, Mode, Socket};
use crate::errno::{Errno, Result};
use crate::sys::socket as sock;

/// The most that one receive asks for.
const MOST: usize = 1 << 20;

/// How a receive is made.
#[derive(Clone, Copy, Default)]
pub struct Patience {
    /// Answer EAGAIN without asking the kernel when it is known to have nothing.
    pub wait: bool,
    /// First send what output is pending, if its mode says so. Failing is left to the next write; what
    /// the kernel does not take yet is waited for together with the input.
    pub flush: bool,
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
        mode: Option<Mode>,
        patience: Patience,
        take: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        let mut inner = self.inner.borrow_mut();
        inner.begin();
        if patience.flush {
            inner.flush_before_input();
        }
        if patience.wait && inner.has_nothing() && format != Format::Exactly(0) {
            inner.input.queue.release();
            return Err(inner.must_wait_for_input());
        }
        let text = mode.unwrap_or(inner.input.mode).text;
        let found = inner.locate(format, text, patience.wait)?;
        let Some((at, length)) = found else {
            return Ok(None);
        };
        Ok(Some(take(inner.input.queue.slice(at, length))))
    }

    /// Receives until at least `size` bytes are buffered. EPIPE: fewer come.
    pub fn fill(&self, size: usize) -> Result<()> {
        let mut inner = self.inner.borrow_mut();
        inner.begin();
        while inner.input.queue.len() < size {
            inner.receive_some(size, false)?;
        }
        Ok(())
    }

    /// Puts bytes in front of the input.
    pub fn unget(&self, bytes: &[u8]) -> Result<()> {
        let mut inner = self.inner.borrow_mut();
        inner.check_open()?;
        inner.scanned = 0;
        inner.input.queue.unget(bytes);
        Ok(())
    }

    /// Whether end of file was seen, or the peer refuses more.
    pub fn eof(&self, direction: Direction) -> bool {
        self.inner.borrow_mut().side(direction).stat.eof
    }
}

impl Inner {
    fn flush_before_input(&mut self) {
        if !self.output.queue.is_empty() && self.output.mode.autoflush {
            self.output_blocked = self.flush(Buffering::No) == Err(Errno::AGAIN);
            self.begin();
        }
    }

    /// Nothing is buffered here or, as far as is known, in the kernel.
    fn has_nothing(&self) -> bool {
        let open = matches!(self.phase, Phase::Connected) && !self.input.stat.eof;
        open && self.drained && self.input.queue.is_empty()
    }

    /// EAGAIN: input must come, or pending output must go.
    fn must_wait_for_input(&mut self) -> Errno {
        let output = if std::mem::take(&mut self.output_blocked) { libc::POLLOUT } else { 0 };
        self.must_wait(libc::POLLIN | output)
    }

    /// Finds `format` at the front of the input, receiving as needed, and takes it off the queue;
    /// returns where it lies.
    fn locate(
        &mut self,
        format: Format,
        text: bool,
        patient: bool,
    ) -> Result<Option<(usize, usize)>> {
        let line = matches!(format, Format::Line { .. });
        loop {
            let max_line = match format {
                Format::Body(_) => self.input.max_line.max(self.input.size),
                _ => self.input.max_line,
            };
            let scanned = if line { self.scanned } else { 0 };
            let rules = Rules { text, max_line, eof: self.input.stat.eof, scanned };
            match find(self.input.queue.data_mut(), format, rules) {
                Found::Taken { consumed, length } => {
                    self.scanned = 0;
                    return Ok(Some((self.input.queue.consume(consumed), length)));
                }
                Found::Nothing => return self.nothing(format),
                Found::Skip(consumed) => {
                    self.input.queue.consume(consumed);
                    return Ok(None);
                }
                Found::NeedMore(size) => {
                    self.scanned = if line { self.input.queue.len() } else { 0 };
                    match self.receive_some(size, patient) {
                        Err(Errno::PIPE) => {} // look again, now that this is all
                        result => result?,
                    }
                }
            }
        }
    }

    fn nothing<T>(&self, format: Format) -> Result<Option<T>> {
        match format {
            Format::Line { .. } | Format::Exactly(_) | Format::UpTo(_) => Err(Errno::PIPE),
            Format::All | Format::Header { .. } | Format::Body(_) => Ok(None),
        }
    }

    /// One receive, for a buffer that is to hold `size` bytes. EPIPE at end of file.
    fn receive_some(&mut self, size: usize, patient: bool) -> Result<()> {
        self.ensure_established()?;
        if self.input.stat.eof {
            return Err(Errno::PIPE);
        }
        if patient && self.drained {
            self.input.queue.release();
            return Err(self.must_wait_for_input());
        }
        // The buffer is to hold that much in all: half a line must not make it grow.
        let held = self.input.queue.len();
        let usual = self.input.size.min(queue::LARGE).max(held + 1);
        let ask = (size.max(usual) - held).min(MOST);
        let room = self.input.queue.room(ask);
        let asked = room.len();
        match sock::receive(self.fd, room).map_err(Errno::from) {
            Ok(0) => {
                self.input.stat.eof = true;
                self.input.queue.release();
                Err(Errno::PIPE)
            }
            Ok(count) => {
                self.input.queue.filled(count);
                self.drained = count < asked;
                self.input.count(count, self.time);
                Ok(())
            }
            Err(Errno(libc::EINTR)) => Ok(()),
            Err(error) if error.is_again() => {
                self.drained = true;
                self.input.queue.release();
                Err(self.must_wait_for_input())
            }
            Err(error) => {
                self.input.queue.release();
                Err(error)
            }
        }
    }
}

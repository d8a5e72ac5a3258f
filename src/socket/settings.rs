// SPDX-License-Identifier: MIT
//! The settings of a socket, and its statistics.

use super::establish::Phase;
use super::side::NO_ERROR;
use super::{Direction, Inner, Mode, Options, Socket, Stat, NO_SOCKET};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::memory::boxed;
use crate::sys::socket as sock;
use std::os::fd::RawFd;

impl Socket {
    /// The mode of a direction.
    pub fn mode(&self, direction: Direction) -> Mode {
        self.ask(Mode::default(), |inner| inner.side(direction).mode)
    }

    /// Sets the mode of a direction.
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

    /// Sets the buffer size of a direction.
    pub fn set_buffer_size(&self, direction: Direction, size: usize) {
        self.ask((), |inner| inner.side(direction).size = size.max(1));
    }

    /// The longest line of a direction.
    pub fn max_line(&self, direction: Direction) -> usize {
        self.ask(0, |inner| inner.side(direction).max_line)
    }

    /// Sets the longest line of a direction.
    pub fn set_max_line(&self, direction: Direction, size: usize) {
        self.ask((), |inner| inner.side(direction).max_line = size.max(1));
    }

    /// The default limit of waiting operations.
    pub fn timeout(&self) -> Option<Span> {
        self.ask(None, |inner| inner.timeout.get())
    }

    /// Sets the default limit of waiting operations.
    pub fn set_timeout(&self, timeout: Option<Span>) {
        self.ask((), |inner| inner.timeout = timeout.into());
    }

    /// The error that a waiting operation left.
    pub fn error(&self, direction: Direction) -> Option<Errno> {
        self.ask(None, |inner| told(inner.side(direction).error))
    }

    /// Sets or clears that error; returns the previous one.
    pub fn set_error(&self, direction: Direction, error: Option<Errno>) -> Option<Errno> {
        self.ask(None, |inner| {
            let error = error.unwrap_or(NO_ERROR);
            told(std::mem::replace(&mut inner.side(direction).error, error))
        })
    }

    /// Statistics of a direction.
    pub fn stat(&self, direction: Direction) -> Stat {
        self.ask(Stat::default(), |inner| {
            let _ = inner.release_held();
            inner.side(direction).stat()
        })
    }

    /// Bytes buffered in a direction.
    pub fn pending(&self, direction: Direction) -> usize {
        self.ask(0, |inner| {
            let _ = inner.release_held();
            inner.side(direction).queue.len()
        })
    }

    /// Whether a TLS stream has ended without the peer saying so.
    pub fn is_truncated(&self) -> bool {
        self.ask(false, |inner| inner.input.cut)
    }

    /// Whether an end of a TLS stream that the peer did not announce is a failure.
    pub fn strict(&self) -> bool {
        self.ask(true, |inner| inner.input.strict)
    }

    /// Sets whether an end of a TLS stream that the peer did not announce is a failure, which is the default.
    pub fn set_strict(&self, on: bool) {
        self.ask((), |inner| inner.input.strict = on);
    }

    /// Applies to an existing socket those options that can still be applied. Its address is not among them.
    pub fn configure(&self, options: &Options) -> Result<()> {
        self.with_open(|inner| {
            let listens = matches!(inner.establishing.phase, Phase::Listening);
            if inner.handle.kind != NO_SOCKET {
                options.apply(
                    inner.handle.fd,
                    inner.handle.known_family()?,
                    inner.handle.kind,
                    listens,
                )?;
            }
            if options.oob_inline {
                inner.look_again();
            }
            options.relax(inner.handle.fd, listens)?;
            inner.follow(options)
        })
    }

    /// The descriptor whose options are asked for or set. ENOTCONN while there is none.
    pub fn option_fd(&self) -> Result<RawFd> {
        match self.open_fd()? {
            -1 => Err(Errno(libc::ENOTCONN)),
            fd => Ok(fd),
        }
    }

    /// setsockopt(2). ENOTCONN while there is no descriptor.
    pub fn set_raw_option(&self, level: i32, name: i32, value: &[u8]) -> Result<()> {
        sock::set_raw_option(self.option_fd()?, level, name, value)?;
        self.ask((), Inner::look_again);
        Ok(())
    }

    /// Whether the time of each operation is noted.
    pub fn notes_time(&self) -> bool {
        self.ask(true, |inner| inner.input.side.is_timed)
    }

    /// Whether a write to a peer that is gone raises no SIGPIPE.
    pub fn avoids_sigpipe(&self) -> bool {
        self.ask(true, |inner| inner.output.flags & libc::MSG_NOSIGNAL != 0)
    }

    /// Uncorks TCP output.
    pub fn uncork(&self) -> Result<()> {
        match self.open_fd() {
            Ok(fd) => Ok(sock::set_option(fd, libc::IPPROTO_TCP, sock::CORK, 0)?),
            Err(error @ (Errno::BUSY | Errno::BADF)) => Err(error),
            Err(_) => Ok(()), // the connection failed, so that nothing is held back
        }
    }
}

/// An error as the program is told of it.
fn told(error: Errno) -> Option<Errno> {
    (error != NO_ERROR).then_some(error)
}

impl Inner {
    fn note_times(&mut self, on: bool) {
        (self.input.side.is_timed, self.output.side.is_timed) = (on, on);
    }

    /// Takes over those options that concern what the library does, and not the descriptor. ENOMEM.
    pub(super) fn follow(&mut self, options: &Options) -> Result<()> {
        let peer = options.peer().map(boxed).transpose()?;
        if peer.is_some() || self.rare.is_some() {
            self.rare()?.peer = peer;
        }
        self.note_times(options.time);
        self.output.flags = if options.no_sigpipe { libc::MSG_NOSIGNAL } else { 0 };
        self.input.strict = options.strict.unwrap_or(self.input.strict);
        Ok(())
    }

    /// Takes over the settings of its listener for an accepted socket.
    pub(super) fn follow_listener(&mut self, listener: &Inner) {
        self.note_times(listener.input.side.is_timed);
        self.output.flags = listener.output.flags;
        (self.handle.accepted, self.handle.empties) = (true, listener.handle.empties);
        self.input.strict = listener.input.strict;
        self.held.follow(&listener.held);
    }
}

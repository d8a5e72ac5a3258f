// SPDX-License-Identifier: MIT
//! A file's bytes, sent by the kernel from the file itself where it can.

use super::{Buffering, Direction, Flags, Socket, NO_SOCKET};
use crate::errno::{Errno, Result};
use crate::sys::sendfile::{read_at, send};
use crate::sys::signal::without_sigpipe;
use std::os::fd::RawFd;

/// The most that one call sends, so that other tasks have their turn.
const MOST: usize = 1 << 20;

/// How much of a file is read at once where the kernel does not send it.
const PIECE: usize = 16384;

impl Socket {
    /// Sends what is buffered, then bytes of a file; returns how many, and what kept the rest from being sent: EAGAIN. 0
    /// and no error: the file has no more.
    pub fn send_file(&self, file: RawFd, offset: u64, count: usize) -> (usize, Result<()>) {
        if let Err(error) = self.flush(None) {
            return (0, Err(error));
        }
        let is_plain =
            self.with_or(false, |inner| inner.engine.is_none() && inner.handle.kind != NO_SOCKET);
        if is_plain {
            match self.send_by_kernel(file, offset, count.min(MOST)) {
                Ok(Some(sent)) => return (sent, Ok(())),
                Ok(None) => {}
                Err(error) => return (0, Err(error)),
            }
        }
        self.send_by_reading(file, offset, count.min(MOST))
    }

    fn send_by_kernel(&self, file: RawFd, offset: u64, count: usize) -> Result<Option<usize>> {
        self.transfer(Direction::Output, |fd, flags| {
            // It has no flag against SIGPIPE.
            let sent = match flags & libc::MSG_NOSIGNAL {
                0 => send(fd, file, offset, count),
                _ => without_sigpipe(|| send(fd, file, offset, count)),
            };
            sent.map(|sent| (sent.unwrap_or(0), sent))
        })
    }

    /// What TLS needs, and systems that cannot send files by themselves.
    fn send_by_reading(&self, file: RawFd, offset: u64, count: usize) -> (usize, Result<()>) {
        let mut sent = 0;
        let mut room = [0; PIECE];
        while sent < count {
            let piece = &mut room[..PIECE.min(count - sent)];
            let read = match read_at(file, piece, offset + sent as u64).map_err(Errno::from) {
                Ok(0) => break,
                Ok(read) => read,
                Err(Errno(libc::EINTR)) => continue,
                Err(error) => return (sent, Err(error)),
            };
            let binary =
                Flags { text: Some(false), buffering: Some(Buffering::No), ..Flags::default() };
            let (taken, result) = self.send(&piece[..read], binary, false, true);
            sent += taken;
            if result.is_err() {
                return (sent, result);
            }
        }
        (sent, Ok(()))
    }
}

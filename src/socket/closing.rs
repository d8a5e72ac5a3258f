// SPDX-License-Identifier: MIT
//! The end of a socket: shutting down, closing, handing the descriptor back.

use super::establish::Phase;
use super::{kernel_buffer, Inner, Socket};
use crate::bytes::Queue;
use crate::errno::{Errno, Result};
use crate::sys::{self, socket as sock};
use std::os::fd::RawFd;

impl Socket {
    /// shutdown(2) of what has not been shut down yet. Output that is still buffered is not sent.
    pub fn shutdown(&self, how: i32) -> Result<()> {
        self.with_open(|inner| {
            if let Err(error) = inner.establish() {
                if !error.is_again() {
                    return Err(error);
                }
            }
            let _ = inner.release_held();
            if ![libc::SHUT_RD, libc::SHUT_WR, libc::SHUT_RDWR].contains(&how) {
                return Err(Errno::BADARG);
            }
            // The kernel refuses both again once the connection is over.
            let input = how != libc::SHUT_WR && !inner.input.side.shut;
            let output = how != libc::SHUT_RD && !inner.output.side.shut;
            let how = match (input, output) {
                (false, false) => return Ok(()),
                (true, false) => libc::SHUT_RD,
                (false, true) => libc::SHUT_WR,
                (true, true) => libc::SHUT_RDWR,
            };
            if output {
                inner.close_secure();
            }
            sock::shutdown(inner.handle.fd, how)?;
            kernel_buffer::note_end();
            inner.input.side.shut |= input;
            inner.output.side.shut |= output;
            Ok(())
        })
    }

    /// Sends all that is buffered, tells the peer that this was all (with TLS, too), and shuts the output down. EAGAIN: to
    /// be repeated; nothing was shut down yet. What has no end of its own, a pipe for one, is only flushed.
    pub fn finish(&self) -> Result<()> {
        self.flush(None)?;
        self.operate(|inner| {
            inner.ensure_established()?;
            inner.say_goodbye()?;
            match sock::shutdown(inner.handle.fd, libc::SHUT_WR).map_err(Errno::from) {
                Ok(()) | Err(Errno(libc::ENOTSOCK | libc::ENOTCONN | libc::EOPNOTSUPP)) => {}
                Err(error) => return Err(error),
            }
            kernel_buffer::note_end();
            inner.output.side.shut = true;
            Ok(())
        })
    }

    /// Takes the descriptor out of every controller, waking who waits for it there, and closes it. Buffered output
    /// is dropped. Closing twice is safe.
    pub fn close(&self) -> Result<()> {
        self.end(|inner| {
            let _ = inner.release_held();
            inner.close_secure();
        })
    }

    /// As `close`, but what is not sent is dropped, by the kernel too, and the peer of a TCP connection is told by a reset.
    /// TLS says no goodbye.
    pub fn abort(&self) -> Result<()> {
        self.end(|inner| {
            if inner.handle.fd >= 0 {
                // What has no such option is closed as ever.
                let _ = sock::reset_on_close(inner.handle.fd);
            }
        })
    }

    fn end(&self, farewell: impl FnOnce(&mut Inner)) -> Result<()> {
        let (fd, owner, last) = self.with(|inner| {
            farewell(inner);
            inner.engine = None;
            if let Some(rare) = &mut inner.rare {
                (rare.listener, rare.place) = (None, None);
            }
            inner.establishing.phase = Phase::Failed(Errno::BADF);
            inner.establishing.plan = None;
            (inner.input.side.queue, inner.output.side.queue) =
                (Queue::default(), Queue::default());
            Ok(inner.handle.give_up())
        })?;
        if fd >= 0 {
            owner.leave(last);
            sys::close(fd);
            kernel_buffer::note_end();
        }
        Ok(())
    }

    /// Gives the descriptor back instead of closing it. The socket is closed then.
    pub fn release(&self) -> Result<RawFd> {
        let (fd, owner, _) = self.with_open(|inner| {
            let _ = inner.release_held();
            Ok(inner.handle.give_up())
        })?;
        owner.leave(false);
        self.close()?;
        Ok(fd)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // EBUSY: an operation on this socket is under way further up the stack. It holds a counted reference to what
        // the socket holds, and closes the descriptor when it drops that.
        let _ = self.close();
    }
}

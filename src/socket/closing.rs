// SPDX-License-Identifier: MIT
//! The end of a socket: shutting down, closing, handing the descriptor back.

use super::establish::Phase;
use super::{held, Inner, Socket};
use crate::bytes::Queue;
use crate::controller::Owner;
use crate::errno::{Errno, Result};
use crate::fork::forks;
use crate::sys::{self, socket as sock};
use std::os::fd::RawFd;

impl Socket {
    /// shutdown(2). Output that is still buffered is not sent.
    pub fn shutdown(&self, how: i32) -> Result<()> {
        self.with_open(|inner| {
            if let Err(error) = inner.establish() {
                if !error.is_again() {
                    return Err(error);
                }
            }
            let _ = inner.release_held();
            if how != libc::SHUT_RD {
                inner.close_secure();
            }
            sock::shutdown(inner.fd, how)?;
            held::note_end();
            inner.input.shut |= how != libc::SHUT_WR;
            inner.output.shut |= how != libc::SHUT_RD;
            Ok(())
        })
    }

    /// Takes the descriptor out of every controller, waking who waits for it there, and closes it. Buffered output
    /// is dropped. Closing twice is safe.
    pub fn close(&self) -> Result<()> {
        let (fd, owner, last) = self.with(|inner| {
            let _ = inner.release_held();
            inner.close_secure();
            inner.tls = None;
            inner.phase = Phase::Failed(Errno::BADF);
            inner.plan = None;
            (inner.input.queue, inner.output.queue) = (Queue::default(), Queue::default());
            Ok(inner.give_up())
        })?;
        if fd >= 0 {
            owner.leave(last);
            sys::close(fd);
            held::note_end();
        }
        Ok(())
    }

    /// Gives the descriptor back instead of closing it. The socket is closed then.
    pub fn release(&self) -> Result<RawFd> {
        let (fd, owner, _) = self.with_open(|inner| {
            let _ = inner.release_held();
            Ok(inner.give_up())
        })?;
        owner.leave(false);
        self.close()?;
        Ok(fd)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Busy: whoever works on it drops the rest.
        let _ = self.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let (fd, owner, last) = self.give_up();
        if fd >= 0 {
            owner.leave(last);
            sys::close(fd);
            held::note_end();
        }
    }
}

impl Inner {
    /// The descriptor and its owner, for the one who closes it, and whether no copy of it is left.
    pub(super) fn give_up(&mut self) -> (RawFd, Owner, bool) {
        let last = !self.exposed && self.born == forks();
        (std::mem::replace(&mut self.fd, -1), self.owner.clone(), last)
    }
}

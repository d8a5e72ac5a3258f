// SPDX-License-Identifier: MIT
//! Messages that do not go through the buffers: one system call moves them, with their addresses and descriptors.

use super::{Direction, Socket};
use crate::controller::turn::with_now;
use crate::errno::{Errno, Result};
use std::os::fd::RawFd;

impl Socket {
    /// Makes one system call that moves bytes without the buffers. EAGAIN when it must wait.
    pub fn transfer<T>(
        &self,
        direction: Direction,
        mut call: impl FnMut(RawFd, i32) -> std::io::Result<(usize, T)>,
    ) -> Result<T> {
        self.operate(|inner| {
            inner.ensure_established()?;
            if direction == Direction::Input {
                inner.flush_before_input()?; // the peer may answer what is pending
            }
            let _ = inner.release_held();
            if inner.engine.is_some() {
                return Err(Errno(libc::EOPNOTSUPP));
            }
            let (fd, flags) = (inner.handle.fd, inner.output.flags);
            loop {
                match call(fd, flags).map_err(Errno::from) {
                    Ok((count, found)) => {
                        inner.side(direction).count(count);
                        if direction == Direction::Output {
                            with_now(|now| inner.input.kernel.note_sent(now));
                        } else {
                            inner.want_output();
                        }
                        return Ok(found);
                    }
                    Err(Errno(libc::EINTR)) => {}
                    Err(error) if error.is_again() && direction == Direction::Input => {
                        return Err(inner.must_wait_for_input())
                    }
                    Err(error) if error.is_again() => return Err(inner.must_wait(libc::POLLOUT)),
                    Err(error) => return Err(error),
                }
            }
        })
    }
}

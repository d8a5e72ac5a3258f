// SPDX-License-Identifier: MIT
//! Child processes whose end can be waited for like anything else: by a pidfd where the system has one, and otherwise
//! by asking at intervals. No handler of SIGCHLD is installed, and nobody is waited for but the child.

mod options;

pub use crate::sys::process::{End, Stream as Given};
pub use options::{ProcessOptions, Stream};

use crate::clock::Span;
use crate::controller::{Member, Owner};
use crate::errno::{Errno, Result};
use crate::fork::{births, forks};
use crate::socket::Socket;
use crate::sys::describe::{words, Ending};
use crate::sys::process::{spawn, Child};
use crate::sys::{orphans, socket as sock};
use std::cell::Cell;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// How often the system is asked without a pidfd: soon at first, as most children are quick, and then less often.
const SOON: Span = Span(1_000_000);
const SELDOM: Span = Span(50_000_000);

/// A child process.
pub struct Process {
    pid: i32,
    /// The child and its place among the orphans. Present until the process is dropped.
    child: Option<(Child, orphans::Place)>,
    end: Cell<Option<Result<End>>>,
    /// How long the next wait goes on before the system is asked again, without a pidfd.
    interval: Cell<Span>,
    /// The caller's ends of standard input, output and error, until they are taken.
    sockets: [Cell<Option<Socket>>; 3],
    /// Takes the descriptor out of the controllers in which a task waits.
    owner: Owner,
    /// The values of `fork::forks` and `fork::births` when it was started.
    born: (u32, u32),
}

impl Process {
    /// Starts a process. What posix_spawn says; EINVAL without a program.
    pub fn start(options: &ProcessOptions) -> Result<Process> {
        orphans::reap();
        let (mut sockets, mut ends) = ([const { None }; 3], [const { None }; 3]);
        for number in 0..3 {
            if options.streams[number] == Stream::Socket {
                let (socket, end) = pair()?;
                (sockets[number], ends[number]) = (Some(socket), Some(end));
            }
        }
        let fds = ends
            .each_ref()
            .map(|end: &Option<OwnedFd>| end.as_ref().map_or(-1, AsRawFd::as_raw_fd));
        let (place, owner, born) = (orphans::Place::new()?, Owner::new()?, (forks(), births()));
        let child = spawn(&options.order(fds)?)?;
        owner.describe(words(Ending(child.pid)));
        Ok(Process {
            pid: child.pid,
            child: Some((child, place)),
            end: Cell::new(None),
            interval: Cell::new(SOON),
            sockets: sockets.map(Cell::new),
            owner,
            born,
        })
    }

    /// How it ended. EAGAIN while it runs; ECHILD if that cannot be known any more.
    pub fn end(&self) -> Result<End> {
        if let Some(end) = self.end.get() {
            return end;
        }
        orphans::reap();
        let end = match self.child()?.fetch() {
            Ok(None) => {
                let next = Span(self.interval.get().0 * 2).min(SELDOM);
                self.interval.set(next);
                return Err(Errno::AGAIN);
            }
            Ok(Some(end)) => Ok(end),
            Err(error) => Err(error.into()),
        };
        self.end.set(Some(end));
        end
    }

    /// Sends a signal. ESRCH once it has ended, EINVAL for what is no signal.
    pub fn kill(&self, signal: i32) -> Result<()> {
        match self.end() {
            Err(error) if error.is_again() => Ok(self.child()?.kill(signal)?),
            _ => Err(Errno(libc::ESRCH)),
        }
    }

    /// Its number, also after its end.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// The caller's end of a standard stream, once. ENOENT if there is none, or it was taken before.
    pub fn take_socket(&self, number: usize) -> Result<Socket> {
        self.sockets[number].take().ok_or(Errno::NOENT)
    }

    /// The descriptor that is readable when it has ended, or -1.
    pub fn fd(&self) -> RawFd {
        self.child().ok().and_then(Child::fd).unwrap_or(-1)
    }

    /// After how long to ask again for the end, where no descriptor tells of it.
    pub fn interval(&self) -> Option<Span> {
        match (self.fd(), self.end.get()) {
            (-1, None) => Some(self.interval.get()),
            (-1, Some(_)) => Some(Span::ZERO),
            _ => None,
        }
    }

    /// What to wait for until it may have ended.
    pub fn interest(&self) -> Member {
        match self.fd() {
            -1 => Member::timeout(self.interval()),
            fd => Member::owned(fd, libc::POLLIN, &self.owner),
        }
    }

    fn child(&self) -> Result<&Child> {
        self.child.as_ref().map(|(child, _)| child).ok_or(Errno::BADF)
    }
}

/// A socket for us, and the other end for a child, which expects a descriptor that blocks.
fn pair() -> Result<(Socket, OwnedFd)> {
    let (ours, theirs) = sock::owned_pair(libc::SOCK_STREAM)?;
    sock::relax(theirs.as_raw_fd(), true, false)?;
    Ok((Socket::adopt_owned(ours)?, theirs))
}

impl Drop for Process {
    fn drop(&mut self) {
        self.owner.leave(self.born.0 == forks());
        let Some((child, place)) = self.child.take() else { return };
        // In a child of fork(2) it is no child.
        if self.end.get().is_none() && self.born.1 == births() {
            place.leave(child);
        }
        orphans::reap();
    }
}

// SPDX-License-Identifier: MIT
//! Linux.
//!
//! Facts: EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR and EPOLLHUP have the values of their poll(2) namesakes.
//! Level-triggered registrations are checked again by every wait, so a descriptor that nobody wants any more must
//! be taken out, or it ends every wait at once; EPOLLERR and EPOLLHUP cannot be masked, so taking out means
//! EPOLL_CTL_DEL. Closing the last reference of an open file takes it out silently. Regular files are refused with
//! EPERM. One wait returns every ready descriptor that fits, so room for as many as are registered means that none
//! waits for the next round. A registration belongs to the open file and not to its number: while copies of a
//! closed descriptor are open it goes on reporting, and cannot be taken out any more but with the whole queue. An
//! epoll can be registered with another one. epoll_pwait2 (5.11) takes nanoseconds; epoll_wait takes milliseconds.

use super::{Events, Token, ALERT};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::{epoll as sys, event};
use std::cell::Cell;
use std::os::fd::RawFd;

/// One descriptor that is ready.
pub type Ready = sys::Event;

/// Beside events, says that an interest is edge-triggered: a wait then need not look again at each descriptor that the wait
/// before has reported. Measured with echoes on bare epoll: 0.07 µs for each report.
pub const EDGES: Events = 0x0800;

/// The events of an interest for epoll_ctl(2).
fn mask(events: Events) -> u32 {
    match events & EDGES {
        0 => events as u32,
        _ => (events & !EDGES | super::DOUBTS) as u32 | libc::EPOLLET as u32,
    }
}

/// An epoll instance.
pub struct Poller {
    fd: RawFd,
    /// An epoll that watches only the queue, for those who poll the controller; -1 before anybody does. The queue
    /// behind it can be replaced.
    front: Cell<RawFd>,
    /// Whether epoll_pwait2 has answered ENOSYS, so that waits are rounded up to milliseconds.
    coarse: Cell<bool>,
}

/// The token of a record, and its events.
pub fn read(ready: &Ready) -> (Token, Events) {
    (ready.u64, ready.events as Events)
}

impl Poller {
    /// An empty queue.
    pub fn new() -> Result<Poller> {
        Ok(Poller { fd: sys::create()?, front: Cell::new(-1), coarse: Cell::new(false) })
    }

    /// The descriptor that is readable when `wait` would return at once.
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// A descriptor for others to poll, which stays the same when the queue is replaced.
    pub fn pollable(&self) -> Result<RawFd> {
        if self.front.get() < 0 {
            let front = sys::create()?;
            if let Err(error) = add_queue(front, self.fd) {
                crate::sys::close(front);
                return Err(error);
            }
            self.front.set(front);
        }
        Ok(self.front.get())
    }

    /// An empty queue under the same numbers.
    pub fn renew(&mut self, inherited: bool) -> Result<()> {
        crate::sys::replace(sys::create()?, self.fd)?;
        if self.front.get() < 0 {
            return Ok(());
        }
        if inherited {
            crate::sys::replace(sys::create()?, self.front.get())?;
        }
        add_queue(self.front.get(), self.fd)
    }

    /// Changes the interest in `fd`.
    pub fn set(&self, fd: RawFd, token: Token, before: Events, after: Events) -> Result<()> {
        let change = |op| sys::control(self.fd, op, fd, mask(after), token).map_err(Errno::from);
        let (op, other, missing) = match (before, after) {
            (_, 0) => {
                let _ = change(libc::EPOLL_CTL_DEL); // gone already is as good
                return Ok(());
            }
            (0, _) => (libc::EPOLL_CTL_ADD, libc::EPOLL_CTL_MOD, libc::EEXIST),
            (_, _) => (libc::EPOLL_CTL_MOD, libc::EPOLL_CTL_ADD, libc::ENOENT),
        };
        match change(op) {
            Err(Errno(code)) if code == missing => change(other),
            result => result,
        }
    }

    /// Nothing to do: the kernel forgets the descriptor by itself, epoll(7) Q6.
    pub fn closing(&self, _fd: RawFd) {}

    /// Nothing to do: interest never ends by itself.
    pub fn settle(&self) {}

    /// Waits for readiness.
    pub fn wait(&self, ready: &mut Vec<Ready>, room: usize, limit: Option<Span>) -> Result<()> {
        ready.clear();
        ready.try_reserve(room.max(16)).map_err(|_| Errno::NOMEM)?;
        match limit {
            None => Ok(sys::wait(self.fd, ready, -1)?),
            Some(Span::ZERO) => Ok(sys::wait(self.fd, ready, 0)?),
            Some(span) => self.wait_limited(ready, span),
        }
    }

    fn wait_limited(&self, ready: &mut Vec<Ready>, span: Span) -> Result<()> {
        if !self.coarse.get() {
            match sys::wait_nanoseconds(self.fd, ready, span.0) {
                Err(e) if e.raw_os_error() == Some(libc::ENOSYS) => self.coarse.set(true),
                result => return Ok(result?),
            }
        }
        let milliseconds = span.0.div_ceil(1_000_000).min(i32::MAX as u64);
        Ok(sys::wait(self.fd, ready, milliseconds as i32)?)
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        crate::sys::close(self.fd);
        if self.front.get() >= 0 {
            crate::sys::close(self.front.get());
        }
    }
}

fn add_queue(front: RawFd, queue: RawFd) -> Result<()> {
    Ok(sys::control(front, libc::EPOLL_CTL_ADD, queue, libc::EPOLLIN as u32, 0)?)
}

/// An eventfd, registered with a queue that another thread may be waiting on.
pub fn alert_create(queue: RawFd) -> Result<RawFd> {
    let fd = event::create(false)?;
    if let Err(error) = sys::control(queue, libc::EPOLL_CTL_ADD, fd, libc::EPOLLIN as u32, ALERT) {
        crate::sys::close(fd);
        return Err(error.into());
    }
    Ok(fd)
}

/// Registers it with another queue.
pub fn alert_move(alert: RawFd, queue: RawFd) -> Result<RawFd> {
    sys::control(queue, libc::EPOLL_CTL_ADD, alert, libc::EPOLLIN as u32, ALERT)?;
    Ok(alert)
}

/// Makes it readable.
pub fn alert_raise(alert: RawFd) {
    // The counter cannot overflow: it is written once between two clears.
    let _ = event::raise(alert);
}

/// Makes it unreadable again.
pub fn alert_clear(alert: RawFd) {
    event::clear(alert);
}

/// Closes it.
pub fn alert_close(alert: RawFd) {
    crate::sys::close(alert);
}

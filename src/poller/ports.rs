// SPDX-License-Identifier: MIT
//! Solaris and illumos.
//!
//! Facts: an association ends with its event. While a descriptor is ready, associating it puts an event into
//! the port at once, which stays there when the descriptor is drained meanwhile. Closing the descriptor takes both out.
//! Files and directories are always ready. Programs may put events into the port.
//!
//! So a descriptor that was reported is associated again only when those who were woken have run
//! (`settle`), which costs one system call each; and what the port says is asked again of poll(2), all
//! of it in one call, so that nobody is woken for what somebody else has read.

use super::{Events, Token, ALERT};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::{self, poll, ports as port};
use std::cell::RefCell;
use std::os::fd::RawFd;

/// There is no edge-triggered interest here.
pub const EDGES: Events = 0;

/// One descriptor that is ready.
pub struct Ready {
    token: Token,
    events: Events,
}

/// A port.
pub struct Poller {
    fd: RawFd,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// By descriptor.
    rows: Vec<Row>,
    /// Descriptors whose association has ended with its event. Some may have been changed since.
    reported: Vec<RawFd>,
    /// The port's answer and poll(2)'s, kept for their allocations.
    events: Vec<port::Event>,
    answers: Vec<poll::Question>,
}

#[derive(Clone, Copy, Default)]
struct Row {
    interest: Events,
    /// The token by which it is reported.
    token: Token,
    /// Whether it is in `reported`, and to be associated again.
    ended: bool,
}

/// The token of a record, and its events.
pub fn read(ready: &Ready) -> (Token, Events) {
    (ready.token, ready.events)
}

impl Poller {
    /// An empty queue.
    pub fn new() -> Result<Poller> {
        Ok(Poller { fd: port::create()?, state: RefCell::default() })
    }

    /// The descriptor that is readable when `wait` would return at once.
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// Closed descriptors leave no associations behind, so the port need not be replaced.
    pub fn pollable(&self) -> Result<RawFd> {
        Ok(self.fd)
    }

    /// Makes another port, under another number.
    pub fn renew(&mut self, _inherited: bool) -> Result<()> {
        *self = Poller::new()?;
        Ok(())
    }

    /// Changes the interest in `fd`.
    pub fn set(&self, fd: RawFd, token: Token, before: Events, after: Events) -> Result<()> {
        if before == 0 {
            super::check_descriptor(self.fd, fd)?;
        }
        let mut state = self.state.borrow_mut();
        let row = state.row(fd);
        match (after, row.ended) {
            (0, true) => {}
            (0, false) => drop(port::dissociate(self.fd, fd)), // gone already is as good
            (_, true) if after & !before == 0 => {
                (row.interest, row.token) = (after, token);
                return Ok(());
            }
            _ => self.associate(fd, after)?,
        }
        *row = Row { interest: after, token, ended: false };
        Ok(())
    }

    /// The kernel forgets the descriptor by itself. Here its row is emptied, so that it is not associated again.
    pub fn closing(&self, fd: RawFd) {
        *self.state.borrow_mut().row(fd) = Row::default();
    }

    /// Waits for readiness.
    pub fn wait(&self, ready: &mut Vec<Ready>, room: usize, limit: Option<Span>) -> Result<()> {
        super::wait_until_done(limit, |left| self.wait_once(ready, room, left))
    }

    /// Associates the descriptors that were reported again.
    pub fn settle(&self) {
        let mut state = self.state.borrow_mut();
        let State { rows, reported, .. } = &mut *state;
        reported.retain(|&fd| {
            let row = &mut rows[fd as usize];
            // Without memory it is tried again by the next call; a descriptor that was closed is forgotten.
            let failed = |error| error == Errno(libc::ENOMEM) || error == Errno(libc::EAGAIN);
            row.ended = row.ended && self.associate(fd, row.interest).is_err_and(failed);
            row.ended
        });
    }

    /// Waits once. Returns whether the wait is done: not if the port reported events, but no descriptor is ready.
    fn wait_once(&self, ready: &mut Vec<Ready>, room: usize, limit: Option<Span>) -> Result<bool> {
        self.settle();
        ready.clear();
        let mut state = self.state.borrow_mut();
        let State { rows, reported, events, answers } = &mut *state;
        events.clear();
        events.try_reserve(room.max(16)).map_err(|_| Errno::NOMEM)?;
        port::wait(self.fd, events, limit.map(|span| span.0))?;
        answers.clear();
        for event in events.iter() {
            match port::source(event) {
                port::SOURCE_USER => ready.push(Ready { token: ALERT, events: libc::POLLIN }),
                _ => {
                    let fd = port::object(event) as RawFd;
                    let row = &mut rows[fd as usize];
                    row.ended = true;
                    reported.push(fd);
                    answers.push(poll::Question { fd, events: row.interest, revents: 0 });
                }
            }
        }
        if !answers.is_empty() {
            poll::ask(answers)?;
        }
        let found = answers.iter().filter(|answer| answer.revents & !libc::POLLNVAL != 0);
        ready.extend(found.map(|answer| {
            let token = rows[answer.fd as usize].token;
            Ready { token, events: answer.revents }
        }));
        Ok(events.is_empty() || !ready.is_empty())
    }

    fn associate(&self, fd: RawFd, events: Events) -> Result<()> {
        match port::associate(self.fd, fd, events.into(), 0).map_err(Errno::from) {
            Err(Errno(libc::EBADFD)) => Err(Errno(libc::EBADF)),
            other => other,
        }
    }
}

impl State {
    fn row(&mut self, fd: RawFd) -> &mut Row {
        let index = fd as usize;
        if index >= self.rows.len() {
            self.rows.resize(index + 1, Row::default());
        }
        &mut self.rows[index]
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        sys::close(self.fd);
    }
}

/// The port itself.
pub fn alert_create(queue: RawFd) -> Result<RawFd> {
    Ok(queue)
}

/// The alert is the port itself.
pub fn alert_move(_alert: RawFd, queue: RawFd) -> Result<RawFd> {
    alert_create(queue)
}

/// Puts an event into the port.
pub fn alert_raise(alert: RawFd) {
    let _ = port::send(alert, 0, 0);
}

/// Nothing to do: reporting the event has taken it out of the port.
pub fn alert_clear(_alert: RawFd) {}

/// Nothing to do: the event goes with the port.
pub fn alert_close(_alert: RawFd) {}

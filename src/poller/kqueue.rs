// SPDX-License-Identifier: MIT
//! macOS and the BSDs.
//!
//! Facts: reading and writing are two registrations of a descriptor, reported separately; a filter
//! may be added again, which changes its token but not its flags. Closing a descriptor takes its
//! registrations out silently. EV_EOF says that one direction has ended, and not which of the words of
//! poll(2) that is; urgent data has a filter on some systems only: what is in doubt is asked of
//! poll(2). Files are ready unless they have been read to their end, which would be waited for in vain.
//! The queue is not inherited by a child of fork(2), where its number soon belongs to somebody else.
//! EVFILT_USER: FreeBSD, macOS, DragonFly, NetBSD 10, OpenBSD 7.8.
//!
//! Changes are handed over at once and not with the next wait: `set` tells of errors, and the
//! queue's own descriptor has to be right for those who poll it in between.

use super::{Events, Token, ALERT};
use crate::clock::Span;
use crate::errno::{Errno, Result};
use crate::sys::{self, kqueue as queue, poll};
use libc::{POLLIN, POLLOUT, POLLPRI};
use queue::{Event, Filter, Flags};
use std::cell::RefCell;
use std::os::fd::RawFd;

/// There is no edge-triggered interest here.
pub const EDGES: Events = 0;

/// One descriptor that is ready.
pub struct Ready {
    fd: RawFd,
    token: Token,
    events: Events,
    /// The events to ask poll(2) for, where the filters do not say enough.
    doubt: Events,
}

/// A kqueue.
pub struct Poller {
    fd: RawFd,
    /// The process that made the queue, which alone may close it.
    process: u32,
    /// The kernel's answer, kept for its allocation.
    events: RefCell<Vec<Event>>,
    /// By descriptor, the index of its record in `ready`, if that record is about this descriptor.
    places: RefCell<Vec<u32>>,
    /// By descriptor, the token by which it is reported.
    tokens: RefCell<Vec<Token>>,
}

/// The token of a record, and its events.
pub fn read(ready: &Ready) -> (Token, Events) {
    (ready.token, ready.events)
}

impl Poller {
    /// An empty queue.
    pub fn new() -> Result<Poller> {
        Ok(Poller {
            fd: queue::create()?,
            process: std::process::id(),
            events: RefCell::default(),
            places: RefCell::default(),
            tokens: RefCell::default(),
        })
    }

    /// Closed descriptors leave no registrations behind, so the queue need not be replaced.
    pub fn pollable(&self) -> Result<RawFd> {
        Ok(self.fd)
    }

    /// Makes another queue, under another number. A child of fork(2) has not inherited the old one.
    pub fn renew(&mut self, _inherited: bool) -> Result<()> {
        *self = Poller::new()?;
        Ok(())
    }

    /// The descriptor that is readable when `wait` would return at once.
    pub fn fd(&self) -> RawFd {
        self.fd
    }

    /// Changes the interest in `fd`.
    pub fn set(&self, fd: RawFd, token: Token, before: Events, after: Events) -> Result<()> {
        if before == 0 {
            super::check_descriptor(self.fd, fd)?;
        }
        self.note(fd, token);
        let (had, wanted) = (rows(before), rows(after));
        // A filter keeps the flags that it was added with.
        self.remove(fd, had, |row| wanted.iter().any(|w| w.0 == row.0 && w.1 != row.1));
        let changes = wanted.iter().map(|&(filter, flags, notes)| {
            queue::event(fd as usize, filter, queue::ADD | flags, notes, after as usize)
        });
        if let Err(error) = self.change(changes) {
            self.remove(fd, wanted, |row| !had.contains(row));
            return Err(error);
        }
        self.remove(fd, had, |row| !wanted.iter().any(|w| w.0 == row.0));
        Ok(())
    }

    fn note(&self, fd: RawFd, token: Token) {
        let mut tokens = self.tokens.borrow_mut();
        if fd as usize >= tokens.len() {
            tokens.resize(fd as usize + 1, ALERT);
        }
        tokens[fd as usize] = token;
    }

    /// Nothing to do: the kernel forgets the descriptor by itself.
    pub fn closing(&self, _fd: RawFd) {}

    /// Waits for readiness.
    pub fn wait(&self, ready: &mut Vec<Ready>, room: usize, limit: Option<Span>) -> Result<()> {
        super::wait_until_done(limit, |left| self.wait_once(ready, room, left))
    }

    /// Nothing to do: interest never ends by itself.
    pub fn settle(&self) {}

    /// Waits once. Returns whether the wait is done: not if the kernel reported events, but no descriptor is ready.
    fn wait_once(&self, ready: &mut Vec<Ready>, room: usize, limit: Option<Span>) -> Result<bool> {
        ready.clear();
        let mut events = self.events.borrow_mut();
        events.clear();
        events.try_reserve(MOST_ROWS * room.max(16)).map_err(|_| Errno::NOMEM)?;
        queue::wait(self.fd, &mut events, limit.map(|span| span.0))?;
        let mut places = self.places.borrow_mut();
        let tokens = self.tokens.borrow();
        for event in events.iter() {
            match queue::filter(event) {
                queue::USER => {
                    ready.push(Ready { fd: self.fd, token: ALERT, events: POLLIN, doubt: 0 })
                }
                _ => merge(ready, &mut places, &tokens, event),
            }
        }
        if ready.iter().any(|record| record.doubt != 0) {
            ask(ready)?;
        }
        Ok(events.is_empty() || !ready.is_empty())
    }

    fn change(&self, changes: impl Iterator<Item = Event>) -> Result<()> {
        let mut list = [queue::event(0, queue::READ, 0, 0, 0); MOST_ROWS];
        let count = list.iter_mut().zip(changes).map(|(place, change)| *place = change).count();
        match count {
            0 => Ok(()),
            count => Ok(queue::change(self.fd, &list[..count])?),
        }
    }

    /// Takes some registrations out. If one is not there, none is: the descriptor was closed.
    fn remove(&self, fd: RawFd, rows: &[Row], which: impl Fn(&Row) -> bool) {
        let chosen = rows.iter().filter(|row| which(row));
        let _ =
            self.change(chosen.map(|row| queue::event(fd as usize, row.0, queue::DELETE, 0, 0)));
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        if self.process == std::process::id() {
            sys::close(self.fd);
        }
    }
}

/// A registration: filter, flags, notes.
type Row = (Filter, Flags, u32);

/// The most that a descriptor has.
const MOST_ROWS: usize = 3;

const READ: Row = (queue::READ, 0, 0);
/// For urgent data where reading is not wanted: tells of hang-ups, and of urgent data as far as other data comes with
/// it, but does not report again and again that there is something to read.
const NEWS: Row = (queue::READ, queue::CLEAR, 0);
const WRITE: Row = (queue::WRITE, 0, 0);

/// The registrations that an interest is made of.
fn rows(events: Events) -> &'static [Row] {
    match (events & POLLIN != 0, events & POLLOUT != 0, events & POLLPRI != 0) {
        (false, false, false) => &[],
        (true, false, false) => &[READ],
        (false, true, false) => &[WRITE],
        (true, true, false) => &[READ, WRITE],
        (true, false, true) => with_urgent(&[READ, URGENT]),
        (false, false, true) => with_urgent(&[NEWS, URGENT]),
        (true, true, true) => with_urgent(&[READ, WRITE, URGENT]),
        (false, true, true) => with_urgent(&[NEWS, WRITE, URGENT]),
    }
}

const URGENT: Row = match queue::URGENT {
    Some((filter, note)) => (filter, 0, note),
    None => NEWS,
};

/// The rows without the last one, `URGENT`, on systems without a filter for urgent data.
fn with_urgent(rows: &'static [Row]) -> &'static [Row] {
    &rows[..rows.len() - usize::from(queue::URGENT.is_none())]
}

/// Adds what one filter says to the record of its descriptor.
fn merge(ready: &mut Vec<Ready>, places: &mut Vec<u32>, tokens: &[Token], event: &Event) {
    let fd = queue::ident(event) as RawFd;
    let interest = queue::token(event) as Events;
    let events = interest
        & match queue::filter(event) {
            queue::READ => POLLIN,
            queue::WRITE => POLLOUT,
            _ => POLLPRI,
        };
    let doubtful = queue::flags(event) & queue::EOF != 0 || interest & POLLPRI != 0;
    let doubt = if doubtful { interest } else { 0 };
    let index = queue::ident(event);
    if index >= places.len() {
        places.resize(index + 1, 0);
    }
    // A place that was noted in an earlier wait is that of another descriptor now, or of none.
    match ready.get_mut(places[index] as usize) {
        Some(record) if record.fd == fd => {
            record.events |= events;
            record.doubt |= doubt;
        }
        _ => {
            places[index] = ready.len() as u32;
            ready.push(Ready { fd, token: tokens[index], events, doubt });
        }
    }
}

/// Asks poll(2) for the events of those records for which the filters do not say enough.
fn ask(ready: &mut Vec<Ready>) -> Result<()> {
    let doubtful = ready.iter_mut().filter(|record| record.doubt != 0);
    let (mut records, mut questions): (Vec<_>, Vec<_>) = doubtful
        .map(|record| {
            let question = poll::Question { fd: record.fd, events: record.doubt, revents: 0 };
            (record, question)
        })
        .unzip();
    poll::ask(&mut questions)?;
    for (record, question) in records.iter_mut().zip(&questions) {
        // Of some devices on macOS poll(2) knows nothing. Then the filters' events count, which would come again.
        match question.revents & !libc::POLLNVAL {
            0 => {}
            answer => record.events = answer,
        }
    }
    ready.retain(|record| record.events != 0);
    Ok(())
}

/// Registers EVFILT_USER, by which programs put events into the queue.
pub fn alert_create(queue: RawFd) -> Result<RawFd> {
    let event = queue::event(0, queue::USER, queue::ADD | queue::CLEAR, 0, 0);
    queue::change(queue, &[event])?;
    Ok(queue)
}

/// The alert is the queue itself: the new queue gets one of its own.
pub fn alert_move(_alert: RawFd, queue: RawFd) -> Result<RawFd> {
    alert_create(queue)
}

/// Makes it ready.
pub fn alert_raise(alert: RawFd) {
    let _ = queue::change(alert, &[queue::event(0, queue::USER, 0, queue::NOTE_TRIGGER, 0)]);
}

/// Nothing to do: reporting the event has cleared it (EV_CLEAR).
pub fn alert_clear(_alert: RawFd) {}

/// Nothing to do: the event goes with the queue.
pub fn alert_close(_alert: RawFd) {}

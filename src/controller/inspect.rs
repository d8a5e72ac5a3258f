// SPDX-License-Identifier: MIT
//! Looking at a controller from outside: a task of the controller's own, which tells whoever connects to a UNIX socket
//! what the tasks do.
//!
//! The task runs when somebody connects, and when a reader can take more. It is neither counted nor listed, so a loop
//! ends beside it, and it costs nothing but the registration of its listener. Readers are few, each with one answer in
//! memory and a deadline; what they do not take is waited for, never written against.

use super::inspect_socket::PathListener;
use super::report::Form;
use super::running::Running;
use super::{Controller, Descriptor, Member, Payload, TaskId};
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};
use crate::sys::memory::boxed;
use crate::sys::socket;

/// What tells others of the tasks.
pub struct Inspector {
    task: TaskId,
    listener: PathListener,
    readers: Vec<Reader>,
    /// Until when nobody is accepted: there were no descriptors left.
    rests: Option<Instant>,
}

/// Somebody who has connected.
struct Reader {
    socket: Descriptor,
    state: Reading,
    /// When it is served without a request, or given up.
    until: Instant,
}

enum Reading {
    /// What has come of a request.
    Asks([u8; REQUEST], usize),
    /// The form is known, and a binding is to tell in this step where its tasks stand.
    Waits(Form),
    /// An answer, and how much of it was sent.
    Takes(Vec<u8>, usize),
}

impl Controller {
    /// Serves what the tasks do at a path, instead of at another one. Begins to count. EBADF after close; otherwise as
    /// `PathListener::new`.
    pub fn inspect(&self, path: &[u8]) -> Result<()> {
        self.state.borrow().check_open()?;
        let listener = PathListener::new(path)?;
        let mut readers = Vec::new();
        readers.try_reserve_exact(MOST_READERS).map_err(|_| Errno::NOMEM)?;
        self.count_on()?;
        self.stop_inspecting();
        let task = self.spawn(Payload::Inspector)?;
        self.state.borrow_mut().uncounted = 1;
        let made = boxed(Inspector { task, listener, readers, rests: None });
        let result = made.map_err(Errno::from).and_then(|inspector| self.keep_inspector(inspector));
        match result {
            Ok(()) => self.tell_running(Running::new(path).ok()), // if that can be
            Err(_) => self.drop_inspector_task(task),
        }
        result
    }

    /// Stops that, and removes the path.
    pub fn stop_inspecting(&self) {
        let inspector = self.state.borrow_mut().inspector.take();
        if let Some(inspector) = inspector {
            self.drop_inspector_task(inspector.task);
        }
    }

    /// A child of fork(2) does not serve what its parent serves.
    pub(super) fn disinherit_inspector(&self) {
        let is_ours = |inspector: &Inspector| inspector.listener.is_ours();
        if !self.state.borrow().inspector.as_deref().is_none_or(is_ours) {
            self.stop_inspecting();
        }
    }

    /// Removes the task before its descriptors are closed, which want the state for themselves.
    fn drop_inspector_task(&self, task: TaskId) {
        self.tell_running(None);
        let mut state = self.state.borrow_mut();
        if state.check_task(task).is_ok() {
            state.remove_task(task.index);
            state.uncounted = 0;
        }
    }

    /// Parks the task. On failure the inspector is dropped.
    fn keep_inspector(&self, inspector: Box<Inspector>) -> Result<()> {
        self.park_on(inspector.task, true, inspector.members())?;
        self.state.borrow_mut().inspector = Some(inspector);
        Ok(())
    }

    /// Asks a binding to tell where its tasks stand, if there is one that can.
    fn want_places(&self) -> bool {
        let places = &mut self.state.borrow_mut().places;
        places.are_wanted = places.can_be_told;
        places.can_be_told
    }

    /// One turn of the task: accepts, reads and writes what can be without waiting.
    #[cold]
    pub(super) fn tell_readers(&self) {
        let inspector = self.state.borrow_mut().inspector.take();
        let Some(mut inspector) = inspector else { return };
        let (task, now) = (inspector.task, Instant::now());
        inspector.accept(now);
        let waited = |reader: &Reader| matches!(reader.state, Reading::Waits(_));
        let were_told = inspector.readers.iter().any(waited);
        inspector.readers.retain_mut(|reader| reader.go_on(self, now).is_some_and(|goes| goes));
        if were_told {
            self.state.borrow_mut().extras.forget_places();
        }
        if self.park_on(task, true, inspector.members()).is_err() {
            inspector.readers.clear(); // without memory, perhaps
        } else {
            self.state.borrow_mut().inspector = Some(inspector);
            return;
        }
        if self.keep_inspector(inspector).is_err() {
            self.drop_inspector_task(task);
        }
    }
}

impl Inspector {
    /// What the task waits for.
    fn members(&self) -> impl Iterator<Item = Member> + '_ {
        let now = Instant::now();
        let listener = match self.rests {
            _ if self.readers.len() >= MOST_READERS => Member::NOTHING,
            Some(until) => Member::timeout(Some(until.since(now))),
            None => self.listener.member(),
        };
        let readers = self.readers.iter().map(move |reader| reader.member(now));
        std::iter::once(listener).chain(readers)
    }

    fn accept(&mut self, now: Instant) {
        self.rests = self.rests.filter(|&until| until > now);
        // Of those who may not read, some are refused in a turn, and the others in the next.
        for _ in 0..MOST_READERS {
            if self.rests.is_some() || self.readers.len() >= MOST_READERS {
                return;
            }
            match self.listener.accept() {
                Ok(Some(socket)) => {
                    let state = Reading::Asks([0; REQUEST], 0);
                    self.readers.push(Reader { socket, state, until: now.after(ASKING) });
                }
                Ok(None) | Err(Errno(libc::EINTR | libc::ECONNABORTED)) => {}
                Err(Errno::AGAIN) => return,
                Err(_) => self.rests = Some(now.after(REST)),
            }
        }
    }
}

impl Reader {
    fn member(&self, now: Instant) -> Member {
        let events = match self.state {
            Reading::Waits(_) => return Member::timeout(Some(Span::ZERO)),
            Reading::Asks(..) => libc::POLLIN,
            Reading::Takes(..) => libc::POLLOUT,
        };
        self.socket.member(events).within(Some(self.until.since(now)))
    }

    /// Reads or writes what can be. `None` if that failed, `false` when all is done.
    fn go_on(&mut self, cq: &Controller, now: Instant) -> Option<bool> {
        if let Reading::Asks(request, size) = &mut self.state {
            let Some(form) = read_request(&self.socket, request, size, now >= self.until)? else {
                return Some(true);
            };
            self.state = Reading::Waits(form);
            if cq.want_places() {
                return Some(true);
            }
        }
        if let Reading::Waits(form) = self.state {
            self.state = Reading::Takes(cq.report(form)?, 0);
            self.until = now.after(TAKING);
        }
        let Reading::Takes(answer, sent) = &mut self.state else { return None };
        match socket::send(self.socket.fd(), &answer[*sent..], libc::MSG_NOSIGNAL) {
            Ok(size) => *sent += size,
            Err(error) if may_go_on(&error) => {}
            Err(_) => return None,
        }
        if *sent < answer.len() {
            return (now < self.until).then_some(true);
        }
        // What was said and not read would be told to the reader as a broken connection.
        let _ = socket::receive(self.socket.fd(), &mut [0; 256]);
        Some(false)
    }
}

/// Which form is asked for: known at the end of a line, of the stream, or of the time for asking.
fn read_request(
    socket: &Descriptor,
    request: &mut [u8; REQUEST],
    size: &mut usize,
    late: bool,
) -> Option<Option<Form>> {
    let over = match socket::receive(socket.fd(), &mut request[*size..]) {
        Ok(0) => true,
        Ok(more) => {
            *size += more;
            *size == REQUEST || request[..*size].contains(&b'\n')
        }
        Err(error) if may_go_on(&error) => late,
        Err(_) => return None,
    };
    Some(over.then(|| Form::named(&request[..*size])))
}

fn may_go_on(error: &std::io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN | libc::EINTR))
}

/// How many are served at once; others wait to be accepted. Each has an answer in memory, of some hundred bytes a task.
const MOST_READERS: usize = 4;

/// The longest request.
const REQUEST: usize = 8;

/// How long a request is waited for: `socat` and the like send none. What asks, asks at once.
const ASKING: Span = Span(250_000_000);

/// How long a reader may take: a pager that nobody looks at holds its answer no longer.
const TAKING: Span = Span(10_000_000_000);

/// For how long nobody is accepted when there are no descriptors: the listener would stay ready, and wake the loop.
const REST: Span = Span(1_000_000_000);

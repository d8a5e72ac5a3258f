// SPDX-License-Identifier: MIT
//! The place of a query at a connection. As at shared ports (`ports.rs`) one of those who wait on a connection, the
//! leader, waits for the descriptor and receives for all.

use super::kept::choose;
use super::link::local_address;
use super::route::Route;
use super::stream::{Failure, Place, Stream};
use crate::clock::{Instant, Span};
use crate::controller::{Condition, Member};
use crate::dns::message::query::ROOM;
use crate::dns::resolve::exchange::Exchange;
use crate::errno::{Errno, Result};
use crate::random;
use crate::sys::describe::Words;
use crate::sys::memory::AtomicShared;
use crate::thread_id::this_thread;
use std::cell::RefCell;
use std::sync::Arc;

/// How many answers may be outstanding that nobody waits for any more. Chosen: a server that leaves so many queries
/// without an answer is no good, and their ids are not free.
const GIVEN_UP: usize = 64;

/// From when on a connection is suspect over which nothing came. Chosen: most answers come sooner, and programs that wait less
/// for an answer than the resolver does give their queries up later. With less, queries that were given up end connections
/// that are only slow; with more, a connection whose server is gone takes more queries.
const SUSPECT: Span = Span(1_000_000_000);

/// A query's place at a connection.
pub struct Seat {
    stream: Arc<Stream>,
    id: u16,
    place: Arc<Place>,
    /// The connection was made for this query.
    first: bool,
    /// How many answers had come before.
    answers: u64,
    /// When it was sent.
    sent: Instant,
}

/// Sends a query over a connection: one that there is, or a new one; a new one if it is to be `alone`. The exchange gets
/// another id if its own is taken there. `condition` is signalled when it is time to look.
pub fn send(
    exchange: &mut Exchange,
    route: &Route,
    condition: &AtomicShared<Condition>,
    alone: bool,
    now: Instant,
) -> Result<Seat> {
    let known = if alone { None } else { choose(route, now) };
    let first = known.is_none();
    let stream = known.map_or_else(|| Stream::open(route, alone, now), Ok)?;
    if exchange.needs_address() {
        exchange.leave_from(local_address(stream.socket.interest().fd));
    }
    while stream.is_taken(exchange.id()) {
        exchange.set_id(random::id());
    }
    let mut room = [0; ROOM];
    let query = exchange.query(&mut room);
    let length = query.len() as u16;
    stream.unsent.borrow_mut().extend(length.to_be_bytes());
    stream.unsent.borrow_mut().extend(query);
    let condition = RefCell::new(condition.clone());
    #[allow(clippy::arc_with_non_send_sync)] // other threads only ever drop it
    let place =
        Arc::new(Place { inbox: RefCell::default(), failure: RefCell::default(), condition });
    let (id, answers) = (exchange.id(), stream.answers.get());
    stream.waiting.borrow_mut().insert(id, Arc::clone(&place));
    match stream.transmit() {
        Ok(()) => {}
        // The leader may wait for input alone.
        Err(Errno::AGAIN) => stream.leader.set(Some(id)),
        Err(error) => stream.fail(error),
    }
    Ok(Seat { stream, id, place, first, answers, sent: now })
}

impl Seat {
    /// What to wait for, at most for `left`: the leader for the descriptor, everybody for what is signalled when the
    /// answer is there, or when it is time to lead; others rely on the leader for `grace`.
    pub fn member(&self, left: Span, grace: Span) -> Member {
        if self.is_over() {
            return Member::timeout(Some(Span::ZERO));
        }
        let condition = Some(self.place.condition.borrow().clone());
        if !self.leads() {
            let timeout = Some(left.min(grace));
            return Member { condition, timeout, ..Member::NOTHING };
        }
        let mut member = self.stream.socket.interest();
        if self.stream.blocked.get() {
            member.events |= libc::POLLOUT;
        }
        if self.stream.established.get() {
            member.events |= libc::POLLIN;
        }
        let timeout = Span::least(member.timeout, Some(left));
        Member { condition, timeout, ..member }
    }

    /// Sets what is signalled from now on.
    pub fn set_condition(&self, condition: &AtomicShared<Condition>) {
        *self.place.condition.borrow_mut() = condition.clone();
    }

    /// Says what waits for it are for.
    pub fn describe(&self, words: &Words) {
        if self.leads() {
            self.stream.socket.describe(words.clone());
        }
        // EPERM, if another thread waits for it: it has its words already.
        let _ = self.place.condition.borrow().describe(words.clone());
    }

    /// Sends and receives for all if this seat leads; `impatient` makes it the leader.
    pub fn look(&self, impatient: bool) {
        if impatient {
            self.stream.leader.set(Some(self.id));
        }
        if !self.is_over() && self.leads() {
            self.stream.advance();
        }
    }

    /// Takes the answer, if it has come.
    pub fn take(&self) -> Option<Vec<u8>> {
        self.place.inbox.borrow_mut().take()
    }

    /// Why no answer can come any more.
    pub fn failure(&self) -> Option<Failure> {
        let failure = self.place.failure.borrow().clone()?;
        let may_repeat = failure.may_repeat && (!self.first || self.stream.answers.get() > 0);
        Some(Failure { may_repeat, ..failure })
    }

    /// Whether the connection is there, with the handshake of TLS done.
    pub fn is_established(&self) -> bool {
        self.stream.established.get()
    }

    /// Where the connection leads.
    pub fn route(&self) -> &Route {
        &self.stream.route
    }

    /// The connection takes no further queries: the server has sent what is no answer.
    pub fn retire(&self) {
        self.stream.open.set(false);
    }

    /// The time for the answer is over. A connection over which nothing came meanwhile takes no further queries: the
    /// server may be gone without a word.
    pub fn expire(&self) {
        if self.stream.answers.get() == self.answers {
            self.retire();
        }
    }

    /// The connection, for the next query; `None` if it takes none, or is not there yet.
    pub fn keep(&self) -> Option<Arc<Stream>> {
        let serves = self.stream.open.get() && self.is_established();
        serves.then(|| Arc::clone(&self.stream))
    }

    fn is_over(&self) -> bool {
        self.place.inbox.borrow().is_some() || self.place.failure.borrow().is_some()
    }

    /// Whether this seat leads. It becomes the leader if there is none.
    fn leads(&self) -> bool {
        if self.stream.leader.get().is_none() {
            self.stream.leader.set(Some(self.id));
        }
        self.stream.leader.get() == Some(self.id)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let stream = &self.stream;
        if stream.thread != this_thread() {
            return;
        }
        if stream.waiting.borrow_mut().remove(&self.id).is_some() {
            let waited = Instant::now().since(self.sent);
            if waited > SUSPECT {
                self.expire();
            }
            let mut given_up = stream.given_up.borrow_mut();
            given_up.insert(self.id);
            stream.open.set(stream.open.get() && given_up.len() < GIVEN_UP);
        }
        if stream.leader.get() == Some(self.id) {
            stream.hand_on();
        }
        stream.alone.set(false);
        if stream.waiting.borrow().is_empty() {
            stream.idle_since.set(Instant::now());
            if !stream.open.get() {
                stream.close();
            }
        }
    }
}

// SPDX-License-Identifier: MIT
//! Connections to servers, RFC 7766. Queries of a thread share them: a query is sent while others wait for their
//! answers, which come in any order (§6.2.1.1, §7), and a connection without queries is kept for a time (§6.2.3).
//!
//! Whose a connection is, and how long one without queries is kept, stands in `kept.rs`.

use super::kept::{note, IDLE};
use super::route::Route;
use crate::clock::Instant;
use crate::controller::Condition;
use crate::errno::{Errno, Result};
use crate::fork::{births, forks};
use crate::socket::{Buffering, Flags, Format, Patience, Socket};
use crate::sys;
use crate::sys::memory::AtomicShared;
use crate::thread_id::this_thread;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How much is received at once.
const PIECE: usize = 16 * 1024;

/// Bytes as they are, sent at once.
const FLAGS: Flags =
    Flags { text: Some(false), buffering: Some(Buffering::No), pushback: None, autoflush: None };

/// A connection.
pub struct Stream {
    /// The thread that it belongs to. Others only ever drop it.
    pub(super) thread: u64,
    pub(super) route: Route,
    pub(super) socket: Socket,
    /// The values of `fork::births` and `fork::forks` when it was made. A child of fork(2) must not use it, and has a
    /// copy of its descriptor.
    born: (u32, u32),
    /// Queries that the socket has not taken yet.
    pub(super) unsent: RefCell<Vec<u8>>,
    /// The beginning of an answer.
    came: RefCell<Vec<u8>>,
    /// Who waits, by the ids of their queries.
    pub(super) waiting: RefCell<BTreeMap<u16, Arc<Place>>>,
    /// The ids of queries that nobody waits for any more and that have no answer yet.
    pub(super) given_up: RefCell<BTreeSet<u16>>,
    /// The id of the leader.
    pub(super) leader: Cell<Option<u16>>,
    /// It is there: the handshake of TLS is done, and something was sent.
    pub(super) established: Cell<bool>,
    /// Why TLS failed, in words.
    reason: RefCell<Option<String>>,
    /// Some output could not leave.
    pub(super) blocked: Cell<bool>,
    /// It takes further queries.
    pub(super) open: Cell<bool>,
    /// It serves one query alone, until that is over.
    pub(super) alone: Cell<bool>,
    /// How many answers came.
    pub(super) answers: Cell<u64>,
    /// When its last query ended.
    pub(super) idle_since: Cell<Instant>,
}

/// Where an answer is put.
pub struct Place {
    pub(super) inbox: RefCell<Option<Vec<u8>>>,
    pub(super) failure: RefCell<Option<Failure>>,
    pub(super) condition: RefCell<AtomicShared<Condition>>,
}

/// Why a connection ended.
#[derive(Clone)]
pub struct Failure {
    /// What the system said; CQ_ENOANSWER for an end of the stream, CQ_EILLEGAL for an answer to nothing.
    pub error: Errno,
    /// Why TLS failed, in words.
    pub reason: Option<String>,
    /// Another connection may do better: this one was there, and had served others or was shared with them.
    pub may_repeat: bool,
}

impl Stream {
    #[allow(clippy::arc_with_non_send_sync)] // see `thread`
    pub fn open(route: &Route, alone: bool, now: Instant) -> Result<Arc<Stream>> {
        let options = route.options()?;
        let stream = Arc::new(Stream {
            thread: this_thread(),
            route: route.clone(),
            socket: Socket::connect(options, None)?,
            born: (births(), forks()),
            unsent: RefCell::default(),
            came: RefCell::default(),
            waiting: RefCell::default(),
            given_up: RefCell::default(),
            leader: Cell::new(None),
            established: Cell::new(false),
            reason: RefCell::default(),
            blocked: Cell::new(false),
            open: Cell::new(true),
            alone: Cell::new(alone),
            answers: Cell::new(0),
            idle_since: Cell::new(now),
        });
        note(&stream);
        Ok(stream)
    }

    /// Whether a query may be sent over it.
    pub fn takes(&self, route: &Route) -> bool {
        self.open.get() && !self.alone.get() && self.is_ours() && self.route == *route
    }

    /// Whether it may be kept by a resolver that is used here: not if that has moved from another thread, which may be at
    /// work on the connection.
    pub fn serves_here(&self) -> bool {
        self.thread == this_thread() && self.open.get() && self.is_ours()
    }

    /// Whether this process has made it.
    pub fn is_ours(&self) -> bool {
        self.born.0 == births()
    }

    pub fn is_taken(&self, id: u16) -> bool {
        self.waiting.borrow().contains_key(&id) || self.given_up.borrow().contains(&id)
    }

    pub fn is_idle(&self) -> bool {
        self.open.get() && self.waiting.borrow().is_empty()
    }

    /// Whether it may be kept.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.open.get() && self.is_ours() && now.since(self.idle_since.get()) < IDLE
    }

    /// Whether a connection without queries is still there: a server may have closed it meanwhile. Closes it if not.
    pub fn is_quiet(&self) -> bool {
        self.advance();
        self.open.get()
    }

    /// Sends and receives as far as possible.
    pub fn advance(&self) {
        if !self.is_ours() {
            return self.fail(Errno::NOANSWER);
        }
        let done = match self.transmit() {
            // While it is not there, there is nothing to receive.
            Err(Errno::AGAIN) if self.established.get() => self.receive(),
            Ok(()) => self.receive(),
            Err(error) => Err(error),
        };
        match done {
            Ok(()) | Err(Errno::AGAIN) => {}
            Err(error) => self.fail(error),
        }
    }

    /// Sends what is to be sent. EAGAIN: not all of it could leave.
    pub fn transmit(&self) -> Result<()> {
        if !self.established.get() {
            self.secure()?;
        }
        let mut unsent = self.unsent.borrow_mut();
        let done = match unsent.is_empty() {
            true => self.socket.flush(None),
            false => {
                let (taken, done) = self.socket.send(&unsent, FLAGS, false, false);
                unsent.drain(..taken);
                done
            }
        };
        self.blocked.set(done == Err(Errno::AGAIN));
        self.established.set(self.established.get() || done.is_ok());
        done
    }

    /// Goes on with the handshake of TLS, if that is wanted. EAGAIN: it is not done.
    fn secure(&self) -> Result<()> {
        let Some(tls) = self.route.tls() else { return Ok(()) };
        let done = self.socket.start_tls(tls);
        if let Err(Errno::NOTVERIFIED | Errno::TLS) = done {
            *self.reason.borrow_mut() = self.socket.reason().map(|reason| self.told(&reason));
        }
        done
    }

    /// A reason of the socket's, without the peer, which whoever tells it knows, and with the name that is expected.
    fn told(&self, reason: &str) -> String {
        let what = reason.split(", peer ").next().unwrap_or(reason);
        match self.route.expected().filter(|_| what.contains("mismatch")) {
            Some(name) => format!("{what}: it is not for {name}"),
            None => what.to_owned(),
        }
    }

    /// Receives until nobody waits any more or nothing comes (EAGAIN).
    fn receive(&self) -> Result<()> {
        let patience = Patience::default();
        loop {
            let take = |bytes: &[u8]| self.came.borrow_mut().extend_from_slice(bytes);
            match self.socket.receive(Format::UpTo(PIECE), FLAGS, patience, take) {
                Ok(Some(())) => {}
                // The end. What is unfinished is no answer.
                Ok(None) | Err(Errno::PIPE | Errno::TRUNCATED) => return Err(Errno::NOANSWER),
                Err(error) => return Err(error),
            }
            let mut came = std::mem::take(&mut *self.came.borrow_mut());
            let mut rest = &came[..];
            while let Some((message, behind)) = first_message(rest) {
                self.deliver(message)?;
                rest = behind;
            }
            let done = came.len() - rest.len();
            came.drain(..done);
            *self.came.borrow_mut() = came;
            if self.waiting.borrow().is_empty() {
                return Ok(());
            }
        }
    }

    /// Puts an answer where it is waited for. CQ_EILLEGAL: it answers nothing that was asked here. Nobody else can send
    /// here, so the server is at fault.
    fn deliver(&self, message: &[u8]) -> Result<()> {
        let id = message.first_chunk().map(|id| u16::from_be_bytes(*id)).ok_or(Errno::ILLEGAL)?;
        let place = self.waiting.borrow_mut().remove(&id);
        match place {
            Some(place) => {
                self.answers.set(self.answers.get() + 1);
                *place.inbox.borrow_mut() = Some(message.to_vec());
                if self.leader.get() != Some(id) {
                    place.condition.borrow().signal(usize::MAX);
                }
                Ok(())
            }
            None if self.given_up.borrow_mut().remove(&id) => {
                self.answers.set(self.answers.get() + 1);
                Ok(())
            }
            None => Err(Errno::ILLEGAL),
        }
    }

    /// Tells all who wait that the connection has ended, and closes it.
    pub fn fail(&self, error: Errno) {
        let waiting = std::mem::take(&mut *self.waiting.borrow_mut());
        let may_repeat = self.established.get();
        for (id, place) in waiting {
            let reason = self.reason.borrow().clone();
            *place.failure.borrow_mut() = Some(Failure { error, reason, may_repeat });
            if self.leader.get() != Some(id) {
                place.condition.borrow().signal(usize::MAX);
            }
        }
        self.close();
    }

    /// Wakes a query whose answer has not come, so that it becomes the leader.
    pub fn hand_on(&self) {
        self.leader.set(None);
        if let Some(place) = self.waiting.borrow().values().next() {
            place.condition.borrow().signal(usize::MAX);
        }
    }

    /// Closes it. In a child of fork(2) only the child's copy is closed, and nothing is sent over what is the parent's.
    pub fn close(&self) {
        self.open.set(false);
        if self.socket.is_closed() {
            return;
        }
        if !self.is_ours() {
            let _ = self.socket.release().map(sys::close);
            return;
        }
        if self.born.1 != forks() {
            // A child has a copy, which keeps the connection open.
            let _ = self.socket.shutdown(libc::SHUT_RDWR);
        }
        let _ = self.socket.close();
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.close();
    }
}

/// The first message of a stream, and what is behind it: each has its length in front, RFC 1035 §4.2.2.
fn first_message(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(u16::from_be_bytes(*length).into())
}

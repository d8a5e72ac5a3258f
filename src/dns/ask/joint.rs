// SPDX-License-Identifier: MIT
//! Exchanges that several resolvers of a thread wait for: equal questions to a server that are asked at once are one.
//! Many of them in flight would let whoever forges answers win by chance (RFC 5452 §5), and are a load for nothing.
//!
//! One of those who wait, the leader, waits for the descriptor and receives; the others are woken through their
//! conditions when it is over. When the leader goes, another one leads. Should it not look in time (its controller may
//! stand still), whoever notices takes over.

use super::flight::{Flight, Left, Manner, Progress};
use super::link::Spare;
use super::stat::Stat;
use super::stream::Stream;
use crate::clock::{Instant, Span};
use crate::controller::Condition;
use crate::controller::Member;
use crate::dns::resolve::cache::Spread;
use crate::dns::resolve::exchange::{Ask, Exchange, Lesson};
use crate::dns::resolve::outcome::Outcome;
use crate::dns::system::config::Tcp;
use crate::errno::Result;
use crate::sys::memory::AtomicShared;
use crate::thread_id::this_thread;
use crate::tls;
use std::cell::{Cell, RefCell};
use std::collections::hash_map::{Entry, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::{Arc, Weak};

/// How long the others rely on the leader to receive. Chosen, as that of `flight.rs` and for the same: below the second
/// that is the shortest time limit of a query. It is longer than that one, which may pass before the leader itself receives
/// from a shared port. With a smaller one those who wait wake for nothing while a server is slow, with a larger one they
/// wait longer for an answer that a leader has left lying.
const GRACE: Span = Span(500_000_000);

type Table = RefCell<HashMap<u64, Weak<Common>, BuildHasherDefault<Spread>>>;

thread_local! {
    /// The exchanges under way, by a hash of what makes them equal.
    static UNDER_WAY: Table = RefCell::default();
}

/// What must be equal besides the question.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Kind {
    edns: bool,
    cookie: bool,
    /// The server has refused the cookie of an exchange before.
    second: bool,
    random_letters: bool,
    trust: bool,
    tcp: Tcp,
    interface: SocketAddr,
    ports: u32,
    /// The number of what connections over TLS are made with, see `tls::Config::identity`.
    credentials: Option<u64>,
}

/// An exchange, which all who wait for it share.
struct Common {
    /// The thread that it belongs to. A resolver that is used by another thread meanwhile does not touch it.
    thread: u64,
    hash: u64,
    ask: Ask,
    kind: Kind,
    /// `None` once it is over.
    flight: RefCell<Option<Flight>>,
    /// How it ended, for those who have not looked since.
    ended: RefCell<Option<Progress>>,
    /// What it has told of the server.
    lesson: Cell<Lesson>,
    waiting: RefCell<Waiting>,
    /// The number that was given last.
    last: Cell<u32>,
    /// The number of the leader.
    leader: Cell<Option<u32>>,
}

/// One who waits: a number, and what wakes it.
type Waiter = (u32, AtomicShared<Condition>);

/// Those who wait. Nearly always it is one, which needs no memory of its own.
#[derive(Default)]
struct Waiting {
    first: Option<Waiter>,
    others: Vec<Waiter>,
}

impl Waiting {
    fn add(&mut self, waiter: Waiter) {
        match self.first {
            None => self.first = Some(waiter),
            Some(_) => self.others.push(waiter),
        }
    }

    fn remove(&mut self, number: u32) {
        self.first.take_if(|waiter| waiter.0 == number);
        self.others.retain(|waiter| waiter.0 != number);
    }

    fn iter(&self) -> impl Iterator<Item = &Waiter> {
        self.first.iter().chain(&self.others)
    }

    fn count(&self) -> usize {
        usize::from(self.first.is_some()) + self.others.len()
    }
}

/// The part of one resolver in an exchange.
pub struct Joint {
    common: Arc<Common>,
    number: u32,
    condition: AtomicShared<Condition>,
    deadline: Instant,
    patience: Span,
    /// When it no longer relies on the leader.
    relief: Instant,
    /// What the exchange has left behind, for the one who has received the answer.
    left: Left,
}

impl Joint {
    /// Waits for an equal exchange, or begins one.
    #[allow(clippy::arc_with_non_send_sync)] // other threads only ever drop it, or read its thread
    pub fn start(
        exchange: Exchange,
        manner: &Manner,
        spare: Option<Spare>,
        now: Instant,
        stat: &mut Stat,
    ) -> Result<Joint> {
        let kind = Kind {
            edns: exchange.edns(),
            cookie: exchange.offers_cookie(),
            second: exchange.is_second(),
            random_letters: exchange.has_random_letters(),
            trust: exchange.trusts(),
            tcp: manner.tcp,
            interface: manner.interface,
            ports: manner.ports,
            credentials: manner.credentials.map(tls::Config::identity),
        };
        let hash = digest(&exchange.ask, &kind);
        let known = UNDER_WAY.with(|table| table.borrow().get(&hash).and_then(Weak::upgrade));
        let equal = known.filter(|common| {
            let open = common.flight.borrow().is_some();
            open && common.kind == kind && common.ask == exchange.ask
        });
        let common = match equal {
            Some(common) => common,
            None => {
                let ask = exchange.ask.clone();
                let flight = Flight::start(exchange, manner, spare, now, stat)?;
                let common = Arc::new(Common {
                    thread: this_thread(),
                    hash,
                    ask,
                    kind,
                    flight: RefCell::new(Some(flight)),
                    ended: RefCell::new(None),
                    lesson: Cell::default(),
                    waiting: RefCell::default(),
                    last: Cell::new(0),
                    leader: Cell::new(None),
                });
                UNDER_WAY.with(|t| t.borrow_mut().insert(hash, Arc::downgrade(&common)));
                common
            }
        };
        let number = common.last.get().wrapping_add(1);
        common.last.set(number);
        let condition = manner.condition.clone();
        common.waiting.borrow_mut().add((number, condition.clone()));
        let patience = manner.patience;
        let (deadline, relief) = (now.after(patience), now.after(GRACE));
        Ok(Joint { common, number, condition, deadline, patience, relief, left: Left::Nothing })
    }

    /// What was asked, and whom.
    pub fn ask(&self) -> &Ask {
        &self.common.ask
    }

    /// Whether it was asked with EDNS.
    pub fn edns(&self) -> bool {
        self.common.kind.edns
    }

    /// Whether the server has refused a cookie before.
    pub fn is_second(&self) -> bool {
        self.common.kind.second
    }

    /// What the answer has told of the server.
    pub fn lesson(&self) -> Lesson {
        self.common.lesson.get()
    }

    /// What the next query can use, after an answer, for the one who has received it.
    pub fn leave(mut self) -> Left {
        std::mem::take(&mut self.left)
    }

    /// The connection, if it can serve others though the question is given up.
    pub fn stream(&self) -> Option<Arc<Stream>> {
        let ours = self.common.thread == this_thread();
        ours.then(|| self.common.flight.borrow().as_ref()?.stream()).flatten()
    }

    /// Looks for the answer.
    pub fn go_on(&mut self, now: Instant, stat: &mut Stat) -> Progress {
        if self.common.thread != this_thread() {
            return Progress::Again;
        }
        if let Some(ended) = &*self.common.ended.borrow() {
            // This resolver joined late: less than half of the time that it gives a server has passed, so it asks
            // again.
            let late = self.deadline.since(now) > Span(self.patience.0 / 2);
            return match ended {
                Progress::Over(Outcome::Silence) if late => Progress::Again,
                ended => ended.clone(),
            };
        }
        if !self.leads(now) {
            return match now >= self.deadline {
                true => Progress::Over(Outcome::Silence),
                false => Progress::Wait,
            };
        }
        let progress = match &mut *self.common.flight.borrow_mut() {
            Some(flight) => flight.go_on(now, stat, &self.condition),
            None => Progress::Again,
        };
        if !matches!(progress, Progress::Wait) {
            self.end(&progress);
        }
        progress
    }

    /// Ends the exchange and wakes the others, who find how it ended.
    fn end(&mut self, progress: &Progress) {
        let common = &self.common;
        if let Some(flight) = common.flight.borrow_mut().take() {
            common.lesson.set(flight.lesson());
            self.left = flight.leave();
        }
        common.forget();
        if common.waiting.borrow().count() < 2 {
            return;
        }
        let concerns_all = !matches!(progress, Progress::Wait | Progress::Again);
        *common.ended.borrow_mut() = concerns_all.then(|| progress.clone());
        for (number, condition) in common.waiting.borrow().iter() {
            if *number != self.number {
                condition.signal(usize::MAX);
            }
        }
    }

    /// Whether this one is the leader. It becomes the leader if there is none, or if it has relied on another one for
    /// long.
    fn leads(&self, now: Instant) -> bool {
        let leader = self.common.leader.get();
        if leader.is_none() || leader != Some(self.number) && now >= self.relief {
            self.lead();
        }
        self.common.leader.get() == Some(self.number)
    }

    /// Makes this one the leader.
    fn lead(&self) {
        self.common.leader.set(Some(self.number));
        if let Some(flight) = &*self.common.flight.borrow() {
            flight.set_condition(&self.condition);
        }
    }

    /// What to wait for.
    pub fn interest(&self, now: Instant) -> Member {
        let nothing = Member::timeout(Some(Span::ZERO));
        if self.common.thread != this_thread() || self.common.ended.borrow().is_some() {
            return nothing;
        }
        let alone = self.common.waiting.borrow().count() == 1;
        let leads = self.common.leader.get().is_none_or(|leader| leader == self.number);
        let left = self.deadline.since(now);
        let mut member = match &*self.common.flight.borrow() {
            Some(flight) if alone || leads => flight.interest(now),
            Some(_) => Member::timeout(Some(left.min(GRACE))),
            None => return nothing,
        };
        if !alone && member.condition.is_none() {
            member.condition = Some(self.condition.clone());
        }
        member
    }

    /// The descriptor, for one who waits for that alone, and leads from now on.
    pub fn descriptor(&self, now: Instant) -> RawFd {
        if self.common.thread == this_thread() {
            self.lead();
        }
        self.interest(now).fd
    }
}

impl Common {
    /// Takes the exchange out of the thread's table, so that nobody joins it any more.
    fn forget(&self) {
        let _ = UNDER_WAY.try_with(|table| {
            if let Entry::Occupied(entry) = table.borrow_mut().entry(self.hash) {
                if std::ptr::eq(entry.get().as_ptr(), self) {
                    entry.remove();
                }
            }
        });
    }
}

impl Drop for Joint {
    fn drop(&mut self) {
        if self.common.thread != this_thread() {
            return;
        }
        let common = &self.common;
        let mut waiting = common.waiting.borrow_mut();
        waiting.remove(self.number);
        let Some((_, next)) = waiting.iter().next() else {
            // If there is no flight, `end` has taken it and called `forget`.
            if common.flight.borrow().is_some() {
                common.forget();
            }
            return;
        };
        if common.leader.get() == Some(self.number) {
            common.leader.set(None);
            if common.ended.borrow().is_none() {
                next.signal(usize::MAX);
            }
        }
    }
}

/// The hash of what makes exchanges equal. It needs no random key here: whoever makes two questions collide only keeps
/// them from being shared.
fn digest(ask: &Ask, kind: &Kind) -> u64 {
    let mut hash = Spread::default();
    // The bit by which capital letters differ is set in all bytes.
    let fold = u64::from_ne_bytes([0x20; 8]);
    let mut words = ask.name.wire().chunks_exact(8);
    for word in &mut words {
        hash.write_u64(word.try_into().map_or(0, u64::from_ne_bytes) | fold);
    }
    let rest = words.remainder().iter();
    hash.write_u64(rest.fold(0, |word, &byte| word << 8 | u64::from(byte | 0x20)));
    let flags = u64::from(ask.recursive) | u64::from(kind.edns) << 1;
    let words = [ask.rtype, ask.class, ask.server.port()].map(u64::from);
    hash.write_u64(words[0] << 48 | words[1] << 32 | words[2] << 16 | flags);
    match ask.server.ip() {
        IpAddr::V4(v4) => hash.write_u64(v4.to_bits().into()),
        IpAddr::V6(v6) => v6.segments().iter().for_each(|&part| hash.write_u64(part.into())),
    }
    hash.finish()
}

#[cfg(test)]
mod tests;

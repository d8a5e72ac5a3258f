// SPDX-License-Identifier: MIT
//! Resolvers: a question in, an answer out. Carries what a [`Resolution`] asks for over the network,
//! one exchange after the other, and never blocks.

use super::cache::{Cache, Trait};
use super::config::Config;
use super::exchange::Exchange;
use super::flight::{Flight, Manner, Progress, Spare, Stat};
use super::hints::Hints;
use super::hosts::Hosts;
use super::packet::{Packet, ANSWER};
use super::random;
use super::resolution::{Action, Outcome, Resolution, Setup};
use crate::clock::{Instant, Span};
use crate::condition::Condition;
use crate::controller::Member;
use crate::errno::{Errno, Result};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// How long the system's files are believed to be unchanged.
const FRESH: Span = Span(1_000_000_000);

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
    /// The system's hosts file, which resolvers share.
    static HOSTS: RefCell<Option<(Rc<Hosts>, Instant)>> = const { RefCell::new(None) };
}

/// The system's hosts, read again if the file has changed.
pub fn system_hosts(now: Instant) -> Rc<Hosts> {
    HOSTS.with(|known| {
        let mut known = known.borrow_mut();
        let (hosts, checked) = match known.take() {
            Some((hosts, checked)) if now.since(checked) < FRESH => (hosts, checked),
            Some((hosts, _)) => (hosts.refreshed().map_or(hosts, Rc::new), now),
            None => (Rc::new(Hosts::stub()), now),
        };
        *known = Some((Rc::clone(&hosts), checked));
        hosts
    })
}

/// Forgets all that the thread's resolvers have learnt.
pub fn clear_cache() {
    CACHE.with(|cache| cache.borrow_mut().clear());
}

/// A resolver: answers one question at a time.
pub struct Resolver {
    inner: RefCell<Inner>,
}

struct Inner {
    setup: Rc<Setup>,
    /// Not given by the program: they follow the system's files.
    own_hosts: bool,
    own_hints: bool,
    /// When the system's files were last looked at.
    checked: Instant,
    work: Work,
    stat: Stat,
    /// The socket of the last exchange.
    spare: Option<Spare>,
    /// Signalled when something came at a shared port.
    condition: Arc<Condition>,
    /// In words, why the last answer is not what was wanted.
    reason: String,
}

/// Where the question is.
enum Work {
    /// Nowhere yet.
    Idle,
    /// Being answered: what has come of the way so far, the exchange under way, and when that was last looked at.
    Busy(Box<Resolution>, Option<Flight>, Instant),
    /// Answered.
    Done(Result<Packet>),
    /// Answered, and fetched.
    Fetched,
    /// The resolver is closed.
    Closed,
}

impl Resolver {
    /// Without hosts or hints, those that the configuration's mode suggests.
    pub fn new(config: Rc<Config>, hosts: Option<Rc<Hosts>>, hints: Option<Rc<Hints>>) -> Resolver {
        let now = Instant::now();
        let (own_hosts, own_hints) = (hosts.is_none() && !config.recurse, hints.is_none());
        let hosts = match (hosts, config.recurse) {
            (Some(hosts), _) => hosts,
            (None, true) => Rc::default(),
            (None, false) => system_hosts(now),
        };
        let setup = setup(config, hosts, hints);
        let inner = Inner {
            setup: Rc::new(setup),
            own_hosts,
            own_hints,
            checked: now,
            work: Work::Idle,
            stat: Stat::default(),
            spare: None,
            condition: Condition::new(false),
            reason: String::new(),
        };
        Resolver { inner: RefCell::new(inner) }
    }

    /// Asks a question, in place of one that is not answered yet. CQ_EILLEGAL for what is no name; EBADF after
    /// close.
    pub fn submit(&self, name: &str, rtype: u16, class: u16) -> Result<()> {
        let mut inner = self.inner.borrow_mut();
        if matches!(inner.work, Work::Closed) {
            return Err(Errno::BADF);
        }
        let now = Instant::now();
        inner.refresh(now);
        inner.reason.clear();
        let resolution = Resolution::new(Rc::clone(&inner.setup), name, rtype, class)?;
        inner.work = Work::Busy(Box::new(resolution), None, now);
        Ok(())
    }

    /// Goes on without waiting, and takes the answer. EAGAIN: wait and repeat. CQ_ENOQUERY without a question,
    /// CQ_EFETCHED the second time, EBADF after close; what the system says of the only server.
    pub fn fetch(&self) -> Result<Packet> {
        let mut inner = self.inner.borrow_mut();
        inner.go_on();
        match &inner.work {
            Work::Idle => Err(Errno::NOQUERY),
            Work::Busy(..) => Err(Errno::AGAIN),
            Work::Fetched => Err(Errno::FETCHED),
            Work::Closed => Err(Errno::BADF),
            Work::Done(_) => match std::mem::replace(&mut inner.work, Work::Fetched) {
                Work::Done(result) => result,
                _ => Err(Errno::FETCHED),
            },
        }
    }

    /// Gives up the question.
    pub fn cancel(&self) {
        let mut inner = self.inner.borrow_mut();
        if matches!(inner.work, Work::Busy(..) | Work::Done(_)) {
            inner.work = Work::Idle;
        }
    }

    /// Closes the socket that it keeps for the next question.
    pub fn rest(&self) {
        let spare = self.inner.borrow_mut().spare.take();
        drop(spare);
    }

    /// What to wait for before the next `fetch`; a descriptor of -1 and a timeout of zero if nothing.
    pub fn interest(&self) -> Member {
        let inner = self.inner.borrow();
        match &inner.work {
            Work::Busy(_, Some(flight), looked) => flight.interest(*looked),
            Work::Busy(..) | Work::Done(_) => Member { timeout: Some(Span::ZERO), ..nothing() },
            _ => nothing(),
        }
    }

    /// What went over the network.
    pub fn stat(&self) -> Stat {
        self.inner.borrow().stat
    }

    /// In words, why the last answer is not what was wanted: name, server, failure. Empty if it is.
    pub fn reason(&self) -> String {
        self.inner.borrow().reason.clone()
    }

    /// What it waits for, in words.
    pub fn progress(&self) -> String {
        match &self.inner.borrow().work {
            Work::Busy(resolution, flight, _) => match flight {
                Some(flight) => {
                    let ask = &flight.exchange().ask;
                    format!("{}: waiting for {}", ask.name, ask.server)
                }
                None => resolution.story.clone(),
            },
            _ => String::new(),
        }
    }

    /// Whether it is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self.inner.borrow().work, Work::Closed)
    }

    /// Gives up the question and closes all descriptors, whose waiters wake.
    pub fn close(&self) {
        let mut inner = self.inner.borrow_mut();
        let work = std::mem::replace(&mut inner.work, Work::Closed);
        let spare = inner.spare.take();
        drop(inner);
        drop(spare);
        if let Work::Busy(_, Some(flight), looked) = &work {
            if let Some(condition) = flight.interest(*looked).condition {
                condition.signal(usize::MAX);
            }
        }
    }
}

fn nothing() -> Member {
    Member { owned: true, ..Member::NOTHING }
}

fn setup(config: Rc<Config>, hosts: Rc<Hosts>, hints: Option<Rc<Hints>>) -> Setup {
    let hints = hints.unwrap_or_else(|| match config.recurse {
        true => Rc::new(Hints::root()),
        false => Rc::new(Hints::stub(&config)),
    });
    let sources = (config.recurse, hints.format(), config.interface);
    let view = CACHE.with(|cache| cache.borrow().view(&sources));
    Setup { config, hosts, hints, view }
}

impl Inner {
    /// Follows changes of the system's files.
    fn refresh(&mut self, now: Instant) {
        let follows = self.own_hosts || self.setup.config.system.is_some();
        if !follows || now.since(self.checked) < FRESH {
            return;
        }
        self.checked = now;
        let mut config = Config::clone(&self.setup.config);
        let changed = config.refresh();
        let hosts = match self.own_hosts {
            true => system_hosts(now),
            false => Rc::clone(&self.setup.hosts),
        };
        if changed || !Rc::ptr_eq(&hosts, &self.setup.hosts) {
            let hints = (!self.own_hints).then(|| Rc::clone(&self.setup.hints));
            self.setup = Rc::new(setup(Rc::new(config), hosts, hints));
        }
    }

    /// Until something has to be waited for, or it is over.
    fn go_on(&mut self) {
        let Work::Busy(resolution, flight, looked) = &mut self.work else { return };
        let now = Instant::now();
        *looked = now;
        let mut outcome = None;
        if let Some(under_way) = flight {
            match under_way.go_on(now, &mut self.stat) {
                Progress::Wait => return,
                Progress::Over(result) => outcome = Some(result),
                Progress::WithoutEdns => {
                    let ask = under_way.exchange().ask.clone();
                    CACHE
                        .with(|cache| cache.borrow_mut().mark(ask.server, Trait::Plain, true, now));
                    let again = Exchange::new(ask, random::id(), false);
                    match Flight::start(
                        again,
                        &manner(&self.setup.config, &self.condition),
                        None,
                        now,
                        &mut self.stat,
                    ) {
                        Ok(started) => return *flight = Some(started),
                        Err(error) => outcome = Some(Outcome::Failure(error)),
                    }
                }
            }
            let over = flight.take();
            if matches!(outcome, Some(Outcome::Answer(_))) {
                self.spare = over.and_then(Flight::spare);
            }
        }
        let (config, condition) = (&self.setup.config, &self.condition);
        let (stat, spare) = (&mut self.stat, &mut self.spare);
        let done = CACHE.with(|cache| {
            let cache = &mut *cache.borrow_mut();
            loop {
                match resolution.step(cache, now, outcome.take(), &mut random::word) {
                    Action::Ask(ask) => {
                        let edns = config.edns0 && !cache.is(ask.server, Trait::Plain, now);
                        let exchange = Exchange::new(ask, random::id(), edns);
                        let manner = manner(config, condition);
                        match Flight::start(exchange, &manner, spare.take(), now, stat) {
                            Ok(started) => {
                                *flight = Some(started);
                                return None;
                            }
                            Err(error) => outcome = Some(Outcome::Failure(error)),
                        }
                    }
                    Action::Done(packet) => return Some(Ok(packet)),
                    Action::Fail(error) => return Some(Err(error)),
                }
            }
        });
        if let Some(result) = done {
            let found =
                matches!(&result, Ok(packet) if packet.code() == 0 && packet.count(ANSWER) > 0);
            self.reason = if found { String::new() } else { std::mem::take(&mut resolution.story) };
            self.work = Work::Done(result);
        }
    }
}

fn manner<'a>(config: &Config, condition: &'a Arc<Condition>) -> Manner<'a> {
    Manner {
        patience: Span(u64::from(config.timeout.max(1)) * 1_000_000_000),
        tcp: config.tcp,
        interface: config.interface,
        ports: config.ports,
        condition,
    }
}

#[cfg(test)]
mod tests;

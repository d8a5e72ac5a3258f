// SPDX-License-Identifier: MIT
//! Resolvers: a question in, an answer out. Carries what a [`Resolution`] asks for over the network,
//! one exchange after the other, and never blocks.

use super::flight::{Left, Manner, Progress};
use super::joint::Joint;
use super::kept::Kept;
use super::link::Spare;
use super::sources::Sources;
use super::stat::Stat;
use crate::clock::{Instant, Span};
use crate::controller::Condition;
use crate::controller::Member;
use crate::dns::message::packet::{Packet, ANSWER};
use crate::dns::resolve::cache::{Cache, Trait};
use crate::dns::resolve::exchange::{Ask, Exchange};
use crate::dns::resolve::outcome::Outcome;
use crate::dns::resolve::resolution::{Action, Resolution};
use crate::dns::resolve::setup::Setup;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::dns::system::hosts::Hosts;
use crate::dns::system::server::Transport;
use crate::errno::{Errno, Result};
use crate::random;
use crate::sys::memory::AtomicShared;
use std::cell::RefCell;
use std::net::SocketAddr;
use std::os::fd::RawFd;
use std::rc::Rc;
use std::sync::Arc;

thread_local! {
    static CACHE: RefCell<Cache> = RefCell::default();
}

/// Forgets all that the thread's resolvers have learnt.
pub fn clear_cache() {
    CACHE.with(|cache| cache.borrow_mut().clear());
}

/// A number for what answers depend on beside the question, see `Cache::view`.
pub(super) fn view(sources: &impl std::hash::Hash) -> u64 {
    CACHE.with(|cache| cache.borrow().view(sources))
}

/// A resolver: answers one question at a time.
pub struct Resolver {
    inner: RefCell<Inner>,
}

struct Inner {
    sources: Sources,
    work: Work,
    stat: Stat,
    /// The socket of the last exchange.
    spare: Option<Spare>,
    /// The connections of former exchanges.
    kept: Kept,
    /// The resolution of the last question, whose memory the next one uses.
    rested: Option<Box<Resolution>>,
    /// Signalled when something came that another resolver has received: `own_condition`, or one that `submit_for`
    /// was given.
    condition: AtomicShared<Condition>,
    own_condition: AtomicShared<Condition>,
    /// Tells a question from earlier ones of this resolver.
    serial: u64,
    /// In words, why the last answer is not what was wanted.
    reason: String,
}

/// The state of the question.
enum Work {
    /// There is none.
    Idle,
    /// It is being answered: the resolution, the exchange under way, and when that was last looked at.
    Busy(Box<Resolution>, Option<Joint>, Instant),
    /// Answered.
    Done(Result<Packet>),
    /// Answered, and fetched.
    Fetched,
    /// The resolver is closed.
    Closed,
}

impl Resolver {
    /// A resolver. Without `hosts` a stub has the system's and a recursive resolver none; without `hints` a stub asks
    /// the servers of the configuration and a recursive resolver begins at the root. ENOMEM.
    pub fn new(
        config: Arc<Config>,
        hosts: Option<Arc<Hosts>>,
        hints: Option<Arc<Hints>>,
    ) -> Result<Resolver> {
        let condition = Condition::new(false)?;
        let inner = Inner {
            sources: Sources::new(config, hosts, hints, Instant::now()),
            work: Work::Idle,
            stat: Stat::default(),
            spare: None,
            kept: Kept::default(),
            rested: None,
            own_condition: condition.clone(),
            condition,
            serial: 0,
            reason: String::new(),
        };
        Ok(Resolver { inner: RefCell::new(inner) })
    }

    /// Asks a question, in place of one that is not answered yet: whoever waits for that one wakes. CQ_EILLEGAL for
    /// what is no name; EBADF after close.
    pub fn submit(&self, name: &str, rtype: u16, class: u16) -> Result<()> {
        self.submit_for(name, rtype, class, None)
    }

    /// As `submit`, for a caller that waits for several questions with one condition, which is signalled instead of
    /// the resolver's own.
    pub fn submit_for(
        &self,
        name: &str,
        rtype: u16,
        class: u16,
        condition: Option<&AtomicShared<Condition>>,
    ) -> Result<()> {
        let mut inner = self.inner.borrow_mut();
        if matches!(inner.work, Work::Closed) {
            return Err(Errno::BADF);
        }
        let now = Instant::now();
        inner.sources.refresh(now);
        inner.kept.tend(now);
        inner.reason.clear();
        let setup = Rc::clone(inner.sources.setup());
        let rested = inner.rested.take();
        let resolution = Resolution::in_place_of(rested, setup, name, rtype, class)?;
        let replaced = inner.give_up(Work::Busy(resolution, None, now));
        inner.serial += 1;
        inner.condition = condition.unwrap_or(&inner.own_condition).clone();
        drop(inner);
        wake(replaced);
        Ok(())
    }

    /// The number of the question: another one after each `submit`.
    pub fn serial(&self) -> u64 {
        self.inner.borrow().serial
    }

    /// The addresses of a host that are known without asking anybody, see [`Setup::addresses`].
    ///
    /// [`Setup::addresses`]: crate::dns::resolve::setup::Setup::addresses
    pub fn addresses(&self, name: &str) -> Result<Option<Vec<SocketAddr>>> {
        let mut inner = self.inner.borrow_mut();
        inner.sources.refresh(Instant::now());
        inner.sources.setup().addresses(name)
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
            let replaced = inner.give_up(Work::Idle);
            drop(inner);
            wake(replaced);
        }
    }

    /// Closes the datagram socket that it keeps for the next question. Connections are kept for their time.
    pub fn rest(&self) {
        let spare = self.inner.borrow_mut().spare.take();
        drop(spare);
    }

    /// What to wait for before the next `fetch`: nothing, by a timeout of zero, if `fetch` can go on at once. Without
    /// a question, a member that never fires.
    pub fn interest(&self) -> Member {
        let inner = self.inner.borrow();
        match &inner.work {
            Work::Busy(_, Some(flight), looked) => flight.interest(*looked),
            Work::Busy(..) | Work::Done(_) => {
                Member { timeout: Some(Span::ZERO), ..Member::NOTHING }
            }
            _ => Member::NOTHING,
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
                    let ask = flight.ask();
                    let secure = if ask.transport == Transport::Plain { "" } else { " (TLS)" };
                    format!("{}: waiting for {}{secure}", ask.name, ask.server)
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
        let replaced = inner.give_up(Work::Closed);
        let left = (inner.spare.take(), std::mem::take(&mut inner.kept), inner.rested.take());
        drop(inner);
        drop(left);
        wake(replaced);
    }

    /// The descriptor to wait for, for one who waits for that alone; -1: none.
    pub fn descriptor(&self) -> RawFd {
        match &self.inner.borrow().work {
            Work::Busy(_, Some(flight), looked) => flight.descriptor(*looked),
            _ => -1,
        }
    }
}

/// Wakes whoever waits for what was given up.
fn wake((work, condition): (Work, Option<AtomicShared<Condition>>)) {
    drop(work);
    if let Some(condition) = condition {
        condition.signal(usize::MAX);
    }
}

impl Inner {
    /// Replaces the work. Returns what `wake` has to drop and to signal once nothing is borrowed: the old work, and
    /// the condition if somebody may wait.
    fn give_up(&mut self, work: Work) -> (Work, Option<AtomicShared<Condition>>) {
        let work = std::mem::replace(&mut self.work, work);
        if let Work::Busy(_, Some(flight), _) = &work {
            if let Some(stream) = flight.stream() {
                self.kept.keep(stream, Instant::now());
            }
        }
        let waited = matches!(work, Work::Busy(_, Some(_), _));
        (work, waited.then(|| self.condition.clone()))
    }

    /// Works on the question until something has to be waited for, or until it is over.
    fn go_on(&mut self) {
        let Work::Busy(resolution, flight, looked) = &mut self.work else { return };
        let now = Instant::now();
        *looked = now;
        let setup = self.sources.setup();
        let mut outcome = None;
        if let Some(under_way) = flight {
            let progress = under_way.go_on(now, &mut self.stat);
            if let Progress::Wait = progress {
                return;
            }
            let again = CACHE.with(|cache| {
                let cache = &mut *cache.borrow_mut();
                let lesson = under_way.lesson();
                cache.learn(setup.view, under_way.ask().server, &lesson, now);
                let may_repeat = resolution.charge(lesson.more);
                match progress {
                    Progress::Over(result) => outcome = Some(result),
                    // Begun again, and not sent again: whoever received is gone.
                    Progress::Again => return repeat(setup, cache, under_way, &progress, now),
                    progress if may_repeat => {
                        resolution.charge(1);
                        return repeat(setup, cache, under_way, &progress, now);
                    }
                    _ => outcome = Some(Outcome::Silence),
                }
                None
            });
            if let Some(exchange) = again {
                let manner = manner(&setup.config, &self.condition, resolution.attempt());
                match Joint::start(exchange, &manner, None, now, &mut self.stat) {
                    Ok(started) => return *flight = Some(started),
                    // Not the server's fault.
                    Err(Errno::NOMEM) => return self.work = Work::Done(Err(Errno::NOMEM)),
                    Err(error) => outcome = Some(Outcome::Failure(error, None)),
                }
            }
            let over = flight.take();
            if matches!(outcome, Some(Outcome::Answer(_))) {
                match over.map(Joint::leave).unwrap_or_default() {
                    Left::Socket(socket) => self.spare = Some(socket),
                    Left::Stream(stream) => self.kept.keep(stream, now),
                    Left::Nothing => {}
                }
            }
        }
        let condition = &self.condition;
        let (stat, spare) = (&mut self.stat, &mut self.spare);
        let done = CACHE.with(|cache| {
            let cache = &mut *cache.borrow_mut();
            loop {
                match resolution.step(cache, now, outcome.take(), &mut random::word) {
                    Action::Ask(mut ask) => {
                        if setup.config.tries_tls() && ask.transport == Transport::Plain {
                            ask.transport = tried(cache, setup, &ask, now);
                        }
                        // Without EDNS there is no padding.
                        let wanted = setup.config.edns0 || ask.transport != Transport::Plain;
                        let edns = wanted && !cache.is(setup.view, ask.server, Trait::Plain, now);
                        let exchange = exchange(setup, cache, ask, (edns, false), now);
                        let manner = manner(&setup.config, condition, resolution.attempt());
                        match Joint::start(exchange, &manner, spare.take(), now, stat) {
                            Ok(started) => {
                                *flight = Some(started);
                                return None;
                            }
                            Err(Errno::NOMEM) => return Some(Err(Errno::NOMEM)),
                            Err(error) => outcome = Some(Outcome::Failure(error, None)),
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
            if let Work::Busy(mut resolution, ..) =
                std::mem::replace(&mut self.work, Work::Done(result))
            {
                resolution.rest();
                self.rested = Some(resolution);
            }
        }
    }
}

/// An exchange as the configuration wants it, and what is known of the server. `again`: the server has refused a cookie.
fn exchange(
    setup: &Setup,
    cache: &mut Cache,
    ask: Ask,
    (edns, again): (bool, bool),
    now: Instant,
) -> Exchange {
    let (config, view, server) = (&setup.config, setup.view, ask.server);
    let plain = ask.transport == Transport::Plain;
    let mut exchange = Exchange::new(ask, random::id(), edns);
    if !plain {
        // Nobody can forge an answer, or tell by the size of the query what is asked.
        exchange = exchange.with_padding();
    }
    if plain && edns && config.cookies {
        exchange = exchange.with_cookie(cache.cookies.offer(view, server, now), again);
    }
    if config.trusts_ad() {
        exchange = exchange.with_trust();
    }
    if plain && config.random_letters && !cache.is(view, server, Trait::Folds, now) {
        exchange = exchange.with_random_letters(random::word);
    }
    exchange
}

/// How a server is tried that is asked in plain text where it has no TLS.
fn tried(cache: &mut Cache, setup: &Setup, ask: &Ask, now: Instant) -> Transport {
    match cache.is(setup.view, ask.server, Trait::NoTls, now) {
        true => Transport::Plain,
        false => Transport::Unverified,
    }
}

/// The exchange that takes the place of one that ended so.
fn repeat(
    setup: &Setup,
    cache: &mut Cache,
    ended: &Joint,
    progress: &Progress,
    now: Instant,
) -> Option<Exchange> {
    let mut ask = ended.ask().clone();
    let server = ask.server;
    let (mut edns, mut again) = (ended.edns(), ended.is_second());
    match progress {
        Progress::WithoutEdns(said) => {
            edns = false;
            if *said {
                cache.mark(setup.view, server, Trait::Plain, true, now);
            }
        }
        Progress::BadCookie => again = true,
        Progress::Folded => cache.mark(setup.view, server, Trait::Folds, true, now),
        Progress::NoTls => {
            cache.mark(setup.view, server, Trait::NoTls, true, now);
            ask.transport = Transport::Plain;
            edns &= setup.config.edns0;
        }
        Progress::Again => {}
        Progress::Wait | Progress::Over(_) => return None,
    }
    Some(exchange(setup, cache, ask, (edns, again), now))
}

/// What a flight needs to know of the configuration.
fn manner<'a>(
    config: &'a Config,
    condition: &'a AtomicShared<Condition>,
    attempt: u32,
) -> Manner<'a> {
    Manner {
        patience: Span(u64::from(config.timeout.max(1)) * 1_000_000_000),
        tcp: config.tcp,
        interface: config.interface,
        ports: config.ports,
        condition,
        credentials: config.credentials.as_ref().map(|credentials| &credentials.0),
        attempt,
    }
}

#[cfg(test)]
mod tests;

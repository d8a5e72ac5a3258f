// SPDX-License-Identifier: MIT
//! From a question to its answer, over any number of servers. No I/O and no clock: `step` takes what came of
//! the last exchange and says which one is next, or that it is over.
//!
//! A stub and a recursive resolver differ in whom they begin with, and in whether servers are to ask
//! others. A name on whose address the way depends (a name server's, or that of a mail exchanger for `smart`)
//! is a [`Frame`] above the one that needs it.

use super::answer::{follow, meaning, Meaning, CHAIN, SERVERS};
use super::cache::{Cache, Delegation, Trait};
use super::config::{Config, Source};
use super::exchange::Ask;
use super::hints::Hints;
use super::hosts::Hosts;
use super::name::Name;
use super::packet::{flag, rcode, Packet, ADDITIONAL, ANSWER, AUTHORITY, LARGEST, QUESTION};
use super::record::{self, A, AAAA, MX, NS, PTR, SRV};
use crate::clock::Instant;
use crate::errno::{Errno, Result};
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::rc::Rc;

/// Limits of the work for one query: exchanges for one name, exchanges in all, names on which the way
/// depends within each other, and names of servers of one zone that lead nowhere.
const SENDS: u32 = 32;
const SENDS_IN_ALL: u32 = 200;
const DEPTH: usize = 8;
const DEAD_ENDS: u32 = 5;

/// How many hosts `smart` looks up.
const SMART: usize = 16;

/// What a resolver works with.
pub struct Setup {
    /// How to ask.
    pub config: Rc<Config>,
    /// What files tell.
    pub hosts: Rc<Hosts>,
    /// Whom to ask first.
    pub hints: Rc<Hints>,
    /// What answers depend on beside the question.
    pub view: u64,
}

/// What is to be done next.
pub enum Action {
    /// An exchange.
    Ask(Ask),
    /// Nothing: the answer.
    Done(Packet),
    /// Nothing: there is none.
    Fail(Errno),
}

/// What came of an exchange.
pub enum Outcome {
    /// An answer.
    Answer(Packet),
    /// None in time.
    Silence,
    /// What the system said, or that the answer could not be read.
    Failure(Errno),
}

/// A question on its way to an answer.
pub struct Resolution {
    setup: Rc<Setup>,
    rtype: u16,
    class: u16,
    /// The names that are left to be tried.
    candidates: VecDeque<Name>,
    /// The last answer that said no.
    negative: Option<Packet>,
    /// The innermost last; what the program asked for is the first.
    frames: Vec<Frame>,
    sends: u32,
    /// No server has answered: trying another name would take as long again.
    silent: bool,
    /// What the system said of the last server.
    error: Option<Errno>,
    /// The last failure, in words.
    pub story: String,
}

/// Why a name is looked up.
enum Purpose {
    /// The program asked.
    Question,
    /// The frame below needs the address of a server of that name.
    Server,
    /// The frame below wants it in the additional section.
    Smart,
}

/// One name on its way.
struct Frame {
    purpose: Purpose,
    /// What was asked, and what it is an alias of, as far as known.
    asked: Name,
    name: Name,
    rtype: u16,
    class: u16,
    /// The answers that named aliases.
    parts: Vec<Packet>,
    aliases: usize,
    sends: u32,
    /// The servers that are asked, `None` before they are known.
    servers: Option<Servers>,
    /// The last answer that was no good.
    refusal: Option<Packet>,
    /// The answer, which may still have to be enriched.
    answer: Option<Packet>,
    /// The hosts whose addresses it is to have beside it, once they are known.
    hosts: Option<VecDeque<(Name, u16)>>,
    /// Those addresses.
    additional: Vec<Packet>,
}

/// The servers of the zone that is asked.
struct Servers {
    zone: Name,
    /// In the order of asking.
    addresses: Vec<Server>,
    /// Names whose addresses are not known, and the type that is to be asked for.
    names: VecDeque<(Name, u16)>,
    /// The one that is being asked.
    current: usize,
    dead_ends: u32,
}

struct Server {
    address: SocketAddr,
    /// How often it was asked; given up at `u32::MAX`.
    tries: u32,
}

impl Resolution {
    /// `random` decides which servers come first.
    pub fn new(setup: Rc<Setup>, name: &str, rtype: u16, class: u16) -> Result<Resolution> {
        let candidates: VecDeque<Name> = match name.ends_with('.') || setup.config.search.is_empty()
        {
            true => VecDeque::from([Name::scan(name.as_bytes())?]),
            // A candidate that is too long is no name; at least one must be.
            false => {
                let list = setup.config.candidates(name);
                list.iter().filter_map(|text| Name::scan(text.as_bytes()).ok()).collect()
            }
        };
        if candidates.is_empty() {
            return Err(Errno::ILLEGAL);
        }
        Ok(Resolution {
            setup,
            rtype,
            class,
            candidates,
            negative: None,
            // Most questions need no more.
            frames: Vec::with_capacity(1),
            sends: 0,
            silent: false,
            error: None,
            story: String::new(),
        })
    }

    /// Goes on. `outcome` is that of the exchange that was asked for last.
    pub fn step(
        &mut self,
        cache: &mut Cache,
        now: Instant,
        outcome: Option<Outcome>,
        random: &mut dyn FnMut() -> u32,
    ) -> Action {
        if let Some(outcome) = outcome {
            self.take(cache, now, outcome);
        }
        loop {
            if self.frames.is_empty() {
                match self.next_candidate() {
                    Ok(frame) => self.frames.push(frame),
                    Err(action) => return action,
                }
            }
            let top = self.frames.len() - 1;
            let done = match self.frames[top].answer.take() {
                Some(packet) => self.enrich(packet, cache, now),
                None => self.advance(cache, now, random),
            };
            match done {
                Next::Ask(ask) => return Action::Ask(ask),
                Next::Go => {}
                Next::Done(result) => {
                    if let Some(action) = self.pop(result) {
                        return action;
                    }
                }
            }
        }
    }

    /// The next name to try, or how it ends when there is none.
    fn next_candidate(&mut self) -> std::result::Result<Frame, Action> {
        let Some(name) = self.candidates.pop_front() else {
            return Err(match self.negative.take() {
                Some(packet) => Action::Done(packet),
                None => Action::Fail(Errno::FAIL),
            });
        };
        Ok(Frame::new(Purpose::Question, name, self.rtype, self.class))
    }

    /// Works on the innermost frame.
    fn advance(
        &mut self,
        cache: &mut Cache,
        now: Instant,
        random: &mut dyn FnMut() -> u32,
    ) -> Next {
        let setup = Rc::clone(&self.setup);
        let Some(top) = self.frames.len().checked_sub(1) else { return Next::Go };
        let frame = &mut self.frames[top];
        if frame.servers.is_none() {
            if let Some(packet) = frame.known(&setup, cache, now) {
                frame.answer = Some(packet);
                return Next::Go;
            }
            let Some(servers) = frame.choose(&setup, cache, now, random) else {
                self.story = format!("{}: no server is known", frame.name);
                return Next::Done(Ok(frame.unanswered()));
            };
            frame.servers = Some(servers);
        }
        if frame.sends >= SENDS || self.sends >= SENDS_IN_ALL {
            self.story = format!("{}: gave up after {} queries", frame.name, self.sends);
            return Next::Done(Ok(frame.refusal.take().unwrap_or_else(|| frame.unanswered())));
        }
        let attempts = setup.config.attempts.max(1);
        let servers = frame.servers.as_mut().expect("chosen above");
        if let Some(index) = servers.next(attempts) {
            servers.current = index;
            let server = servers.addresses[index].address;
            frame.sends += 1;
            self.sends += 1;
            let (name, rtype, class) = (frame.name.clone(), frame.rtype, frame.class);
            let recursive = !setup.config.recurse;
            return Next::Ask(Ask { server, name, rtype, class, recursive });
        }
        self.seek(cache, top)
    }

    /// No address is left to ask: looks for that of another server.
    fn seek(&mut self, cache: &mut Cache, top: usize) -> Next {
        let depth = self.frames.len();
        loop {
            let frame = &mut self.frames[top];
            let servers = frame.servers.as_mut().expect("its servers were asked");
            let Some((name, rtype)) = servers.names.pop_front() else {
                return self.exhausted(cache, top);
            };
            if depth >= DEPTH || servers.dead_ends >= DEAD_ENDS {
                continue;
            }
            // Who is needed for his own address cannot be asked for it.
            let circular = self.frames.iter().any(|f| f.name == name && f.rtype == rtype);
            if circular {
                continue;
            }
            let class = self.frames[top].class;
            self.frames.push(Frame::new(Purpose::Server, name, rtype, class));
            return Next::Go;
        }
    }

    /// No server is left: what the last one said, what the system said, or that there is no answer.
    fn exhausted(&mut self, cache: &mut Cache, top: usize) -> Next {
        let frame = &mut self.frames[top];
        let zone = frame.zone();
        cache.forget_zone(self.setup.view, &zone);
        if let Some(packet) = frame.refusal.take() {
            return Next::Done(Ok(packet));
        }
        if let Some(error) = self.error {
            return Next::Done(Err(error));
        }
        self.silent = true;
        if self.story.is_empty() {
            self.story = format!("{}: no server of {zone} can be reached", frame.name);
        }
        Next::Done(Ok(frame.unanswered()))
    }

    /// What came of an exchange.
    fn take(&mut self, cache: &mut Cache, now: Instant, outcome: Outcome) {
        let setup = Rc::clone(&self.setup);
        let Some(top) = self.frames.len().checked_sub(1) else { return };
        let frame = &mut self.frames[top];
        let Some(servers) = frame.servers.as_mut() else { return };
        let current = servers.current;
        let Some(server) = servers.addresses.get_mut(current) else { return };
        let address = server.address;
        server.tries += 1;
        match outcome {
            Outcome::Silence => {
                self.error = None;
                self.story = format!("{}: no answer from {address}", frame.name);
                cache.mark(address, Trait::Silent, true, now);
            }
            Outcome::Failure(error) => {
                server.tries = u32::MAX;
                self.error = Some(error);
                self.story = format!("{}: {address}: {error}", frame.name);
                cache.mark(address, Trait::Silent, true, now);
            }
            Outcome::Answer(packet) => {
                self.error = None;
                cache.mark(address, Trait::Silent, false, now);
                self.answered(&setup, cache, now, packet, address);
            }
        }
    }

    /// A server has answered.
    fn answered(
        &mut self,
        setup: &Setup,
        cache: &mut Cache,
        now: Instant,
        packet: Packet,
        address: SocketAddr,
    ) {
        let Some(frame) = self.frames.last_mut() else { return };
        let zone = frame.zone();
        let way = follow(&packet, &frame.name, frame.rtype, frame.class, &zone);
        match meaning(&packet, &way, &zone, !setup.config.recurse) {
            Meaning::Final => {
                if !way.complete {
                    let what = if packet.code() == rcode::NXDOMAIN { "name" } else { "record" };
                    self.story = format!("{}: no such {what}, says {address}", way.end);
                }
                let packet = match way.records.len() == packet.count(ANSWER) {
                    true => packet,
                    // There is more than was asked for.
                    false => rebuilt(&packet, &way.records, &frame.name, frame.rtype, frame.class),
                };
                if setup.config.cache {
                    let question = (&frame.name, frame.rtype, frame.class);
                    keep(cache, setup.view, question, &packet, now);
                }
                frame.answer = Some(packet);
                frame.refusal = None;
            }
            Meaning::Alias(target) => {
                let aliases = way.aliases;
                let part = rebuilt(&packet, &way.records, &frame.name, frame.rtype, frame.class);
                frame.alias(target, aliases, part);
                if frame.aliases > CHAIN {
                    self.story = format!("{}: more than {CHAIN} aliases", frame.asked);
                    frame.servers = Some(Servers::none(zone));
                }
            }
            Meaning::Referral(delegation, ttl) => {
                let delegation = Rc::new(delegation);
                if setup.config.cache {
                    cache.put_zone(setup.view, Rc::clone(&delegation), ttl, now);
                }
                frame.servers = Some(Servers::of(&delegation, cache, now));
                frame.refusal = None;
            }
            Meaning::Lame => {
                let servers = frame.servers.as_mut().expect("one of them has answered");
                let server = &mut servers.addresses[servers.current];
                server.tries = u32::MAX;
                let code = super::packet::named(super::packet::RCODES, packet.code());
                self.story = format!("{}: {} answered {code}", frame.name, server.address);
                let failed = !matches!(packet.code(), rcode::NOERROR | rcode::NXDOMAIN);
                // A stub's server speaks for all; of others only counts that they failed.
                frame.refusal = Some(match failed && !setup.config.recurse {
                    true => packet,
                    false => frame.unanswered(),
                });
            }
        }
    }

    /// The answer of the innermost frame, whole and with what it wants beside it.
    fn enrich(&mut self, packet: Packet, cache: &mut Cache, now: Instant) -> Next {
        let config = Rc::clone(&self.setup.config);
        let Some(frame) = self.frames.last_mut() else { return Next::Go };
        let mut packet = packet;
        if !frame.parts.is_empty() {
            let parts = std::mem::take(&mut frame.parts);
            packet = joined(&parts, &packet, &frame.asked, frame.rtype, frame.class);
            if config.cache {
                let question = (&frame.asked, frame.rtype, frame.class);
                keep(cache, self.setup.view, question, &packet, now);
            }
        }
        if !config.smart || !matches!(frame.purpose, Purpose::Question) {
            return Next::Done(Ok(packet));
        }
        let hosts = frame.hosts.get_or_insert_with(|| missing(&packet));
        if let Some((name, rtype)) = hosts.pop_front() {
            let class = frame.class;
            frame.answer = Some(packet);
            self.frames.push(Frame::new(Purpose::Smart, name, rtype, class));
            return Next::Go;
        }
        // What does not fit is left out: nothing depends on it.
        for record in frame.additional.iter().flat_map(|other| other.records(ANSWER)) {
            let _ = packet.copy(ADDITIONAL, &record);
        }
        Next::Done(Ok(packet))
    }

    /// The innermost frame is done: hands what it found to whom it was for.
    fn pop(&mut self, result: Result<Packet>) -> Option<Action> {
        let frame = self.frames.pop()?;
        match frame.purpose {
            Purpose::Question => self.conclude(&frame, result),
            Purpose::Server => {
                let below = self.frames.last_mut()?;
                below.found_server(result.ok().as_ref(), &frame.asked, frame.rtype);
                None
            }
            Purpose::Smart => {
                let below = self.frames.last_mut()?;
                let packet = result.ok()?;
                match packet.count(ANSWER) {
                    0 if packet.code() != rcode::NOERROR => {}
                    // Perhaps it has an address of the other kind.
                    0 if frame.rtype == A => below.hosts.as_mut()?.push_front((frame.asked, AAAA)),
                    _ => below.additional.push(packet),
                }
                None
            }
        }
    }

    /// The outcome for one candidate. With the others it goes on after any answer that says no; the first such
    /// answer counts in the end.
    fn conclude(&mut self, frame: &Frame, result: Result<Packet>) -> Option<Action> {
        match result {
            Ok(packet) if packet.code() == rcode::NOERROR && packet.count(ANSWER) > 0 => {
                Some(Action::Done(packet))
            }
            Ok(packet) => {
                let lookup = &self.setup.config.lookup;
                let bind = lookup.iter().position(|&source| source == Source::Bind);
                if lookup[bind.map_or(0, |at| at + 1)..].contains(&Source::File) {
                    let (name, rtype, class) = (&frame.asked, frame.rtype, frame.class);
                    if let Some(known) = from_hosts(&self.setup.hosts, name, rtype, class) {
                        return Some(Action::Done(known));
                    }
                }
                self.negative.get_or_insert(packet);
                if self.silent {
                    self.candidates.clear();
                }
                None
            }
            Err(error) => Some(Action::Fail(error)),
        }
    }
}

/// What the work on a frame led to.
enum Next {
    Ask(Ask),
    /// Look at the frames again.
    Go,
    Done(Result<Packet>),
}

impl Frame {
    fn new(purpose: Purpose, name: Name, rtype: u16, class: u16) -> Frame {
        Frame {
            purpose,
            asked: name.clone(),
            name,
            rtype,
            class,
            parts: Vec::new(),
            aliases: 0,
            sends: 0,
            servers: None,
            refusal: None,
            answer: None,
            hosts: None,
            additional: Vec::new(),
        }
    }

    /// What a server would say that cannot find out: SERVFAIL, RFC 1035 §4.1.1.
    fn unanswered(&self) -> Packet {
        reply(&self.asked, self.rtype, self.class, flag::QR | rcode::SERVFAIL)
    }

    fn zone(&self) -> Name {
        self.servers.as_ref().map_or_else(Name::root, |servers| servers.zone.clone())
    }

    /// The name turned out to be an alias; `part` says so.
    fn alias(&mut self, target: Name, aliases: usize, part: Packet) {
        self.aliases += aliases;
        self.parts.push(part);
        self.name = target;
        self.servers = None;
    }

    /// What is known without asking anybody.
    fn known(&self, setup: &Setup, cache: &mut Cache, now: Instant) -> Option<Packet> {
        let (name, rtype, class) = (&self.name, self.rtype, self.class);
        for source in &setup.config.lookup {
            match source {
                Source::File => {
                    if let Some(packet) = from_hosts(&setup.hosts, name, rtype, class) {
                        return Some(packet);
                    }
                }
                Source::Cache => {}
                Source::Bind => break,
            }
        }
        if let Some(packet) = local(name, rtype, class) {
            return Some(packet);
        }
        match setup.config.cache {
            true => cache.answer(setup.view, name, rtype, class, now),
            false => None,
        }
    }

    /// Whom to begin with.
    fn choose(
        &self,
        setup: &Setup,
        cache: &mut Cache,
        now: Instant,
        random: &mut dyn FnMut() -> u32,
    ) -> Option<Servers> {
        if !setup.config.lookup.contains(&Source::Bind) {
            return None;
        }
        let hinted = setup.hints.nearest(&self.name);
        if setup.config.recurse && setup.config.cache {
            // What a zone's parent says of it is not asked of the zone itself, RFC 4035 §3.1.4.1.
            let above = if self.rtype == record::DS { self.name.parent() } else { None };
            let known = cache.zone(setup.view, above.as_ref().unwrap_or(&self.name), now);
            let nearer =
                known.filter(|known| hinted.is_none_or(|zone| known.zone.labels() > zone.labels()));
            if let Some(delegation) = nearer {
                return Some(Servers::of(&delegation, cache, now));
            }
        }
        let zone = hinted?;
        let hints = setup.hints.of(zone);
        // Equal ones in any order; with `rotate` all are equal.
        let (rotate, mix) = (setup.config.rotate, setup.config.rotate || setup.config.recurse);
        if hints.len() == 1 {
            let address = hints.iter().map(|hint| hint.address);
            return Some(Servers::new(zone.clone(), address, VecDeque::new(), cache, now));
        }
        let mut order: Vec<_> = hints
            .iter()
            .map(|hint| {
                let chance = if mix { random() } else { 0 };
                (if rotate { 0 } else { hint.priority }, chance, hint.address)
            })
            .collect();
        order.sort_by_key(|&(priority, chance, _)| (priority, chance));
        let addresses = order.iter().map(|entry| entry.2);
        Some(Servers::new(zone.clone(), addresses, VecDeque::new(), cache, now))
    }

    /// The address of a server was looked for.
    fn found_server(&mut self, packet: Option<&Packet>, name: &Name, rtype: u16) {
        let Some(servers) = self.servers.as_mut() else { return };
        let records = packet.into_iter().flat_map(|packet| packet.records(ANSWER));
        let found: Vec<IpAddr> = records.filter_map(|record| record.address()).collect();
        let exists = packet.is_some_and(|packet| packet.code() == rcode::NOERROR);
        match found.is_empty() {
            // Perhaps it has an address of the other kind.
            true if rtype == A && exists => servers.names.push_front((name.clone(), AAAA)),
            true => servers.dead_ends += 1,
            false => {}
        }
        for address in found {
            let address = SocketAddr::new(address, super::config::PORT);
            if servers.addresses.len() < SERVERS
                && servers.addresses.iter().all(|s| s.address != address)
            {
                servers.addresses.push(Server { address, tries: 0 });
            }
        }
    }
}

impl Servers {
    fn none(zone: Name) -> Servers {
        Servers { zone, addresses: Vec::new(), names: VecDeque::new(), current: 0, dead_ends: 0 }
    }

    fn new(
        zone: Name,
        addresses: impl Iterator<Item = SocketAddr>,
        names: VecDeque<(Name, u16)>,
        cache: &mut Cache,
        now: Instant,
    ) -> Servers {
        let mut addresses: Vec<_> =
            addresses.take(SERVERS).map(|address| Server { address, tries: 0 }).collect();
        if addresses.len() > 1 {
            // Who was silent lately comes last; the order is kept otherwise.
            addresses.sort_by_key(|server| cache.is(server.address, Trait::Silent, now));
        }
        Servers { zone, addresses, names, current: 0, dead_ends: 0 }
    }

    /// The servers of a zone that another server has told: IPv4 first, as IPv6 may lead nowhere.
    fn of(delegation: &Delegation, cache: &mut Cache, now: Instant) -> Servers {
        let known = delegation.servers.iter().flat_map(|server| &server.1);
        let (v4, v6): (Vec<SocketAddr>, Vec<SocketAddr>) = known.partition(|a| a.is_ipv4());
        let unknown = delegation.servers.iter().filter(|server| server.1.is_empty());
        let names = unknown.map(|server| (server.0.clone(), A)).collect();
        let addresses = v4.into_iter().chain(v6);
        Servers::new(delegation.zone.clone(), addresses, names, cache, now)
    }

    /// The server to ask next: the first among those that were asked least.
    fn next(&self, attempts: u32) -> Option<usize> {
        let open = self.addresses.iter().enumerate().filter(|(_, server)| server.tries < attempts);
        let (index, server) = open.min_by_key(|(_, server)| server.tries)?;
        // Before anybody is asked twice, those whose addresses are unknown have their turn.
        (server.tries == 0 || self.names.is_empty()).then_some(index)
    }
}

/// A packet that answers a question by ourselves.
fn reply(name: &Name, rtype: u16, class: u16, flags: u16) -> Packet {
    let mut packet = Packet::new(LARGEST);
    packet.set_flags(flags);
    // Cannot fail: it is the first record, and there is room.
    let _ = packet.push(QUESTION, name, rtype, class, 0, &[]);
    packet
}

/// What the hosts file says.
fn from_hosts(hosts: &Hosts, name: &Name, rtype: u16, class: u16) -> Option<Packet> {
    let mut packet = reply(name, rtype, class, flag::QR | flag::AA);
    for address in hosts.addresses(name) {
        match (rtype, address) {
            (A, IpAddr::V4(a)) => packet.push(ANSWER, name, A, record::IN, 0, &a.octets()).ok()?,
            (AAAA, IpAddr::V6(a)) => {
                packet.push(ANSWER, name, AAAA, record::IN, 0, &a.octets()).ok()?
            }
            _ => {}
        }
    }
    if rtype == PTR {
        for host in hosts.names(name) {
            packet.push(ANSWER, name, PTR, record::IN, 0, host.wire()).ok()?;
        }
    }
    (packet.count(ANSWER) > 0).then_some(packet)
}

/// `localhost` and names below it are never asked for, RFC 6761 §6.3.
fn local(name: &Name, rtype: u16, class: u16) -> Option<Packet> {
    if !name.ends_in(b"\x09localhost\0") {
        return None;
    }
    let mut packet = reply(name, rtype, class, flag::QR | flag::AA);
    match rtype {
        A => packet.push(ANSWER, name, A, class, 0, &Ipv4Addr::LOCALHOST.octets()).ok()?,
        AAAA => packet.push(ANSWER, name, AAAA, class, 0, &Ipv6Addr::LOCALHOST.octets()).ok()?,
        _ => {}
    }
    Some(packet)
}

/// A message's header, the asked question, some of its answers, and what lies behind them.
fn rebuilt(
    packet: &Packet,
    answers: &[record::Record],
    name: &Name,
    rtype: u16,
    class: u16,
) -> Packet {
    let mut whole = reply(name, rtype, class, packet.flags());
    whole.set_id(packet.id());
    // What does not fit is left out: nothing depends on it.
    for record in answers {
        let _ = whole.copy(ANSWER, record);
    }
    for record in packet.records(AUTHORITY).chain(packet.records(ADDITIONAL)) {
        let _ = whole.copy(record.section, &record);
    }
    whole
}

/// The answers of several messages, each of which goes on where the one before ended.
fn joined(parts: &[Packet], last: &Packet, name: &Name, rtype: u16, class: u16) -> Packet {
    let answers = parts.iter().chain([last]).flat_map(|packet| packet.records(ANSWER));
    rebuilt(last, &answers.collect::<Vec<_>>(), name, rtype, class)
}

/// Keeps an answer: for its question, and for each alias on the way.
fn keep(cache: &mut Cache, view: u64, question: (&Name, u16, u16), packet: &Packet, now: Instant) {
    cache.put_answer(view, question, packet, now);
    let (_, rtype, class) = question;
    let is_alias = |record: &record::Record| record.rtype == record::CNAME;
    if rtype == record::CNAME
        || !packet.records(ANSWER).next().is_some_and(|first| is_alias(&first))
    {
        return;
    }
    let answers: Vec<_> = packet.records(ANSWER).collect();
    for (index, alias) in answers.iter().enumerate().filter(|(_, record)| is_alias(record)) {
        if let Ok(target) = alias.host() {
            let rest = rebuilt(packet, &answers[index + 1..], &target, rtype, class);
            cache.put_answer(view, (&target, rtype, class), &rest, now);
        }
    }
}

/// The hosts that an answer names and does not give the addresses of.
fn missing(packet: &Packet) -> VecDeque<(Name, u16)> {
    let named = packet.records(ANSWER).filter(|record| matches!(record.rtype, NS | MX | SRV));
    let mut hosts: Vec<Name> = Vec::new();
    for host in named.filter_map(|record| record.host().ok()) {
        let given = packet.records(ADDITIONAL | ANSWER).any(|record| {
            record.address().is_some() && host.is_at(record.message, record.name as usize)
        });
        if !given && !host.is_root() && !hosts.contains(&host) && hosts.len() < SMART {
            hosts.push(host);
        }
    }
    hosts.into_iter().map(|host| (host, A)).collect()
}

#[cfg(test)]
mod tests;

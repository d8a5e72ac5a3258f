// SPDX-License-Identifier: MIT
//! From a question to its answer, over any number of servers. No I/O and no clock: `step` takes what came of
//! the last exchange and says which one is next, or that it is over.
//!
//! A stub and a recursive resolver differ in whom they begin with, and in whether servers are to ask
//! others. A name on whose address the way depends (a name server's, or that of a mail exchanger for `smart`)
//! is a [`Frame`] above the one that needs it.

use super::answer::{follow, meaning, Meaning, CHAIN};
use super::cache::{Cache, Trait};
use super::candidates::Candidates;
use super::compose::{keep, rebuilt};
use super::exchange::Ask;
use super::frame::{Frame, Next, Purpose};
use super::outcome::Outcome;
use super::servers::{Server, Servers};
use super::setup::Setup;
use crate::clock::Instant;
use crate::dns::message::format::{named, RCODES};
use crate::dns::message::packet::{rcode, Packet, ANSWER};
use crate::dns::message::types::ALL;
use crate::errno::{Errno, Result};
use crate::log;
use std::net::SocketAddr;
use std::rc::Rc;

/// Limits of the work for one query: exchanges for one name; exchanges in all; frames at once, as a name may depend
/// on another that depends on a third; and servers of one zone for which no address is found.
const SENDS: u32 = 32;
const SENDS_IN_ALL: u32 = 200;
const DEPTH: usize = 8;
const DEAD_ENDS: u32 = 5;

/// What is to be done next.
pub enum Action {
    /// An exchange.
    Ask(Ask),
    /// Nothing: the answer.
    Done(Packet),
    /// Nothing: there is none.
    Fail(Errno),
}

/// A question on its way to an answer.
pub struct Resolution {
    setup: Rc<Setup>,
    rtype: u16,
    class: u16,
    /// The names that are tried.
    candidates: Candidates,
    /// The first is that of the name that the program asked for; each needs the one behind it. The last is worked on.
    frames: Vec<Frame>,
    /// Room for the addresses of servers.
    room: Vec<Server>,
    sends: u32,
    /// No server has answered: trying another name would take as long again.
    silent: bool,
    /// What the system said of the last server.
    error: Option<Errno>,
    /// The last failure, in words.
    pub story: String,
}

impl Resolution {
    /// The resolution of a question. CQ_EILLEGAL for what is no name.
    pub fn new(setup: Rc<Setup>, name: &str, rtype: u16, class: u16) -> Result<Resolution> {
        let candidates = Candidates::new(&setup, name)?;
        Ok(Resolution {
            setup,
            rtype,
            class,
            candidates,
            // Most questions need no more.
            frames: Vec::with_capacity(1),
            room: Vec::new(),
            sends: 0,
            silent: false,
            error: None,
            story: String::new(),
        })
    }

    /// The same, in the memory of one that has rested, if there is one.
    pub fn in_place_of(
        rested: Option<Box<Resolution>>,
        setup: Rc<Setup>,
        name: &str,
        rtype: u16,
        class: u16,
    ) -> Result<Box<Resolution>> {
        let Some(mut rested) = rested else {
            return Ok(Box::new(Resolution::new(setup, name, rtype, class)?));
        };
        rested.candidates = Candidates::new(&setup, name)?;
        (rested.setup, rested.rtype, rested.class) = (setup, rtype, class);
        Ok(rested)
    }

    /// Forgets a question that is over. What it has of memory is for the next one.
    pub fn rest(&mut self) {
        self.frames.clear();
        self.candidates.rest();
        (self.sends, self.silent, self.error) = (0, false, None);
        self.story.clear();
    }

    /// Counts further messages of the exchange that was asked for last: over TCP, without EDNS, with another cookie. Tells
    /// whether the limits allow another one.
    pub fn charge(&mut self, messages: u32) -> bool {
        self.sends += messages;
        let frame = self.frames.last_mut();
        let sends = frame.map_or(0, |frame| {
            frame.sends += messages;
            frame.sends
        });
        sends < SENDS && self.sends < SENDS_IN_ALL
    }

    /// Goes on. `outcome` is that of the exchange that was asked for last; `random` decides which servers come first.
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
        let question = (self.rtype, self.class);
        if let Some(packet) = self.candidates.at_first(&self.setup, question) {
            return Err(Action::Done(packet));
        }
        if let Some(name) = self.candidates.next() {
            return Ok(Frame::new(Purpose::Question, name, self.rtype, self.class));
        }
        let result = self.candidates.in_the_end(&self.setup, question);
        self.story = self.candidates.story();
        Err(result.map_or_else(Action::Fail, Action::Done))
    }

    /// Works on the innermost frame.
    fn advance(
        &mut self,
        cache: &mut Cache,
        now: Instant,
        random: &mut dyn FnMut() -> u32,
    ) -> Next {
        let setup = Rc::clone(&self.setup);
        let Some(top) = self.frames.len().checked_sub(1) else {
            return Next::Go;
        };
        let frame = &mut self.frames[top];
        if frame.servers.is_none() {
            if let Some(packet) = frame.known(&setup, cache, now) {
                frame.answer = Some(packet);
                return Next::Go;
            }
            let room = std::mem::take(&mut self.room);
            let Some(servers) = frame.choose(&setup, cache, now, random, room) else {
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
            let transport = servers.addresses[index].transport.clone();
            frame.sends += 1;
            self.sends += 1;
            let (name, rtype, class) = (frame.name.clone(), frame.rtype, frame.class);
            let recursive = !setup.config.recurse;
            return Next::Ask(Ask { server, transport, name, rtype, class, recursive });
        }
        self.seek(cache, top)
    }

    /// No address is left to ask: looks for the address of another server of the zone.
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
            // A frame looks for this address already: a server cannot be asked for its own address.
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
        let knows_nothing = |packet: &Packet| packet.code() == rcode::NOERROR;
        let silence = frame.silence;
        if let Some(packet) = frame.refusal.take().filter(|p| !(silence && knows_nothing(p))) {
            // For a stub an alias that was found is an answer, though nothing is known of its target. Not so after
            // SERVFAIL, which may be over in a moment.
            return match frame.parts.pop() {
                Some(part) if packet.code() != rcode::SERVFAIL && !self.setup.config.recurse => {
                    frame.answer = Some(part);
                    Next::Go
                }
                _ => Next::Done(Ok(packet)),
            };
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

    /// How often the server that is being asked was asked for this, this time included.
    pub fn attempt(&self) -> u32 {
        self.frames.last().and_then(|frame| frame.servers.as_ref()).map_or(1, Servers::attempt)
    }

    /// Takes the outcome of an exchange.
    fn take(&mut self, cache: &mut Cache, now: Instant, outcome: Outcome) {
        let setup = Rc::clone(&self.setup);
        let Some(top) = self.frames.len().checked_sub(1) else {
            return;
        };
        let frame = &mut self.frames[top];
        let Some(servers) = frame.servers.as_mut() else {
            return;
        };
        let current = servers.current;
        let Some(server) = servers.addresses.get_mut(current) else {
            return;
        };
        let address = server.address;
        server.tries += 1;
        match outcome {
            Outcome::Silence => {
                self.error = None;
                frame.silence = true;
                self.story = warned(format!("{}: no answer from {address}", frame.name));
                cache.mark(setup.view, address, Trait::Silent, true, now);
            }
            Outcome::Failure(error, reason) => {
                server.tries = u32::MAX;
                frame.silence = true;
                self.error = Some(error);
                let reason = reason.unwrap_or_else(|| error.to_string());
                self.story = warned(format!("{}: {address}: {reason}", frame.name));
                cache.mark(setup.view, address, Trait::Silent, true, now);
            }
            Outcome::Answer(packet) => {
                self.error = None;
                cache.mark(setup.view, address, Trait::Silent, false, now);
                self.answered(&setup, cache, now, packet, address);
            }
        }
    }

    /// Takes an answer of the server at `address`.
    fn answered(
        &mut self,
        setup: &Setup,
        cache: &mut Cache,
        now: Instant,
        packet: Packet,
        address: SocketAddr,
    ) {
        let Some(frame) = self.frames.last_mut() else {
            return;
        };
        let zone = frame.zone();
        let way = follow(&packet, &frame.name, frame.rtype, frame.class, &zone);
        // Records that do not lead from the name to the data are left out.
        let plain = way.plain && way.complete && frame.rtype != ALL;
        let plain = plain.then_some(way.lifetime);
        let strays = !way.plain && way.records.len() != packet.count(ANSWER);
        let led = |frame: &Frame| {
            let (name, rtype, class) = (&frame.name, frame.rtype, frame.class);
            strays.then(|| rebuilt(&packet, &way.records, name, rtype, class))
        };
        match meaning(&packet, &way, &zone, !setup.config.recurse) {
            Meaning::Final => {
                if !way.complete {
                    let what = if packet.code() == rcode::NXDOMAIN { "name" } else { "record" };
                    self.story = format!("{}: no such {what}, says {address}", way.end);
                }
                let packet = led(frame).unwrap_or(packet);
                if setup.config.cache {
                    let question = (&frame.name, frame.rtype, frame.class);
                    match plain {
                        Some(ttl) => cache.put_data(setup.view, question, &packet, ttl, now),
                        None => keep(cache, setup.view, question, &packet, now),
                    }
                }
                frame.answer = Some(packet);
                frame.refusal = None;
            }
            Meaning::Alias(target) => {
                let part = rebuilt(&packet, &way.records, &frame.name, frame.rtype, frame.class);
                frame.alias(target, part);
                if way.circular || frame.aliases > CHAIN {
                    self.story = match way.circular {
                        true => format!("{}: its aliases lead in a circle", frame.asked),
                        false => format!("{}: more than {CHAIN} aliases", frame.asked),
                    };
                    frame.servers = Some(Servers::none(zone));
                }
            }
            Meaning::Referral(delegation, ttl) => {
                let delegation = Rc::new(delegation);
                if setup.config.cache {
                    cache.put_zone(setup.view, Rc::clone(&delegation), ttl, now);
                }
                frame.servers = Some(Servers::of(&delegation, setup, cache, now));
                frame.refusal = None;
            }
            Meaning::Lame => {
                let servers = frame.servers.as_mut().expect("one of them has answered");
                let server = &mut servers.addresses[servers.current];
                // A stub's server that answered SERVFAIL may find out a moment later.
                if setup.config.recurse || packet.code() != rcode::SERVFAIL {
                    server.tries = u32::MAX;
                }
                let code = named(RCODES, packet.code());
                self.story = warned(match packet.code() {
                    rcode::NOERROR if !setup.config.recurse => {
                        format!("{}: {} knows nothing and asks nobody", frame.name, server.address)
                    }
                    _ => format!("{}: {} answered {code}", frame.name, server.address),
                });
                // The answer of a stub's server is what the program gets; of other servers only counts that they
                // failed.
                match setup.config.recurse {
                    false => frame.refuse(led(frame).unwrap_or(packet)),
                    true => frame.refuse(frame.unanswered()),
                }
            }
        }
    }
}

/// What a server failed at, told also to whoever reads the log: another one may know.
fn warned(story: String) -> String {
    log::warn(&story);
    story
}

mod ending;
#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Servers that say anything: every message is judged, every question comes to an end within its limits, and an
//! answer is one to its question.
//!
//! Input: a byte of options, then messages, each a byte with its length and as many bytes: what follows the
//! question, behind two bytes of flags and a byte each for the counts of three sections. An empty one is
//! silence.

use cqueues::clock::{Instant, Span};
use cqueues::dns::message::name::Name;
use cqueues::dns::message::packet::{rcode, Packet, ANSWER, QUESTION};
use cqueues::dns::message::query::ROOM;
use cqueues::dns::message::types::IN;
use cqueues::dns::resolve::cache::Cache;
use cqueues::dns::resolve::exchange::{Ask, Exchange, Noise, Verdict};
use cqueues::dns::resolve::outcome::Outcome;
use cqueues::dns::resolve::resolution::{Action, Resolution};
use cqueues::dns::resolve::setup::Setup;
use cqueues::dns::system::config::{Config, Syntax};
use cqueues::dns::system::hints::Hints;
use cqueues::errno::Errno;
use std::rc::Rc;
use std::sync::Arc;

/// The limit of work for a question.
const MOST: usize = 200;

const ID: u16 = 0x1234;

/// Messages, again and again from the first.
struct Messages<'a> {
    all: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Messages<'a> {
    fn next(&mut self) -> &'a [u8] {
        if self.rest.is_empty() {
            self.rest = self.all;
        }
        let Some((&length, rest)) = self.rest.split_first() else { return &[] };
        let (message, rest) = rest.split_at((length as usize).min(rest.len()));
        self.rest = rest;
        message
    }
}

/// A message on the wire: the id and question of an exchange, and what the input says.
fn message(exchange: &Exchange, rest: &[u8]) -> Vec<u8> {
    let mut head = [0; 5];
    let size = rest.len().min(5);
    head[..size].copy_from_slice(&rest[..size]);
    let query = Packet::parse(exchange.query(&mut [0; ROOM])).expect("a message");
    let question = query.records(QUESTION).next().expect("a question");
    let end = question.rdata as usize;
    let mut bytes = query.wire()[..end].to_vec();
    bytes[2..4].copy_from_slice(&[head[0] | 0x80, head[1]]);
    for (index, count) in head[2..].iter().enumerate() {
        bytes[7 + 2 * index] = *count;
    }
    bytes.extend(&rest[size..]);
    bytes
}

fn outcome(exchange: &Exchange, messages: &mut Messages) -> Outcome {
    let rest = messages.next();
    if rest.is_empty() {
        return Outcome::Silence;
    }
    match exchange.judge(&message(exchange, rest), false) {
        Verdict::Ignore | Verdict::WithoutEdns | Verdict::Unproven { .. } => Outcome::Silence,
        Verdict::Answer(packet) | Verdict::Truncated(packet) | Verdict::BadCookie(packet) => {
            Outcome::Answer(packet)
        }
        Verdict::Noise(Noise::Malformed) => Outcome::Failure(Errno::ILLEGAL, None),
        Verdict::Noise(Noise::Unasked(packet)) => Outcome::Answer(packet),
        Verdict::Noise(_) => Outcome::Silence,
    }
}

/// An answer to a question: each record on the way from the name to the data.
fn check_answer(packet: &Packet, name: &Name, rtype: u16) {
    if packet.code() != rcode::NOERROR || packet.count(ANSWER) == 0 {
        return;
    }
    let (asked, asked_type, _) = packet.question().expect("the question");
    assert_eq!((&asked, asked_type), (name, rtype));
    // A name may have two aliases, and what moves a name stands before its alias.
    let mut reached = vec![asked];
    for record in packet.records(ANSWER) {
        let owner = record.name().expect("a name");
        let moves = record.rtype == 39 && reached.iter().any(|name| name.is_within(&owner));
        assert!(moves || reached.contains(&owner), "a record off the way");
        if record.rtype == 5 && rtype != 5 && rtype != 255 {
            reached.extend(record.host());
        }
    }
}

fn judge_as_it_is(data: &[u8], edns: bool, stream: bool) {
    let server = ([192, 0, 2, 1], 53).into();
    let name = Name::scan(b"www.example.com").expect("a name");
    let ask =
        Ask { server, transport: Default::default(), name, rtype: 1, class: IN, recursive: true };
    let exchange = Exchange::new(ask, ID, edns);
    for bytes in [data, &message(&exchange, data)] {
        match exchange.judge(bytes, stream) {
            Verdict::Answer(packet) | Verdict::Truncated(packet) => {
                assert_eq!(packet.id(), ID);
                packet.format();
            }
            Verdict::Ignore | Verdict::Noise(_) => {}
            Verdict::BadCookie(_) | Verdict::Unproven { .. } => panic!("no cookie was sent"),
            Verdict::WithoutEdns => assert!(edns),
        }
    }
}

pub fn check(data: &[u8]) {
    let Some((&options, script)) = data.split_first() else { return };
    let is = |bit: u8| options & bit != 0;
    judge_as_it_is(script, is(1), is(2));
    let mut config = Config::default();
    let text = b"nameserver 192.0.2.1\nnameserver 192.0.2.2\nsearch example.com\noptions ndots:2 attempts:3";
    config.load(text, Syntax::Resolv, "");
    (config.recurse, config.smart, config.cache) = (is(4), is(8), is(16));
    let (hints, hosts) = (Arc::new(Hints::stub(&config)), Arc::default());
    let setup = Setup { config: Arc::new(config), hosts, hints, view: 1, local: is(32) };
    let setup = Rc::new(setup);
    let mut messages = Messages { all: script, rest: script };
    let (mut cache, mut now) = (Cache::with_limit(4096), Instant(1));
    // What the first question taught is there for the second one.
    for (text, rtype) in [("www.example.com.", 1), ("example.com.", 15), ("www", 28)] {
        let mut resolution = Resolution::new(Rc::clone(&setup), text, rtype, IN).expect("a name");
        let (mut asked, mut last) = (0, None);
        loop {
            let mut numbers = || asked as u32;
            match resolution.step(&mut cache, now, last.take(), &mut numbers) {
                Action::Ask(ask) => {
                    asked += 1;
                    assert!(asked <= MOST, "it does not end");
                    let exchange = Exchange::new(ask, ID, false);
                    last = Some(outcome(&exchange, &mut messages));
                    now = now.after(Span(100_000_000));
                }
                Action::Done(packet) => {
                    Packet::parse(packet.wire()).expect("our own message");
                    if text.ends_with('.') {
                        check_answer(&packet, &Name::scan(text.as_bytes()).expect("a name"), rtype);
                    }
                    break;
                }
                Action::Fail(_) => break,
            }
        }
        assert!(cache.size() <= 4096);
    }
}

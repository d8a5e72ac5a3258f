// SPDX-License-Identifier: MIT
//! Servers that are written down, and a resolution among them.

use super::*;
use crate::dns::message::name::Name;
use crate::dns::message::packet::ADDITIONAL;
use crate::dns::message::record::Record;
use crate::dns::message::types;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::dns::system::hosts::Hosts;
use std::sync::Arc;

pub(super) fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

pub(super) fn number(rtype: &str) -> u16 {
    types::type_number(rtype).unwrap_or_else(|| panic!("{rtype}"))
}

/// Data of a type, from text.
pub(super) fn data(rtype: &str, text: &str) -> Vec<u8> {
    match rtype {
        "A" => text.parse::<Ipv4Addr>().expect("an address").octets().to_vec(),
        "AAAA" => text.parse::<Ipv6Addr>().expect("an address").octets().to_vec(),
        "MX" => [&[0, 10][..], name(text).wire()].concat(),
        "SRV" => [&[0; 6][..], name(text).wire()].concat(),
        "SOA" => [b"\0\0", &[0; 16][..], &60u32.to_be_bytes()].concat(),
        "DS" => vec![1, 2, 3, 4],
        _ => name(text).wire().to_vec(),
    }
}

/// An answer to a question, of words: flags "aa" and a code, then lines "SECTION OWNER TYPE DATA".
pub(super) fn answer(ask: &Ask, text: &str) -> Packet {
    let mut packet = Packet::new(LARGEST);
    packet.set_flags(flag::QR);
    packet.push(QUESTION, &ask.name, ask.rtype, ask.class, 0, &[]).expect("a question");
    for line in text.split('|').map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["aa"] => packet.set_flags(packet.flags() | flag::AA),
            ["nxdomain"] => packet.set_flags(packet.flags() | rcode::NXDOMAIN),
            ["servfail"] => packet.set_flags(packet.flags() | rcode::SERVFAIL),
            ["refused"] => packet.set_flags(packet.flags() | rcode::REFUSED),
            [section, owner, rtype, value] => {
                let section = match section {
                    "an" => ANSWER,
                    "au" => AUTHORITY,
                    _ => ADDITIONAL,
                };
                let value = data(rtype, value);
                packet
                    .push(section, &name(owner), number(rtype), IN, 300, &value)
                    .expect("a record");
            }
            _ => panic!("{line}"),
        }
    }
    packet
}

/// Servers, by what they say: the text of an answer, or `silence`, or `refuses` for what the system says.
pub(super) type World<'a> = &'a dyn Fn(&str, &str) -> String;

/// A resolver's circumstances, and what it has asked.
pub(super) struct Bench {
    pub(super) setup: Rc<Setup>,
    pub(super) cache: Cache,
    pub(super) now: Instant,
    pub(super) asked: Vec<String>,
    pub(super) story: String,
    pub(super) random: u32,
    /// The last question, whose memory the next one uses.
    pub(super) rested: Option<Box<Resolution>>,
}

impl Bench {
    /// A stub with the text of a resolv.conf.
    pub(super) fn stub(text: &str) -> Bench {
        let mut config = Config::default();
        config.load(text.as_bytes(), Syntax::Resolv, "resolv.conf");
        assert_eq!(config.warnings, Vec::<String>::new());
        let hints = Hints::stub(&config);
        Bench::new(config, Hosts::default(), hints)
    }

    /// A recursive resolver that knows the root server 192.0.2.1.
    pub(super) fn recursive(text: &str) -> Bench {
        let mut bench = Bench::stub(&format!("nameserver 192.0.2.1\noptions recurse\n{text}"));
        bench.set(|setup| setup.hints = Arc::new(Hints::stub(&setup.config)));
        bench
    }

    pub(super) fn new(config: Config, hosts: Hosts, hints: Hints) -> Bench {
        let (config, hosts, hints) = (Arc::new(config), Arc::new(hosts), Arc::new(hints));
        let setup = Rc::new(Setup { config, hosts, hints, view: 1, local: true });
        let (cache, now) = (Cache::default(), Instant(0));
        let (asked, story) = (Vec::new(), String::new());
        Bench { setup, cache, now, asked, story, random: 0, rested: None }
    }

    pub(super) fn set(&mut self, change: impl FnOnce(&mut Setup)) {
        self.rested = None;
        change(Rc::get_mut(&mut self.setup).expect("nobody resolves meanwhile"));
    }

    pub(super) fn with_hosts(mut self, text: &str) -> Bench {
        let mut hosts = Hosts::default();
        hosts.load(text.as_bytes(), "hosts");
        self.set(|setup| setup.hosts = Arc::new(hosts));
        self
    }

    /// Resolves a name in a world. Notes whom it asked as "192.0.2.1 www.test. A".
    pub(super) fn resolve(&mut self, owner: &str, rtype: &str, world: World) -> Result<Packet> {
        let setup = Rc::clone(&self.setup);
        let rested = self.rested.take();
        let mut resolution = Resolution::in_place_of(rested, setup, owner, number(rtype), IN)?;
        self.asked.clear();
        let result = self.work(&mut resolution, world);
        resolution.rest();
        self.rested = Some(resolution);
        result
    }

    fn work(&mut self, resolution: &mut Resolution, world: World) -> Result<Packet> {
        let mut outcome = None;
        loop {
            let random = &mut self.random;
            let mut numbers = || {
                *random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                *random
            };
            let action = resolution.step(&mut self.cache, self.now, outcome.take(), &mut numbers);
            self.story.clone_from(&resolution.story);
            let ask = match action {
                Action::Ask(ask) => ask,
                Action::Done(packet) => return Ok(packet),
                Action::Fail(error) => return Err(error),
            };
            let question = format!("{} {}", ask.name, types::type_name(ask.rtype));
            let server = ask.server.ip().to_string();
            self.asked.push(format!("{server} {question}"));
            assert!(self.asked.len() <= SENDS_IN_ALL as usize, "it does not end");
            assert_eq!(ask.recursive, !self.setup.config.recurse);
            outcome = Some(match world(&server, &question).as_str() {
                "silence" => {
                    self.now = self.now.after(Span(1_000_000));
                    Outcome::Silence
                }
                "refuses" => Outcome::Failure(Errno(libc::ECONNREFUSED), None),
                text => Outcome::Answer(answer(&ask, text)),
            });
        }
    }

    /// The same, and the answer's code and answers in short: "0 www.test. A 192.0.2.80".
    pub(super) fn ask(&mut self, owner: &str, rtype: &str, world: World) -> String {
        match self.resolve(owner, rtype, world) {
            Err(error) => error.to_string(),
            Ok(packet) => told(&packet),
        }
    }
}

pub(super) fn line(record: &Record) -> String {
    let mut text = Vec::new();
    record.format(&mut text);
    let owner = record.name().expect("a name");
    format!("{owner} {} {}", types::type_name(record.rtype), String::from_utf8_lossy(&text))
}

pub(super) fn told(packet: &Packet) -> String {
    let answers: Vec<String> = packet.records(ANSWER).map(|record| line(&record)).collect();
    [packet.code().to_string()].into_iter().chain(answers).collect::<Vec<_>>().join(" ")
}

/// One server that answers one name and denies all others.
pub(super) fn one_name(owner: &'static str) -> impl Fn(&str, &str) -> String {
    move |_, question| match question.strip_suffix(" A") {
        Some(asked) if asked == owner => format!("an {owner} A 192.0.2.80"),
        _ => "nxdomain".to_owned(),
    }
}

// -- Stub ---------------------------------------------------------------------

// SPDX-License-Identifier: MIT
//! What a thread's resolvers have learnt: answers, also negative ones, and who serves which zone.
//! Entries last as long as the servers say, RFC 1035 §3.2.1 and RFC 2308, and all together have a limit
//! in bytes, beyond which those that were not used for the longest time go.
//!
//! Servers that tell a question's answer and servers that only tell who knows it are kept apart: addresses that came
//! beside a referral never answer a question.

use super::name::Name;
use super::packet::{flag, rcode, Packet, ADDITIONAL, ALL, ANSWER, AUTHORITY, QUESTION};
use super::record::{OPT, SOA};
use crate::clock::{Instant, Span};
use lru::LruCache;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::rc::Rc;

/// The most bytes that a thread keeps.
const LIMIT: usize = 4 << 20;

/// What an entry costs beside its bytes.
const OVERHEAD: usize = 160;

/// The longest time that an answer, and that "no such thing" is believed, in seconds: RFC 8767 §4,
/// RFC 2308 §5.
const LONGEST: u32 = 86_400;
const LONGEST_NEGATIVE: u32 = 10_800;

/// What is remembered of servers.
#[derive(PartialEq, Eq, Hash, Clone, Copy, Debug)]
pub enum Trait {
    /// It did not answer: it is asked after others.
    Silent,
    /// It does not know EDNS.
    Plain,
}

impl Trait {
    /// For how many seconds.
    fn lifetime(self) -> u32 {
        match self {
            Trait::Silent => 60,
            Trait::Plain => 3600,
        }
    }
}

/// Who serves a zone.
#[derive(Clone, Debug)]
pub struct Delegation {
    /// The zone.
    pub zone: Name,
    /// Its servers' names, and such addresses as came with them.
    pub servers: Vec<(Name, Vec<SocketAddr>)>,
}

#[derive(PartialEq, Eq, Hash, Clone)]
enum Key {
    /// By view, name, type, class.
    Answer(u64, Name, u16, u16),
    /// By view and zone.
    Zone(u64, Name),
    /// What is known of a server.
    Server(SocketAddr, Trait),
}

enum Entry {
    /// A message, and when it came.
    Answer(Packet, Instant),
    Zone(Rc<Delegation>),
    Server,
}

struct Kept {
    entry: Entry,
    expires: Instant,
    size: usize,
}

/// The cache.
pub struct Cache {
    entries: LruCache<Key, Kept>,
    size: usize,
    limit: usize,
    hasher: RandomState,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache::with_limit(LIMIT)
    }
}

impl Cache {
    /// Of at most that many bytes.
    pub fn with_limit(limit: usize) -> Cache {
        Cache { entries: LruCache::unbounded(), size: 0, limit, hasher: RandomState::new() }
    }

    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A number for all that answers depend on beside the question, such as the servers: resolvers share
    /// answers if they share that.
    pub fn view(&self, what: &impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    /// Keeps an answer, if it is one to be kept.
    pub fn put_answer(&mut self, view: u64, packet: &Packet, now: Instant) {
        let (Some((name, rtype, class)), Some(ttl)) = (packet.question(), lifetime(packet)) else {
            return;
        };
        let size = packet.wire().len() + name.wire().len();
        let entry = Entry::Answer(packet.clone(), now);
        self.put(Key::Answer(view, name, rtype, class), entry, ttl, size, now);
    }

    /// An answer, the lifetimes in it reduced by the time that has passed.
    pub fn answer(
        &mut self,
        view: u64,
        name: &Name,
        rtype: u16,
        class: u16,
        now: Instant,
    ) -> Option<Packet> {
        let kept = self.get(&Key::Answer(view, name.clone(), rtype, class), now)?;
        let Entry::Answer(packet, since) = &kept.entry else { return None };
        let age = (now.since(*since).0 / 1_000_000_000) as u32;
        let mut packet = packet.clone();
        packet.age(age);
        Some(packet)
    }

    /// Keeps who serves a zone.
    pub fn put_zone(&mut self, view: u64, delegation: Rc<Delegation>, ttl: u32, now: Instant) {
        let addresses: usize =
            delegation.servers.iter().map(|s| s.0.wire().len() + 32 * s.1.len()).sum();
        let (key, size) = (Key::Zone(view, delegation.zone.clone()), addresses);
        self.put(key, Entry::Zone(delegation), ttl.min(LONGEST), size, now);
    }

    /// Who serves the nearest zone at or above a name.
    pub fn zone(&mut self, view: u64, name: &Name, now: Instant) -> Option<Rc<Delegation>> {
        let mut zone = Some(name.clone());
        while let Some(name) = zone {
            zone = name.parent();
            if let Some(Kept { entry: Entry::Zone(found), .. }) =
                self.get(&Key::Zone(view, name), now)
            {
                return Some(Rc::clone(found));
            }
        }
        None
    }

    /// Forgets who serves a zone: none of them does.
    pub fn forget_zone(&mut self, view: u64, zone: &Name) {
        self.remove(&Key::Zone(view, zone.clone()));
    }

    /// Notes that something is or is not so of a server.
    pub fn mark(&mut self, server: SocketAddr, what: Trait, so: bool, now: Instant) {
        let key = Key::Server(server, what);
        match so {
            true => self.put(key, Entry::Server, what.lifetime(), 0, now),
            false if self.entries.is_empty() => {}
            false => self.remove(&key),
        }
    }

    /// Whether that was noted lately.
    pub fn is(&mut self, server: SocketAddr, what: Trait, now: Instant) -> bool {
        !self.entries.is_empty() && self.get(&Key::Server(server, what), now).is_some()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.size = 0;
    }

    fn get(&mut self, key: &Key, now: Instant) -> Option<&Kept> {
        if self.entries.peek(key)?.expires <= now {
            self.remove(key);
            return None;
        }
        self.entries.get(key)
    }

    fn put(&mut self, key: Key, entry: Entry, ttl: u32, size: usize, now: Instant) {
        let (expires, size) = (now.after(Span(u64::from(ttl) * 1_000_000_000)), size + OVERHEAD);
        if ttl == 0 || size > self.limit {
            return;
        }
        self.size += size;
        if let Some((_, old)) = self.entries.push(key, Kept { entry, expires, size }) {
            self.size -= old.size;
        }
        while self.size > self.limit {
            let Some((_, old)) = self.entries.pop_lru() else { break };
            self.size -= old.size;
        }
    }

    fn remove(&mut self, key: &Key) {
        if let Some(old) = self.entries.pop(key) {
            self.size -= old.size;
        }
    }
}

/// How long an answer may be kept, in seconds; `None`: not at all.
pub fn lifetime(packet: &Packet) -> Option<u32> {
    let code = packet.rcode();
    if packet.flags() & flag::TC != 0 || !matches!(code, rcode::NOERROR | rcode::NXDOMAIN) {
        return None;
    }
    let (name, rtype, _) = packet.question()?;
    let shortest = packet.records(ANSWER).map(|record| positive(record.ttl)).min();
    let answered = packet.records(ANSWER).any(|record| record.rtype == rtype);
    let ttl = match answered && code == rcode::NOERROR {
        true => shortest?,
        // RFC 2308 §5: no SOA, no caching.
        false => {
            let soa = packet.records(AUTHORITY).find(|record| record.rtype == SOA)?;
            let zone = soa.name().ok()?;
            let last = packet.records(ANSWER).last().and_then(|cname| cname.host().ok());
            if !last.unwrap_or(name).is_within(&zone) {
                return None;
            }
            let super::record::Value::Number(minimum) = soa.member("minimum").ok()? else {
                return None;
            };
            positive(soa.ttl)
                .min(positive(minimum))
                .min(LONGEST_NEGATIVE)
                .min(shortest.unwrap_or(u32::MAX))
        }
    };
    Some(ttl)
}

/// A lifetime with its highest bit set means none, RFC 2181 §8.
pub fn positive(ttl: u32) -> u32 {
    if ttl > i32::MAX as u32 {
        0
    } else {
        ttl.min(LONGEST)
    }
}

impl Packet {
    /// Reduces the lifetimes of records by seconds that have passed.
    fn age(&mut self, seconds: u32) {
        if seconds == 0 {
            return;
        }
        // The lifetime stands six bytes before the data.
        let places: Vec<(usize, u32)> = self
            .records(ALL & !QUESTION)
            .filter(|record| record.section != ADDITIONAL || record.rtype != OPT)
            .map(|record| (record.rdata as usize - 6, record.ttl.saturating_sub(seconds)))
            .collect();
        places.into_iter().for_each(|(at, ttl)| self.set_ttl(at, ttl));
    }
}

#[cfg(test)]
mod tests;

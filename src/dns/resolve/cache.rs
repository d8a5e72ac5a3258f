// SPDX-License-Identifier: MIT
//! What a thread's resolvers have learnt: answers, also negative ones, and who serves which zone.
//! Entries last as long as the servers say, RFC 1035 §3.2.1 and RFC 2308, and all together have a limit
//! in bytes, beyond which those that were not used for the longest time go.
//!
//! What answers a question and what only tells whom to ask are kept apart: addresses that came beside a
//! referral never answer a question.

use super::cookie::Cookies;
use super::exchange::Lesson;
use crate::clock::{Instant, Span};
use crate::dns::message::field::Value;
use crate::dns::message::name::Name;
use crate::dns::message::packet::{flag, rcode, Packet, ANSWER, AUTHORITY};
use crate::dns::message::types::{self, SOA};
use lru::LruCache;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState};
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::rc::Rc;

/// The most bytes that a thread keeps.
const LIMIT: usize = 4 << 20;

/// In place of a type: a name that does not exist has no records of any, RFC 2308 §5.
const EVERY: u16 = 0;

/// How many servers are remembered.
const SERVERS: NonZeroUsize = NonZeroUsize::new(1024).unwrap();

/// What an entry costs beside the bytes of its message and name. Derived, and compared by a test: the list's node, two and
/// a third places of the hash table just after that has grown, the counts of the name, and 16 bytes of the allocator
/// for each of node, name and message. If it were smaller, a cache of many small answers would exceed its limit.
const OVERHEAD: usize = 240;

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
    /// It does not keep the letter case of names.
    Folds,
    /// It cannot be asked over TLS.
    NoTls,
}

impl Trait {
    /// For how long it is remembered.
    fn lifetime(self) -> Span {
        match self {
            Trait::Silent => Span(60_000_000_000),
            // Chosen: a server that was without TLS for a moment is asked in plain text for so long, and one that has none
            // is tried so often.
            Trait::NoTls => Span(600_000_000_000),
            Trait::Plain | Trait::Folds => Span(3_600_000_000_000),
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

/// The key of an entry: view, owner name, kind. `hash` is the hash of the name, made with a random key of this cache,
/// so that nobody can choose names that collide.
struct Key {
    hash: u64,
    view: u64,
    name: Name,
    kind: Kind,
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Kind {
    /// An answer, by type and class.
    Answer(u16, u16),
    /// Who serves the zone of that name.
    Zone,
}

impl Key {
    fn of(&self, kind: Kind) -> Key {
        Key { name: self.name.clone(), kind, ..*self }
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.view == other.view && self.kind == other.kind && self.name == other.name
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let kind = match self.kind {
            Kind::Answer(rtype, class) => 1 << 32 | u64::from(rtype) << 16 | u64::from(class),
            Kind::Zone => 0,
        };
        state.write_u64(self.hash ^ self.view.rotate_left(32) ^ kind);
    }
}

/// A hasher for words that are hashes already: it spreads their bits.
#[derive(Default)]
pub(crate) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_u64(u64::from(byte)));
    }

    fn write_u64(&mut self, word: u64) {
        // The golden ratio, as in Knuth's multiplicative hashing.
        self.0 = (self.0 ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        self.0 ^= self.0 >> 32;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

enum Entry {
    /// A message, and when it came.
    Answer(Packet, Instant),
    /// Records of this name and type exist, but may not be kept: their lifetime is 0.
    Seen,
    Zone(Rc<Delegation>),
}

struct Kept {
    entry: Entry,
    expires: Instant,
    size: usize,
}

/// The cache.
pub struct Cache {
    entries: LruCache<Key, Kept, BuildHasherDefault<Spread>>,
    /// What is known of servers, by view, and until when.
    servers: LruCache<(u64, SocketAddr, Trait), Instant>,
    /// The cookies of servers.
    pub cookies: Cookies,
    size: usize,
    limit: usize,
    hasher: RandomState,
    /// The name that was hashed last, and its hash.
    last: Option<(Name, u64)>,
}

impl Default for Cache {
    fn default() -> Cache {
        Cache::with_limit(LIMIT)
    }
}

impl Cache {
    /// A cache of at most this many bytes.
    pub fn with_limit(limit: usize) -> Cache {
        Cache {
            entries: LruCache::unbounded_with_hasher(BuildHasherDefault::default()),
            servers: LruCache::new(SERVERS),
            cookies: Cookies::default(),
            size: 0,
            limit,
            hasher: RandomState::new(),
            last: None,
        }
    }

    /// How many bytes it holds.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A number for all that answers depend on beside the question, such as the servers. Resolvers share answers if
    /// this number is equal.
    pub fn view(&self, what: &impl std::hash::Hash) -> u64 {
        self.hasher.hash_one(what)
    }

    fn key(&mut self, view: u64, name: &Name, kind: Kind) -> Key {
        // An answer is looked for, and kept when it has come, by the same name.
        let hash = match &self.last {
            Some((last, hash)) if last.is_copy_of(name) => *hash,
            _ => {
                let hash = self.hasher.hash_one(name);
                self.last = Some((name.clone(), hash));
                hash
            }
        };
        Key { hash, view, name: name.clone(), kind }
    }

    /// Keeps an answer to a question, if it is one to be kept.
    pub fn put_answer(
        &mut self,
        view: u64,
        (name, rtype, class): (&Name, u16, u16),
        packet: &Packet,
        now: Instant,
    ) {
        if let Some(ttl) = lifetime(packet, name, rtype) {
            self.put_for(ttl, view, (name, rtype, class), packet, now);
        }
    }

    /// Keeps an answer that has data of that name and type and nothing else, the shortest of whose lifetimes is `ttl`.
    pub fn put_data(
        &mut self,
        view: u64,
        question: (&Name, u16, u16),
        packet: &Packet,
        ttl: u32,
        now: Instant,
    ) {
        let flags = packet.flags();
        match flag::rcode(flags) == rcode::NOERROR && flags & flag::TC == 0 {
            true => self.put_for(ttl, view, question, packet, now),
            false => self.put_answer(view, question, packet, now),
        }
    }

    fn put_for(
        &mut self,
        ttl: u32,
        view: u64,
        (name, rtype, class): (&Name, u16, u16),
        packet: &Packet,
        now: Instant,
    ) {
        let size = packet.wire().len() + name.wire().len();
        let key = self.key(view, name, Kind::Answer(rtype, class));
        let no_such_name = flag::rcode(packet.flags()) == rcode::NXDOMAIN;
        let entry = match ttl {
            // The records must not be kept, but it is noted that they exist.
            0 if !no_such_name => Entry::Seen,
            _ => Entry::Answer(packet.clone(), now),
        };
        // Where records of the type were seen, its answers stay by themselves: some servers deny the name when they
        // are asked for another type.
        let every = no_such_name && packet.count(ANSWER) == 0 && !self.entries.contains(&key);
        let key = if every { key.of(Kind::Answer(EVERY, class)) } else { key };
        self.put(key, entry, ttl, size, now);
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
        if self.entries.is_empty() {
            return None;
        }
        let mut key = self.key(view, name, Kind::Answer(rtype, class));
        if !self.entries.contains(&key) {
            key = key.of(Kind::Answer(EVERY, class));
        }
        let Some(Entry::Answer(packet, since)) = self.get(&key, now) else { return None };
        let age = (now.since(*since).0 / 1_000_000_000) as u32;
        let mut packet = packet.clone();
        packet.age(age);
        packet.spell(name);
        packet.set_question_type(rtype);
        Some(packet)
    }

    /// Keeps who serves a zone.
    pub fn put_zone(&mut self, view: u64, delegation: Rc<Delegation>, ttl: u32, now: Instant) {
        let addresses: usize =
            delegation.servers.iter().map(|s| s.0.wire().len() + 32 * s.1.len()).sum();
        let (key, size) = (self.key(view, &delegation.zone, Kind::Zone), addresses);
        self.put(key, Entry::Zone(delegation), ttl.min(LONGEST), size, now);
    }

    /// Who serves the nearest zone at or above a name.
    pub fn zone(&mut self, view: u64, name: &Name, now: Instant) -> Option<Rc<Delegation>> {
        let mut zone = Some(name.clone());
        while let Some(name) = zone {
            zone = name.parent();
            let key = self.key(view, &name, Kind::Zone);
            if let Some(Entry::Zone(found)) = self.get(&key, now) {
                return Some(Rc::clone(found));
            }
        }
        None
    }

    /// Forgets who serves a zone, as none of those servers does.
    pub fn forget_zone(&mut self, view: u64, zone: &Name) {
        let key = self.key(view, zone, Kind::Zone);
        self.remove(&key);
    }

    /// Notes that a server has a trait, or that it has it not.
    pub fn mark(&mut self, view: u64, server: SocketAddr, what: Trait, so: bool, now: Instant) {
        match so {
            true => drop(self.servers.put((view, server, what), now.after(what.lifetime()))),
            false if self.servers.is_empty() => {}
            false => drop(self.servers.pop(&(view, server, what))),
        }
    }

    /// Notes what an answer tells of its server.
    pub fn learn(&mut self, view: u64, server: SocketAddr, lesson: &Lesson, now: Instant) {
        if let Some(cookie) = lesson.cookie {
            self.cookies.keep(view, server, cookie, now);
        }
        if lesson.no_cookies {
            self.cookies.forget(view, server);
        }
        if lesson.folds {
            self.mark(view, server, Trait::Folds, true, now);
        }
    }

    /// Whether it was noted lately that a server has this trait.
    pub fn is(&mut self, view: u64, server: SocketAddr, what: Trait, now: Instant) -> bool {
        let key = (view, server, what);
        !self.servers.is_empty() && self.servers.get(&key).is_some_and(|&end| end > now)
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.servers.clear();
        self.cookies.clear();
        self.size = 0;
    }

    fn get(&mut self, key: &Key, now: Instant) -> Option<&Entry> {
        if self.entries.is_empty() {
            return None;
        }
        // Expired entries stay until they are replaced, or removed as those not used for the longest time.
        self.entries.get(key).filter(|kept| kept.expires > now).map(|kept| &kept.entry)
    }

    fn put(&mut self, key: Key, entry: Entry, ttl: u32, size: usize, now: Instant) {
        let (expires, size) = (now.after(Span(u64::from(ttl) * 1_000_000_000)), size + OVERHEAD);
        if ttl == 0 && !matches!(entry, Entry::Seen) || size > self.limit {
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
pub fn lifetime(packet: &Packet, name: &Name, rtype: u16) -> Option<u32> {
    let code = flag::rcode(packet.flags());
    if packet.flags() & flag::TC != 0 || !matches!(code, rcode::NOERROR | rcode::NXDOMAIN) {
        return None;
    }
    let (mut shortest, mut answered, mut last) = (u32::MAX, false, None);
    for record in packet.records(ANSWER) {
        shortest = shortest.min(positive(record.ttl));
        answered |= record.rtype == rtype || rtype == types::ALL;
        last = Some(record);
    }
    if answered && code == rcode::NOERROR {
        return Some(shortest);
    }
    // RFC 2308 §5: no SOA, no caching.
    let soa = packet.records(AUTHORITY).find(|record| record.rtype == SOA)?;
    let end = last.and_then(|cname| cname.host().ok()).unwrap_or_else(|| name.clone());
    let Value::Number(minimum) = soa.member("minimum").ok()? else { return None };
    let ttl = positive(soa.ttl).min(positive(minimum)).min(LONGEST_NEGATIVE).min(shortest);
    end.is_within(&soa.name().ok()?).then_some(ttl)
}

/// A lifetime with its highest bit set means none, RFC 2181 §8.
pub fn positive(ttl: u32) -> u32 {
    if ttl > i32::MAX as u32 {
        0
    } else {
        ttl.min(LONGEST)
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! DNS cookies, RFC 7873 and RFC 9018: eight bytes of ours that a server repeats, so that a reply is known to come from
//! somebody who has seen the query, and bytes of the server's that we repeat. No I/O, no clock.

use crate::clock::{Instant, Span};
use crate::dns::message::options::options;
use crate::dns::message::packet::{Packet, ADDITIONAL};
use crate::dns::message::types::OPT;
use lru::LruCache;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};

/// The number of the EDNS option, RFC 7873 §4.
pub const OPTION: u16 = 10;

/// The size of a client cookie, and those of both cookies together.
const CLIENT: usize = 8;
const LEAST: usize = 16;
const MOST: usize = 40;

/// For how long client cookies are made from one secret: RFC 7873 §7.1 wants at most 36 days, and recommends one.
const SECRET_LIFETIME: Span = Span(86_400_000_000_000);

/// For how long it is remembered that a server gives cookies. Chosen: an hour, as for what else is remembered of servers.
/// With less, a forger need only wait for the server to be forgotten; with more, a server that gives none any more, and
/// does not answer over TCP either, cannot be used for longer.
const LIFETIME: Span = Span(3_600_000_000_000);

/// How many servers are remembered.
const SERVERS: usize = 1024;

/// A client cookie, and behind it the server's if there is one: the data of the option.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cookie {
    bytes: [u8; MOST],
    /// 8, or 16 to 40.
    length: u8,
}

impl Cookie {
    /// From the data of an option. `None` if it has a size that is not allowed.
    fn scan(data: &[u8]) -> Option<Cookie> {
        let mut bytes = [0; MOST];
        (data.len() == CLIENT || data.len() >= LEAST).then_some(())?;
        bytes.get_mut(..data.len())?.copy_from_slice(data);
        Some(Cookie { bytes, length: data.len() as u8 })
    }

    /// The data of the option.
    pub fn data(&self) -> &[u8] {
        &self.bytes[..self.length as usize]
    }

    /// The first eight bytes, which are ours.
    fn client(&self) -> &[u8] {
        &self.bytes[..CLIENT]
    }
}

/// What a reply says of cookies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// There is none.
    Nothing,
    /// It has our client cookie, and a server cookie to send back.
    Ours(Cookie),
    /// It has our client cookie alone, which is no size that is allowed: the sender has copied the query.
    Echo,
    /// The client cookie is another one, or the option has a size that is not allowed, RFC 7873 §5.3.
    Wrong,
}

/// What a reply to a query with the cookie `sent` says. Of several options the first counts, RFC 7873 §4.
pub fn told(packet: &Packet, sent: &Cookie) -> Told {
    let opt = packet.records(ADDITIONAL).find(|record| record.rtype == OPT);
    let first = opt.and_then(|opt| options(opt.data()).find(|option| option.0 == OPTION));
    let Some((_, data)) = first else { return Told::Nothing };
    match Cookie::scan(data) {
        Some(cookie) if data.len() >= LEAST && cookie.client() == sent.client() => {
            Told::Ours(cookie)
        }
        Some(cookie) if cookie.data() == sent.client() => Told::Echo,
        _ => Told::Wrong,
    }
}

/// What is needed to send a cookie to a server.
#[derive(Clone)]
pub struct Offer {
    secret: RandomState,
    server: IpAddr,
    /// The last cookie that the server has given, with the client cookie to which it belongs.
    known: Option<Cookie>,
}

impl Offer {
    /// The cookie for queries that leave from an address. The client cookie differs for each server and each address of
    /// ours, so that nobody recognises this host by it, RFC 9018 §3; hence a cookie that the server gave to another
    /// address is not sent.
    pub fn cookie(&self, own: IpAddr) -> Cookie {
        let mut bytes = [0; MOST];
        let word = self.secret.hash_one((self.server, own));
        bytes[..CLIENT].copy_from_slice(&word.to_be_bytes());
        let fresh = Cookie { bytes, length: CLIENT as u8 };
        self.known.filter(|known| known.client() == fresh.client()).unwrap_or(fresh)
    }

    /// Whether the server has given cookies.
    pub fn is_known(&self) -> bool {
        self.known.is_some()
    }
}

/// The secret of a thread, and what servers have given.
pub struct Cookies {
    secret: RandomState,
    /// Until when the secret is used; `None` before the first query.
    until: Option<Instant>,
    /// By view and server: the cookie, and until when it is remembered.
    known: LruCache<(u64, SocketAddr), (Cookie, Instant)>,
}

impl Default for Cookies {
    fn default() -> Cookies {
        Cookies { secret: RandomState::new(), until: None, known: LruCache::unbounded() }
    }
}

impl Cookies {
    /// What to send to a server.
    pub fn offer(&mut self, view: u64, server: SocketAddr, now: Instant) -> Offer {
        if self.until.is_none_or(|until| until <= now) {
            self.secret = RandomState::new();
            self.until = Some(now.after(SECRET_LIFETIME));
        }
        let known = self.known.get(&(view, server)).filter(|known| known.1 > now);
        let known = known.map(|known| known.0);
        Offer { secret: self.secret.clone(), server: server.ip(), known }
    }

    /// Keeps what a server has given.
    pub fn keep(&mut self, view: u64, server: SocketAddr, cookie: Cookie, now: Instant) {
        self.known.put((view, server), (cookie, now.after(LIFETIME)));
        if self.known.len() > SERVERS {
            self.known.pop_lru();
        }
    }

    /// Forgets that a server gives cookies.
    pub fn forget(&mut self, view: u64, server: SocketAddr) {
        self.known.pop(&(view, server));
    }

    /// Forgets what all servers have given.
    pub fn clear(&mut self) {
        self.known.clear();
    }
}

#[cfg(test)]
mod tests;

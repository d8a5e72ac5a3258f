// SPDX-License-Identifier: MIT
//! One question to one server: what is sent, and what counts as its answer. No I/O, no clock.
//!
//! An answer has the id and the question that were sent, and came from where they went (which
//! whoever receives sees to). Everything else is somebody's guess or somebody's mistake, and the wait for
//! the answer goes on: also after a failure without the question, and after a message that cannot be read.
//! RFC 5452 §9. Two more things can be asked of an answer: that it repeats the cookie that was sent (RFC 7873), and
//! that it repeats the letter case of the name that was asked for, which is random then (draft-vixie-dnsext-dns0x20).

use super::cookie::{self, told, Cookie, Offer, Told};
use crate::dns::message::name::{same, Name};
use crate::dns::message::packet::{flag, rcode, Packet, ANSWER, HEADER};
use crate::dns::message::query::{Query, ROOM};
use crate::dns::system::server::Transport;
use std::net::{IpAddr, SocketAddr};

/// The largest datagram that servers are told to send: it passes everywhere without being fragmented.
/// <https://www.dnsflagday.net/2020/>
pub const EDNS_SIZE: u16 = 1232;

/// The option that makes a query longer, RFC 7830 §3.
const PADDING: u16 = 12;

/// Queries are padded to multiples of so many bytes, RFC 8467 §4.1.
const BLOCK: usize = 128;

/// A question and to whom it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The server's address.
    pub server: SocketAddr,
    /// How it is asked.
    pub transport: Transport,
    /// What is asked for.
    pub name: Name,
    /// Its type.
    pub rtype: u16,
    /// Its class.
    pub class: u16,
    /// The server shall ask others.
    pub recursive: bool,
}

/// A question on its way.
pub struct Exchange {
    /// What was asked.
    pub ask: Ask,
    /// The id of the query, a random number.
    id: u16,
    /// Sent with EDNS.
    edns: bool,
    /// The name in random letter case, if it is sent so.
    spelling: Option<Name>,
    /// Asks whether the records are authentic.
    trust: bool,
    /// Its size shall tell nothing of what is asked.
    padded: bool,
    /// What a cookie is made of, if one is sent.
    offer: Option<Offer>,
    /// The cookie, once it is known from which address the query leaves.
    cookie: Option<Cookie>,
    /// The server has refused the first cookie.
    again: bool,
}

/// What the answer tells of the server, for later queries.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Lesson {
    /// The cookie to send from now on.
    pub cookie: Option<Cookie>,
    /// The server gives no cookies any more.
    pub no_cookies: bool,
    /// It does not keep the letter case of names.
    pub folds: bool,
    /// How many messages were sent after the first one.
    pub more: u32,
}

/// What a message means for an exchange.
pub enum Verdict {
    /// Nothing: it is no answer to this question.
    Ignore,
    /// The answer.
    Answer(Packet),
    /// The answer did not fit into a datagram: ask again over TCP. The packet has what did fit.
    Truncated(Packet),
    /// The server does not know EDNS: ask again without.
    WithoutEdns,
    /// The server wants its new cookie, RFC 7873 §5.3: ask again with that.
    BadCookie(Packet),
    /// It fits, but lacks what others cannot guess: ask over TCP. `letters`: the letter case rather than the cookie.
    Unproven {
        /// See above.
        letters: bool,
    },
    /// It may come from anybody who has guessed the id, or from a broken server: the wait goes on, and this is told
    /// if nothing better comes.
    Noise(Noise),
}

/// What came with the right id and is no answer.
pub enum Noise {
    /// It cannot be read.
    Malformed,
    /// A failure that does not repeat the question, RFC 5452 §9.1.
    Unasked(Packet),
    /// Its cookie is not the one that was sent.
    Forged,
    /// As the verdict of this name.
    Unproven {
        /// The letter case is missing rather than the cookie.
        letters: bool,
    },
}

impl Exchange {
    /// An exchange that is to begin. `id` must be random.
    pub fn new(ask: Ask, id: u16, edns: bool) -> Exchange {
        let (spelling, offer, cookie) = (None, None, None);
        let (trust, padded, again) = (false, false, false);
        Exchange { ask, id, edns, spelling, trust, padded, offer, cookie, again }
    }

    /// Sends a cookie. `again`: the server has refused one for this question.
    pub fn with_cookie(mut self, offer: Offer, again: bool) -> Exchange {
        (self.offer, self.again) = (Some(offer), again);
        self
    }

    /// Asks whether the records are authentic, RFC 6840 §5.7.
    pub fn with_trust(mut self) -> Exchange {
        self.trust = true;
        self
    }

    /// Pads the query, if it has EDNS. It has no cookie then.
    pub fn with_padding(mut self) -> Exchange {
        self.padded = true;
        self
    }

    /// Whether it asks whether the records are authentic.
    pub fn trusts(&self) -> bool {
        self.trust
    }

    /// Sends the name in random letter case; `random` gives 32 random bits.
    pub fn with_random_letters(mut self, random: impl FnMut() -> u32) -> Exchange {
        self.spelling = Some(self.ask.name.respelt(random));
        self
    }

    /// Tells from which address the query leaves, of which the cookie depends. The first one counts.
    pub fn leave_from(&mut self, own: IpAddr) {
        if let (Some(offer), None) = (&self.offer, &self.cookie) {
            self.cookie = Some(offer.cookie(own));
        }
    }

    /// Whether `leave_from` is to be called before `query`.
    pub fn needs_address(&self) -> bool {
        self.offer.is_some() && self.cookie.is_none()
    }

    /// Whether a cookie is sent.
    pub fn offers_cookie(&self) -> bool {
        self.offer.is_some()
    }

    /// Whether the server has refused the cookie of an exchange before this one.
    pub fn is_second(&self) -> bool {
        self.again
    }

    /// Whether the name is sent in random letter case.
    pub fn has_random_letters(&self) -> bool {
        self.spelling.is_some()
    }

    /// Whether the server has given cookies.
    pub fn expects_cookie(&self) -> bool {
        self.offer.as_ref().is_some_and(Offer::is_known)
    }

    /// The id of the query.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// Sets another id.
    pub fn set_id(&mut self, id: u16) {
        self.id = id;
    }

    /// Whether it is sent with EDNS.
    pub fn edns(&self) -> bool {
        self.edns
    }

    /// How many bytes the query is.
    pub fn size(&self) -> usize {
        let cookie = self.cookie.map_or(0, |cookie| 4 + cookie.data().len());
        let plain =
            HEADER + self.ask.name.wire().len() + 4 + if self.edns { 11 + cookie } else { 0 };
        plain + self.padding(plain).map_or(0, |padding| 4 + padding.len())
    }

    /// What fills a query of `size` bytes up, if it is padded.
    fn padding(&self, size: usize) -> Option<&'static [u8]> {
        static NOTHING: [u8; BLOCK] = [0; BLOCK];
        let padded = self.padded && self.edns;
        padded.then(|| &NOTHING[..(size + 4).next_multiple_of(BLOCK) - (size + 4)])
    }

    /// The bytes of the query, which are put into the room.
    pub fn query<'a>(&self, room: &'a mut [u8; ROOM]) -> &'a [u8] {
        let flags = if self.ask.recursive { flag::RD } else { 0 };
        let flags = if self.trust { flags | flag::AD } else { flags };
        let (rtype, class) = (self.ask.rtype, self.ask.class);
        let mut query = Query::new(room, (self.id, flags), (self.name(), rtype, class));
        if self.edns {
            let option = self.cookie.as_ref().map(|cookie| (cookie::OPTION, cookie.data()));
            let option = option.or_else(|| Some((PADDING, self.padding(query.size() + 11)?)));
            query.add_opt(EDNS_SIZE, option);
        }
        query.wire()
    }

    /// The name as it is sent.
    fn name(&self) -> &Name {
        self.spelling.as_ref().unwrap_or(&self.ask.name)
    }

    /// What an answer, as it came, tells of the server. `stream`: it came over TCP.
    pub fn lesson(&self, answer: &Packet, stream: bool) -> Lesson {
        let mut lesson = Lesson::default();
        match self.cookie.map(|sent| told(answer, &sent)) {
            Some(Told::Ours(cookie)) => lesson.cookie = Some(cookie),
            Some(Told::Nothing) if stream => lesson.no_cookies = self.expects_cookie(),
            _ => {}
        }
        lesson.folds = self.spelling.is_some() && !self.is_spelt(answer.wire());
        lesson
    }

    /// Gives an answer the letter case of the name that was asked for, in place of the random one.
    pub fn restore_letters(&self, answer: &mut Packet) {
        if self.spelling.is_some() {
            answer.spell(&self.ask.name);
            answer.spell_owners(&self.ask.name);
        }
    }

    /// What stands for an answer that is too long to be read: it has no records, and says that it was cut.
    pub fn cut(&self) -> Packet {
        let (rtype, class) = (self.ask.rtype, self.ask.class);
        Packet::query(self.id, flag::QR | flag::TC, &self.ask.name, rtype, class)
    }

    /// Judges a message that came from the server. `stream`: it came over TCP, where nothing is truncated.
    pub fn judge(&self, message: &[u8], stream: bool) -> Verdict {
        let Some(&[id_high, id_low, a, b, q, s, ..]) = message.first_chunk::<HEADER>() else {
            return Verdict::Ignore;
        };
        let flags = u16::from_be_bytes([a, b]);
        let ours = u16::from_be_bytes([id_high, id_low]) == self.id
            && flags & flag::QR != 0
            && flag::opcode(flags) == 0;
        // Servers that do not understand a query may leave out the question.
        let error = !matches!(flag::rcode(flags), rcode::NOERROR | rcode::NXDOMAIN);
        let unasked = !self.is_question(message);
        if !ours || unasked && !([q, s] == [0, 0] && error) {
            return Verdict::Ignore;
        }
        let truncated = flags & flag::TC != 0;
        let Some(packet) = read(message, truncated && !stream) else {
            return Verdict::Noise(Noise::Malformed);
        };
        // Over a connection nobody else can answer, and the flag TC means nothing, RFC 2181 §9, unless nothing came.
        match stream {
            false if unasked => return Verdict::Noise(Noise::Unasked(packet)),
            true if truncated && packet.count(ANSWER) == 0 => {
                return Verdict::Noise(Noise::Malformed);
            }
            true => {}
            false => match self.doubt(&packet) {
                Some(doubt) => return doubt,
                None if self.cookie.is_some() && packet.rcode() == rcode::BADCOOKIE => {
                    return Verdict::BadCookie(packet);
                }
                None => {}
            },
        }
        match (self.edns && refuses_edns(&packet), truncated && !stream) {
            (true, _) => Verdict::WithoutEdns,
            (false, true) => Verdict::Truncated(packet),
            (false, false) => Verdict::Answer(packet),
        }
    }

    /// Why a datagram that fits may be forged all the same. RFC 7873 §5.3: without a cookie it is not believed of a
    /// server that has given cookies. A cookie proves more than the letter case, of which some servers know nothing.
    fn doubt(&self, packet: &Packet) -> Option<Verdict> {
        match self.cookie.map_or(Told::Nothing, |sent| told(packet, &sent)) {
            Told::Ours(_) => None,
            // A server that knows no EDNS may refuse a query by sending it back.
            Told::Echo if refuses_edns(packet) => None,
            Told::Wrong | Told::Echo => Some(Verdict::Noise(Noise::Forged)),
            Told::Nothing if self.expects_cookie() => Some(Verdict::Unproven { letters: false }),
            Told::Nothing if self.is_spelt(packet.wire()) => None,
            Told::Nothing => Some(Verdict::Unproven { letters: true }),
        }
    }

    /// Whether the question of a message is spelt as it was sent, if that matters.
    fn is_spelt(&self, message: &[u8]) -> bool {
        let Some(name) = &self.spelling else { return true };
        message.get(HEADER..HEADER + name.wire().len()) == Some(name.wire())
    }

    /// Whether the one question of a message is ours.
    fn is_question(&self, message: &[u8]) -> bool {
        let wire = self.ask.name.wire();
        let name_end = HEADER + wire.len();
        let ([t, y], [c, l]) = (self.ask.rtype.to_be_bytes(), self.ask.class.to_be_bytes());
        message[4..6] == [0, 1]
            && message.get(HEADER..name_end).is_some_and(|name| same(name, wire))
            && message.get(name_end..name_end + 4) == Some(&[t, y, c, l])
    }
}

/// Whether that is what servers say that do not know EDNS, RFC 6891 §7.
pub fn refuses_edns(packet: &Packet) -> bool {
    matches!(packet.rcode(), rcode::FORMERR | rcode::NOTIMP | rcode::BADVERS)
}

/// Parses a message. If all answers are well-formed but a later record is not, the result ends before that record.
/// `cut`: the message says that it was truncated, which only a datagram may be.
fn read(message: &[u8], cut: bool) -> Option<Packet> {
    match Packet::parse_whole(message) {
        // An incomplete message is parsed only if it says that it was cut.
        Ok(packet) if cut || packet.flags() & flag::TC == 0 || packet.is_complete() => Some(packet),
        _ => Packet::parse_answers(message).ok(),
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! One question to one server: what is sent, and what counts as its answer. No I/O, no clock.
//!
//! An answer has the id and the question that were sent, and came from where they went (which
//! whoever receives sees to). Everything else is somebody's guess or somebody's mistake, and the wait for
//! the answer goes on: also after a failure without the question, and after a message that cannot be read.
//! RFC 5452 §9.

use crate::dns::message::name::Name;
use crate::dns::message::packet::{flag, rcode, Packet, ADDITIONAL, ANSWER, HEADER};
use crate::dns::message::types::OPT;
use std::net::SocketAddr;

/// The largest datagram that servers are told to send: it passes everywhere without being fragmented.
/// <https://www.dnsflagday.net/2020/>
pub const EDNS_SIZE: u16 = 1232;

/// A question and to whom it goes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ask {
    /// The server.
    pub server: SocketAddr,
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
}

impl Exchange {
    /// An exchange that is to begin. `id` must be random.
    pub fn new(ask: Ask, id: u16, edns: bool) -> Exchange {
        Exchange { ask, id, edns }
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
        HEADER + self.ask.name.wire().len() + 4 + if self.edns { 11 } else { 0 }
    }

    /// The query.
    pub fn query(&self) -> Packet {
        let flags = if self.ask.recursive { flag::RD } else { 0 };
        let (rtype, class) = (self.ask.rtype, self.ask.class);
        let mut packet = Packet::query(self.id, flags, &self.ask.name, rtype, class);
        if self.edns {
            // Cannot fail: the additional section is the last one, and eleven bytes fit.
            let _ = packet.push(ADDITIONAL, &Name::root(), OPT, EDNS_SIZE, 0, &[]);
        }
        packet
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
            _ => {}
        }
        match (self.edns && refuses_edns(&packet), truncated && !stream) {
            (true, _) => Verdict::WithoutEdns,
            (false, true) => Verdict::Truncated(packet),
            (false, false) => Verdict::Answer(packet),
        }
    }

    /// Whether the one question of a message is ours.
    fn is_question(&self, message: &[u8]) -> bool {
        let wire = self.ask.name.wire();
        let name_end = HEADER + wire.len();
        let ([t, y], [c, l]) = (self.ask.rtype.to_be_bytes(), self.ask.class.to_be_bytes());
        message[4..6] == [0, 1]
            && message.get(HEADER..name_end).is_some_and(|name| name.eq_ignore_ascii_case(wire))
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

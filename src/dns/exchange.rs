// SPDX-License-Identifier: MIT
//! One question to one server: what is sent, and what counts as its answer. No I/O, no clock.
//!
//! An answer has the id and the question that were sent, and came from where they went (which
//! whoever receives sees to). Everything else is somebody's guess or somebody's mistake, and the wait for
//! the answer goes on. RFC 5452 §9.

use super::name::Name;
use super::packet::{flag, rcode, Packet, ADDITIONAL, HEADER};
use super::record::OPT;
use std::net::SocketAddr;

/// The datagrams that we take: what passes everywhere without fragments.
/// <https://www.dnsflagday.net/2020/>
pub const EDNS_SIZE: u16 = 1232;

/// A question and to whom it goes.
#[derive(Clone, Debug)]
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
    /// Unpredictable.
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
    /// The answer did not fit: ask again over TCP. What did fit.
    Truncated(Packet),
    /// The server does not know EDNS: ask again without.
    WithoutEdns,
    /// The server's answer cannot be read.
    Malformed,
}

impl Exchange {
    /// `id` is random.
    pub fn new(ask: Ask, id: u16, edns: bool) -> Exchange {
        Exchange { ask, id, edns }
    }

    /// The number of the query.
    pub fn id(&self) -> u16 {
        self.id
    }

    /// Gives it another one.
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

    /// What came from the server. `stream`: over TCP, where nothing is cut.
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
        if !ours || !(self.is_question(message) || [q, s] == [0, 0] && error) {
            return Verdict::Ignore;
        }
        let Ok(packet) = Packet::parse_whole(message) else { return Verdict::Malformed };
        let refused = || matches!(packet.rcode(), rcode::FORMERR | rcode::NOTIMP | rcode::BADVERS);
        match (self.edns && refused(), flags & flag::TC != 0) {
            (true, _) => Verdict::WithoutEdns,
            (false, true) if stream => Verdict::Malformed,
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

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Messages: a header and four sections that records are appended to. RFC 1035 §4.

use super::name::{self, Name};
use super::record::Record;
use super::records::{counts, Cursor, Records};
use super::types::OPT;
use crate::errno::{Errno, Result};

/// The bit of the section with the question.
pub const QUESTION: u8 = 1;
/// Of the one that answers it.
pub const ANSWER: u8 = 2;
/// Of the one that tells who knows.
pub const AUTHORITY: u8 = 4;
/// Of the one for all else.
pub const ADDITIONAL: u8 = 8;
/// Of all four.
pub const ALL: u8 = 15;

/// The size of the header.
pub const HEADER: usize = 12;

/// A pointer to the first name of a message, which stands behind the header.
const FIRST_NAME: [u8; 2] = [0xC0, HEADER as u8];

/// The most bytes of a message: its length stands in 16 bits where a length is sent.
pub const LARGEST: usize = 65535;

/// The parts of a header's 16 bits of flags.
pub mod flag {
    /// The message is an answer.
    pub const QR: u16 = 0x8000;
    /// The server speaks for the zone.
    pub const AA: u16 = 0x0400;
    /// The message was cut to fit.
    pub const TC: u16 = 0x0200;
    /// The server shall ask others.
    pub const RD: u16 = 0x0100;
    /// It can.
    pub const RA: u16 = 0x0080;
    /// The records were found authentic, RFC 4035 §3.2.3; in a query: tell whether they are, RFC 6840 §5.7.
    pub const AD: u16 = 0x0020;

    /// The operation.
    pub fn opcode(flags: u16) -> u16 {
        flags >> 11 & 15
    }

    /// The outcome.
    pub fn rcode(flags: u16) -> u16 {
        flags & 15
    }
}

/// Outcomes, RFC 1035 §4.1.1 and RFC 6891 §9.
#[allow(missing_docs)] // the names of the RFCs
pub mod rcode {
    pub const NOERROR: u16 = 0;
    pub const FORMERR: u16 = 1;
    pub const SERVFAIL: u16 = 2;
    pub const NXDOMAIN: u16 = 3;
    pub const NOTIMP: u16 = 4;
    pub const REFUSED: u16 = 5;
    pub const BADVERS: u16 = 16;
    pub const BADCOOKIE: u16 = 23;
}

/// A message.
#[derive(Clone)]
pub struct Packet {
    /// At least a header, at most `limit` bytes; what lies between holds as many records as the header says.
    pub(super) data: Vec<u8>,
    /// How long it may grow.
    pub(super) limit: usize,
    /// Where names begin that others can point to, all before `REACH`.
    pub(super) places: Vec<u16>,
}

impl Packet {
    /// Without records, for at most `size` bytes, the header among them.
    pub fn new(size: usize) -> Packet {
        let limit = size.clamp(HEADER, LARGEST);
        Packet { data: vec![0; HEADER], limit, places: Vec::new() }
    }

    /// A message with one question.
    pub fn query(id: u16, flags: u16, name: &Name, rtype: u16, class: u16) -> Packet {
        let mut data = Vec::with_capacity(HEADER + name.wire().len() + 4);
        data.extend(id.to_be_bytes());
        data.extend(flags.to_be_bytes());
        data.extend([0, 1, 0, 0, 0, 0, 0, 0]);
        data.extend(name.wire());
        data.extend(rtype.to_be_bytes());
        data.extend(class.to_be_bytes());
        Packet { data, limit: LARGEST, places: Vec::new() }
    }

    /// From the wire: every record that the header announces is there, unless it says that some were
    /// cut off, and names lead somewhere. CQ_EILLEGAL otherwise.
    pub fn parse(bytes: &[u8]) -> Result<Packet> {
        check(bytes, false)?;
        Ok(Packet { data: bytes.to_vec(), limit: LARGEST, places: Vec::new() })
    }

    /// The same, and the data of each record is what its type says.
    pub fn parse_whole(bytes: &[u8]) -> Result<Packet> {
        check(bytes, true)?;
        Ok(Packet { data: bytes.to_vec(), limit: LARGEST, places: Vec::new() })
    }

    /// A message with answers, all of which are what their types say: without what stands behind the last record
    /// that is. CQ_EILLEGAL for any other.
    pub fn parse_answers(bytes: &[u8]) -> Result<Packet> {
        if !(HEADER..=LARGEST).contains(&bytes.len()) {
            return Err(Errno::ILLEGAL);
        }
        let (mut sound, mut end) = ([0u16; 4], HEADER);
        let mut records = Records::new(bytes, ALL);
        while let Some(record) = records.next() {
            if name::check(bytes, record.name as usize).is_err() || record.check().is_err() {
                break;
            }
            sound[record.section.trailing_zeros() as usize] += 1;
            end = records.cursor.at as usize;
        }
        let announced = counts(bytes);
        if announced[1] == 0 || sound[..2] != announced[..2] {
            return Err(Errno::ILLEGAL);
        }
        let mut packet = Packet { data: bytes[..end].to_vec(), limit: LARGEST, places: Vec::new() };
        sound.iter().enumerate().for_each(|(i, &count)| packet.set_word(4 + 2 * i, count));
        Ok(packet)
    }

    /// Whether all records are there that the header announces.
    pub fn is_complete(&self) -> bool {
        let mut records = Records::new(&self.data, ALL);
        records.by_ref().for_each(drop);
        records.cursor.index == records.ends[3]
    }

    /// The same in place of what it holds, keeping its limit.
    pub fn load(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.limit {
            return Err(Errno::NOBUFS);
        }
        let limit = self.limit;
        *self = Packet::parse(bytes)?;
        self.limit = limit;
        Ok(())
    }

    /// The wire form.
    pub fn wire(&self) -> &[u8] {
        &self.data
    }

    /// The number that an answer repeats.
    pub fn id(&self) -> u16 {
        self.word(0)
    }

    /// Sets it.
    pub fn set_id(&mut self, id: u16) {
        self.set_word(0, id);
    }

    /// The flags of the header.
    pub fn flags(&self) -> u16 {
        self.word(2)
    }

    /// Sets them.
    pub fn set_flags(&mut self, flags: u16) {
        self.set_word(2, flags);
    }

    /// The outcome in the header.
    pub fn code(&self) -> u16 {
        flag::rcode(self.flags())
    }

    /// The outcome, with the bits that an OPT record adds.
    pub fn rcode(&self) -> u16 {
        if self.count(ADDITIONAL) == 0 {
            return self.code();
        }
        let high = self.records(ADDITIONAL).find(|record| record.rtype == OPT);
        flag::rcode(self.flags()) | high.map_or(0, |opt| (opt.ttl >> 24) as u16) << 4
    }

    /// How many records there are in sections.
    pub fn count(&self, sections: u8) -> usize {
        let counts = counts(&self.data);
        (0..4).filter(|index| sections & 1 << index != 0).map(|i| counts[i] as usize).sum()
    }

    /// The records of sections.
    pub fn records(&self, sections: u8) -> impl Iterator<Item = Record<'_>> {
        Records::new(&self.data, sections).filter(move |record| record.section & sections != 0)
    }

    /// All records, from the first or from where an earlier cursor stood.
    pub fn cursor(&self, at: Option<Cursor>) -> Records<'_> {
        let records = Records::new(&self.data, ALL);
        match at {
            Some(cursor) => Records { cursor, ..records },
            None => records,
        }
    }

    /// The first question: name, type, class.
    pub fn question(&self) -> Option<(Name, u16, u16)> {
        let first = self.records(QUESTION).next()?;
        Some((first.name().ok()?, first.rtype, first.class))
    }

    /// The bytes where the name of the first question stands, if it is of that size.
    pub(crate) fn question_name(&mut self, size: usize) -> Option<&mut [u8]> {
        match self.count(QUESTION) {
            0 => None,
            _ => self.data.get_mut(HEADER..HEADER + size),
        }
    }

    /// Overwrites labels that stand at `at` by others of the same lengths, up to a pointer or the root.
    pub(crate) fn overwrite_labels(&mut self, at: usize, labels: &[u8]) {
        for (byte, &letter) in self.data.iter_mut().skip(at).zip(labels) {
            match *byte {
                0 | 0xC0..=0xFF => return,
                _ if !byte.eq_ignore_ascii_case(&letter) => return,
                _ => *byte = letter,
            }
        }
    }

    /// Changes the lifetime that stands at `at`.
    pub(crate) fn set_ttl(&mut self, at: usize, ttl: u32) {
        self.data[at..at + 4].copy_from_slice(&ttl.to_be_bytes());
    }

    pub(super) fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.data[at], self.data[at + 1]])
    }

    pub(crate) fn set_word(&mut self, at: usize, value: u16) {
        self.data[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }
}

/// Checks a message, and if `data` the data of its records.
fn check(message: &[u8], data: bool) -> Result<()> {
    if !(HEADER..=LARGEST).contains(&message.len()) {
        return Err(Errno::ILLEGAL);
    }
    let mut records = Records::new(message, ALL);
    for record in &mut records {
        let at = record.name as usize;
        // Most owners point to the name that comes first, which was checked.
        if at == HEADER || message.get(at..at + 2) != Some(&FIRST_NAME) {
            name::check(message, at)?;
        }
        if data {
            record.check()?;
        }
    }
    let cut = u16::from_be_bytes([message[2], message[3]]) & flag::TC != 0;
    (records.cursor.index == records.ends[3] || cut).then_some(()).ok_or(Errno::ILLEGAL)
}

#[cfg(test)]
mod tests;

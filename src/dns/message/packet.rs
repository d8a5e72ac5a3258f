// SPDX-License-Identifier: MIT
//! Messages: a header and four sections that records are appended to. RFC 1035 §4.

use super::name::{self, Name};
use super::record::{class_name, layout, type_name, Field, Record, IN};
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

/// The most bytes of a message: its length stands in 16 bits where a length is sent.
pub const LARGEST: usize = 65535;

/// A name can be pointed to as far from the start as 14 bits reach.
const REACH: usize = 0x4000;

/// How many names are remembered to point to.
const PLACES: usize = 512;

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
}

/// A message.
#[derive(Clone)]
pub struct Packet {
    /// At least a header, at most `limit` bytes; what lies between holds as many records as the header says.
    data: Vec<u8>,
    /// How long it may grow.
    limit: usize,
    /// Where names begin that others can point to, all before `REACH`.
    places: Vec<u16>,
}

impl Packet {
    /// Without records, for at most `size` bytes, the header among them.
    pub fn new(size: usize) -> Packet {
        let limit = size.clamp(HEADER, LARGEST);
        Packet { data: vec![0; HEADER], limit, places: Vec::new() }
    }

    /// A query with one question.
    pub fn query(id: u16, flags: u16, name: &Name, rtype: u16, class: u16) -> Packet {
        let mut data = Vec::with_capacity(HEADER + name.wire().len() + 4 + 11);
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
        let high = self.records(ADDITIONAL).find(|record| record.rtype == super::record::OPT);
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

    /// Appends a record, its data with uncompressed names. CQ_EORDER if a later section has records
    /// already; CQ_ENOBUFS if it does not fit; CQ_EILLEGAL if the data is not that of the type.
    pub fn push(
        &mut self,
        section: u8,
        name: &Name,
        rtype: u16,
        class: u16,
        ttl: u32,
        data: &[u8],
    ) -> Result<()> {
        let index = section.trailing_zeros() as usize;
        if section.count_ones() != 1 || index > 3 {
            return Err(Errno::SECTION);
        }
        self.learn();
        if self.count(ALL & !(2 * section - 1)) > 0 {
            return Err(Errno::ORDER);
        }
        let (start, places) = (self.data.len(), self.places.len());
        let appended = self.append(section, name, rtype, class, ttl, data);
        if appended.is_ok() && self.data.len() <= self.limit {
            let place = 4 + 2 * index;
            let count = self.word(place).checked_add(1).ok_or(Errno::NOBUFS)?;
            self.set_word(place, count);
            return Ok(());
        }
        self.data.truncate(start);
        self.places.truncate(places);
        appended.and(Err(Errno::NOBUFS))
    }

    /// Copies a record of another message to a section.
    pub fn copy(&mut self, section: u8, record: &Record) -> Result<()> {
        let mut data = Vec::with_capacity(record.length as usize);
        record.expand(&mut data)?;
        self.push(section, &record.name()?, record.rtype, record.class, record.ttl, &data)
    }

    fn append(
        &mut self,
        section: u8,
        name: &Name,
        rtype: u16,
        class: u16,
        ttl: u32,
        data: &[u8],
    ) -> Result<()> {
        self.append_name(name.wire());
        self.data.extend(rtype.to_be_bytes());
        self.data.extend(class.to_be_bytes());
        if section == QUESTION {
            return Ok(());
        }
        self.data.extend(ttl.to_be_bytes());
        let length = self.data.len();
        self.data.extend([0, 0]);
        self.append_data(rtype, data)?;
        let size = u16::try_from(self.data.len() - length - 2).map_err(|_| Errno::ILLEGAL)?;
        self.set_word(length, size);
        Ok(())
    }

    /// Names of the types of RFC 1035 are compressed, and no others (RFC 3597 §4).
    fn append_data(&mut self, rtype: u16, data: &[u8]) -> Result<()> {
        let row = layout(rtype).filter(|row| row.members.iter().any(|m| m.1 == Field::Name));
        let Some(row) = row else {
            self.data.extend(data);
            return Ok(());
        };
        let mut at = 0;
        for &(_, field) in row.members {
            let end = field.end(data, at)?;
            match field {
                Field::Name => self.append_name(Name::parse(data, at)?.0.wire()),
                _ => self.data.extend(&data[at..end]),
            }
            at = end;
        }
        (at == data.len()).then_some(()).ok_or(Errno::ILLEGAL)
    }

    fn append_name(&mut self, wire: &[u8]) {
        let mut rest = wire;
        while rest.len() > 1 {
            let known = self.places.iter().find(|&&at| name::stands(&self.data, at as usize, rest));
            if let Some(at) = known {
                return self.data.extend((0xC000 | at).to_be_bytes());
            }
            if self.data.len() < REACH && self.places.len() < PLACES {
                self.places.push(self.data.len() as u16);
            }
            let (label, after) = rest.split_at(1 + rest[0] as usize);
            self.data.extend(label);
            rest = after;
        }
        self.data.push(0);
    }

    /// Finds the names of a message that came from elsewhere, to point to them, and leaves out what is no
    /// part of a whole record.
    fn learn(&mut self) {
        if !self.places.is_empty() || self.count(ALL) == 0 && self.data.len() == HEADER {
            return;
        }
        let (mut places, mut counts) = (Vec::new(), [0u16; 4]);
        let mut records = Records::new(&self.data, ALL);
        for record in &mut records {
            counts[record.section.trailing_zeros() as usize] += 1;
            let mut at = record.name as usize;
            while at < REACH && places.len() < PLACES {
                match self.data.get(at) {
                    Some(1..=63) => places.push(at as u16),
                    _ => break,
                }
                at += 1 + self.data[at] as usize;
            }
        }
        // What was cut off, or came behind the records.
        let end = records.cursor.at as usize;
        self.data.truncate(end);
        self.places = places;
        counts.iter().enumerate().for_each(|(i, &count)| self.set_word(4 + 2 * i, count));
    }

    /// The whole message as text, much as dig(1) prints it.
    pub fn format(&self) -> Vec<u8> {
        let mut text = format!(";; [HEADER]\n;;    qid : {}\n", self.id()).into_bytes();
        let flags = self.flags();
        for (label, bit, names) in FLAGS {
            let set = usize::from(flags & bit != 0);
            text.extend(format!(";; {label:>6} : {}({set})\n", names[set]).bytes());
            if *bit == flag::QR {
                let code = flag::opcode(flags);
                text.extend(format!(";; opcode : {}({code})\n", named(OPCODES, code)).bytes());
            }
        }
        let code = flag::rcode(flags);
        text.extend(format!(";;  rcode : {}({code})\n", named(RCODES, code)).bytes());
        for (index, &(name, section)) in SECTIONS.iter().enumerate() {
            let count = counts(&self.data)[index];
            if count > 0 {
                text.extend(format!("\n;; [{name}:{count}]\n").bytes());
                self.records(section).for_each(|record| format_line(&record, &mut text));
            }
        }
        text
    }

    /// The bytes where the name of the first question stands, if it is of that size.
    pub(crate) fn question_name(&mut self, size: usize) -> Option<&mut [u8]> {
        match self.count(QUESTION) {
            0 => None,
            _ => self.data.get_mut(HEADER..HEADER + size),
        }
    }

    /// Changes the lifetime that stands at `at`.
    pub(crate) fn set_ttl(&mut self, at: usize, ttl: u32) {
        self.data[at..at + 4].copy_from_slice(&ttl.to_be_bytes());
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_be_bytes([self.data[at], self.data[at + 1]])
    }

    pub(crate) fn set_word(&mut self, at: usize, value: u16) {
        self.data[at..at + 2].copy_from_slice(&value.to_be_bytes());
    }
}

/// The sections by name.
pub static SECTIONS: &[(&str, u8)] = &[
    ("QUESTION", QUESTION),
    ("ANSWER", ANSWER),
    ("AUTHORITY", AUTHORITY),
    ("ADDITIONAL", ADDITIONAL),
];

/// The operations by name, RFC 1035 §4.1.1, RFC 1996, RFC 2136.
pub static OPCODES: &[(&str, u16)] =
    &[("QUERY", 0), ("IQUERY", 1), ("STATUS", 2), ("NOTIFY", 4), ("UPDATE", 5)];

/// The outcomes by name, RFC 1035 §4.1.1, RFC 2136 §2.2.
pub static RCODES: &[(&str, u16)] = &[
    ("NOERROR", 0),
    ("FORMERR", 1),
    ("SERVFAIL", 2),
    ("NXDOMAIN", 3),
    ("NOTIMP", 4),
    ("REFUSED", 5),
    ("YXDOMAIN", 6),
    ("YXRRSET", 7),
    ("NXRRSET", 8),
    ("NOTAUTH", 9),
    ("NOTZONE", 10),
];

const FLAGS: &[(&str, u16, [&str; 2])] = &[
    ("qr", flag::QR, ["QUERY", "RESPONSE"]),
    ("aa", flag::AA, ["NON-AUTHORITATIVE", "AUTHORITATIVE"]),
    ("tc", flag::TC, ["NOT-TRUNCATED", "TRUNCATED"]),
    ("rd", flag::RD, ["RECURSION-NOT-DESIRED", "RECURSION-DESIRED"]),
    ("ra", flag::RA, ["RECURSION-NOT-ALLOWED", "RECURSION-ALLOWED"]),
];

/// The name of a number, or the number.
pub fn named(names: &[(&str, u16)], number: u16) -> String {
    let found = names.iter().find(|entry| entry.1 == number);
    found.map_or_else(|| number.to_string(), |entry| entry.0.to_owned())
}

/// One record on a line of its own.
fn format_line(record: &Record, text: &mut Vec<u8>) {
    let mut wire = [0; name::LONGEST];
    let question = record.section == QUESTION;
    if question {
        text.push(b';');
    }
    let size = name::expand(record.message, record.name as usize, &mut wire).map_or(0, |e| e.0);
    name::format(&wire[..size], text);
    if !question {
        text.extend(format!(" {}", record.ttl).bytes());
    }
    let class = match record.class {
        IN => class_name(IN),
        other => other.to_string(),
    };
    let rtype = match layout(record.rtype) {
        Some(_) => type_name(record.rtype),
        None => record.rtype.to_string(),
    };
    text.extend(format!(" {class} {rtype}").bytes());
    if !question {
        text.push(b' ');
        record.format(text);
    }
    text.push(b'\n');
}

/// The counts of the header.
#[inline]
fn counts(message: &[u8]) -> [u16; 4] {
    std::array::from_fn(|i| u16::from_be_bytes([message[4 + 2 * i], message[5 + 2 * i]]))
}

/// Checks a message, and if `data` the data of its records.
fn check(message: &[u8], data: bool) -> Result<()> {
    if !(HEADER..=LARGEST).contains(&message.len()) {
        return Err(Errno::ILLEGAL);
    }
    let mut records = Records::new(message, ALL);
    for record in &mut records {
        name::check(message, record.name as usize)?;
        if data {
            record.check()?;
        }
    }
    let cut = u16::from_be_bytes([message[2], message[3]]) & flag::TC != 0;
    (records.cursor.index == records.ends[3] || cut).then_some(()).ok_or(Errno::ILLEGAL)
}

/// A place between two records.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// Where the next record begins.
    pub at: u32,
    /// How many came before it.
    pub index: u32,
}

/// Goes over the records of a message, and ends early where one is cut off.
pub struct Records<'a> {
    message: &'a [u8],
    /// How many records the sections up to each have.
    ends: [u32; 4],
    /// How many records there are up to the last section that is wanted.
    last: u32,
    /// Where it stands.
    pub cursor: Cursor,
}

impl<'a> Records<'a> {
    #[inline]
    fn new(message: &'a [u8], sections: u8) -> Records<'a> {
        let mut sum = 0;
        let ends = counts(message).map(|count| {
            sum += u32::from(count);
            sum
        });
        let last = match sections & ALL {
            0 => 0,
            wanted => ends[3 - (wanted << 4).leading_zeros() as usize],
        };
        Records { message, ends, last, cursor: Cursor { at: HEADER as u32, index: 0 } }
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let Cursor { at, index } = self.cursor;
        if index >= self.last {
            return None;
        }
        let section = self.ends.iter().position(|&end| index < end)?;
        let fields = name::skip(self.message, at as usize).ok()?;
        // Type, class, lifetime and size of the data; a question has the first two only.
        let fixed = self.message.get(fields..)?;
        let &[t, y, c, l] = fixed.first_chunk::<4>()?;
        let (rtype, class) = (u16::from_be_bytes([t, y]), u16::from_be_bytes([c, l]));
        let mut record = Record {
            message: self.message,
            name: at as u16,
            rdata: (fields + 4) as u16,
            length: 0,
            section: 1 << section,
            rtype,
            class,
            ttl: 0,
        };
        let mut end = fields + 4;
        if record.section != QUESTION {
            let &[_, _, _, _, a, b, c, d, high, low] = fixed.first_chunk::<10>()?;
            record.ttl = u32::from_be_bytes([a, b, c, d]);
            record.length = u16::from_be_bytes([high, low]);
            record.rdata = u16::try_from(fields + 10).ok()?;
            end = fields + 10 + record.length as usize;
        }
        if end > self.message.len() {
            return None;
        }
        self.cursor = Cursor { at: end as u32, index: index + 1 };
        Some(record)
    }
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Going over the records of a message.

use super::name;
use super::packet::{ALL, HEADER, QUESTION};
use super::record::Record;

/// The counts of the header.
#[inline]
pub(super) fn counts(message: &[u8]) -> [u16; 4] {
    let &[_, _, _, _, a, b, c, d, e, f, g, h] = message.first_chunk::<HEADER>().expect("a header");
    [[a, b], [c, d], [e, f], [g, h]].map(u16::from_be_bytes)
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
    pub(super) message: &'a [u8],
    /// How many records the sections up to each have.
    pub(super) ends: [u32; 4],
    /// How many records there are up to the last section that is wanted.
    pub(super) last: u32,
    /// Where it stands.
    pub cursor: Cursor,
}

impl<'a> Records<'a> {
    #[inline]
    pub(super) fn new(message: &'a [u8], sections: u8) -> Records<'a> {
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

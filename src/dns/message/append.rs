// SPDX-License-Identifier: MIT
//! Appending records to a message, with their names compressed. RFC 1035 §4.1.4.

use super::field::Field;
use super::name::{self, Name};
use super::packet::{Packet, ALL, HEADER, QUESTION};
use super::record::Record;
use super::records::Records;
use super::types::layout;
use crate::errno::{Errno, Result};

/// A name can be pointed to as far from the start as 14 bits reach.
pub(super) const REACH: usize = 0x4000;

/// How many names are remembered to point to.
const PLACES: usize = 512;

impl Packet {
    /// Appends a record, its data with uncompressed names. CQ_EILLEGAL if the data is not that of the type; else
    /// CQ_ENOBUFS if it does not fit; else CQ_EORDER if a later section has records already.
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
        let is_late = self.count(ALL & !(2 * section - 1)) > 0;
        let (start, places) = (self.data.len(), self.places.len());
        let appended = self.append(section, name, rtype, class, ttl, data);
        let appended = appended.and(match self.data.len() > self.limit {
            true => Err(Errno::NOBUFS),
            false if is_late => Err(Errno::ORDER),
            false => Ok(()),
        });
        if appended.is_ok() {
            let place = 4 + 2 * index;
            let count = self.word(place).checked_add(1).ok_or(Errno::NOBUFS)?;
            self.set_word(place, count);
            return Ok(());
        }
        self.data.truncate(start);
        self.places.truncate(places);
        appended
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
}

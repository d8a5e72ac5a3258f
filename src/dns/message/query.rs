// SPDX-License-Identifier: MIT
//! Queries on their way out, in room that the caller has. RFC 1035 §4.

use super::name::{Name, LONGEST};
use super::packet::HEADER;
use super::types::OPT;

/// Room for the longest name, and for an OPT record that fills the query up to a multiple of 128 bytes.
pub const ROOM: usize = 384;

/// The bytes of a query with one question.
pub struct Query<'a> {
    room: &'a mut [u8; ROOM],
    size: usize,
}

impl<'a> Query<'a> {
    /// A query with one question.
    #[inline]
    pub fn new(
        room: &'a mut [u8; ROOM],
        (id, flags): (u16, u16),
        (name, rtype, class): (&Name, u16, u16),
    ) -> Query<'a> {
        const { assert!(HEADER + LONGEST + 4 + 11 + 4 + 40 <= ROOM) };
        let ([i, d], [f, g]) = (id.to_be_bytes(), flags.to_be_bytes());
        room[..HEADER].copy_from_slice(&[i, d, f, g, 0, 1, 0, 0, 0, 0, 0, 0]);
        let mut query = Query { room, size: HEADER };
        query.add(name.wire());
        let ([t, y], [c, l]) = (rtype.to_be_bytes(), class.to_be_bytes());
        query.add(&[t, y, c, l]);
        query
    }

    /// Appends an OPT record, RFC 6891 §6.1.2: how large datagrams may be, and perhaps an option.
    pub fn add_opt(&mut self, datagrams: u16, option: Option<(u16, &[u8])>) {
        let length = option.map_or(0, |(_, data)| 4 + data.len()) as u16;
        let ([d, e], [l, m]) = (datagrams.to_be_bytes(), length.to_be_bytes());
        self.add(&[0, 0, OPT as u8, d, e, 0, 0, 0, 0, l, m]);
        if let Some((code, data)) = option {
            let ([c, o], [s, t]) = (code.to_be_bytes(), (data.len() as u16).to_be_bytes());
            self.add(&[c, o, s, t]);
            self.add(data);
        }
        self.room[11] = 1; // one additional record
    }

    /// How many bytes it is by now.
    pub fn size(&self) -> usize {
        self.size
    }

    /// The wire form.
    pub fn wire(self) -> &'a [u8] {
        &self.room[..self.size]
    }

    #[inline]
    fn add(&mut self, bytes: &[u8]) {
        let end = self.size + bytes.len();
        self.room[self.size..end].copy_from_slice(bytes);
        self.size = end;
    }
}

// SPDX-License-Identifier: MIT
//! Changes of an answer in place: the letter case of whoever asks, lifetimes reduced by the time that has passed.

use crate::dns::message::name::Name;
use crate::dns::message::packet::{Packet, ADDITIONAL, ALL, QUESTION};
use crate::dns::message::types::OPT;

impl Packet {
    /// Writes the question's name in the letter case of one who asked for it.
    pub(crate) fn spell(&mut self, name: &Name) {
        let wire = name.wire();
        let place = self.question_name(wire.len());
        if let Some(place) = place.filter(|place| place[..] != *wire) {
            if place.eq_ignore_ascii_case(wire) {
                place.copy_from_slice(wire);
            }
        }
    }

    /// Writes the owners of records that are the name, or of which the name ends in the labels, in its letter case.
    pub(crate) fn spell_owners(&mut self, name: &Name) {
        let owners: Vec<_> = self.records(ALL & !QUESTION).map(|record| record.name).collect();
        for at in owners.into_iter().map(usize::from) {
            let Ok((owner, _)) = Name::parse(self.wire(), at) else { continue };
            if name.is_within(&owner) {
                let letters = &name.wire()[name.wire().len() - owner.wire().len()..];
                self.overwrite_labels(at, letters);
            }
        }
    }

    /// Changes the type in the question.
    pub(crate) fn set_question_type(&mut self, rtype: u16) {
        let data = self.records(QUESTION).next().map(|question| question.rdata as usize - 4);
        if let Some(at) = data {
            self.set_word(at, rtype);
        }
    }

    /// Reduces the lifetimes of records by seconds that have passed.
    pub(crate) fn age(&mut self, seconds: u32) {
        if seconds == 0 {
            return;
        }
        // The lifetime stands six bytes before the data.
        let places: Vec<(usize, u32)> = self
            .records(ALL & !QUESTION)
            .filter(|record| record.section != ADDITIONAL || record.rtype != OPT)
            .map(|record| (record.rdata as usize - 6, record.ttl.saturating_sub(seconds)))
            .collect();
        places.into_iter().for_each(|(at, ttl)| self.set_ttl(at, ttl));
    }
}

// SPDX-License-Identifier: MIT
//! How the work on a frame ends: what is added to its answer, and who gets that.

use super::{Action, Resolution};
use crate::clock::Instant;
use crate::dns::message::packet::{flag, rcode, Packet, ADDITIONAL, ANSWER};
use crate::dns::message::types::{A, AAAA};
use crate::dns::resolve::cache::Cache;
use crate::dns::resolve::candidates::Ending;
use crate::dns::resolve::compose::{joined, keep, missing};
use crate::dns::resolve::frame::{Frame, Next, Purpose};
use crate::errno::Result;
use std::sync::Arc;

impl Resolution {
    /// Completes the answer of the innermost frame: with the aliases that led to it, and with the addresses of the
    /// hosts that it names (option `smart`).
    pub(super) fn enrich(&mut self, packet: Packet, cache: &mut Cache, now: Instant) -> Next {
        let config = Arc::clone(&self.setup.config);
        let Some(frame) = self.frames.last_mut() else {
            return Next::Go;
        };
        let mut packet = packet;
        if !frame.parts.is_empty() {
            let parts = std::mem::take(&mut frame.parts);
            packet = joined(&parts, &packet, &frame.asked, frame.rtype, frame.class);
            if config.cache {
                let question = (&frame.asked, frame.rtype, frame.class);
                keep(cache, self.setup.view, question, &packet, now);
            }
        }
        if !config.smart || !matches!(frame.purpose, Purpose::Question) {
            return Next::Done(Ok(packet));
        }
        let hosts = frame.hosts.get_or_insert_with(|| missing(&packet));
        if let Some((name, rtype)) = hosts.pop_front() {
            let class = frame.class;
            frame.answer = Some(packet);
            self.frames.push(Frame::new(Purpose::Smart, name, rtype, class));
            return Next::Go;
        }
        // What does not fit is left out: nothing depends on it.
        for record in frame.additional.iter().flat_map(|other| other.records(ANSWER)) {
            let _ = packet.copy(ADDITIONAL, &record);
        }
        Next::Done(Ok(packet))
    }

    /// Ends the innermost frame: hands its result to the frame below, or ends the search for a candidate.
    pub(super) fn pop(&mut self, result: Result<Packet>) -> Option<Action> {
        let mut frame = self.frames.pop()?;
        if let Some(servers) = frame.servers.take() {
            self.room = servers.addresses;
            self.room.clear();
        }
        match frame.purpose {
            Purpose::Question => self.conclude(&frame, result),
            Purpose::Server => {
                let below = self.frames.last_mut()?;
                below.found_server(&self.setup, result.ok().as_ref(), &frame.asked, frame.rtype);
                None
            }
            Purpose::Smart => {
                let below = self.frames.last_mut()?;
                let packet = result.ok()?;
                match packet.count(ANSWER) {
                    0 if packet.code() != rcode::NOERROR => {}
                    // Perhaps it has an IPv6 address.
                    0 if frame.rtype == A => below.hosts.as_mut()?.push_front((frame.asked, AAAA)),
                    _ => below.additional.push(packet),
                }
                None
            }
        }
    }

    /// Ends the search for one candidate. After a negative answer the other candidates are tried.
    fn conclude(&mut self, frame: &Frame, result: Result<Packet>) -> Option<Action> {
        let trusted = self.setup.config.trusts_ad();
        let spelt = result.map(|mut packet| {
            packet.spell(&frame.asked);
            if !trusted && packet.flags() & flag::AD != 0 {
                packet.set_flags(packet.flags() & !flag::AD);
            }
            packet
        });
        let found = |packet: &Packet| packet.code() == rcode::NOERROR && packet.count(ANSWER) > 0;
        if spelt.as_ref().is_ok_and(found) {
            return spelt.ok().map(Action::Done);
        }
        let story = std::mem::take(&mut self.story);
        let ending = match &spelt {
            Err(_) => Ending::Unreachable,
            Ok(_) if self.silent => Ending::Unreachable,
            Ok(_) => Ending::Answered,
        };
        self.candidates.failed(&frame.asked, spelt, ending, story);
        None
    }
}

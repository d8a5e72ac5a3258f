// SPDX-License-Identifier: MIT
//! The names that are tried for one that a person wrote, by the search list, and what the files say of them: before
//! any name server is asked, or after all have said no, in the configuration's order of sources.

use super::compose::{from_hosts, local, reply};
use super::setup::Setup;
use crate::dns::message::name::Name;
use crate::dns::message::packet::{flag, rcode, Packet};
use crate::dns::system::search::is_absolute;
use crate::dns::system::switch::ending;
use crate::errno::{Errno, Result};

/// The names, and what has come of those that were tried.
pub(crate) struct Candidates {
    /// The name as it was written.
    own: Name,
    /// All names to try, in the order of asking; `None`: `own` alone, as a rule.
    all: Option<Vec<Name>>,
    /// How many of them `next` has handed out.
    taken: usize,
    /// Whether the files were looked at.
    began: bool,
    /// The negative answer with the highest rank, and that rank: see `failed`.
    negative: Option<(u8, Result<Packet>)>,
    /// What happened to each, in words.
    stories: Vec<String>,
}

/// How the search for one name ended.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With an answer, but without the records that were asked for.
    Answered,
    /// With no answer: trying another name would take as long again.
    Unreachable,
}

impl Candidates {
    /// The names to try for `name`. CQ_EILLEGAL for what is no name.
    pub(crate) fn new(setup: &Setup, name: &str) -> Result<Candidates> {
        let own = Name::scan(name.as_bytes())?;
        let alone = setup.config.search.is_empty() || own.is_root() || is_absolute(name);
        let all = match alone {
            true => None,
            // A candidate that is too long is no name.
            false => {
                let list = setup.config.candidates(name);
                Some(list.iter().filter_map(|text| Name::scan(text.as_bytes()).ok()).collect())
            }
        };
        Ok(Candidates { own, all, taken: 0, began: false, negative: None, stories: Vec::new() })
    }

    /// At the first call, what is known without asking a server: of the name as it was written, then of the others.
    pub(crate) fn at_first(&mut self, setup: &Setup, (rtype, class): (u16, u16)) -> Option<Packet> {
        if std::mem::replace(&mut self.began, true) {
            return None;
        }
        let config = &setup.config;
        let mut found = None;
        if config.files_first() {
            found = self.in_files(setup, (rtype, class));
        }
        found = found.or_else(|| self.each().find_map(|name| local(name, rtype, class)));
        if found.is_none() && config.files_first() && config.file_ends & ending::NOT_FOUND != 0 {
            return Some(reply(&self.own, rtype, class, flag::QR | flag::AA | rcode::NXDOMAIN));
        }
        found
    }

    /// The next name to ask for.
    pub(crate) fn next(&mut self) -> Option<Name> {
        let name = self.all().get(self.taken)?.clone();
        self.taken += 1;
        Some(name)
    }

    /// Notes that asking for a name has not led to the records that were wanted.
    pub(crate) fn failed(
        &mut self,
        name: &Name,
        result: Result<Packet>,
        ending: Ending,
        story: String,
    ) {
        if ending == Ending::Unreachable {
            self.taken = self.all().len();
        }
        let code = result.as_ref().map_or(rcode::SERVFAIL, Packet::code);
        // As in getaddrinfo(3): that a domain of the search list has no such name says nothing about the name.
        let rank = match code {
            rcode::NXDOMAIN => 0,
            rcode::NOERROR => 2,
            _ if *name == self.own || ending == Ending::Unreachable => 3,
            _ => 1,
        };
        if self.negative.as_ref().is_none_or(|known| known.0 < rank) {
            self.negative = Some((rank, result));
        }
        if !story.is_empty() {
            self.stories.push(story);
        }
    }

    /// The result when no name has led to the records: what the files say, if they are looked at after the name
    /// servers, or the negative answer that counts most.
    pub(crate) fn in_the_end(&mut self, setup: &Setup, question: (u16, u16)) -> Result<Packet> {
        let config = &setup.config;
        let (rank, result) = self.negative.take().unwrap_or((3, Err(Errno::FAIL)));
        let ended = match (rank, &result) {
            (0 | 2, _) => ending::NOT_FOUND,
            (_, Ok(packet)) if packet.code() == rcode::SERVFAIL => ending::TRY_AGAIN,
            _ => ending::UNAVAILABLE,
        };
        let later = config.asks() && !config.files_first() && config.bind_ends & ended == 0;
        if later && config.lookup.contains(&crate::dns::system::config::Source::File) {
            if let Some(packet) = self.in_files(setup, question) {
                return Ok(packet);
            }
        }
        result
    }

    /// Forgets what came of the names.
    pub(crate) fn rest(&mut self) {
        self.negative = None;
        self.stories = Vec::new();
    }

    /// What happened with each name that was tried, in words.
    pub(crate) fn story(&self) -> String {
        self.stories.join("; ")
    }

    /// The name as it was written, then the others.
    pub(crate) fn each(&self) -> impl Iterator<Item = &Name> {
        std::iter::once(&self.own)
            .chain(self.all.iter().flatten().filter(|name| **name != self.own))
    }

    fn all(&self) -> &[Name] {
        self.all.as_deref().unwrap_or(std::slice::from_ref(&self.own))
    }

    fn in_files(&self, setup: &Setup, (rtype, class): (u16, u16)) -> Option<Packet> {
        self.each().find_map(|name| from_hosts(&setup.hosts, name, rtype, class))
    }
}

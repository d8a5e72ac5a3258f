// SPDX-License-Identifier: MIT
//! What a socket waits for after EAGAIN: events of its descriptor, a time after which to try again.

use super::establish::Phase;
use super::{Inner, Socket};
use crate::clock::Instant;
use crate::controller::Member;
use crate::errno::Errno;
use crate::poller::Events;

impl Socket {
    /// What to wait for after EAGAIN.
    pub fn interest(&self) -> Member {
        self.ask(Member::NOTHING, |inner| {
            if let Phase::AwaitName(race) = &inner.phase {
                return race.interest();
            }
            let (fd, events, timeout) = (inner.fd, inner.wanted, inner.retry);
            Member { fd, events, owner: Some(inner.owner.clone()), timeout, ..Member::NOTHING }
        })
    }

    /// The poller has said "readable": the next receive asks the kernel.
    pub fn readable(&self) {
        self.ask((), |inner| inner.drained = false);
    }

    /// Forgets what the last operation wanted to wait for.
    pub fn clear_interest(&self) {
        self.ask((), Inner::begin);
    }
}

impl Inner {
    /// Notes what to wait for; the result is EAGAIN.
    pub(super) fn must_wait(&mut self, events: Events) -> Errno {
        self.wanted = events;
        self.retry = match self.phase {
            Phase::AwaitBacklog(at) => Some(at.since(Instant::now())),
            _ => None,
        };
        Errno::AGAIN
    }

    pub(super) fn begin(&mut self) {
        (self.wanted, self.retry, self.emptied) = (0, None, false);
    }
}

// SPDX-License-Identifier: MIT
//! What a socket waits for after EAGAIN: events of its descriptor, a time after which to try again.

use super::establish::Phase;
use super::{Inner, Socket};
use crate::clock::{Instant, Span};
use crate::controller::Member;
use crate::errno::{Errno, Result};
use crate::poller::Events;

/// What the last operation that answered EAGAIN waits for.
#[derive(Clone, Copy, Default)]
pub struct Interest {
    /// Events of the descriptor.
    pub events: Events,
    /// When to try again although no event comes.
    pub retry: Option<Span>,
}

impl Socket {
    /// What to wait for after EAGAIN.
    pub fn interest(&self) -> Member {
        self.ask(Member::NOTHING, |inner| inner.member(0))
    }

    /// What a task waits for that polls the socket: these events; 0: what the socket's last operation waits for. The
    /// task goes on when input has come, so the next receive with `Patience::wait` must ask the kernel. EBADF after
    /// close.
    pub fn waited_for(&self, events: Events) -> Result<Member> {
        self.ask(Ok(Member::NOTHING), |inner| {
            if inner.handle.fd < 0 && inner.is_closed() {
                return Err(Errno::BADF);
            }
            let member = inner.member(events);
            if member.events & libc::POLLIN != 0 {
                inner.input.kernel.drained = false;
            }
            Ok(member)
        })
    }

    /// The poller has said "readable": the next receive asks the kernel.
    pub fn readable(&self) {
        self.ask((), |inner| inner.input.kernel.drained = false);
    }

    /// Forgets what the last operation wanted to wait for.
    pub fn clear_interest(&self) {
        self.ask((), Inner::begin);
    }
}

impl Inner {
    /// What to wait for: these events; 0: what the last operation waits for. While addresses are looked for and tried,
    /// `events` does not count: the connection has no descriptor yet.
    #[inline]
    fn member(&self, events: Events) -> Member {
        if let Phase::AwaitName(race) = &self.establishing.phase {
            return race.interest();
        }
        let events = if events == 0 { self.interest.events } else { events };
        let owner = Some(self.handle.owner.clone());
        let (fd, timeout) = (self.handle.fd, self.interest.retry);
        Member { fd, events, owner, timeout, ..Member::NOTHING }
    }

    /// Whether the program has closed it.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self.establishing.phase, Phase::Failed(Errno::BADF))
    }

    /// Notes what to wait for; the result is EAGAIN.
    pub(super) fn must_wait(&mut self, events: Events) -> Errno {
        self.interest.events = events;
        self.interest.retry = match self.establishing.phase {
            Phase::AwaitBacklog(at) => Some(at.since(Instant::now())),
            _ => None,
        };
        Errno::AGAIN
    }

    /// An operation begins: forgets what the last one wanted to wait for.
    pub(super) fn begin(&mut self) {
        (self.interest.events, self.interest.retry, self.input.kernel.emptied) = (0, None, false);
    }
}

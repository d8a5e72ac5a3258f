// SPDX-License-Identifier: MIT
//! What a socket waits for after EAGAIN: events of its descriptor, a time after which to try again.

use super::establish::{Phase, BACKLOG_RETRY};
use super::{Inner, Socket};
use crate::clock::Span;
use crate::controller::{Member, Polled, LEVEL};
use crate::errno::{Errno, Result};
use crate::poller::Events;
use crate::sys::describe::Words;

/// What the last operation that answered EAGAIN waits for.
#[derive(Clone, Copy, Default)]
pub struct Interest {
    /// Events of the descriptor.
    pub events: Events,
    /// When to try again although no event comes.
    pub retry: Retry,
}

/// A time after which to try again, in microseconds, or `NONE`. One of more than an hour is cut, as a try that comes early
/// waits again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Retry(u32);

impl Retry {
    /// Not to be tried again.
    pub const NONE: Retry = Retry(u32::MAX);

    /// What it is.
    pub fn get(self) -> Option<Span> {
        (self != Retry::NONE).then_some(Span(u64::from(self.0) * 1000))
    }
}

impl Default for Retry {
    fn default() -> Retry {
        Retry::NONE
    }
}

impl From<Span> for Retry {
    fn from(span: Span) -> Retry {
        Retry(span.0.div_ceil(1000).min(u64::from(u32::MAX - 1)) as u32)
    }
}

impl From<Option<Span>> for Retry {
    fn from(span: Option<Span>) -> Retry {
        span.map_or(Retry::NONE, Retry::from)
    }
}

impl Socket {
    /// What to wait for after EAGAIN.
    pub fn interest(&self) -> Member {
        self.ask(Member::NOTHING, |inner| match inner.establishing.race() {
            Some(race) => race.interest(),
            None => inner.events(inner.interest.events),
        })
    }

    /// What a task waits for that polls the socket: these events; 0: what the socket's last operation waits for. The
    /// task goes on when input has come, so the next receive with `Patience::wait` must ask the kernel. EBADF after
    /// close.
    pub fn waited_for(&self, events: Events) -> Result<Member> {
        self.ask(Ok(Member::NOTHING), |inner| {
            match inner.establishing.phase {
                Phase::Failed(Errno::BADF) if inner.handle.fd < 0 => return Err(Errno::BADF),
                _ => {}
            }
            // While addresses are looked for and tried, `events` does not count: the connection has no descriptor yet.
            if let Some(race) = inner.establishing.race() {
                return Ok(race.interest());
            }
            let events = inner.asked(events);
            Ok(inner.events(events))
        })
    }

    /// Calls `park` with the descriptor and the events, if a task that polls the socket waits for nothing else;
    /// `None` otherwise. `events` is as for `waited_for`.
    #[inline]
    pub fn with_plain_wait<R>(
        &self,
        events: Events,
        park: impl FnOnce(Polled<'_>) -> R,
    ) -> Option<R> {
        self.ask(None, |inner| {
            let settled = matches!(inner.establishing.phase, Phase::Connected | Phase::Listening);
            if !settled || inner.handle.fd < 0 || inner.interest.retry != Retry::NONE {
                return None;
            }
            let events = inner.asked(events);
            if events == 0 {
                return None;
            }
            let (fd, emptied) = (inner.handle.fd, inner.emptied());
            let owner = Some(&inner.handle.owner);
            Some(park(Polled { fd, events, owner, lasting: true, emptied }))
        })
    }

    /// The poller has said "readable": the next receive asks the kernel.
    pub fn readable(&self) {
        self.ask((), |inner| inner.input.kernel.drained = false);
    }

    /// The last receive has emptied the kernel's buffer, or nothing was received yet: for one who reads again after
    /// others have run, the next receive with `Patience::wait` waits first. What has come meanwhile ends that wait.
    pub fn believe_drained(&self) {
        self.ask((), |inner| inner.input.kernel.believe());
    }

    /// Says what waits for it are for, until it is established or begins TLS.
    pub fn describe(&self, words: Words) {
        self.ask((), |inner| inner.handle.owner.describe(words));
    }

    /// Who polls the socket waits for these events, too, until its next operation.
    pub fn add_interest(&self, events: Events) {
        self.ask((), |inner| inner.interest.events |= events);
    }

    /// Forgets what the last operation wanted to wait for.
    pub fn clear_interest(&self) {
        self.ask((), Inner::begin);
    }
}

impl Inner {
    /// What a task is about to wait for that asks for these events: see `waited_for`.
    #[inline]
    fn asked(&mut self, events: Events) -> Events {
        let events = if events == 0 { self.interest.events } else { events };
        if events & libc::POLLIN != 0 {
            self.input.kernel.drained = false;
        }
        events
    }

    /// Events of the descriptor, and the time after which to try again.
    #[inline]
    fn events(&self, events: Events) -> Member {
        let owner = Some(self.handle.owner.clone());
        let (fd, timeout) = (self.handle.fd, self.interest.retry.get());
        Member { fd, events, owner, timeout, emptied: self.emptied(), ..Member::NOTHING }
    }

    /// See `Member::emptied`.
    #[inline]
    fn emptied(&self) -> u64 {
        // The program may have changed how a descriptor receives whose number it knows. Nobody receives from a listener.
        let reads = !matches!(self.establishing.phase, Phase::Listening);
        match self.handle.empties && !self.handle.exposed && reads {
            true => self.input.kernel.emptied_at,
            false => LEVEL,
        }
    }

    /// An option has changed how the descriptor receives: there can be something to read though nothing has come, which no
    /// wait of the kernel's notices. Stating the interest anew makes it look, for tasks that wait already.
    pub(super) fn look_again(&mut self) {
        self.handle.empties = false; // TCP_ULP, for one, has receives end at records
        self.handle.owner.renew();
    }

    /// Notes what to wait for; the result is EAGAIN.
    pub(super) fn must_wait(&mut self, events: Events) -> Errno {
        self.interest.events = events;
        self.interest.retry = match self.establishing.phase {
            Phase::AwaitBacklog => BACKLOG_RETRY.into(),
            _ => Retry::NONE,
        };
        Errno::AGAIN
    }

    /// An operation begins: forgets what the last one wanted to wait for.
    pub(super) fn begin(&mut self) {
        (self.interest.events, self.interest.retry, self.input.kernel.emptied) =
            (0, Retry::NONE, false);
    }
}

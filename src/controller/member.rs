// SPDX-License-Identifier: MIT
//! Members of wait sets: what a task waits for, and what woke it.

use super::{Condition, Owner};
use crate::clock::Span;
use crate::poller::Events;
use crate::sys::memory::AtomicShared;
use std::os::fd::RawFd;

/// See `Member::emptied`.
pub const LEVEL: u64 = 0;
/// See `Member::emptied`.
pub const NEVER: u64 = 1;

/// One member of a wait set: a descriptor, a timeout, a condition, in any mix. It fires as soon as any of them does.
#[derive(Clone)]
pub struct Member {
    /// The descriptor, or -1 for none.
    pub fd: RawFd,
    /// The events to wait for on it.
    pub events: Events,
    /// Whether its registration may outlive the wait, if it has an owner.
    pub lasting: bool,
    /// For an owner's stream whose receives empty the kernel's buffer unless they get all that they ask for: in which turn
    /// one did so last, or `NEVER`. Its registration may be edge-triggered. `LEVEL` for all others.
    pub emptied: u64,
    /// The owner, which takes the descriptor out of controllers before it is closed. `None`: a foreign descriptor.
    pub owner: Option<Owner>,
    /// The timeout, counted from the call that parks the task.
    pub timeout: Option<Span>,
    /// The condition.
    pub condition: Option<AtomicShared<Condition>>,
    /// Another condition: a socket may wait for one of its own beside the one that it is polled with.
    pub also: Option<AtomicShared<Condition>>,
}

impl Member {
    /// A member that never fires.
    pub const NOTHING: Member = Member {
        fd: -1,
        events: 0,
        lasting: true,
        emptied: LEVEL,
        owner: None,
        timeout: None,
        condition: None,
        also: None,
    };

    /// Events of a descriptor whose owner is known.
    pub fn owned(fd: RawFd, events: Events, owner: &Owner) -> Member {
        Member { fd, events, owner: Some(owner.clone()), ..Member::NOTHING }
    }

    /// Events of a foreign descriptor: one that the program made, and not the library.
    pub fn foreign(fd: RawFd, events: Events) -> Member {
        Member { fd, events, ..Member::NOTHING }
    }

    /// A timeout; `None`: a member that never fires.
    pub fn timeout(timeout: Option<Span>) -> Member {
        Member { timeout, ..Member::NOTHING }
    }

    /// A condition.
    pub fn condition(condition: &AtomicShared<Condition>) -> Member {
        Member { condition: Some(condition.clone()), ..Member::NOTHING }
    }

    /// This member with that timeout instead of its own.
    pub fn within(self, timeout: Option<Span>) -> Member {
        Member { timeout, ..self }
    }

    /// What it waits for on its descriptor.
    #[inline]
    pub(super) fn polled(&self) -> Polled<'_> {
        Polled {
            fd: self.fd,
            events: self.events,
            owner: self.owner.as_ref(),
            lasting: self.lasting,
            emptied: self.emptied,
        }
    }

    /// Whether it waits for a descriptor.
    pub fn polls(&self) -> bool {
        self.fd >= 0 && self.events != 0
    }

    /// Whether it waits for a descriptor and for nothing else, as nearly all do.
    #[inline]
    pub fn is_plain(&self) -> bool {
        self.polls() && self.timeout.is_none() && !self.has_condition()
    }

    /// Whether it waits for a condition.
    pub fn has_condition(&self) -> bool {
        self.condition.is_some() || self.also.is_some()
    }
}

/// What a plain member waits for.
#[derive(Clone, Copy)]
pub struct Polled<'a> {
    /// The descriptor; not negative.
    pub fd: RawFd,
    /// The events; not none.
    pub events: Events,
    /// As in `Member`.
    pub owner: Option<&'a Owner>,
    /// As in `Member`.
    pub lasting: bool,
    /// As in `Member`.
    pub emptied: u64,
}

impl Polled<'_> {
    /// The member that waits for nothing else.
    #[cold]
    pub(super) fn member(&self) -> Member {
        Member {
            fd: self.fd,
            events: self.events,
            owner: self.owner.cloned(),
            lasting: self.lasting,
            emptied: self.emptied,
            ..Member::NOTHING
        }
    }
}

/// A member of a wait set that fired.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Fired {
    /// Its place in the wait set.
    pub member: u32,
    /// A poll(2) mask, `CQ_FIRED`, `CQ_CANCELLED`.
    pub events: u32,
}

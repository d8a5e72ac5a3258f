// SPDX-License-Identifier: MIT
//! Waking: a descriptor is ready or was cancelled, a deadline has passed, a condition was signalled.

use super::alert::Alert;
use super::run_queue::Order;
use super::state::State;
use super::waits::{On, WaitKey, FIRED, NONE};
use super::{Controller, CANCELLED};
use crate::clock::{Instant, Span};
use crate::poller::{self, Events, Ready, Token, ALERT};
use std::os::fd::RawFd;

/// How many timers lie between one that is due and one whose record is fetched: while so many are handled, the memory
/// answers.
const FETCHED_AHEAD: usize = 4;

impl Controller {
    /// A condition was signalled: wakes its waiter.
    #[inline]
    pub(crate) fn signalled(&self, wait: WaitKey) {
        self.state.borrow_mut().fire(wait, FIRED);
        self.announce();
    }
}

impl State {
    /// Fires a wait: notes the events, and makes its task ready.
    pub fn fire(&mut self, key: WaitKey, events: Events) {
        if let Some(wait) = self.waits.get_mut(key) {
            wait.fired |= events;
            let task = wait.task;
            self.make_ready(task);
        }
    }

    /// Fires the waits on a descriptor that the kernel reports. If none wants the events, the registration is
    /// narrowed.
    pub fn ready_descriptor(&mut self, alert: &Alert, event: &Ready) {
        let (token, events) = poller::read(event);
        if token == ALERT {
            self.alerted = true;
            return alert.clear();
        }
        let Some(row) = self.descriptors.row_named(token) else {
            self.stale = true;
            return;
        };
        self.descriptors.note_told(row, events);
        let mut key = self.first_to_wake(row);
        let mut unwanted = true;
        while let Some(wait) = self.waits.get(key) {
            let next = self.next_to_wake(key);
            if let On::Descriptor(_, wanted, _) = wait.on {
                let hit = events & (wanted | libc::POLLERR | libc::POLLHUP);
                if hit != 0 {
                    unwanted = false;
                    self.fire(key, hit);
                }
            }
            key = next;
        }
        self.found |= !unwanted;
        if let (true, Some(poller)) = (unwanted, self.poller.as_ref()) {
            self.descriptors.narrow(poller, &self.waits, row);
        }
    }

    /// The wait on a descriptor to fire first: chosen so that in either order of tasks the one that has waited
    /// longest runs first.
    fn first_to_wake(&self, row: u32) -> WaitKey {
        match self.ready.order {
            Order::OldestFirst => self.descriptors.first(row),
            Order::NewestFirst => self.descriptors.last(row),
        }
    }

    fn next_to_wake(&self, key: WaitKey) -> WaitKey {
        let (previous, next) = self.waits.neighbours(key);
        match self.ready.order {
            Order::OldestFirst => next,
            Order::NewestFirst => previous,
        }
    }

    /// Fires the timers that are due, in the order of their deadlines.
    pub fn fire_due(&mut self, now: Instant) {
        while let Some(key) = self.timers.pop_due(now) {
            self.fetch_later_ones();
            let Some(wait) = self.waits.get_mut(key.wait) else {
                self.timers.surfaced();
                continue;
            };
            match wait.on {
                On::Deadline(serial) if serial == key.serial => {
                    wait.fired |= FIRED;
                    let task = wait.task;
                    self.timer_fired = true;
                    self.make_ready(task);
                }
                On::Scope(serial) if serial == key.serial => {
                    self.timer_fired = true;
                    self.scope_due(key.wait);
                }
                _ => self.timers.surfaced(),
            }
        }
    }

    /// Has the processor fetch the records of timers that follow, which may be due too: first that of the wait, which names the
    /// task's.
    #[inline]
    fn fetch_later_ones(&self) {
        if let Some(key) = self.timers.ahead(2 * FETCHED_AHEAD) {
            self.waits.fetch(key.wait);
        }
        let near = self.timers.ahead(FETCHED_AHEAD).and_then(|key| self.waits.get(key.wait));
        if let Some(wait) = near {
            self.tasks.fetch(wait.task as usize);
        }
    }

    /// The time until the next deadline, zero if it has passed.
    pub fn next_deadline(&mut self, now: Instant) -> Option<Span> {
        let waits = &self.waits;
        self.timers.next(now, |key| waits.is_timer(key.wait, key.serial))
    }

    /// Cancels a descriptor: wakes the tasks that wait for it and ends its registration. Returns whether any waited.
    pub fn cancel(&mut self, fd: RawFd) -> bool {
        self.drop_lingering();
        self.descriptors.row_of(fd).is_some_and(|row| self.cancel_row(row, false))
    }

    /// Cancels a descriptor whose owner closes it. Returns whether any task waited.
    pub fn forget(&mut self, token: Token, last: bool) -> bool {
        self.drop_lingering();
        let Some(row) = self.descriptors.row_named(token) else { return false };
        let woken = self.wake_row(row);
        self.descriptors.disown(row);
        self.forget_row(row, last);
        woken
    }

    fn cancel_row(&mut self, row: u32, last: bool) -> bool {
        let woken = self.wake_row(row);
        self.forget_row(row, last);
        woken
    }

    fn forget_row(&mut self, row: u32, last: bool) {
        if let Some(poller) = self.poller.as_ref() {
            self.descriptors.forget(poller, row, last);
        }
    }

    fn wake_row(&mut self, row: u32) -> bool {
        let mut woken = false;
        loop {
            let key = self.first_to_wake(row);
            if key == NONE {
                return woken;
            }
            self.descriptors.remove(&self.waits, key, row);
            self.set_on(key, On::Nothing);
            self.fire(key, CANCELLED);
            woken = true;
        }
    }
}

// SPDX-License-Identifier: MIT
//! Asking the kernel what is ready, in either order of tasks, and when that may be left out.

use super::alert::Alert;
use super::run_queue::Order;
use super::state::State;
use crate::clock::{Instant, Span};
use crate::errno::{Errno, Result};

/// How many resumptions may go by without asking the kernel while tasks keep waking each other, and how much time.
/// 61 is what Go's scheduler and tokio use: a prime, which falls into step with no regular pattern of a program.
pub const LAZY_RESUMPTIONS: u32 = 61;
const LAZY_TIME: Span = Span(100_000);

/// With so many timers, those that are due within the same half millisecond are waited for together: a hundred
/// thousand sleepers would otherwise cost nearly a system call each. Fewer are woken as exactly as the kernel can.
const MANY_TIMERS: usize = 256;
const TOGETHER: u64 = 500_000;

/// The time from `now` to the next full half millisecond behind `left`.
fn rounded(now: Instant, left: Span) -> Span {
    Span(now.after(left).0.div_ceil(TOGETHER).saturating_mul(TOGETHER) - now.0)
}

impl State {
    /// Makes ready what is due or what the kernel tells of, and begins a pass over what is ready.
    pub fn wait(&mut self, alert: &Alert, limit: Option<Span>, lazy: bool) -> Result<()> {
        self.drop_lingering();
        let poller = self.poller.as_ref().ok_or(Errno::BADF)?;
        self.descriptors.drop_orphans(poller, &self.waits);
        if self.fired.capacity() < self.widest {
            self.fired.try_reserve(self.widest).map_err(|_| Errno::NOMEM)?;
        }
        let begun = self.counts.is_some().then(Instant::now);
        match self.ready.order {
            Order::OldestFirst => self.wait_oldest_first(alert, limit, lazy)?,
            Order::NewestFirst => self.wait_newest_first(alert, limit)?,
        }
        if let Some(begun) = begun {
            self.count_wait(begun);
        }
        self.ready.begin_pass();
        self.unfinished = true;
        Ok(())
    }

    /// Oldest first: fires the timers that are due, then asks the kernel, unless that may be left out.
    fn wait_oldest_first(&mut self, alert: &Alert, limit: Option<Span>, lazy: bool) -> Result<()> {
        let deadline = match self.timers.is_empty() {
            true => None,
            false => {
                let now = Instant::now();
                self.fire_due(now);
                self.time_to_wait(now)
            }
        };
        // A task whose timer is due may wait for a descriptor too: then the kernel is asked as well.
        let lazy = lazy && !self.timer_fired && !self.ready.is_empty();
        let limit = self.limit(limit, deadline);
        let watched = self.watched(alert);
        if limit == Some(Span::ZERO) && (watched == 0 || (lazy && self.may_leave_out())) {
            return Ok(());
        }
        (self.resumptions, self.left_out) = (0, None);
        self.timer_fired = false;
        let timed_out = self.ask_kernel(alert, watched, limit)? && limit != Some(Span::ZERO);
        if timed_out && !self.timers.is_empty() {
            self.fire_due(Instant::now());
        }
        Ok(())
    }

    /// Whether the kernel need not be asked in this step although a descriptor may be ready.
    fn may_leave_out(&mut self) -> bool {
        if self.resumptions >= LAZY_RESUMPTIONS {
            return false;
        }
        let now = Instant::real();
        now < self.left_out.get_or_insert(now).after(LAZY_TIME)
    }

    /// Newest first: what becomes ready last runs first, so the order is part of the contract: descriptors in the
    /// order in which the kernel reports them, then timers by their deadlines. The kernel is asked in each step.
    fn wait_newest_first(&mut self, alert: &Alert, limit: Option<Span>) -> Result<()> {
        self.news |= alert.take_missed_lately();
        let deadline = match self.ready.is_empty() && !self.timers.is_empty() {
            true => self.time_to_wait(Instant::now()),
            false => None,
        };
        let limit = self.limit(limit, deadline);
        let watched = self.watched(alert);
        (self.found, self.alerted) = (false, false);
        if watched != 0 || limit != Some(Span::ZERO) {
            self.ask_kernel(alert, watched, limit)?;
        }
        self.recalled = std::mem::replace(&mut self.news, false);
        self.news = self.found && !self.alerted && !self.recalled;
        if !self.timers.is_empty() {
            self.fire_due(Instant::now());
        }
        Ok(())
    }

    /// How long to wait for the next deadline.
    fn time_to_wait(&mut self, now: Instant) -> Option<Span> {
        let left = self.next_deadline(now)?;
        match left > Span::ZERO && self.timers.count() >= MANY_TIMERS {
            true => Some(rounded(now, left)),
            false => Some(left),
        }
    }

    /// How long the kernel may be waited for: not at all while a task is ready, nor without tasks.
    fn limit(&self, limit: Option<Span>, deadline: Option<Span>) -> Option<Span> {
        match self.ready.is_empty() && self.counted() != 0 {
            true => Span::least(limit, deadline),
            false => Some(Span::ZERO),
        }
    }

    /// How many descriptors the kernel watches, that of the alert included.
    fn watched(&self, alert: &Alert) -> usize {
        self.descriptors.registered() + usize::from(alert.is_enabled())
    }

    /// Asks the kernel and makes ready what it tells of; `true` if it told of nothing.
    fn ask_kernel(&mut self, alert: &Alert, room: usize, limit: Option<Span>) -> Result<bool> {
        let poller = self.poller.as_ref().ok_or(Errno::BADF)?;
        let result = poller.wait(&mut self.events, room, limit.and_then(Span::real));
        let nothing = self.events.is_empty();
        if !nothing {
            let events = std::mem::take(&mut self.events);
            for event in &events {
                self.ready_descriptor(alert, event);
            }
            self.events = events;
        }
        match result {
            Ok(()) | Err(Errno(libc::EINTR)) => Ok(nothing),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{rounded, Instant, Span};

    #[test]
    fn deadlines_of_half_a_millisecond_are_one() {
        let now = Instant(10_100_000);
        assert_eq!(rounded(now, Span(1)), Span(400_000));
        assert_eq!(rounded(now, Span(400_000)), Span(400_000));
        assert_eq!(rounded(now, Span(400_001)), Span(900_000));
        assert!(rounded(now, Span(u64::MAX / 4)) >= Span(u64::MAX / 4));
    }
}

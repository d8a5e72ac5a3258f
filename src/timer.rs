// SPDX-License-Identifier: MIT
//! Timers as objects: once or again and again, set anew or stopped while somebody waits.

use crate::clock::{Instant, Span};
use crate::controller::{Condition, Member};
use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use std::cell::Cell;

/// When a timer is due.
#[derive(Clone, Copy)]
struct Due {
    at: Instant,
    /// The time from one to the next, if it is due again and again.
    interval: Option<Span>,
}

/// A timer. It takes no descriptor: who waits for it waits for a time, and for a change of that.
pub struct Timer {
    due: Cell<Option<Due>>,
    freed: Cell<bool>,
    changed: AtomicShared<Condition>,
}

impl Timer {
    /// One that is stopped. ENOMEM.
    pub fn new() -> Result<AtomicShared<Timer>> {
        let changed = Condition::new(false)?;
        changed.set_name(c"timer")?;
        Ok(AtomicShared::new(Timer { due: Cell::new(None), freed: Cell::new(false), changed })?)
    }

    /// Sets when it is due, and how long after each time again; `None`: it is stopped. EPERM if tasks of another thread
    /// wait.
    pub fn set(&self, at: Option<Instant>, interval: Option<Span>) -> Result<()> {
        self.changed.check_thread()?;
        let interval = interval.filter(|interval| *interval > Span::ZERO);
        self.due.set(at.map(|at| Due { at, interval }));
        self.changed.signal(usize::MAX);
        Ok(())
    }

    /// How long it is until it is due: no time if it is already. `None` while it is stopped.
    pub fn left(&self) -> Option<Span> {
        self.due.get().map(|due| due.at.since(Instant::now()))
    }

    /// How often it has been due since this was last asked, at least once: EAGAIN if it has not. EBADF: it was freed.
    pub fn take(&self) -> Result<u64> {
        if self.freed.get() {
            return Err(Errno::BADF);
        }
        let Some(Due { at, interval }) = self.due.get() else { return Err(Errno::AGAIN) };
        let now = Instant::now();
        if at.since(now) > Span::ZERO {
            return Err(Errno::AGAIN);
        }
        let Some(interval) = interval else {
            self.due.set(None);
            return Ok(1);
        };
        let count = now.since(at).0 / interval.0 + 1;
        let next = at.after(Span(interval.0.saturating_mul(count)));
        self.due.set(Some(Due { at: next, interval: Some(interval) }));
        Ok(count)
    }

    /// What to wait for until it may be due: its time, or a change of that.
    pub fn interest(&self) -> Member {
        Member { timeout: self.left(), ..Member::condition(&self.changed) }
    }

    /// Ends all waiting, with EBADF: the owner gives the timer up. EPERM if tasks of another thread wait.
    pub fn close(&self) -> Result<()> {
        self.changed.check_thread()?;
        self.freed.set(true);
        self.changed.signal(usize::MAX);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Errno, Instant, Span, Timer};

    #[test]
    fn one_that_is_due_again_and_again_keeps_its_times() {
        let timer = Timer::new().unwrap();
        assert_eq!(timer.take(), Err(Errno::AGAIN));
        assert_eq!(timer.left(), None);
        let second = Span(1_000_000_000);
        let now = Instant::now();
        timer.set(Some(Instant(now.0 - 3_500_000_000)), Some(second)).unwrap();
        assert_eq!(timer.left(), Some(Span::ZERO));
        assert_eq!(timer.take(), Ok(4), "at -3.5, -2.5, -1.5 and -0.5");
        let left = timer.left().unwrap();
        assert!(left > Span(300_000_000) && left <= Span(500_000_000), "{left:?}");
        assert_eq!(timer.take(), Err(Errno::AGAIN));
    }

    #[test]
    fn one_that_is_due_once_stops() {
        let timer = Timer::new().unwrap();
        timer.set(Some(Instant::now()), Some(Span::ZERO)).unwrap();
        assert_eq!(timer.take(), Ok(1));
        assert_eq!(timer.take(), Err(Errno::AGAIN));
        timer.set(Some(Instant::now()), None).unwrap();
        timer.set(None, None).unwrap();
        assert_eq!(timer.take(), Err(Errno::AGAIN));
        timer.close().unwrap();
        assert_eq!(timer.take(), Err(Errno::BADF));
    }
}

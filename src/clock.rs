// SPDX-License-Identifier: MIT
//! Monotonic time and deadlines. The only reader of the clock.

use crate::sys;

/// Nanoseconds of the system's monotonic clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(pub u64);

impl Instant {
    /// Reads the clock.
    pub fn now() -> Instant {
        Instant(sys::clock::monotonic())
    }

    /// The instant `span` later; saturates at the end of time.
    pub fn after(self, span: Span) -> Instant {
        Instant(self.0.saturating_add(span.0))
    }

    /// What is left from `now` until this instant; zero when it has passed.
    pub fn since(self, now: Instant) -> Span {
        Span(self.0.saturating_sub(now.0))
    }

    /// Seconds since the clock's epoch.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// A length of time in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Span(pub u64);

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// From seconds, rounded up so that nothing fires early. NaN, negative and infinite values
    /// mean "no limit": `None`.
    pub fn from_seconds(seconds: f64) -> Option<Span> {
        if seconds.is_nan() || seconds < 0.0 {
            return None; // nearly always
        }
        let nanoseconds = (seconds * 1e9).ceil();
        (nanoseconds < u64::MAX as f64).then_some(Span(nanoseconds as u64))
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }
}

/// Seconds of the wall clock, at the granularity of the kernel's tick: for statistics.
pub fn wall_seconds() -> i64 {
    sys::clock::wall_coarse()
}

#[cfg(test)]
mod tests;

// SPDX-License-Identifier: MIT
//! Monotonic time and deadlines. The only reader of the clock. Tests of programs may move it: see [`course`].

use crate::sys;

mod course;
pub use course::{advance, set_rate};

/// Nanoseconds of the clock: the system's monotonic one, unless the program has changed its course.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Instant(pub u64);

impl Instant {
    /// Reads the clock.
    #[inline]
    pub fn now() -> Instant {
        let real = sys::clock::monotonic();
        match course::is_straight() {
            true => Instant(real),
            false => Instant(course::shown().unwrap_or(real)),
        }
    }

    /// Reads the system's clock, whose course nobody changes: for what is not a time of the program's, such as how long
    /// a task may keep the thread busy. Not to be compared with other instants.
    pub fn real() -> Instant {
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

/// An optional length of time that takes no more memory than one that is there: for what there is a million of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limit(u64);

impl Limit {
    /// No limit.
    pub const NONE: Limit = Limit(u64::MAX);

    /// What it is.
    #[inline]
    pub fn get(self) -> Option<Span> {
        (self != Limit::NONE).then_some(Span(self.0))
    }
}

impl Default for Limit {
    fn default() -> Limit {
        Limit::NONE
    }
}

impl From<Option<Span>> for Limit {
    #[inline]
    fn from(span: Option<Span>) -> Limit {
        span.map_or(Limit::NONE, |span| Limit(span.0))
    }
}

impl From<Span> for Limit {
    fn from(span: Span) -> Limit {
        Limit(span.0)
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Span = Span(0);

    /// From seconds, rounded up so that nothing fires early. NaN, negative and infinite values
    /// mean "no limit": `None`.
    pub fn from_seconds(seconds: f64) -> Option<Span> {
        if seconds.is_nan() || seconds < 0.0 {
            return None; // nearly always
        }
        let nanoseconds = seconds * 1e9;
        if nanoseconds < (1u64 << 62) as f64 {
            let whole = nanoseconds as i64; // to i64 is one instruction, and ceil() is a call
            return Some(Span(whole as u64 + u64::from((whole as f64) < nanoseconds)));
        }
        (nanoseconds < u64::MAX as f64).then_some(Span(nanoseconds as u64))
    }

    /// In seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// The shorter one of two limits; `None`: no limit.
    #[inline]
    pub fn least(one: Option<Span>, other: Option<Span>) -> Option<Span> {
        match (one, other) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// How long the kernel is to wait for so much time of the clock to pass. `None`: for ever, as the clock stands still.
    #[inline]
    pub fn real(self) -> Option<Span> {
        match course::is_straight() {
            true => Some(self),
            false => course::real(self),
        }
    }
}

/// Seconds of the wall clock, at the granularity of the kernel's tick: for statistics.
pub fn wall_seconds() -> i64 {
    sys::clock::wall_coarse()
}

#[cfg(test)]
mod tests;

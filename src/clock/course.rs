// SPDX-License-Identifier: MIT
//! The clock's course, where a program has changed it: how far it is ahead of the system's, and how fast it runs.
//!
//! It belongs to the process, since instants are compared everywhere: in controllers, in timers, and in what resolvers
//! have learnt. Who reads the clock reads one number first, which is 0 in programs that leave it alone. The others read
//! a course that somebody may be changing: they read it again when the number has changed meanwhile.

use super::{Instant, Span};
use crate::errno::{Errno, Result};
use std::sync::atomic::{fence, AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// 0: the clock is the system's. Odd: the course is being changed.
static VERSION: AtomicU32 = AtomicU32::new(0);
/// The system's time from which on the course holds, and the clock's time then.
static BEGAN: AtomicU64 = AtomicU64::new(0);
static STOOD: AtomicU64 = AtomicU64::new(0);
/// The bits of the rate.
static RATE: AtomicU64 = AtomicU64::new(0);
/// One changes it at a time.
static CHANGE: Mutex<()> = Mutex::new(());

/// Nobody moves it further, so that there is room for deadlines behind it: 292 years.
const LATEST: u64 = u64::MAX / 2;
/// Faster than this it would soon be at its end.
const FASTEST: f64 = 1e6;
/// Slower than this is standing still: waits would be longer than the kernel counts.
const SLOWEST: f64 = 1e-9;

#[derive(Clone, Copy)]
struct Course {
    began: u64,
    stood: u64,
    rate: f64,
}

impl Course {
    fn at(self, real: u64) -> u64 {
        let passed = real.saturating_sub(self.began);
        let run = if self.rate == 1.0 { passed } else { (passed as f64 * self.rate) as u64 };
        self.stood.saturating_add(run)
    }
}

/// Whether the clock is the system's.
#[inline]
pub fn is_straight() -> bool {
    VERSION.load(Ordering::Relaxed) == 0
}

/// The course that holds, and the system's time while it did; `None`: the system's own.
#[cold]
fn course() -> Option<(Course, u64)> {
    loop {
        let version = VERSION.load(Ordering::Acquire);
        if version == 0 {
            return None;
        }
        let read = |number: &AtomicU64| number.load(Ordering::Relaxed);
        let found =
            Course { began: read(&BEGAN), stood: read(&STOOD), rate: f64::from_bits(read(&RATE)) };
        let real = Instant::real().0;
        fence(Ordering::Acquire);
        if version % 2 == 0 && VERSION.load(Ordering::Relaxed) == version {
            return Some((found, real));
        }
        std::hint::spin_loop();
    }
}

/// What the clock shows; `None`: what the system's does.
#[cold]
pub fn shown() -> Option<u64> {
    course().map(|(course, real)| course.at(real))
}

/// How long the system's clock needs for `span` of this one; `None`: it never comes.
#[cold]
pub fn real(span: Span) -> Option<Span> {
    match course().map(|(course, _)| course) {
        None => Some(span),
        Some(course) if course.rate == 1.0 || span == Span::ZERO => Some(span),
        Some(course) if course.rate < SLOWEST => None,
        Some(course) => Some(Span((span.0 as f64 / course.rate * (1.0 + 1e-12)).ceil() as u64)),
    }
}

/// Changes the course from now on; `change` is told the course as of now. The time is taken when nobody reads the old
/// course any more: what a reader has seen of it is not later.
fn steer(change: impl FnOnce(Course) -> Result<Course>) -> Result<()> {
    let _one = CHANGE.lock().unwrap_or_else(PoisonError::into_inner);
    let old = course().map(|(course, _)| course);
    let version = VERSION.load(Ordering::Relaxed);
    VERSION.store(version | 1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
    let real = Instant::real().0;
    let old = old.unwrap_or(Course { began: real, stood: real, rate: 1.0 });
    let now = Course { began: real, stood: old.at(real), rate: old.rate };
    let result = change(now);
    let new = *result.as_ref().unwrap_or(&now);
    BEGAN.store(new.began, Ordering::Relaxed);
    STOOD.store(new.stood, Ordering::Relaxed);
    RATE.store(new.rate.to_bits(), Ordering::Relaxed);
    // Never 0 again: a reader would take the next course for this one.
    VERSION.store((version | 1).wrapping_add(1).max(2), Ordering::Release);
    result.map(drop)
}

/// Moves the clock forward. EINVAL for what is no length of time, or too long.
///
/// Programs reckon with seconds as `f64`: a deadline of "now and an hour" may lie some units of the last place behind the
/// time that is an hour later, and on a clock that stands still it would never come. So it moves by a bit more than those.
pub fn advance(seconds: f64) -> Result<()> {
    let span = Span::from_seconds(seconds).ok_or(Errno::BADARG)?;
    let slack = |stood: u64| if span == Span::ZERO { 0 } else { 1 + (stood >> 50) };
    steer(|course| match course.stood.checked_add(span.0).map(|at| at.saturating_add(slack(at))) {
        Some(stood) if stood <= LATEST => Ok(Course { stood, ..course }),
        _ => Err(Errno::BADARG),
    })
}

/// Sets how fast it runs: 1 as the system's, 0 not at all. EINVAL for what is no such number.
pub fn set_rate(rate: f64) -> Result<()> {
    match (0.0..=FASTEST).contains(&rate) {
        true => steer(|course| Ok(Course { rate, ..course })),
        false => Err(Errno::BADARG),
    }
}

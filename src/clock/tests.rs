// SPDX-License-Identifier: MIT
//! Seconds to nanoseconds and back.

use super::*;

#[test]
fn seconds_are_rounded_up_so_that_nothing_fires_early() {
    assert_eq!(Span::from_seconds(1.0), Some(Span(1_000_000_000)));
    assert_eq!(Span::from_seconds(1e-9), Some(Span(1)));
    assert_eq!(Span::from_seconds(1e-10), Some(Span(1)));
    assert_eq!(Span::from_seconds(1.000_000_000_1), Some(Span(1_000_000_001)));
    assert_eq!(Span::from_seconds(f64::MIN_POSITIVE), Some(Span(1)));
}

#[test]
fn zero_seconds_of_either_sign_are_no_time_at_all() {
    assert_eq!(Span::from_seconds(0.0), Some(Span::ZERO));
    assert_eq!(Span::from_seconds(-0.0), Some(Span::ZERO));
}

#[test]
fn negative_seconds_mean_no_limit_however_few_they_are() {
    for seconds in [-1.0, -1e-9, -1e-10, -f64::MIN_POSITIVE, f64::NEG_INFINITY] {
        assert_eq!(Span::from_seconds(seconds), None, "{seconds}");
    }
}

#[test]
fn what_is_no_number_or_beyond_all_clocks_means_no_limit() {
    for seconds in [f64::NAN, f64::INFINITY, 1e300, 1.9e10, u64::MAX as f64] {
        assert_eq!(Span::from_seconds(seconds), None, "{seconds}");
    }
    assert!(Span::from_seconds(1.8e10).is_some());
}

#[test]
fn spans_never_come_out_shorter_than_the_seconds_that_went_in() {
    let mut seconds = 1e-9;
    while seconds < 1e6 {
        let span = Span::from_seconds(seconds).expect("a limit");
        assert!(span.seconds() >= seconds, "{seconds} became {}", span.seconds());
        seconds *= 1.37;
    }
}

#[test]
fn instants_add_and_subtract_without_overflow() {
    assert_eq!(Instant(5).after(Span(7)), Instant(12));
    assert_eq!(Instant(5).after(Span(u64::MAX)), Instant(u64::MAX));
    assert_eq!(Instant(12).since(Instant(5)), Span(7));
    assert_eq!(Instant(5).since(Instant(12)), Span::ZERO);
    assert_eq!(Instant(1_500_000_000).seconds(), 1.5);
}

#[test]
fn the_clock_does_not_run_backwards() {
    let before = Instant::now();
    assert!(before <= Instant::now());
    assert!(wall_seconds() > 1_600_000_000);
}

#[test]
fn a_clock_that_nobody_has_moved_is_the_system_s() {
    let before = Instant::real();
    let now = Instant::now();
    assert!(before <= now && now <= Instant::real());
    assert_eq!(Span(1_234_567).real(), Some(Span(1_234_567)));
}

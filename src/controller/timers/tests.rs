// SPDX-License-Identifier: MIT
//! Order, and bounded memory.

use super::*;
use std::cell::RefCell;
use std::collections::HashSet;

fn key(number: u32) -> TimerKey {
    TimerKey { serial: number, wait: number }
}

/// The waits of the timers that are due, in the order in which they fire.
fn due(timers: &mut Timers, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| timers.pop_due(now)).map(|key| key.wait).collect()
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    let mut timers = Timers::default();
    for (number, span) in [(1, 30), (2, 10), (3, 20), (4, 0)] {
        timers.reserve().unwrap();
        timers.set(Instant(100 + span), key(number));
    }
    assert_eq!(due(&mut timers, Instant(119)), [4, 2]);
    assert_eq!(due(&mut timers, Instant(200)), [3, 1]);
    assert!(timers.is_empty());
}

#[test]
fn equal_deadlines_fire_in_the_order_in_which_they_were_set() {
    let mut timers = Timers::default();
    for number in 1..=100 {
        timers.reserve().unwrap();
        timers.set(Instant(10), key(number));
    }
    assert_eq!(due(&mut timers, Instant(10)), (1..=100).collect::<Vec<_>>());
}

#[test]
fn a_deadline_beyond_the_end_of_time_is_the_last() {
    let mut timers = Timers::default();
    timers.reserve().unwrap();
    timers.set(Instant(100).after(Span(u64::MAX)), key(1));
    timers.reserve().unwrap();
    timers.set(Instant(105), key(2));
    assert_eq!(due(&mut timers, Instant(u64::MAX - 1)), [2]);
}

#[test]
fn the_next_deadline_is_that_of_the_first_live_timer() {
    let mut timers = Timers::default();
    for number in 1..=3 {
        timers.reserve().unwrap();
        timers.set(Instant(10 * u64::from(number)), key(number));
    }
    timers.forget();
    assert_eq!(timers.next(Instant(5), |key| key.wait != 1), Some(Span(15)));
    assert_eq!(timers.next(Instant(50), |key| key.wait == 3), Some(Span::ZERO));
    assert_eq!(timers.next(Instant(50), |_| false), None);
    assert!(timers.is_empty());
}

#[test]
fn timers_that_are_set_and_forgotten_leave_the_heap_small() {
    let (mut timers, live) = (Timers::default(), RefCell::new(HashSet::new()));
    for number in 0..100_000 {
        live.borrow_mut().insert(number);
        timers.reserve().unwrap();
        timers.set(Instant(1_000_000_000 + u64::from(number)), key(number));
        timers.sweep(|key| live.borrow().contains(&key.serial));
        if number % 1000 != 0 {
            live.borrow_mut().remove(&number);
            timers.forget();
        }
        let limit = 2 * live.borrow().len() + 130;
        assert!(timers.heap.len() <= limit, "{} entries at {number}", timers.heap.len());
    }
    let is_live = |key: TimerKey| live.borrow().contains(&key.serial);
    let fired = std::iter::from_fn(|| timers.pop_due(Instant(u64::MAX))).filter(|&k| is_live(k));
    assert_eq!(fired.count(), 100);
}

// SPDX-License-Identifier: MIT
//! Order, and bounded memory.

use super::*;
use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};

fn key(number: u32) -> TimerKey {
    TimerKey { serial: number.into(), wait: number }
}

/// The waits of the timers that are due, in the order in which they fire.
fn due(timers: &mut Timers, now: Instant) -> Vec<u32> {
    std::iter::from_fn(|| timers.pop_due(now)).map(|key| key.wait).collect()
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    let mut timers = Timers::default();
    for (number, span) in [(1, 30), (2, 10), (3, 20), (4, 0)] {
        timers.set(Instant(100 + span), key(number)).unwrap();
    }
    assert_eq!(due(&mut timers, Instant(119)), [4, 2]);
    assert_eq!(due(&mut timers, Instant(200)), [3, 1]);
    assert!(timers.is_empty());
}

#[test]
fn equal_deadlines_fire_in_the_order_in_which_they_were_set() {
    let mut timers = Timers::default();
    for number in 1..=1000 {
        timers.set(Instant(10), key(number)).unwrap();
    }
    assert_eq!(due(&mut timers, Instant(10)), (1..=1000).collect::<Vec<_>>());
}

#[test]
fn a_deadline_beyond_the_end_of_time_is_the_last() {
    let mut timers = Timers::default();
    timers.set(Instant(100).after(Span(u64::MAX)), key(1)).unwrap();
    timers.set(Instant(105), key(2)).unwrap();
    assert_eq!(due(&mut timers, Instant(u64::MAX - 1)), [2]);
}

#[test]
fn many_deadlines_beyond_the_end_of_time_are_the_last() {
    let mut timers = Timers::default();
    for number in 1..=1000 {
        let end = if number % 2 == 0 { u64::MAX } else { u64::MAX / 4 * u64::from(number % 4) };
        timers.set(Instant(end), key(number)).unwrap();
    }
    timers.set(Instant(5), key(0)).unwrap();
    assert_eq!(due(&mut timers, Instant(5)), [0]);
    let order = |rest| (1..=1000).filter(move |number| number % 4 == rest);
    let (early, late) = (order(1).chain(order(3)), order(0).chain(order(2)));
    assert_eq!(due(&mut timers, Instant(u64::MAX - 1)), early.collect::<Vec<_>>());
    let mut late: Vec<u32> = late.collect();
    late.sort();
    assert_eq!(due(&mut timers, Instant(u64::MAX)), late);
}

#[test]
fn the_next_deadline_is_that_of_the_first_live_timer() {
    let mut timers = Timers::default();
    for number in 1..=3 {
        timers.set(Instant(10 * u64::from(number)), key(number)).unwrap();
    }
    timers.forget();
    assert_eq!(timers.next(Instant(5), |key| key.wait != 1), Some(Span(15)));
    assert_eq!(timers.next(Instant(50), |key| key.wait == 3), Some(Span::ZERO));
    assert_eq!(timers.next(Instant(50), |_| false), None);
    assert!(timers.is_empty());
}

#[test]
fn timers_that_are_set_and_forgotten_are_not_kept() {
    let (mut timers, live) = (Timers::default(), RefCell::new(HashSet::new()));
    for number in 0..100_000 {
        live.borrow_mut().insert(number);
        timers.set(Instant(1_000_000_000 + u64::from(number)), key(number)).unwrap();
        timers.sweep(|key| live.borrow().contains(&key.wait));
        if number % 1000 != 0 {
            live.borrow_mut().remove(&number);
            timers.forget();
        }
        let limit = 2 * live.borrow().len() + 130;
        assert!(timers.len() <= limit, "{} entries at {number}", timers.len());
    }
    let is_live = |key: TimerKey| live.borrow().contains(&key.wait);
    let fired = std::iter::from_fn(|| timers.pop_due(Instant(u64::MAX))).filter(|&k| is_live(k));
    assert_eq!(fired.count(), 100);
}

/// What a heap of the standard library's gives, with equal times in the order in which they were set.
#[test]
fn many_timers_fire_in_the_order_of_a_heap() {
    for (range, limit) in [(1_000_000_000, 20_000), (3000, 5000), (1, 1000), (u64::MAX / 2, 5000)] {
        let (mut timers, mut other, mut seed) = (Timers::default(), BinaryHeap::new(), range);
        let (mut now, mut set, mut popped) = (1_000_000, 0, 0);
        while popped < 4 * limit {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            // Now and then the clock stands, or a timer is for a moment that is past already.
            let span = if seed % 7 == 0 { 0 } else { (seed >> 20) % range };
            if other.len() < limit {
                set += 1;
                let deadline = Instant(now + span);
                timers.set(deadline, key(set)).unwrap();
                other.push(Reverse((deadline, key(set))));
            } else {
                now += (seed >> 30) % (range / 256 + 2);
            }
            assert_eq!(timers.len(), other.len());
            while let Some(&Reverse((deadline, first))) = other.peek() {
                if deadline > Instant(now) {
                    break;
                }
                other.pop();
                popped += 1;
                assert!(timers.pop_due(Instant(now)) == Some(first));
            }
            assert!(timers.pop_due(Instant(now)).is_none());
        }
        let mut rest = 0;
        timers.each(|_, _| rest += 1);
        assert_eq!(rest, other.len());
    }
}

#[test]
fn a_sweep_reaches_timers_that_are_far_away() {
    let far = |number: u32| Instant((1 << (number % 50)) + u64::from(number % 7));
    let mut timers = Timers::default();
    for number in 1..=10_000 {
        timers.set(far(number), key(number)).unwrap();
        timers.forget();
    }
    assert!(timers.pop_due(Instant(0)).is_none()); // the next ones are sorted
    let stays = |number: u32| number % 99 == 0 && number % 50 > 20; // none of the first ones
    timers.sweep(|key| stays(key.wait));
    let mut left: Vec<_> = (1..=10_000).filter(|&n| stays(n)).map(|n| (far(n), n)).collect();
    assert_eq!((timers.len(), timers.count()), (left.len(), left.len()));
    left.sort();
    for (deadline, number) in left {
        assert_eq!(timers.next(Instant(0), |_| true), Some(Span(deadline.0)));
        assert!(timers.pop_due(deadline) == Some(key(number)));
    }
}

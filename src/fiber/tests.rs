// SPDX-License-Identifier: MIT
//! Fibers and the pool of their stacks.

use super::*;
use std::cell::Cell;

thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

fn advance() {
    STEPS.set(STEPS.get() + 1);
}

fn suspend_twice() {
    advance();
    assert!(sys::fiber::suspend());
    advance();
    assert!(sys::fiber::suspend());
    advance();
}

fn spare_stacks() -> usize {
    STACKS.with(|stacks| stacks.borrow().len())
}

#[test]
fn a_fiber_runs_to_its_next_wait_and_in_the_end_to_its_end() {
    let fiber = Fiber::new(STACK_SIZE, suspend_twice).unwrap();
    assert_eq!(STEPS.get(), 0);
    for step in 1..=3 {
        assert_eq!(fiber.resume(), step == 3);
        assert_eq!(STEPS.get(), step);
    }
}

#[test]
fn the_stack_of_a_fiber_that_ended_is_used_again() {
    let fiber = Fiber::new(STACK_SIZE, advance).unwrap();
    assert!(fiber.resume());
    assert_eq!(spare_stacks(), 0);
    drop(fiber);
    assert_eq!(spare_stacks(), 1);
    let next = Fiber::new(STACK_SIZE, advance).unwrap();
    assert_eq!(spare_stacks(), 0);
    assert!(next.resume());
    assert_eq!(STEPS.get(), 2);
}

#[test]
fn dropping_a_suspended_fiber_abandons_it_and_keeps_its_stack() {
    let fiber = Fiber::new(STACK_SIZE, suspend_twice).unwrap();
    assert!(!fiber.resume());
    drop(fiber);
    assert_eq!((spare_stacks(), STEPS.get()), (1, 1));
    let next = Fiber::new(STACK_SIZE, suspend_twice).unwrap();
    assert!(!next.resume() && !next.resume() && next.resume());
    assert_eq!(STEPS.get(), 4);
}

#[test]
fn a_fiber_that_never_ran_gives_its_stack_back_too() {
    drop(Fiber::new(STACK_SIZE, advance).unwrap());
    assert_eq!((spare_stacks(), STEPS.get()), (1, 0));
}

#[test]
fn the_pool_of_stacks_has_a_limit() {
    let fibers: Vec<_> = (0..POOL + 20).map(|_| Fiber::new(STACK_SIZE, advance).unwrap()).collect();
    drop(fibers);
    assert_eq!(spare_stacks(), POOL);
}

#[test]
fn outside_of_a_fiber_nothing_is_suspended() {
    assert!(!sys::fiber::suspend());
    fn within() {
        assert!(!sys::fiber::outside(sys::fiber::suspend));
        advance();
    }
    assert!(Fiber::new(STACK_SIZE, within).unwrap().resume());
    assert_eq!(STEPS.get(), 1);
}

#[test]
fn a_wait_in_a_fiber_suspends_it_until_its_member_fires() {
    fn nap() {
        sleep(Some(Span(1))).expect("slept");
        advance();
    }
    let controller = Controller::new().unwrap();
    let task = controller.spawn(Payload::Fiber(0)).unwrap();
    let fiber = Fiber::new(STACK_SIZE, nap).unwrap();
    let mut ended = false;
    while !ended {
        controller.wait(None, false).unwrap();
        let mut fired = Vec::new();
        while controller.next(&mut fired).is_some() {
            let here = std::ptr::from_ref(&fiber).cast();
            ended = resuming(controller.clone(), |resumer| {
                resumer.run_fiber(task, here, &mut fired, || fiber.resume())
            });
        }
    }
    assert_eq!(STEPS.get(), 1);
    assert!(!is_running());
}

#[test]
fn outside_of_a_controller_a_wait_blocks_the_thread() {
    let before = crate::clock::Instant::now();
    sleep(Some(Span(1_000_000))).unwrap();
    assert!(crate::clock::Instant::now() >= before.after(Span(1_000_000)));
}

#[test]
fn within_a_callback_a_wait_is_refused() {
    let controller = Controller::new().unwrap();
    let task = controller.spawn(Payload::Callback(0)).unwrap();
    let found = resuming(controller.clone(), |resumer| {
        resumer.run_callback(task, || {
            assert_eq!(running().map(|(_, task)| task), Some(task));
            sleep(Some(Span::ZERO))
        })
    });
    assert_eq!(found, Err(Errno(libc::EDEADLK)));
}

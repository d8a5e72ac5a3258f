// SPDX-License-Identifier: MIT
//! Who is woken, and who no longer counts.

use super::*;
use crate::clock::Span;
use crate::controller::{Member, Payload, TaskId};

fn on(condition: &AtomicShared<Condition>) -> Member {
    let condition = Some(condition.clone());
    Member { condition, ..Member::NOTHING }
}

/// A task that waits for the condition.
fn waiter(controller: &Controller, number: usize, condition: &AtomicShared<Condition>) -> TaskId {
    let task = controller.spawn(Payload::Foreign(number)).unwrap();
    controller.park(task, false, [on(condition)]).unwrap();
    task
}

/// The numbers of the tasks that a step runs.
fn step(controller: &Controller) -> Vec<usize> {
    let mut ran = Vec::new();
    controller.enter().unwrap();
    controller.wait(Some(Span::ZERO), false).unwrap();
    while let Some((_, Payload::Foreign(number))) = controller.next(&mut Vec::new()) {
        ran.push(number);
    }
    assert!(!controller.leave());
    ran
}

fn woken_by_two_signals(lifo: bool) -> Vec<usize> {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(lifo).unwrap());
    for number in 1..=4 {
        waiter(&controller, number, &condition);
    }
    assert_eq!(condition.signal(1), 1);
    let mut ran = step(&controller);
    assert_eq!(condition.signal(2), 2);
    ran.extend(step(&controller));
    assert_eq!(condition.waiting(), 1);
    ran
}

#[test]
fn the_earliest_waiter_is_woken_first() {
    assert_eq!(woken_by_two_signals(false), [1, 2, 3]);
}

#[test]
fn of_a_lifo_condition_the_latest_waiter_is_woken_first() {
    assert_eq!(woken_by_two_signals(true), [4, 3, 2]);
}

#[test]
fn a_signal_wakes_no_more_than_its_limit_and_tells_how_many() {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
    assert_eq!(condition.signal(usize::MAX), 0);
    for number in 1..=5 {
        waiter(&controller, number, &condition);
    }
    assert_eq!(condition.signal(0), 0);
    assert_eq!(condition.signal(2), 2);
    assert_eq!(condition.signal(usize::MAX), 3);
    assert_eq!(condition.signal(usize::MAX), 0);
    assert_eq!(step(&controller), [1, 2, 3, 4, 5]);
}

#[test]
fn a_signal_is_not_kept_for_those_who_come_later() {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
    condition.signal(1);
    waiter(&controller, 1, &condition);
    assert!(step(&controller).is_empty());
}

#[test]
fn a_finished_waiter_is_out_of_the_queue_wherever_it_stood() {
    for gone in 0..3 {
        let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
        let tasks: Vec<_> = (0..3).map(|n| waiter(&controller, n, &condition)).collect();
        controller.finish(tasks[gone]).unwrap();
        assert_eq!(condition.signal(usize::MAX), 2);
        let left: Vec<_> = (0..3).filter(|&n| n != gone).collect();
        assert_eq!(step(&controller), left);
    }
}

#[test]
fn a_waiter_that_was_woken_otherwise_is_out_of_the_queue() {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
    let task = controller.spawn(Payload::Foreign(1)).unwrap();
    let member = Member { timeout: Some(Span::ZERO), ..on(&condition) };
    controller.park(task, false, [member]).unwrap();
    assert_eq!(step(&controller), [1]);
    assert_eq!((condition.waiting(), condition.signal(1)), (0, 0));
}

#[test]
fn waiters_of_a_dropped_controller_are_passed_over() {
    let (kept, dropped) = (Controller::new().unwrap(), Controller::new().unwrap());
    let condition = Condition::new(false).unwrap();
    waiter(&dropped, 1, &condition);
    waiter(&dropped, 2, &condition);
    waiter(&kept, 3, &condition);
    drop(dropped);
    assert_eq!(condition.signal(1), 1);
    assert_eq!(step(&kept), [3]);
}

#[test]
fn one_signal_reaches_tasks_of_several_controllers() {
    let controllers = [Controller::new().unwrap(), Controller::new().unwrap()];
    let condition = Condition::new(false).unwrap();
    for controller in &controllers {
        waiter(controller, 1, &condition);
    }
    assert_eq!(condition.signal(usize::MAX), 2);
    for controller in &controllers {
        assert_eq!(step(controller), [1]);
    }
}

#[test]
fn a_task_may_wait_for_one_condition_twice() {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
    let task = controller.spawn(Payload::Foreign(1)).unwrap();
    controller.park(task, false, [on(&condition), on(&condition)]).unwrap();
    assert_eq!(condition.signal(1), 1);
    assert_eq!(step(&controller), [1]);
    assert_eq!(condition.waiting(), 0);
}

#[test]
fn waiting_and_waking_again_and_again_takes_no_more_room() {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
    let task = controller.spawn(Payload::Foreign(1)).unwrap();
    for _ in 0..1000 {
        controller.park(task, false, [on(&condition)]).unwrap();
        condition.signal(1);
        assert_eq!(step(&controller), [1]);
    }
    assert!(condition.queue.borrow().waiters.places() <= 4);
}

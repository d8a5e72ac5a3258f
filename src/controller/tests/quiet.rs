// SPDX-License-Identifier: MIT
//! Tasks that wait for a time or a condition alone, again and again.

use super::again::{begin, end, waits};
use super::*;
use crate::controller::Condition;

const SIGNALLED: Fired = Fired { member: 0, events: FIRED as u32 };

fn sleep(controller: &Controller, task: TaskId, nanoseconds: u64) -> Result<()> {
    controller.park_on_deadline(task, false, Span(nanoseconds))
}

fn wait(controller: &Controller, task: TaskId, on: &AtomicShared<Condition>) -> Result<()> {
    controller.park_on_condition(task, false, on, || on.clone())
}

/// A controller, and a task that a condition has woken and that runs, in a step.
fn woken() -> (AtomicShared<Controller>, AtomicShared<Condition>, TaskId) {
    let (controller, condition) = (Controller::new().unwrap(), Condition::new(false).unwrap());
    let task = spawn_started(&controller, 1);
    wait(&controller, task, &condition).unwrap();
    assert_eq!(condition.signal(1), 1);
    assert_eq!(begin(&controller), (task, vec![SIGNALLED]));
    (controller, condition, task)
}

#[test]
fn a_task_that_sleeps_again_is_woken_again() {
    let controller = Controller::new().unwrap();
    let task = spawn_started(&controller, 1);
    sleep(&controller, task, 0).unwrap();
    for _ in 0..3 {
        assert_eq!(begin(&controller), (task, vec![SIGNALLED]));
        assert!(!controller.is_parked(task));
        sleep(&controller, task, 1).unwrap();
        assert!(controller.is_parked(task));
        assert_eq!((end(&controller), waits(&controller)), (vec![], 1));
        std::thread::sleep(std::time::Duration::from_nanos(1));
    }
    controller.finish(task).unwrap();
    assert_eq!((waits(&controller), controller.state.borrow().timers.count()), (0, 0));
}

#[test]
fn a_task_that_waits_for_the_same_condition_again_is_woken_again() {
    let (controller, condition, task) = woken();
    for _ in 0..3 {
        assert_eq!((condition.waiting(), condition.signal(1)), (0, 0));
        wait(&controller, task, &condition).unwrap();
        assert!(controller.is_parked(task));
        assert_eq!((condition.waiting(), waits(&controller)), (1, 1));
        assert_eq!((condition.signal(1), end(&controller)), (1, vec![]));
        assert_eq!(begin(&controller), (task, vec![SIGNALLED]));
    }
    assert_eq!(end(&controller), []);
    assert_eq!((waits(&controller), step(&controller)), (0, vec![]));
}

#[test]
fn another_condition_or_a_time_is_another_wait() {
    let (controller, condition, task) = woken();
    let other = Condition::new(false).unwrap();
    wait(&controller, task, &other).unwrap();
    assert_eq!((condition.signal(1), other.waiting(), waits(&controller)), (0, 1, 1));
    assert_eq!((other.signal(1), end(&controller)), (1, vec![]));
    begin(&controller);
    sleep(&controller, task, 0).unwrap();
    assert_eq!((other.signal(1), end(&controller)), (0, vec![]));
    begin(&controller);
    wait(&controller, task, &condition).unwrap();
    assert_eq!((end(&controller), step(&controller), condition.signal(1)), (vec![], vec![], 1));
    assert_eq!(numbers(&step(&controller)), [1]);
}

#[test]
fn a_task_does_not_take_over_the_wait_of_another_one() {
    let (controller, condition, first) = woken();
    let second = spawn(&controller, 2);
    wait(&controller, second, &condition).unwrap();
    assert_eq!((controller.is_parked(first), controller.is_parked(second)), (false, true));
    wait(&controller, first, &condition).unwrap();
    assert_eq!((end(&controller), condition.signal(2)), (vec![], 2));
    assert_eq!(numbers(&step(&controller)), [2, 1]);
    let third = spawn_started(&controller, 3);
    wait(&controller, first, &condition).unwrap();
    assert_eq!((condition.signal(1), begin(&controller).0), (1, first));
    wait(&controller, third, &condition).unwrap();
    wait(&controller, first, &condition).unwrap();
    assert_eq!((end(&controller), condition.signal(2)), (vec![], 2));
    assert_eq!(numbers(&step(&controller)), [3, 1]);
}

#[test]
fn a_task_that_ends_leaves_the_condition_that_it_has_waited_for_last() {
    let controller = Controller::new().unwrap();
    let (condition, other) = (Condition::new(false).unwrap(), Condition::new(false).unwrap());
    let [first, second, third] = [1, 2, 3].map(|number| spawn_started(&controller, number));
    wait(&controller, third, &other).unwrap();
    wait(&controller, first, &condition).unwrap();
    wait(&controller, second, &condition).unwrap();
    assert_eq!((condition.signal(1), begin(&controller).0), (1, first));
    wait(&controller, first, &other).unwrap();
    assert_eq!((condition.waiting(), other.waiting()), (1, 2));
    controller.finish(first).unwrap();
    assert_eq!((condition.waiting(), other.waiting(), other.signal(2)), (1, 1, 1));
    assert_eq!((end(&controller), numbers(&step(&controller))), (vec![], vec![3]));
}

#[test]
fn a_task_that_ends_leaves_the_condition_that_it_has_waited_for_again() {
    let (controller, condition, first) = woken();
    end(&controller);
    let second = spawn_started(&controller, 2);
    wait(&controller, first, &condition).unwrap();
    wait(&controller, second, &condition).unwrap();
    assert_eq!((condition.signal(1), begin(&controller).0), (1, first));
    assert_eq!(condition.signal(1), 1);
    wait(&controller, first, &condition).unwrap(); // it stands where the second one stood
    controller.finish(first).unwrap();
    assert_eq!((condition.waiting(), end(&controller)), (0, vec![]));
    assert_eq!(numbers(&step(&controller)), [2]);
}

#[test]
fn a_condition_that_is_given_up_while_its_task_runs_is_gone_after_the_step() {
    let (controller, condition, task) = woken();
    assert_eq!(AtomicShared::count(&condition), 2);
    assert_eq!(end(&controller), []);
    assert_eq!(AtomicShared::count(&condition), 1);
    wait(&controller, task, &condition).unwrap();
    drop(condition);
    assert_eq!(step(&controller), []);
    controller.finish(task).unwrap();
    assert_eq!(waits(&controller), 0);
}

#[test]
fn nothing_is_waited_for_by_a_task_that_is_over_or_a_fiber() {
    let (controller, condition, task) = woken();
    let fiber = controller.spawn(Payload::Fiber(0)).unwrap();
    assert_eq!(wait(&controller, fiber, &condition), Err(Errno::BADARG));
    controller.finish(task).unwrap();
    assert_eq!(wait(&controller, task, &condition), Err(Errno::NOENT));
    assert_eq!(sleep(&controller, task, 0), Err(Errno::NOENT));
    assert_eq!((condition.waiting(), waits(&controller)), (0, 0));

    // Not even where it waits by itself, again and again.
    assert_eq!((end(&controller), numbers(&step(&controller))), (vec![], vec![0]));
    controller.park_on_condition(fiber, true, &condition, || condition.clone()).unwrap();
    assert_eq!((condition.signal(1), begin(&controller).0), (1, fiber));
    assert_eq!(wait(&controller, fiber, &condition), Err(Errno::BADARG));
    assert_eq!(condition.waiting(), 0);
}

#[test]
fn a_task_whose_time_is_over_waits_no_more() {
    let (controller, condition, task) = woken();
    controller.shutdown(Some(Span::ZERO)).unwrap();
    wait(&controller, task, &condition).unwrap();
    assert_eq!((condition.waiting(), end(&controller)), (0, vec![]));
    let ended = Fired { member: ENDED, events: libc::ETIMEDOUT as u32 };
    assert_eq!(step(&controller), [(1, vec![ended])]);
}

#[test]
fn a_condition_serves_another_controller_after_the_one_that_it_served_first() {
    let (first, second) = (Controller::new().unwrap(), Controller::new().unwrap());
    let condition = Condition::new(false).unwrap();
    let tasks = [spawn_started(&first, 1), spawn_started(&first, 2)];
    let third = spawn_started(&second, 3);
    wait(&first, tasks[0], &condition).unwrap();
    wait(&second, third, &condition).unwrap();
    wait(&first, tasks[1], &condition).unwrap();
    assert_eq!(condition.signal(1), 1);
    drop(first);
    assert_eq!((condition.waiting(), condition.signal(9)), (1, 1));
    assert_eq!(begin(&second).0, third);
    // Nobody waits now: it serves the second one from here on.
    wait(&second, third, &condition).unwrap();
    assert_eq!((end(&second), condition.signal(9)), (vec![], 1));
    assert_eq!(numbers(&step(&second)), [3]);
}

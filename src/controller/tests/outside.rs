// SPDX-License-Identifier: MIT
//! A controller as others see it: its descriptor, and what other threads tell it.

use super::*;

#[test]
fn the_descriptor_is_readable_while_there_is_something_to_do() {
    let controller = Controller::new().unwrap();
    let fd = controller.pollfd().unwrap();
    assert!(!is_readable(fd));
    let task = spawn(&controller, 1);
    assert!(is_readable(fd));
    step(&controller);
    step(&controller);
    assert!(!is_readable(fd));
    controller.alert().unwrap();
    controller.alert().unwrap();
    assert!(is_readable(fd));
    step(&controller);
    assert!(!is_readable(fd));
    let condition = Condition::new(false).unwrap();
    let on_condition = Member { condition: Some(condition.clone()), ..on_foreign(-1, 0) };
    park(&controller, task, [on_condition]);
    condition.signal(1);
    assert!(is_readable(fd));
}

#[test]
fn a_task_that_was_ready_before_the_descriptor_was_asked_for_makes_it_readable() {
    let controller = Controller::new().unwrap();
    spawn(&controller, 1);
    assert!(is_readable(controller.pollfd().unwrap()));
}

#[test]
fn no_event_descriptor_is_made_until_somebody_asks() {
    let controller = Controller::new().unwrap();
    spawn_started(&controller, 1);
    assert!(!controller.alert.is_enabled());
    assert_watched(&controller, &[]);
}

#[test]
fn reset_moves_every_waiter_to_a_new_kernel_queue() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_owned(b.as_raw_fd(), IN)]);
    let pollfd = controller.pollfd().unwrap();
    controller.reset().unwrap();
    let found = registered(kernel_queue(&controller));
    assert!(found.is_none_or(|found| found.contains(&(b.as_raw_fd(), IN))));
    a.write_all(b"x").unwrap();
    assert!(is_readable(controller.pollfd().unwrap()));
    assert_eq!(numbers(&step(&controller)), [1]);
    assert!(pollfd >= 0);
}

#[test]
fn a_file_that_outlives_its_last_descriptor_here_makes_no_controller_spin() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_owned(b.as_raw_fd(), IN)]);
    let copy = b.try_clone().expect("a copy, made behind the controller's back");
    owner_of(b.as_raw_fd()).leave(true);
    drop(b);
    assert_eq!(step(&controller), [(1, vec![fired(0, CANCELLED)])]);
    a.write_all(b"x").expect("readable from now on");
    park(&controller, task, [after(1_000_000_000)]);
    assert_eq!(step_within(&controller, Span(1)), [], "the stale event is noticed");
    let begun = Instant::now();
    step_within(&controller, Span(20_000_000));
    assert!(Instant::now().since(begun) >= Span(20_000_000), "and does not come again");
    drop(copy);
}

#[test]
fn who_polls_a_controller_polls_it_still_when_its_queue_was_replaced() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let (mut c, d) = pair();
    let tasks = [spawn_started(&controller, 1), spawn_started(&controller, 2)];
    park(&controller, tasks[0], [on_owned(b.as_raw_fd(), IN)]);
    let pollfd = controller.pollfd().unwrap();
    let outer = Poller::new().unwrap();
    outer.set(pollfd, 0, 0, IN).unwrap();
    let copy = b.try_clone().expect("a copy, made behind the controller's back");
    owner_of(b.as_raw_fd()).leave(true);
    drop(b);
    a.write_all(b"x").expect("a stale event from now on");
    park(&controller, tasks[1], [on_owned(d.as_raw_fd(), IN)]);
    step(&controller);
    step(&controller);
    assert!(!is_readable(pollfd), "nothing is left of it");
    c.write_all(b"x").unwrap();
    assert!(is_readable(pollfd));
    assert_eq!(controller.pollfd(), Ok(pollfd));
    let mut ready = Vec::new();
    outer.wait(&mut ready, 1, Some(Span(1_000_000_000))).unwrap();
    assert_eq!(ready.len(), 1, "those who had registered it before are told");
    assert_eq!(numbers(&step(&controller)), [2]);
    step(&controller);
    controller.alert().unwrap();
    assert!(is_readable(pollfd), "and alerts reach it");
    drop(copy);
}

/// What went wrong: the number of a descriptor that another thread had closed was believed to be registered when
/// the next descriptor got it, and nobody was ever told of that one.
#[test]
fn a_descriptor_that_another_thread_closes_is_forgotten() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let fd = b.as_raw_fd();
    let task = spawn_started(&controller, 1);
    let owner = Owner::new().unwrap();
    park(&controller, task, [Member::owned(fd, IN, &owner)]);
    controller.thread.store(u64::MAX, Ordering::Relaxed); // as if another thread had stepped it
    owner.leave(true);
    let (mut c, d) = pair();
    sys::testing::replace(fd, d.as_raw_fd());
    let other = Owner::new().unwrap();
    let second = spawn(&controller, 2);
    park(&controller, second, [Member::owned(fd, IN, &other)]);
    c.write_all(b"x").unwrap();
    let ran = step(&controller);
    assert_eq!(ran.iter().find(|ran| ran.0 == 1), Some(&(1, vec![fired(0, CANCELLED)])));
    assert_eq!(ran.iter().find(|ran| ran.0 == 2), Some(&(2, vec![fired(0, IN)])));
    std::mem::forget(b);
}

#[test]
fn what_is_posted_runs_in_the_next_step_and_makes_the_descriptor_readable() {
    let controller = Controller::new().unwrap();
    controller.post(7).unwrap();
    controller.post(8).unwrap();
    assert!(is_readable(controller.pollfd().unwrap()));
    assert_eq!(controller.count(), 2);
    controller.enter().unwrap();
    controller.wait(None, false).unwrap();
    let mut ran = Vec::new();
    while let Some((task, payload)) = controller.next(&mut Vec::new()) {
        ran.push(payload);
        controller.finish(task).unwrap();
    }
    assert!(!controller.leave());
    assert_eq!(ran, [Payload::Posted(7), Payload::Posted(8)]);
    controller.post(9).unwrap();
    assert_eq!(controller.close().unwrap().collect::<Vec<_>>(), [Payload::Posted(9)]);
    assert_eq!(controller.post(10), Err(Errno::BADF));
}

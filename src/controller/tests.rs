// SPDX-License-Identifier: MIT
//! Parking and waking.

use super::poll::LAZY_RESUMPTIONS;
use super::*;
use crate::clock::Instant;
use crate::poller::tests::{registered, unregister_from};
use crate::sys;
use std::collections::HashMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;

mod again;
mod descriptors;
mod outside;
mod quiet;
mod row;
mod sizes;

const IN: Events = libc::POLLIN;
const OUT: Events = libc::POLLOUT;

fn spawn(controller: &Controller, number: usize) -> TaskId {
    controller.spawn(Payload::Foreign(number)).expect("a task")
}

/// A task that has been resumed once, so that it can be parked.
fn spawn_started(controller: &Controller, number: usize) -> TaskId {
    let task = spawn(controller, number);
    step(controller);
    task
}

/// A descriptor whose owner does not say when it closes it.
fn on_foreign(fd: RawFd, events: Events) -> Member {
    Member::foreign(fd, events)
}

/// A descriptor whose owner takes it out before closing it. Owners are kept by number, as if each number stood for
/// one descriptor for ever.
fn on_owned(fd: RawFd, events: Events) -> Member {
    Member::owned(fd, events, &owner_of(fd))
}

fn owner_of(fd: RawFd) -> Owner {
    thread_local! {
        static OWNERS: RefCell<HashMap<RawFd, Owner>> = RefCell::default();
    }
    OWNERS.with(|owners| {
        owners.borrow_mut().entry(fd).or_insert_with(|| Owner::new().unwrap()).clone()
    })
}

fn after(nanoseconds: u64) -> Member {
    Member { timeout: Some(Span(nanoseconds)), ..on_foreign(-1, 0) }
}

fn park(controller: &Controller, task: TaskId, set: impl IntoIterator<Item = Member>) {
    controller.park(task, false, set).expect("parked");
}

/// One step of at most `limit`: the numbers of the tasks that ran, with what fired.
fn step_within(controller: &Controller, limit: Span) -> Vec<(usize, Vec<Fired>)> {
    let (mut ran, mut fired) = (Vec::new(), Vec::new());
    controller.enter().expect("no step is under way");
    controller.wait(Some(limit), false).expect("waited");
    while let Some((_, payload)) = controller.next(&mut fired) {
        ran.push((number(payload), fired.clone()));
    }
    assert!(!controller.leave());
    ran
}

fn step(controller: &Controller) -> Vec<(usize, Vec<Fired>)> {
    step_within(controller, Span::ZERO)
}

fn numbers(ran: &[(usize, Vec<Fired>)]) -> Vec<usize> {
    ran.iter().map(|(number, _)| *number).collect()
}

fn number(payload: Payload) -> usize {
    match payload {
        Payload::Foreign(number) | Payload::Callback(number) | Payload::Fiber(number) => number,
        Payload::Batch | Payload::Posted(_) | Payload::Output(_) | Payload::Inspector => {
            panic!("the controller's own task was handed out")
        }
    }
}

fn fired(member: u32, events: Events) -> Fired {
    Fired { member, events: events as u32 }
}

/// What the kernel has been told is this: descriptors and events, in order of descriptors.
fn assert_watched(controller: &Controller, wanted: &[(RawFd, Events)]) {
    if let Some(found) = registered(kernel_queue(controller)) {
        assert_eq!(found, wanted);
    }
}

fn kernel_queue(controller: &Controller) -> RawFd {
    controller.state.borrow().poller.as_ref().expect("an open controller").fd()
}

/// Drops a registration behind the controller's back: it comes back only if the kernel is told.
fn unregister(controller: &Controller, fd: RawFd) {
    unregister_from(kernel_queue(controller), fd);
}

fn is_readable(fd: RawFd) -> bool {
    sys::signal::poll(fd, IN, Some(0), &[]).expect("polled") != 0
}

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("two streams")
}

#[test]
fn a_new_task_is_ready_and_nothing_has_fired() {
    let controller = Controller::new().unwrap();
    spawn(&controller, 7);
    assert_eq!(controller.timeout(), Some(Span::ZERO));
    assert_eq!(step(&controller), [(7, vec![])]);
    assert_eq!((controller.count(), controller.timeout()), (1, None));
    assert_eq!(step(&controller), []);
}

#[test]
fn tasks_run_in_the_order_in_which_they_became_ready() {
    let controller = Controller::new().unwrap();
    let tasks: Vec<_> = (0..5).map(|number| spawn(&controller, number)).collect();
    assert_eq!(numbers(&step(&controller)), [0, 1, 2, 3, 4]);
    for &task in tasks.iter().rev() {
        park(&controller, task, []);
    }
    assert_eq!(numbers(&step(&controller)), [4, 3, 2, 1, 0]);
}

#[test]
fn tasks_started_within_a_step_run_in_the_next_one() {
    let controller = Controller::new().unwrap();
    spawn(&controller, 1);
    controller.enter().unwrap();
    controller.wait(None, false).unwrap();
    let mut fired = Vec::new();
    assert!(controller.next(&mut fired).is_some());
    spawn(&controller, 2);
    assert!(controller.next(&mut fired).is_none());
    assert!(!controller.leave());
    assert_eq!(numbers(&step(&controller)), [2]);
}

#[test]
fn what_is_left_of_a_step_runs_in_the_next_one() {
    let controller = Controller::new().unwrap();
    spawn(&controller, 1);
    spawn(&controller, 2);
    controller.enter().unwrap();
    controller.wait(None, false).unwrap();
    assert!(controller.next(&mut Vec::new()).is_some());
    assert!(!controller.leave());
    assert_eq!(numbers(&step(&controller)), [2]);
}

#[test]
fn a_step_within_a_step_is_refused() {
    let controller = Controller::new().unwrap();
    controller.enter().unwrap();
    assert_eq!(controller.enter(), Err(Errno::BUSY));
    assert_eq!(controller.close().map(drop), Err(Errno::BUSY));
    controller.close_after_step();
    assert!(controller.leave());
}

#[test]
fn a_member_without_descriptor_timeout_or_condition_never_fires() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_foreign(-1, IN), on_foreign(b.as_raw_fd(), 0)]);
    assert!(controller.is_parked(task));
    assert_eq!(step(&controller), []);
}

#[test]
fn timers_fire_by_deadline_and_equal_ones_in_the_order_they_were_set() {
    let controller = Controller::new().unwrap();
    let tasks: Vec<_> = (0..4).map(|number| spawn(&controller, number)).collect();
    controller.enter().unwrap();
    controller.wait(Some(Span::ZERO), false).unwrap();
    for (&task, span) in tasks.iter().zip([3_000_000, 1_000_000, 1_000_000, 2_000_000]) {
        assert!(controller.next(&mut Vec::new()).is_some());
        park(&controller, task, [after(span)]);
    }
    assert!(!controller.leave());
    let mut ran = Vec::new();
    while ran.len() < 4 {
        ran.extend(numbers(&step_within(&controller, Span(1_000_000_000))));
    }
    assert_eq!(ran, [1, 2, 3, 0]);
}

#[test]
fn a_timer_never_fires_early() {
    let controller = Controller::new().unwrap();
    let task = spawn_started(&controller, 1);
    for nanoseconds in [0, 1, 999_999, 1_000_001, 2_345_678] {
        let before = Instant::now();
        park(&controller, task, [after(nanoseconds)]);
        while step_within(&controller, Span(1_000_000_000)).is_empty() {}
        assert!(Instant::now() >= before.after(Span(nanoseconds)), "{nanoseconds}");
    }
}

#[test]
fn parking_again_replaces_the_wait_set() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let condition = Condition::new(false).unwrap();
    let task = spawn_started(&controller, 1);
    let on_condition = Member { condition: Some(condition.clone()), ..on_foreign(-1, 0) };
    park(&controller, task, [on_owned(b.as_raw_fd(), OUT), after(0), on_condition]);
    assert_eq!(condition.waiting(), 1);
    park(&controller, task, [after(1 << 60)]);
    assert_eq!((condition.waiting(), condition.signal(5)), (0, 0));
    assert_eq!(step(&controller), []);
}

#[test]
fn parking_a_ready_task_takes_it_out_of_the_run_queue() {
    let controller = Controller::new().unwrap();
    let tasks: Vec<_> = (0..3).map(|number| spawn(&controller, number)).collect();
    park(&controller, tasks[1], [after(1 << 60)]);
    assert_eq!(numbers(&step(&controller)), [0, 2]);
}

#[test]
fn a_task_that_is_finished_while_it_is_ready_does_not_run() {
    let controller = Controller::new().unwrap();
    let tasks: Vec<_> = (0..3).map(|number| spawn(&controller, number)).collect();
    assert_eq!(controller.finish(tasks[1]), Ok(Payload::Foreign(1)));
    assert_eq!(numbers(&step(&controller)), [0, 2]);
    assert_eq!(controller.count(), 2);
}

/// What went wrong: the run queue was searched for the place of the task, and found the entry of
/// the finished task that had been there before.
#[test]
fn a_parked_task_does_not_run_for_a_finished_one_that_had_its_place() {
    let controller = Controller::new().unwrap();
    let gone = spawn(&controller, 1);
    controller.finish(gone).unwrap();
    let task = spawn(&controller, 2);
    assert_eq!(task.index, gone.index);
    park(&controller, task, [after(1 << 60)]);
    assert_eq!(step(&controller), []);
    assert!(controller.is_parked(task));
}

#[test]
fn the_name_of_a_finished_task_means_no_other() {
    let controller = Controller::new().unwrap();
    let first = spawn(&controller, 1);
    controller.finish(first).unwrap();
    let second = spawn(&controller, 2);
    assert_eq!(first.index, second.index);
    assert_ne!(first, second);
    assert_eq!(controller.finish(first), Err(Errno::NOENT));
    assert_eq!(controller.payload(first), Err(Errno::NOENT));
    assert_eq!(controller.park(first, false, []), Err(Errno::NOENT));
    assert!(!controller.is_parked(first));
    assert_eq!(controller.payload(second), Ok(Payload::Foreign(2)));
}

#[test]
fn a_finished_waiter_leaves_the_others_of_its_descriptor_waiting() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let tasks: Vec<_> = (0..4).map(|number| spawn(&controller, number)).collect();
    step(&controller);
    for &task in &tasks {
        park(&controller, task, [on_owned(b.as_raw_fd(), IN)]);
    }
    for gone in [1, 3, 0] {
        controller.finish(tasks[gone]).unwrap();
    }
    a.write_all(b"x").unwrap();
    assert_eq!(numbers(&step(&controller)), [2]);
}

#[test]
fn only_a_fiber_itself_changes_its_wait_set() {
    let controller = Controller::new().unwrap();
    let fiber = controller.spawn(Payload::Fiber(1)).unwrap();
    assert_eq!(controller.park(fiber, false, []), Err(Errno::BADARG));
    assert_eq!(controller.park(fiber, true, [after(1 << 60)]), Ok(()));
}

#[test]
fn closing_returns_what_the_tasks_carried_and_lets_go_of_everything() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let condition = Condition::new(false).unwrap();
    let (first, second) = (spawn(&controller, 1), spawn(&controller, 2));
    step(&controller);
    park(&controller, first, [on_owned(b.as_raw_fd(), IN)]);
    let on_condition = Member { condition: Some(condition.clone()), ..after(1 << 60) };
    park(&controller, second, [on_condition]);
    let dropped: Vec<Payload> = controller.close().unwrap().collect();
    assert_eq!(dropped, [Payload::Foreign(1), Payload::Foreign(2)]);
    assert_eq!((condition.waiting(), AtomicShared::count(&condition)), (0, 1));
    assert!(controller.is_closed());
    assert_eq!(controller.close().unwrap().count(), 0);
    assert_eq!(controller.spawn(Payload::Foreign(3)), Err(Errno::BADF));
    assert_eq!(controller.enter(), Err(Errno::BADF));
    assert_eq!(controller.pollfd(), Err(Errno::BADF));
    assert_eq!(controller.alert(), Err(Errno::BADF));
    assert_eq!(controller.reset(), Err(Errno::BADF));
    controller.cancel(b.as_raw_fd());
}

#[test]
fn tasks_that_wake_each_other_do_not_starve_those_that_wait_for_descriptors() {
    let controller = Controller::new().unwrap();
    let (mut a, mut b) = pair();
    let (busy, reader) = (spawn(&controller, 1), spawn(&controller, 2));
    step(&controller);
    park(&controller, reader, [on_owned(b.as_raw_fd(), IN)]);
    a.write_all(b"x").unwrap();
    let mut steps = 0;
    loop {
        steps += 1;
        assert!(steps <= LAZY_RESUMPTIONS + 2, "the kernel is never asked");
        park(&controller, busy, []);
        controller.enter().unwrap();
        controller.wait(Some(Span::ZERO), true).unwrap();
        let mut ran = Vec::new();
        while let Some((_, payload)) = controller.next(&mut Vec::new()) {
            ran.push(number(payload));
        }
        assert!(!controller.leave());
        if ran.contains(&2) {
            break;
        }
    }
    assert!(steps > 1, "a lazy step asked the kernel");
    b.read_exact(&mut [0]).unwrap();
}

/// What went wrong: steps were counted and not what ran in them, and how long it ran: a task that computes 2 ms at
/// a time held all descriptors up for an eighth of a second.
#[test]
fn a_task_that_computes_does_not_starve_those_that_wait_for_descriptors() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let (busy, reader) = (spawn(&controller, 1), spawn(&controller, 2));
    step(&controller);
    park(&controller, reader, [on_owned(b.as_raw_fd(), IN)]);
    a.write_all(b"x").unwrap();
    let lazy_step = || {
        park(&controller, busy, []);
        controller.enter().unwrap();
        controller.wait(Some(Span::ZERO), true).unwrap();
        let mut ran = Vec::new();
        while let Some((_, payload)) = controller.next(&mut Vec::new()) {
            ran.push(number(payload));
            std::thread::sleep(std::time::Duration::from_micros(200));
        }
        assert!(!controller.leave());
        ran.contains(&2)
    };
    assert!((0..3).any(|_| lazy_step()), "the kernel is not asked");
}

#[test]
fn more_descriptors_than_one_answer_of_the_kernel_usually_holds_are_all_served_in_one_step() {
    let controller = Controller::new().unwrap();
    let streams: Vec<_> = (0..100).map(|_| pair()).collect();
    let tasks: Vec<_> = (0..100).map(|number| spawn(&controller, number)).collect();
    step(&controller);
    for (&task, (_, b)) in tasks.iter().zip(&streams) {
        park(&controller, task, [on_owned(b.as_raw_fd(), OUT)]);
    }
    assert_eq!(step(&controller).len(), 100);
}

#[test]
fn there_is_no_room_for_more_tasks_than_have_places() {
    let controller = Controller::new().unwrap();
    spawn(&controller, 1);
    let mut state = controller.state.borrow_mut();
    assert_eq!(state.make_room(MOST_TASKS), Err(Errno::NOMEM));
    assert_eq!(state.make_room(usize::MAX), Err(Errno::NOMEM));
    state.make_room(MOST_TASKS - 1).expect("room, which nobody touches");
}

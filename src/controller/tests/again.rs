// SPDX-License-Identifier: MIT
//! Tasks that wait, within the step that woke them, for what they waited for before.

use super::*;

/// A controller, a readable descriptor with its peer, and a task that waits for it.
fn one_reader() -> (AtomicShared<Controller>, UnixStream, UnixStream, TaskId) {
    let controller = Controller::new().unwrap();
    let (reader, mut writer) = pair();
    let task = spawn_started(&controller, 1);
    controller.park_on_one(task, false, on_foreign(reader.as_raw_fd(), IN)).unwrap();
    writer.write_all(b"x").unwrap();
    (controller, reader, writer, task)
}

/// Begins a step and takes its first task.
pub(super) fn begin(controller: &Controller) -> (TaskId, Vec<Fired>) {
    let mut fired = Vec::new();
    controller.enter().unwrap();
    controller.wait(Some(Span::ZERO), false).unwrap();
    let (task, _) = controller.next(&mut fired).expect("a task that is ready");
    (task, fired)
}

/// Takes the others, and ends it.
pub(super) fn end(controller: &Controller) -> Vec<usize> {
    let (mut rest, mut fired) = (Vec::new(), Vec::new());
    while let Some((_, payload)) = controller.next(&mut fired) {
        rest.push(number(payload));
    }
    assert!(!controller.leave());
    rest
}

pub(super) fn waits(controller: &Controller) -> usize {
    controller.state.borrow().waits.len()
}

#[test]
fn a_task_that_waits_for_the_same_again_is_woken_again() {
    let (controller, reader, _writer, task) = one_reader();
    for _ in 0..3 {
        let (ready, woken_by) = begin(&controller);
        assert_eq!((ready, &woken_by[..]), (task, &[fired(0, IN)][..]));
        assert!(!controller.is_parked(task));
        controller.park_on_one(task, false, on_foreign(reader.as_raw_fd(), IN)).unwrap();
        assert!(controller.is_parked(task));
        assert_eq!(end(&controller), []);
        assert_eq!(waits(&controller), 1);
    }
}

#[test]
fn a_task_that_is_not_parked_again_is_not_woken_again() {
    let (controller, reader, _writer, task) = one_reader();
    begin(&controller);
    assert_eq!(end(&controller), []);
    assert_eq!(step(&controller), []);
    assert_eq!(waits(&controller), 0);
    controller.park_on_one(task, false, on_foreign(reader.as_raw_fd(), IN)).unwrap();
    assert_eq!(numbers(&step(&controller)), [1]);
}

#[test]
fn what_is_cancelled_while_its_task_runs_wakes_it_only_if_it_waits_again() {
    let (controller, reader, _writer, task) = one_reader();
    let fd = reader.as_raw_fd();
    begin(&controller);
    controller.cancel(fd);
    assert!(!controller.is_parked(task));
    controller.park_on_one(task, false, on_foreign(fd, IN)).unwrap();
    controller.cancel(fd);
    assert_eq!(end(&controller), []);
    assert_eq!(step(&controller), [(1, vec![fired(0, CANCELLED)])]);
}

#[test]
fn an_owner_that_leaves_while_its_task_runs_is_not_waited_for() {
    let controller = Controller::new().unwrap();
    let (reader, mut writer) = pair();
    let owner = Owner::new().unwrap();
    let member = || Member::owned(reader.as_raw_fd(), IN, &owner);
    let task = spawn_started(&controller, 1);
    controller.park_on_one(task, false, member()).unwrap();
    writer.write_all(b"x").unwrap();
    begin(&controller);
    owner.leave(false);
    assert!(!controller.is_parked(task));
    // The kernel is told anew.
    controller.park_on_one(task, false, member()).unwrap();
    assert_eq!(end(&controller), []);
    assert_watched(&controller, &[(reader.as_raw_fd(), IN)]);
    assert_eq!(numbers(&step(&controller)), [1]);
}

#[test]
fn another_descriptor_or_event_is_another_wait() {
    let (controller, reader, _writer, task) = one_reader();
    let (other, mut its_writer) = pair();
    begin(&controller);
    controller.park_on_one(task, false, on_foreign(other.as_raw_fd(), IN)).unwrap();
    assert_eq!(end(&controller), []);
    assert_eq!(step(&controller), []);
    its_writer.write_all(b"y").unwrap();
    begin(&controller);
    controller.park_on_one(task, false, on_foreign(other.as_raw_fd(), OUT)).unwrap();
    assert_eq!(end(&controller), []);
    assert_eq!(step(&controller), [(1, vec![fired(0, OUT)])]);
    assert!(is_readable(reader.as_raw_fd()));
}

#[test]
fn two_that_wait_for_the_same_descriptor_run_in_turns() {
    let (controller, reader, _writer, first) = one_reader();
    let fd = reader.as_raw_fd();
    let second = spawn(&controller, 2);
    let (ready, _) = begin(&controller);
    assert_eq!(ready, second); // the first is woken behind it
    controller.park_on_one(second, false, on_foreign(fd, IN)).unwrap();
    let mut woken_by = Vec::new();
    assert_eq!(controller.next(&mut woken_by).unwrap().0, first);
    controller.park_on_one(first, false, on_foreign(fd, IN)).unwrap();
    assert_eq!(end(&controller), []);
    let (ready, _) = begin(&controller);
    assert_eq!(ready, second);
    controller.park_on_one(second, false, on_foreign(fd, IN)).unwrap();
    assert_eq!(controller.next(&mut woken_by).unwrap().0, first);
    assert_eq!(end(&controller), []);
    assert_eq!(numbers(&step(&controller)), [2]);
}

#[test]
fn a_task_in_a_scope_that_ends_while_it_runs_does_not_wait_again() {
    let controller = Controller::new().unwrap();
    let (reader, mut writer) = pair();
    let scope = controller.new_scope(None).unwrap();
    let task = controller.spawn_in(scope, Payload::Foreign(1)).unwrap();
    step(&controller);
    let member = || on_foreign(reader.as_raw_fd(), IN);
    controller.park_on_one(task, false, member()).unwrap();
    writer.write_all(b"x").unwrap();
    begin(&controller);
    controller.cancel_scope(scope, libc::ECANCELED, None).unwrap();
    controller.park_on_one(task, false, member()).unwrap();
    assert_eq!(end(&controller), []);
    let ran = step(&controller);
    assert_eq!(ran, [(1, vec![Fired { member: ENDED, events: libc::ECANCELED as u32 }])]);
}

#[test]
fn a_stale_number_and_a_fiber_are_refused() {
    let (controller, reader, _writer, task) = one_reader();
    let member = || on_foreign(reader.as_raw_fd(), IN);
    begin(&controller);
    let stale = TaskId { serial: task.serial + 1, ..task };
    assert_eq!(controller.park_on_one(stale, false, member()), Err(Errno::NOENT));
    controller.finish(task).unwrap();
    assert_eq!(waits(&controller), 0);
    assert_eq!(controller.park_on_one(task, false, member()), Err(Errno::NOENT));
    assert_eq!(end(&controller), []);

    let fiber = controller.spawn(Payload::Fiber(3)).unwrap();
    step(&controller);
    controller.park_on_one(fiber, true, member()).unwrap();
    begin(&controller);
    assert_eq!(controller.park_on_one(fiber, false, member()), Err(Errno::BADARG));
    controller.park_on_one(fiber, true, member()).unwrap();
    assert_eq!(end(&controller), []);
    assert_eq!(numbers(&step(&controller)), [3]);
}

// SPDX-License-Identifier: MIT
//! Descriptors: who wakes for them, and what the kernel is told.

use super::*;

#[test]
fn a_task_wakes_when_its_descriptor_is_ready_and_sees_the_events() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_foreign(b.as_raw_fd(), IN)]);
    assert!(controller.is_parked(task));
    assert_eq!(step(&controller), []);
    a.write_all(b"x").unwrap();
    assert_eq!(step_within(&controller, Span(1_000_000_000)), [(1, vec![fired(0, IN)])]);
    assert!(!controller.is_parked(task));
}

#[test]
fn waiters_of_one_descriptor_wake_by_the_events_they_asked_for() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let fd = b.as_raw_fd();
    let (reader, writer) = (spawn(&controller, 1), spawn(&controller, 2));
    step(&controller);
    park(&controller, reader, [on_owned(fd, IN)]);
    park(&controller, writer, [on_owned(fd, OUT)]);
    assert_watched(&controller, &[(fd, IN | OUT)]);
    assert_eq!(step(&controller), [(2, vec![fired(0, OUT)])]);
    park(&controller, writer, [on_owned(fd, OUT)]);
    a.write_all(b"x").unwrap();
    assert_eq!(step(&controller), [(1, vec![fired(0, IN)]), (2, vec![fired(0, OUT)])]);
}

#[test]
fn a_hang_up_wakes_every_waiter_whatever_it_asked_for() {
    let controller = Controller::new().unwrap();
    let (a, b) = pair();
    let tasks = [spawn(&controller, 1), spawn(&controller, 2)];
    step(&controller);
    for (task, events) in tasks.into_iter().zip([libc::POLLPRI, IN]) {
        park(&controller, task, [on_owned(b.as_raw_fd(), events)]);
    }
    drop(a);
    let ran = step(&controller);
    assert_eq!(numbers(&ran), [1, 2]);
    assert_eq!(ran[0].1, [fired(0, libc::POLLHUP)]);
    assert_eq!(ran[1].1, [fired(0, IN | libc::POLLHUP)]);
}

#[test]
fn two_members_on_one_descriptor_both_fire() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_owned(b.as_raw_fd(), OUT), on_owned(b.as_raw_fd(), OUT)]);
    assert_eq!(step(&controller), [(1, vec![fired(0, OUT), fired(1, OUT)])]);
}

#[test]
fn what_fired_comes_in_the_order_of_the_wait_set_and_one_member_comes_once() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let task = spawn_started(&controller, 1);
    let both = Member { timeout: Some(Span::ZERO), ..on_owned(b.as_raw_fd(), OUT) };
    park(&controller, task, [after(0), both, after(1 << 60), after(0)]);
    let wanted = vec![fired(0, FIRED), fired(1, OUT | FIRED), fired(3, FIRED)];
    assert_eq!(step(&controller), [(1, wanted)]);
}

#[test]
fn waiting_again_for_a_descriptor_tells_the_kernel_nothing() {
    for member in [on_owned, on_foreign] {
        let controller = Controller::new().unwrap();
        let (_a, b) = pair();
        let task = spawn_started(&controller, 1);
        park(&controller, task, [member(b.as_raw_fd(), OUT)]);
        for _ in 0..3 {
            assert_eq!(numbers(&step(&controller)), [1]);
            park(&controller, task, [member(b.as_raw_fd(), OUT)]);
        }
        unregister(&controller, b.as_raw_fd());
        park(&controller, task, [member(b.as_raw_fd(), OUT)]);
        assert_watched(&controller, &[]);
    }
}

#[test]
fn an_event_that_nobody_waits_for_narrows_the_registration() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let fd = b.as_raw_fd();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_owned(fd, IN | OUT)]);
    step(&controller);
    park(&controller, task, [on_owned(fd, IN)]);
    assert_watched(&controller, &[(fd, IN | OUT)]);
    assert_eq!(step(&controller), []);
    assert_watched(&controller, &[(fd, IN)]);
}

#[test]
fn an_owned_descriptor_stays_registered_until_an_event_comes_that_nobody_waits_for() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_owned(b.as_raw_fd(), IN), after(0)]);
    step(&controller);
    step(&controller);
    assert_watched(&controller, &[(b.as_raw_fd(), IN)]);
    a.write_all(b"x").unwrap();
    assert_eq!(step(&controller), []);
    assert_watched(&controller, &[]);
    park(&controller, task, [on_owned(b.as_raw_fd(), IN)]);
    assert_eq!(numbers(&step(&controller)), [1]);
}

#[test]
fn a_foreign_descriptor_is_dropped_once_its_waiter_waits_for_something_else() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_foreign(b.as_raw_fd(), OUT)]);
    step(&controller);
    park(&controller, task, [after(0)]);
    step(&controller);
    assert_watched(&controller, &[]);
}

#[test]
fn a_descriptor_that_was_closed_and_opened_again_is_registered_again() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let fd = b.as_raw_fd();
    let task = spawn_started(&controller, 1);
    park(&controller, task, [on_foreign(fd, IN), after(0)]);
    step(&controller);
    park(&controller, task, [after(0)]);
    step(&controller);
    // The number now means another open file, as after a close and an open.
    unregister(&controller, fd);
    park(&controller, task, [on_foreign(fd, OUT)]);
    assert_eq!(step(&controller), [(1, vec![fired(0, OUT)])]);
}

#[test]
fn cancelling_a_descriptor_wakes_its_waiters_and_forgets_it() {
    let controller = Controller::new().unwrap();
    let (_a, b) = pair();
    let fd = b.as_raw_fd();
    let tasks: Vec<_> = (0..3).map(|number| spawn(&controller, number)).collect();
    step(&controller);
    for &task in &tasks {
        park(&controller, task, [after(1 << 60), on_owned(fd, IN)]);
    }
    controller.cancel(fd);
    assert_watched(&controller, &[]);
    let ran = step(&controller);
    assert_eq!(numbers(&ran), [0, 1, 2]);
    assert!(ran.iter().all(|(_, what)| what == &[fired(1, CANCELLED)]));
}

#[test]
fn cancelling_what_nobody_polls_does_nothing() {
    let controller = Controller::new().unwrap();
    for fd in [-1, 0, 5000, RawFd::MAX, RawFd::MIN] {
        controller.cancel(fd);
    }
    assert_eq!(step(&controller), []);
}

#[test]
fn an_owner_leaves_every_controller_in_which_its_descriptor_stands() {
    let controllers = [Controller::new().unwrap(), Controller::new().unwrap()];
    let (_a, b) = pair();
    for controller in &controllers {
        let task = spawn_started(controller, 1);
        park(controller, task, [on_owned(b.as_raw_fd(), IN)]);
    }
    owner_of(b.as_raw_fd()).leave(false);
    for controller in &controllers {
        assert_eq!(step(controller), [(1, vec![fired(0, CANCELLED)])]);
    }
}

#[test]
fn a_descriptor_that_cannot_be_polled_is_refused_and_the_task_is_parked_on_nothing() {
    let controller = Controller::new().unwrap();
    let (mut a, b) = pair();
    let file = std::fs::File::open("/proc/self/status").unwrap();
    let directory = std::fs::File::open("/").unwrap();
    let task = spawn_started(&controller, 1);
    for (fd, wanted) in [(987_654, libc::EBADF), (directory.as_raw_fd(), libc::EPERM)] {
        let set = [on_owned(b.as_raw_fd(), IN), after(0), on_owned(fd, IN)];
        assert_eq!(controller.park(task, false, set), Err(Errno(wanted)));
        assert!(!controller.is_parked(task));
    }
    a.write_all(b"x").unwrap();
    assert_eq!(step(&controller), []);
    drop(file);
}

// SPDX-License-Identifier: MIT
//! How much memory a task, a wait and a registration take. A program may have a million of them.

use super::super::owner::Owner;
use super::*;
use crate::controller::task::Task;
use crate::controller::waits::Wait;
use crate::slab::Slab;
use std::mem::size_of;

#[test]
#[cfg(target_pointer_width = "64")]
fn records_are_small_and_free_places_no_larger() {
    assert_eq!((size_of::<Task>(), Slab::<Task>::PLACE), (32, 32));
    assert_eq!((size_of::<Wait>(), Slab::<Wait>::PLACE), (32, 32));
    assert_eq!(condition::PLACE, 24);
}

#[test]
#[cfg(target_pointer_width = "64")]
fn an_owner_is_one_block_of_40_bytes() {
    const { assert!(Owner::SIZE <= 40) };
}

#[test]
fn a_task_gives_back_what_it_carries_whatever_its_serial() {
    let payloads = [
        Payload::Foreign(usize::MAX),
        Payload::Batch,
        Payload::Output(1),
        Payload::Inspector,
        Payload::Callback(usize::MAX),
        Payload::Fiber(3),
        Payload::Posted(0),
    ];
    for payload in payloads {
        for serial in [0, 1, SERIALS - 1, SERIALS] {
            let task = Task::new(serial, payload);
            assert_eq!((task.serial(), task.data()), (serial, payload));
            assert_eq!(task.is_fiber(), matches!(payload, Payload::Fiber(_)));
        }
    }
}

#[test]
fn an_owner_forgets_the_controllers_that_are_gone_and_leaves_all_others() {
    let (one, _other) = UnixStream::pair().unwrap();
    let (fd, owner) = (one.as_raw_fd(), Owner::new().unwrap());
    let lasting: Vec<_> = (0..3).map(|_| Controller::new().unwrap()).collect();
    for _ in 0..3 {
        let gone = Controller::new().unwrap();
        let task = spawn_started(&gone, 1);
        park(&gone, task, [Member::owned(fd, IN, &owner)]);
    }
    for controller in &lasting {
        let task = spawn_started(controller, 1);
        park(controller, task, [Member::owned(fd, IN, &owner)]);
    }
    owner.leave(false);
    for controller in &lasting {
        let ready = step(controller);
        assert_eq!(ready.len(), 1, "its task was woken");
    }
}

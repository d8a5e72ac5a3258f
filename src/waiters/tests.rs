// SPDX-License-Identifier: MIT
use super::*;
use crate::clock::Span;
use crate::controller::{Controller, Payload, TaskId};
use crate::errno::Errno;
use std::rc::Rc;

/// Things that are given to whoever waits.
struct Heap {
    things: Cell<usize>,
    waiters: Waiters,
}

impl Heap {
    fn new() -> Rc<Heap> {
        Rc::new(Heap { things: Cell::new(0), waiters: Waiters::new("thing").unwrap() })
    }

    fn add(&self, things: usize) {
        self.things.set(self.things.get() + things);
        self.waiters.settle(self.things.get());
    }

    fn free(&self) -> usize {
        self.waiters.free(self.things.get())
    }
}

impl Want for Rc<Heap> {
    type Thing = ();

    fn with_waiters<R>(&self, f: impl FnOnce(&Waiters) -> R) -> R {
        f(&self.waiters)
    }

    fn leave(&self, woken: bool) -> Result<()> {
        self.waiters.leave(woken);
        if woken {
            self.things.set(self.things.get() - 1);
        }
        self.waiters.settle(self.things.get());
        woken.then_some(()).ok_or(Errno::TIMEDOUT)
    }
}

type Waiting = (TaskId, Place<Rc<Heap>>);

/// A task that waits.
fn arrive(controller: &Controller, heap: &Rc<Heap>) -> Waiting {
    let place = Place::new(Rc::clone(heap));
    let task = controller.spawn(Payload::Foreign(0)).unwrap();
    controller.park(task, false, [place.member()]).unwrap();
    (task, place)
}

/// The tasks that were woken, in their order.
fn woken(controller: &Controller) -> Vec<TaskId> {
    controller.wait(Some(Span::ZERO), false).unwrap();
    let mut fired = Vec::new();
    std::iter::from_fn(|| controller.next(&mut fired)).map(|(task, _)| task).collect()
}

#[test]
fn things_are_set_aside_in_the_order_of_arrival() {
    let (controller, heap) = (Controller::new().unwrap(), Heap::new());
    let waiting: Vec<Waiting> = (0..3).map(|_| arrive(&controller, &heap)).collect();
    heap.add(2);
    assert_eq!((heap.free(), heap.waiters.present()), (0, 3));
    assert_eq!(woken(&controller), [waiting[0].0, waiting[1].0]);
    assert_eq!(waiting[1].1.leave(true), Ok(()));
    assert_eq!((heap.things.get(), heap.free()), (1, 0));
    heap.add(2);
    assert_eq!((heap.things.get(), heap.free()), (3, 1));
    assert_eq!(woken(&controller), [waiting[2].0]);
}

#[test]
fn who_leaves_without_taking_leaves_it_to_the_next() {
    let (controller, heap) = (Controller::new().unwrap(), Heap::new());
    let mut waiting: Vec<Waiting> = (0..3).map(|_| arrive(&controller, &heap)).collect();
    heap.add(1);
    let (first, place) = waiting.remove(0);
    assert_eq!(woken(&controller), [first]);
    drop(place);
    assert_eq!((heap.free(), heap.waiters.present()), (0, 2));
    let (second, place) = waiting.remove(0);
    assert_eq!(woken(&controller), [second]);
    assert_eq!(place.leave(false), Err(Errno::TIMEDOUT));
    let (third, place) = waiting.remove(0);
    assert_eq!(woken(&controller), [third]);
    drop(place);
    assert_eq!((heap.free(), heap.waiters.present()), (1, 0));
}

#[test]
fn who_leaves_before_it_was_woken_takes_nothing_along() {
    let (controller, heap) = (Controller::new().unwrap(), Heap::new());
    let mut waiting: Vec<Waiting> = (0..2).map(|_| arrive(&controller, &heap)).collect();
    let (task, place) = waiting.remove(0);
    controller.finish(task).unwrap();
    heap.add(1); // while the place of a task that is over is still there
    assert_eq!(woken(&controller), [waiting[0].0]);
    drop(place);
    assert_eq!((heap.free(), heap.waiters.present()), (0, 1));
    assert_eq!(waiting[0].1.leave(true), Ok(()));
    assert_eq!((heap.things.get(), heap.free(), heap.waiters.present()), (0, 0, 0));
}

#[test]
fn tasks_that_end_together_leave_everything_to_those_of_another_controller() {
    let (gone, stays) = (Controller::new().unwrap(), Controller::new().unwrap());
    let heap = Heap::new();
    let lost: Vec<Waiting> = (0..3).map(|_| arrive(&gone, &heap)).collect();
    let left: Vec<Waiting> = (0..2).map(|_| arrive(&stays, &heap)).collect();
    heap.add(2);
    drop(gone);
    assert_eq!(woken(&stays), []);
    drop(lost);
    assert_eq!(woken(&stays), [left[0].0, left[1].0]);
    drop(left);
    assert_eq!((heap.free(), heap.waiters.present()), (2, 0));
}

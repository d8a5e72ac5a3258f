// SPDX-License-Identifier: MIT
//! Both orders, compared with lists that do the same slowly.

use super::super::Payload;
use super::*;

fn queue(order: Order, count: u32) -> (RunQueue, Slab<Task>) {
    let mut tasks = Slab::default();
    for number in 0..count {
        let data = Payload::Foreign(number as usize);
        tasks.insert(Task::new(number.into(), data)).unwrap();
    }
    (RunQueue { order, ..RunQueue::default() }, tasks)
}

fn pass(queue: &mut RunQueue, tasks: &mut Slab<Task>) -> Vec<u32> {
    queue.begin_pass();
    std::iter::from_fn(|| queue.take(tasks)).collect()
}

#[test]
fn what_becomes_ready_during_a_pass_runs_in_the_next_one() {
    for (order, first, second) in
        [(Order::OldestFirst, [0, 1], [2, 3]), (Order::NewestFirst, [1, 0], [3, 2])]
    {
        let (mut queue, mut tasks) = queue(order, 4);
        queue.push(&mut tasks, 0);
        queue.push(&mut tasks, 1);
        queue.begin_pass();
        assert_eq!(queue.take(&mut tasks), Some(first[0]));
        queue.push(&mut tasks, 2);
        queue.push(&mut tasks, 3);
        assert_eq!(queue.take(&mut tasks), Some(first[1]));
        assert_eq!(queue.take(&mut tasks), None);
        assert_eq!(pass(&mut queue, &mut tasks), second);
        assert!(queue.is_empty());
    }
}

#[test]
fn a_task_that_stays_keeps_its_place_or_goes_to_the_end() {
    for (order, expected) in [(Order::OldestFirst, [2, 1, 0]), (Order::NewestFirst, [2, 1, 0])] {
        let (mut queue, mut tasks) = queue(order, 4);
        let start = if order == Order::OldestFirst { [2, 1, 0] } else { [0, 1, 2] };
        start.iter().for_each(|&index| queue.push(&mut tasks, index));
        for _ in 0..3 {
            queue.begin_pass();
            for index in expected {
                assert_eq!(queue.take(&mut tasks), Some(index));
                queue.stay(&mut tasks, index);
            }
            assert_eq!(queue.take(&mut tasks), None);
        }
    }
}

#[test]
fn a_pass_that_was_given_up_leaves_the_rest_behind_what_came_meanwhile() {
    let (mut queue, mut tasks) = queue(Order::NewestFirst, 5);
    [0, 1, 2, 3].iter().for_each(|&index| queue.push(&mut tasks, index));
    queue.begin_pass();
    assert_eq!(queue.take(&mut tasks), Some(3));
    queue.stay(&mut tasks, 3);
    assert_eq!(queue.take(&mut tasks), Some(2));
    queue.push(&mut tasks, 4);
    assert_eq!(pass(&mut queue, &mut tasks), [4, 3, 1, 0]);
}

/// Newest first, told with a plain list: the positions at or behind `cursor` are still to be visited.
#[derive(Default)]
struct Model {
    list: Vec<u32>,
    cursor: usize,
}

impl Model {
    fn insert(&mut self, at: usize, index: u32) {
        if !self.list.contains(&index) {
            self.list.insert(at, index);
            self.cursor += 1;
        }
    }

    fn remove(&mut self, index: u32) {
        if let Some(at) = self.list.iter().position(|&other| other == index) {
            self.list.remove(at);
            self.cursor -= usize::from(at < self.cursor);
        }
    }

    fn take(&mut self) -> Option<u32> {
        (self.cursor < self.list.len()).then(|| self.list.remove(self.cursor))
    }
}

#[test]
fn newest_first_does_what_a_plain_list_does() {
    let (mut queue, mut tasks) = queue(Order::NewestFirst, 8);
    let (mut model, mut seed, mut running) = (Model::default(), 1u64, None);
    for _ in 0..200_000 {
        seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let (what, index) = ((seed >> 33) % 10, (seed >> 50) as u32 % 8);
        match what {
            0 => {
                queue.begin_pass();
                (model.cursor, running) = (0, None);
            }
            1..=3 if running != Some(index) => {
                queue.push(&mut tasks, index);
                model.insert(0, index);
            }
            4 => {
                queue.remove(&mut tasks, index);
                model.remove(index);
            }
            5 => {
                if let Some(index) = running.take() {
                    queue.stay(&mut tasks, index);
                    model.insert(model.cursor, index);
                }
            }
            _ => {
                running = queue.take(&mut tasks);
                assert_eq!(running, model.take());
            }
        }
        assert_eq!(queue.is_empty(), model.list.is_empty());
    }
}

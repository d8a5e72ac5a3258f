// SPDX-License-Identifier: MIT
//! The queue against a plain vector, and what it does with its memory.

use super::*;

/// How many spare blocks this thread keeps, small and large.
fn spares() -> (usize, usize) {
    SPARES.with(|spares| {
        let block = spares.at_hand.take();
        let at_hand = usize::from(block.is_some());
        spares.at_hand.set(block);
        let stock = spares.stock.borrow();
        (stock.small.len() + at_hand, stock.large.len())
    })
}

/// Where a queue's memory is, and how much it has.
fn address(queue: &Queue) -> *const u8 {
    queue.0.as_ref().map_or(std::ptr::null(), |block| block.bytes.as_ptr())
}

fn room(queue: &Queue) -> usize {
    queue.0.as_ref().map_or(0, |block| block.bytes.len())
}

/// Where its content begins.
fn start(queue: &Queue) -> usize {
    queue.0.as_ref().map_or(0, |block| block.start)
}

fn queue_of(bytes: &[u8]) -> Queue {
    let mut queue = Queue::default();
    queue.push(bytes).unwrap();
    queue
}

/// Pseudo-random numbers, the same in every run.
struct Draw(u64);

impl Draw {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (self.0 >> 33) as usize % limit
    }

    /// Mostly little, sometimes much.
    fn bytes(&mut self) -> Vec<u8> {
        let limit = [1, 10, 100, 5000, 70000][self.below(5)];
        let length = self.below(limit + 1);
        (0..length).map(|i| (i ^ self.0 as usize) as u8).collect()
    }
}

#[test]
fn any_sequence_of_operations_keeps_the_bytes_in_order() {
    let (mut queue, mut model, mut draw) = (Queue::default(), Vec::new(), Draw(7));
    for _ in 0..5000 {
        match draw.below(7) {
            0 | 1 => {
                let bytes = draw.bytes();
                queue.push(&bytes).unwrap();
                model.extend(&bytes);
            }
            2 => {
                let bytes = draw.bytes();
                queue.unget(&bytes).unwrap();
                model.splice(0..0, bytes);
            }
            3 => {
                let bytes = draw.bytes();
                queue.room(bytes.len() + draw.below(3)).unwrap()[..bytes.len()]
                    .copy_from_slice(&bytes);
                queue.filled(bytes.len());
                model.extend(&bytes);
            }
            4 | 5 => {
                let count = draw.below(model.len() + 2).min(model.len());
                let at = queue.consume(count);
                assert_eq!(queue.slice(at, count), &model[..count]);
                model.drain(..count);
            }
            _ => queue.release(),
        }
        assert_eq!((queue.len(), queue.is_empty()), (model.len(), model.is_empty()));
        assert_eq!(queue.data(), model);
    }
}

#[test]
fn a_new_queue_owns_no_memory() {
    assert_eq!(room(&Queue::default()), 0);
    let mut queue = Queue::default();
    queue.push(b"").unwrap();
    queue.unget(b"").unwrap();
    assert_eq!(room(&queue), 0);
}

#[test]
fn a_released_queue_owns_no_memory_once_it_is_empty() {
    let mut queue = queue_of(b"bytes");
    queue.consume(4);
    queue.release();
    assert_eq!(queue.data(), b"s");
    queue.consume(1);
    queue.release();
    assert_eq!(room(&queue), 0);
    queue.push(b"again").unwrap();
    assert_eq!(queue.data(), b"again");
}

#[test]
fn blocks_of_the_usual_sizes_return_to_the_stock_and_are_used_again() {
    let mut small = queue_of(b"bytes");
    let block = address(&small);
    small.consume(5);
    small.release();
    assert_eq!(spares(), (1, 0));
    let again = queue_of(b"others");
    assert_eq!((address(&again), spares()), (block, (0, 0)));
    drop(again);
    drop(queue_of(&[0; SMALL + 1]));
    assert_eq!(spares(), (1, 1));
    drop(queue_of(&[0; LARGE + 1]));
    assert_eq!(spares(), (1, 1));
}

#[test]
fn room_for_a_small_message_is_a_whole_block_with_nothing_in_it() {
    let first = queue_of(b"not taken");
    let block = address(&first);
    drop(first);
    let mut queue = Queue::default();
    assert_eq!(queue.small_room().unwrap().len(), SMALL);
    assert_eq!((address(&queue), queue.data()), (block, &b""[..]));
    queue.filled(3);
    queue.consume(3);
    assert_eq!(queue.small_room().unwrap().len(), SMALL);
    assert_eq!(address(&queue), block);
    let mut other = Queue::default(); // there is none at hand
    assert_eq!(other.small_room().unwrap().len(), SMALL);
}

#[test]
fn the_stock_does_not_grow_beyond_its_limit() {
    let queues: Vec<Queue> = (0..3 * STOCK).map(|_| queue_of(b"bytes")).collect();
    drop(queues);
    assert_eq!(spares(), (1 + STOCK, 0)); // one is at hand
}

#[test]
fn a_queue_that_grows_gives_its_smaller_block_back() {
    let mut queue = queue_of(&[1; SMALL]);
    queue.push(&[2; SMALL]).unwrap();
    assert_eq!((queue.len(), room(&queue), spares()), (2 * SMALL, LARGE, (1, 0)));
}

#[test]
fn small_and_large_contents_fit_blocks_of_their_size() {
    assert_eq!(queue_of(&[0; SMALL]).0.as_ref().map_or(0, |block| block.bytes.len()), SMALL);
    assert_eq!(queue_of(&[0; LARGE]).0.as_ref().map_or(0, |block| block.bytes.len()), LARGE);
    assert!(queue_of(&[0; LARGE + 1]).0.as_ref().map_or(0, |block| block.bytes.len()) > LARGE);
}

#[test]
fn bytes_taken_off_can_be_put_back_in_place() {
    let mut queue = queue_of(b"line\nrest");
    let block = address(&queue);
    queue.consume(5);
    queue.unget(b"LINE\n").unwrap();
    assert_eq!((queue.data(), address(&queue)), (&b"LINE\nrest"[..], block));
}

#[test]
fn more_room_than_asked_for_may_be_offered_but_only_what_was_filled_counts() {
    let mut queue = Queue::default();
    assert!(queue.room(10).unwrap().len() >= 10);
    queue.room(10).unwrap()[..3].copy_from_slice(b"abc");
    queue.filled(3);
    assert_eq!(queue.data(), b"abc");
}

/// What went wrong: a queue that could not grow ended the process, and a size that no memory has overflowed.
#[test]
fn a_queue_that_cannot_grow_says_so_and_keeps_its_bytes() {
    let mut queue = queue_of(b"kept");
    for size in [1 << 50, isize::MAX as usize, usize::MAX / 2 + 10] {
        assert_eq!(queue.room(size).map(|room| room.len()), Err(Errno::NOMEM), "{size}");
    }
    queue.push(b" on").unwrap();
    assert_eq!(queue.data(), b"kept on");
    let mut empty = Queue::default();
    assert_eq!(empty.room(1 << 50).map(|room| room.len()), Err(Errno::NOMEM));
    assert!(empty.is_empty() && room(&empty) == 0);
}

#[test]
fn a_queue_is_cut_at_its_end() {
    let mut queue = queue_of(b"and more");
    queue.consume(1);
    queue.truncate(20);
    queue.truncate(2);
    assert_eq!(queue.data(), b"nd");
}

/// What went wrong: a queue that was nearly as long as its block moved all of its bytes for every
/// few that came and went.
#[test]
fn a_long_queue_moves_its_bytes_a_bounded_number_of_times() {
    for length in [SMALL + 100, LARGE - 10, 4 * LARGE - 10] {
        let mut queue = queue_of(&vec![0; length]);
        let (mut moved, mut passed) = (0, 0);
        while passed < 3 * length {
            let (before, block) = (start(&queue), address(&queue));
            queue.push(&[1; 16]).unwrap();
            if start(&queue) < before || address(&queue) != block {
                moved += queue.len();
            }
            queue.consume(16);
            passed += 16;
        }
        assert!(moved <= 2 * (passed + length), "{length}: {passed} passed, {moved} moved");
    }
}

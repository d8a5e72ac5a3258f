// SPDX-License-Identifier: MIT
//! A contiguous queue of bytes. It owns memory only while it holds something or is being filled: when a queue runs
//! empty, a block of one of the two usual sizes goes back to a small stock of the thread's. So an idle connection
//! costs no buffer and a busy one no allocation. If the queue cannot grow the answer is ENOMEM, and the content
//! stays.

use crate::errno::{Errno, Result};
use crate::sys;
use crate::sys::memory::boxed;
use std::cell::{Cell, RefCell};

/// The size of a block for lines and small messages.
pub const SMALL: usize = 4096;
/// The size of a block for bulk data: four TLS records of 16384 bytes and what encryption adds to them fit into it.
pub const LARGE: usize = 65536 + 2048;

/// How many blocks of each size a thread keeps, beside the small one at hand.
const STOCK: usize = 16;

/// Memory of a queue, and where in it the content lies: `start <= end <= bytes.len()`. A queue without memory is a
/// single pointer, as an idle socket has two.
struct Block {
    bytes: Box<[u8]>,
    start: usize,
    end: usize,
}

/// Spare blocks.
struct Spares {
    /// The small block that was given back last: nearly always it is asked for next.
    at_hand: Cell<Option<Box<Block>>>,
    stock: RefCell<Stock>,
}

/// Small and large ones, which go to queues as they are.
#[allow(clippy::vec_box)]
struct Stock {
    small: Vec<Box<Block>>,
    large: Vec<Box<Block>>,
}

thread_local! {
    static SPARES: Spares = const {
        let stock = RefCell::new(Stock { small: Vec::new(), large: Vec::new() });
        Spares { at_hand: Cell::new(None), stock }
    };
}

/// The spare blocks of one size; `None` for a size of which none are kept.
#[allow(clippy::vec_box)]
fn shelf(stock: &mut Stock, size: usize) -> Option<&mut Vec<Box<Block>>> {
    match size {
        SMALL => Some(&mut stock.small),
        LARGE => Some(&mut stock.large),
        _ => None,
    }
}

/// The small block at hand, empty.
#[inline(never)]
fn take_at_hand() -> Option<Box<Block>> {
    let mut block = SPARES.try_with(|spares| spares.at_hand.take()).ok().flatten()?;
    (block.start, block.end) = (0, 0); // its last queue may have been dropped with something in it
    Some(block)
}

/// A block of at least `size` bytes. Its bytes, and where its content lies, are arbitrary.
#[inline(never)]
fn take_block(size: usize) -> Result<Box<Block>> {
    if size <= SMALL {
        if let Some(block) = take_at_hand() {
            return Ok(block);
        }
    }
    let size = match size {
        _ if size <= SMALL => SMALL,
        _ if size <= LARGE => LARGE,
        _ => size.checked_next_power_of_two().ok_or(Errno::NOMEM)?,
    };
    let spare = SPARES.try_with(|spares| {
        let stock = &mut spares.stock.borrow_mut();
        shelf(stock, size).and_then(Vec::pop)
    });
    match spare.ok().flatten() {
        Some(block) => Ok(block),
        None => Ok(boxed(Block { bytes: sys::zeros(size)?, start: 0, end: 0 })?),
    }
}

/// Gives a block back to the thread's stock, or frees it if there is no place for it. Not inlined, as is `take_at_hand`: a
/// fiber may have come to another thread, whose variables lie elsewhere. See `sys::fiber::suspend`.
#[inline(never)]
fn give_block(block: Box<Block>) {
    let other = match block.bytes.len() {
        SMALL => SPARES.try_with(|spares| spares.at_hand.replace(Some(block))).unwrap_or_default(),
        _ => Some(block),
    };
    if let Some(block) = other {
        keep_block(block);
    }
}

#[cold]
fn keep_block(block: Box<Block>) {
    let _ = SPARES.try_with(|spares| {
        if let Some(shelf) = shelf(&mut spares.stock.borrow_mut(), block.bytes.len()) {
            if shelf.len() < STOCK && shelf.try_reserve(1).is_ok() {
                shelf.push(block);
            }
        }
    });
}

/// See the module.
#[derive(Default)]
pub struct Queue(Option<Box<Block>>);

impl Queue {
    /// How many bytes it holds.
    #[inline]
    pub fn len(&self) -> usize {
        self.0.as_ref().map_or(0, |block| block.end - block.start)
    }

    /// Whether it holds none.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|block| block.start == block.end)
    }

    /// Its bytes.
    #[inline]
    pub fn data(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], |block| &block.bytes[block.start..block.end])
    }

    /// Its bytes, to change in place.
    #[inline(always)]
    pub fn data_mut(&mut self) -> &mut [u8] {
        match &mut self.0 {
            Some(block) => &mut block.bytes[block.start..block.end],
            None => &mut [],
        }
    }

    /// Room for at least `size` bytes behind the content; `filled` says how many were written.
    #[inline(always)]
    pub fn room(&mut self, size: usize) -> Result<&mut [u8]> {
        let has_room = self.0.as_mut().is_some_and(|block| {
            if block.start == block.end {
                (block.start, block.end) = (0, 0);
            }
            block.bytes.len() - block.end >= size
        });
        if !has_room && size > 0 {
            self.reserve(size, 0)?;
        }
        Ok(self.0.as_mut().map_or(&mut [], |block| &mut block.bytes[block.end..]))
    }

    /// As `room`, for a queue that is empty and a message that fits a small block: nearly always there is one at hand.
    #[inline(always)]
    pub fn small_room(&mut self) -> Result<&mut [u8]> {
        if self.0.is_none() {
            std::mem::forget(std::mem::replace(&mut self.0, take_at_hand())); // of nothing
        }
        if self.0.is_none() || !self.is_empty() {
            return self.room(SMALL);
        }
        let Some(block) = &mut self.0 else { return Ok(&mut []) }; // there is one
        (block.start, block.end) = (0, 0);
        Ok(&mut block.bytes)
    }

    /// The first `count` bytes of the room now belong to the content.
    #[inline]
    pub fn filled(&mut self, count: usize) {
        if let Some(block) = &mut self.0 {
            block.end = (block.end + count).min(block.bytes.len());
        }
    }

    /// Appends: all or, without memory, nothing.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        if !bytes.is_empty() {
            self.room(bytes.len())?[..bytes.len()].copy_from_slice(bytes);
            self.filled(bytes.len());
        }
        Ok(())
    }

    /// Puts bytes in front: all or, without memory, nothing.
    pub fn unget(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.0.as_ref().map_or(0, |block| block.start) {
            self.reserve(0, bytes.len())?;
        }
        if let Some(block) = &mut self.0 {
            block.start -= bytes.len();
            block.bytes[block.start..block.start + bytes.len()].copy_from_slice(bytes);
        }
        Ok(())
    }

    /// Drops all bytes behind the first `length`.
    pub fn truncate(&mut self, length: usize) {
        if let Some(block) = &mut self.0 {
            block.end = block.end.min(block.start + length);
        }
    }

    /// Takes `count` bytes off the front and returns where they lie; they stay readable through
    /// `slice` until the queue is changed again.
    #[inline]
    pub fn consume(&mut self, count: usize) -> usize {
        let Some(block) = &mut self.0 else { return 0 };
        let at = block.start;
        block.start = (at + count).min(block.end);
        at
    }

    /// Bytes that `consume` has just taken off.
    #[inline(always)]
    pub fn slice(&self, at: usize, length: usize) -> &[u8] {
        match &self.0 {
            Some(block) => &block.bytes[at..at + length],
            None => &[],
        }
    }

    /// Gives the memory back if nothing is held.
    #[inline]
    pub fn release(&mut self) {
        if self.is_empty() {
            if let Some(block) = self.0.take() {
                give_block(block);
            }
        }
    }

    /// Makes `behind` bytes of room after the content and `before` in front of it.
    fn reserve(&mut self, behind: usize, before: usize) -> Result<()> {
        let Some(block) = &mut self.0 else {
            let mut block = take_block(before + behind)?;
            (block.start, block.end) = (before, before);
            self.0 = Some(block);
            return Ok(());
        };
        let (start, length) = (block.start, block.end - block.start);
        // One of `before` and `behind` is 0, and no term is above isize::MAX, so the sum cannot overflow.
        let needed = before + length + behind;
        // If there is room, the content is moved within its block, but only if that moves no more bytes than were
        // taken off in front: otherwise the block grows, so that no byte is moved again and again. Content that fits
        // a small block is moved in any case, as that costs next to nothing.
        let few = length <= SMALL;
        if needed <= block.bytes.len() && (few || length <= start) {
            block.bytes.copy_within(start..start + length, before);
        } else {
            let mut larger = take_block(if few { needed } else { needed.max(2 * length) })?;
            larger.bytes[before..before + length]
                .copy_from_slice(&block.bytes[start..start + length]);
            give_block(std::mem::replace(block, larger));
        }
        (block.start, block.end) = (before, before + length);
        Ok(())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if let Some(block) = self.0.take() {
            give_block(block);
        }
    }
}

#[cfg(test)]
mod tests;

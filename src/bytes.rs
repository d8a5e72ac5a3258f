// SPDX-License-Identifier: MIT
//! A contiguous queue of bytes. It owns memory only while it holds something or is being filled: when a queue runs
//! empty, a block of one of the two usual sizes goes back to a small stock of the thread's. So an idle connection
//! costs no buffer and a busy one no allocation. If the queue cannot grow the answer is ENOMEM, and the content
//! stays.

use crate::errno::{Errno, Result};
use crate::sys;
use std::cell::{Cell, RefCell};

/// The size of a block for lines and small messages.
pub const SMALL: usize = 4096;
/// The size of a block for bulk data: four TLS records of 16384 bytes and what encryption adds to them fit into it.
pub const LARGE: usize = 65536 + 2048;

/// How many blocks of each size a thread keeps, beside the small one at hand.
const STOCK: usize = 16;

/// Spare blocks.
struct Spares {
    /// The small block that was given back last: nearly always it is asked for next.
    at_hand: Cell<Option<Box<[u8]>>>,
    stock: RefCell<Stock>,
}

/// Small and large ones.
struct Stock {
    small: Vec<Box<[u8]>>,
    large: Vec<Box<[u8]>>,
}

thread_local! {
    static SPARES: Spares = const {
        let stock = RefCell::new(Stock { small: Vec::new(), large: Vec::new() });
        Spares { at_hand: Cell::new(None), stock }
    };
}

/// The spare blocks of one size; `None` for a size of which none are kept.
fn shelf(stock: &mut Stock, size: usize) -> Option<&mut Vec<Box<[u8]>>> {
    match size {
        SMALL => Some(&mut stock.small),
        LARGE => Some(&mut stock.large),
        _ => None,
    }
}

/// A block of at least `size` bytes. The content is arbitrary.
fn take_block(size: usize) -> Result<Box<[u8]>> {
    if size <= SMALL {
        if let Ok(Some(block)) = SPARES.try_with(|spares| spares.at_hand.take()) {
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
        None => Ok(sys::zeros(size)?),
    }
}

/// Gives a block back to the thread's stock, or frees it if there is no place for it.
fn give_block(block: Box<[u8]>) {
    let other = match block.len() {
        SMALL => SPARES.try_with(|spares| spares.at_hand.replace(Some(block))).unwrap_or_default(),
        _ => Some(block),
    };
    if let Some(block) = other {
        keep_block(block);
    }
}

#[cold]
fn keep_block(block: Box<[u8]>) {
    let _ = SPARES.try_with(|spares| {
        if let Some(shelf) = shelf(&mut spares.stock.borrow_mut(), block.len()) {
            if shelf.len() < STOCK && shelf.try_reserve(1).is_ok() {
                shelf.push(block);
            }
        }
    });
}

/// See the module. `start <= end <= block.len()`.
#[derive(Default)]
pub struct Queue {
    block: Box<[u8]>,
    start: usize,
    end: usize,
}

impl Queue {
    /// How many bytes it holds.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Its bytes.
    pub fn data(&self) -> &[u8] {
        &self.block[self.start..self.end]
    }

    /// Its bytes, to change in place.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.block[self.start..self.end]
    }

    /// Room for at least `size` bytes behind the content; `filled` says how many were written.
    pub fn room(&mut self, size: usize) -> Result<&mut [u8]> {
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
        }
        if self.block.len() - self.end < size {
            self.reserve(size, 0)?;
        }
        Ok(&mut self.block[self.end..])
    }

    /// The first `count` bytes of the room now belong to the content.
    pub fn filled(&mut self, count: usize) {
        self.end = (self.end + count).min(self.block.len());
    }

    /// Appends: all or, without memory, nothing.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        if !bytes.is_empty() {
            self.room(bytes.len())?[..bytes.len()].copy_from_slice(bytes);
            self.end += bytes.len();
        }
        Ok(())
    }

    /// Puts bytes in front: all or, without memory, nothing.
    pub fn unget(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > self.start {
            self.reserve(0, bytes.len())?;
        }
        self.start -= bytes.len();
        self.block[self.start..self.start + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    /// Drops all bytes behind the first `length`.
    pub fn truncate(&mut self, length: usize) {
        self.end = self.end.min(self.start + length);
    }

    /// Takes `count` bytes off the front and returns where they lie; they stay readable through
    /// `slice` until the queue is changed again.
    pub fn consume(&mut self, count: usize) -> usize {
        let at = self.start;
        self.start = (self.start + count).min(self.end);
        at
    }

    /// Bytes that `consume` has just taken off.
    pub fn slice(&self, at: usize, length: usize) -> &[u8] {
        &self.block[at..at + length]
    }

    /// Gives the memory back if nothing is held.
    pub fn release(&mut self) {
        if self.is_empty() && !self.block.is_empty() {
            give_block(std::mem::take(&mut self.block));
            (self.start, self.end) = (0, 0);
        }
    }

    /// Makes `behind` bytes of room after the content and `before` in front of it.
    fn reserve(&mut self, behind: usize, before: usize) -> Result<()> {
        if self.block.is_empty() {
            self.block = take_block(before + behind)?;
            (self.start, self.end) = (before, before);
            return Ok(());
        }
        // One of `before` and `behind` is 0, and no term is above isize::MAX, so the sum cannot overflow.
        let needed = before + self.len() + behind;
        // If there is room, the content is moved within its block, but only if that moves no more bytes than were
        // taken off in front: otherwise the block grows, so that no byte is moved again and again. Content that fits
        // a small block is moved in any case, as that costs next to nothing.
        let few = self.len() <= SMALL;
        if needed <= self.block.len() && (few || self.len() <= self.start) {
            self.block.copy_within(self.start..self.end, before);
        } else {
            let mut block = take_block(if few { needed } else { needed.max(2 * self.len()) })?;
            block[before..before + self.len()].copy_from_slice(self.data());
            give_block(std::mem::replace(&mut self.block, block));
        }
        let length = self.len();
        (self.start, self.end) = (before, before + length);
        Ok(())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        if !self.block.is_empty() {
            give_block(std::mem::take(&mut self.block));
        }
    }
}

#[cfg(test)]
mod tests;

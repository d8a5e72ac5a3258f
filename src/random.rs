// SPDX-License-Identifier: MIT
//! Numbers that nobody can foretell, from the system's generator.

use crate::fork::forks;
use std::cell::RefCell;

/// How many are fetched at once.
const STOCK: usize = 128;

/// Fetched beforehand, each used once; a child of fork(2) fetches its own.
struct Stock {
    words: [u16; STOCK],
    left: usize,
    forks: u32,
}

thread_local! {
    static WORDS: RefCell<Stock> =
        const { RefCell::new(Stock { words: [0; STOCK], left: 0, forks: 0 }) };
}

/// 16 bits.
pub fn id() -> u16 {
    WORDS.with(|stock| {
        let stock = &mut *stock.borrow_mut();
        if stock.left == 0 || stock.forks != forks() {
            let mut bytes = [0; 2 * STOCK];
            // Without a source of randomness, ids must not be handed out at all.
            crate::sys::random(&mut bytes).expect("the system has randomness");
            stock.words =
                std::array::from_fn(|i| u16::from_ne_bytes([bytes[2 * i], bytes[2 * i + 1]]));
            (stock.left, stock.forks) = (STOCK, forks());
        }
        stock.left -= 1;
        std::mem::take(&mut stock.words[stock.left])
    })
}

/// 32 bits.
pub fn word() -> u32 {
    u32::from(id()) << 16 | u32::from(id())
}

/// A number below a limit, each as likely as the others; 0 for a limit of 0.
pub fn below(limit: u32) -> u32 {
    if limit < 2 {
        return 0;
    }
    if let Some(rest) = 0x1_0000u32.checked_rem(limit).filter(|_| limit <= 256) {
        let whole = 0x1_0000 - rest;
        loop {
            match u32::from(id()) {
                short if short < whole => return short % limit,
                _ => {}
            }
        }
    }
    // The numbers that are left over would make the low ones more likely.
    let whole = u32::MAX - u32::MAX % limit;
    loop {
        let word = word();
        if word < whole {
            return word % limit;
        }
    }
}

#[cfg(test)]
mod tests;

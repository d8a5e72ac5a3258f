// SPDX-License-Identifier: MIT
//! Numbers that nobody can foretell, from libcrypto's generator, which survives forks.

use crate::socket::forks;
use std::cell::Cell;

/// How many are fetched at once.
const STOCK: usize = 64;

/// Fetched beforehand, each used once; a child of fork(2) fetches its own.
struct Stock {
    words: [u16; STOCK],
    left: usize,
    forks: u32,
}

thread_local! {
    static WORDS: Cell<Stock> = const { Cell::new(Stock { words: [0; STOCK], left: 0, forks: 0 }) };
}

/// 16 bits.
pub fn id() -> u16 {
    WORDS.with(|words| {
        let mut stock = words.replace(Stock { words: [0; STOCK], left: 0, forks: 0 });
        if stock.left == 0 || stock.forks != forks() {
            let mut bytes = [0; 2 * STOCK];
            // Without a source of randomness, ids must not be handed out at all.
            openssl::rand::rand_bytes(&mut bytes).expect("the system has randomness");
            stock.words =
                std::array::from_fn(|i| u16::from_ne_bytes([bytes[2 * i], bytes[2 * i + 1]]));
            (stock.left, stock.forks) = (STOCK, forks());
        }
        stock.left -= 1;
        let word = std::mem::take(&mut stock.words[stock.left]);
        words.set(stock);
        word
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
    // The numbers that are left over would make the low ones more likely.
    let whole = u32::MAX - u32::MAX % limit;
    loop {
        let word = word();
        if word < whole {
            return word % limit;
        }
    }
}

// SPDX-License-Identifier: MIT
//! What a fuzzer's bytes mean: a program of one-letter commands with arguments, so that seeds can be
//! written by hand and a crashing input can be read.

/// Reads a script from the front.
pub struct Script<'a> {
    rest: &'a [u8],
}

impl<'a> Script<'a> {
    pub fn new(data: &'a [u8]) -> Script<'a> {
        Script { rest: data }
    }

    /// The next command, or argument; 0 behind the end.
    pub fn byte(&mut self) -> u8 {
        match self.rest.split_first() {
            Some((&first, rest)) => {
                self.rest = rest;
                first
            }
            None => 0,
        }
    }

    pub fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// A number: one digit of base 64, so that small ones are one readable character ('0' is 0).
    pub fn small(&mut self) -> usize {
        usize::from(self.byte().wrapping_sub(b'0') % 64)
    }

    /// A number below 4096, two digits.
    pub fn large(&mut self) -> usize {
        self.small() * 64 + self.small()
    }

    /// So many bytes, as far as there are.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(count.min(self.rest.len()));
        self.rest = rest;
        taken
    }
}

// SPDX-License-Identifier: MIT
//! A heap whose nodes have four children: half as deep as a binary one, with the children of a node next to each other.
//! With 100,000 timers, what a pop costs is waiting for memory, and half as many levels are half as many places to wait
//! for.

/// How many children a node has.
const CHILDREN: usize = 4;

/// A heap with its least element at the top.
pub struct Heap<T> {
    /// The children of the element at `n` are at `CHILDREN * n + 1` and after; none is less than it.
    elements: Vec<T>,
}

impl<T> Default for Heap<T> {
    fn default() -> Heap<T> {
        Heap { elements: Vec::new() }
    }
}

impl<T: Ord + Copy> Heap<T> {
    /// Makes room for one more element. Fails without memory.
    pub fn reserve(&mut self) -> Result<(), std::collections::TryReserveError> {
        self.elements.try_reserve(1)
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// The elements in no order.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.elements.iter()
    }

    /// The least element.
    pub fn peek(&self) -> Option<&T> {
        self.elements.first()
    }

    /// Adds an element.
    pub fn push(&mut self, element: T) {
        self.elements.push(element);
        self.lift(self.elements.len() - 1, element);
    }

    /// Takes the least element.
    pub fn pop(&mut self) -> Option<T> {
        let last = self.elements.pop()?;
        let Some(&least) = self.elements.first() else { return Some(last) };
        // The last element belongs near the bottom nearly always: the gap goes there first.
        let gap = self.sink(0);
        self.lift(gap, last);
        Some(least)
    }

    /// Keeps the elements that fit.
    pub fn retain(&mut self, fits: impl Fn(&T) -> bool) {
        self.elements.retain(fits);
        // An ascending list is a heap, and sorting one that is nearly sorted costs little.
        self.elements.sort_unstable();
    }

    /// Moves the lesser children up, from a gap down to a leaf, where the gap is then.
    fn sink(&mut self, mut gap: usize) -> usize {
        loop {
            let first = CHILDREN * gap + 1;
            let end = (first + CHILDREN).min(self.elements.len());
            let Some(children) = self.elements.get(first..end) else { return gap };
            let Some((place, &least)) = children.iter().enumerate().min_by_key(|&(_, child)| child)
            else {
                return gap;
            };
            self.elements[gap] = least;
            gap = first + place;
        }
    }

    /// Puts an element into a gap, or above it as far as it is less than what is there.
    fn lift(&mut self, mut gap: usize, element: T) {
        while gap > 0 {
            let parent = (gap - 1) / CHILDREN;
            if self.elements[parent] <= element {
                break;
            }
            self.elements[gap] = self.elements[parent];
            gap = parent;
        }
        self.elements[gap] = element;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    /// Numbers that repeat, from a generator with this seed.
    fn next(seed: &mut u64) -> u32 {
        *seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (*seed >> 40) as u32 % 1000
    }

    #[test]
    fn it_gives_what_a_binary_heap_gives() {
        for limit in [1, 2, 4, 5, 6, 20, 21, 22, 85, 1000] {
            let (mut heap, mut other, mut seed) = (Heap::default(), BinaryHeap::new(), limit);
            for turn in 0..20_000 {
                let number = next(&mut seed);
                let adds = (heap.len() as u64) < limit && number % 2 == 0;
                if adds {
                    heap.reserve().unwrap();
                    heap.push(number);
                    other.push(Reverse(number));
                } else {
                    assert_eq!(heap.pop(), other.pop().map(|Reverse(n)| n));
                }
                assert_eq!(heap.peek(), other.peek().map(|Reverse(n)| n));
                assert_eq!(heap.len(), other.len());
                if turn % 5000 == 4999 {
                    heap.retain(|n| n % 3 != 0);
                    other.retain(|Reverse(n)| n % 3 != 0);
                }
            }
            let mut rest: Vec<_> = heap.iter().copied().collect();
            rest.sort_unstable();
            assert_eq!(std::iter::from_fn(|| heap.pop()).collect::<Vec<_>>(), rest);
            assert_eq!(heap.pop(), None);
        }
    }
}

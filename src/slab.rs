// SPDX-License-Identifier: MIT
//! A vector with holes: a value keeps its place until it is removed, and the place that became free last is used
//! first. It does what the crate `slab` does, but without memory an insertion answers ENOMEM.

use crate::errno::{Errno, Result};
use crate::sys::prefetch::fetch;
use std::ops::{Index, IndexMut};

/// See the module.
pub struct Slab<T> {
    entries: Vec<Entry<T>>,
    /// The place that is used next: the first of the list of holes, or the end.
    next: usize,
    len: usize,
}

enum Entry<T> {
    /// A hole, with the place of the next one.
    Vacant(usize),
    Occupied(T),
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab { entries: Vec::new(), next: 0, len: 0 }
    }
}

impl<T> Slab<T> {
    /// The size of a place.
    #[cfg(test)]
    pub const PLACE: usize = std::mem::size_of::<Entry<T>>();

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Inserts a value and tells its place. ENOMEM.
    #[inline]
    pub fn insert(&mut self, value: T) -> Result<usize> {
        let place = self.next;
        match self.entries.get_mut(place) {
            Some(entry) => {
                if let Entry::Vacant(next) = *entry {
                    self.next = next;
                }
                *entry = Entry::Occupied(value);
            }
            None => {
                self.make_room()?;
                self.entries.push(Entry::Occupied(value));
                self.next = place + 1;
            }
        }
        self.len += 1;
        Ok(place)
    }

    /// Makes room for `more` further values. ENOMEM.
    pub fn reserve(&mut self, more: usize) -> Result<()> {
        let holes = self.entries.len() - self.len;
        self.entries.try_reserve(more.saturating_sub(holes)).map_err(|_| Errno::NOMEM)
    }

    fn make_room(&mut self) -> Result<()> {
        if self.entries.len() == self.entries.capacity() {
            self.entries.try_reserve(1).map_err(|_| Errno::NOMEM)?;
        }
        Ok(())
    }

    /// The value at a place.
    #[inline]
    pub fn get(&self, place: usize) -> Option<&T> {
        match self.entries.get(place) {
            Some(Entry::Occupied(value)) => Some(value),
            _ => None,
        }
    }

    /// The value at a place, to change.
    #[inline]
    pub fn get_mut(&mut self, place: usize) -> Option<&mut T> {
        match self.entries.get_mut(place) {
            Some(Entry::Occupied(value)) => Some(value),
            _ => None,
        }
    }

    /// Has the processor fetch the value at a place into its cache, if there is such a place.
    #[inline]
    pub fn fetch(&self, place: usize) {
        if let Some(entry) = self.entries.get(place) {
            fetch(std::ptr::from_ref(entry) as usize);
        }
    }

    /// Takes the value at a place out. Panics if there is none.
    #[inline]
    #[track_caller]
    pub fn remove(&mut self, place: usize) -> T {
        if let Some(entry) = self.entries.get_mut(place) {
            match std::mem::replace(entry, Entry::Vacant(self.next)) {
                Entry::Occupied(value) => {
                    self.next = place;
                    self.len -= 1;
                    return value;
                }
                hole => *entry = hole,
            }
        }
        panic!("nothing is at that place")
    }

    /// Removes all values.
    pub fn clear(&mut self) {
        *self = Slab::default();
    }

    /// The places and their values.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.entries.iter().enumerate().filter_map(|(place, entry)| match entry {
            Entry::Occupied(value) => Some((place, value)),
            Entry::Vacant(_) => None,
        })
    }

    /// How many places there are, used or not.
    pub fn places(&self) -> usize {
        self.entries.len()
    }
}

impl<T> IntoIterator for Slab<T> {
    type Item = T;
    type IntoIter = Values<T>;

    fn into_iter(self) -> Values<T> {
        Values(self.entries.into_iter())
    }
}

/// The values of a slab that has been given up.
pub struct Values<T>(std::vec::IntoIter<Entry<T>>);

impl<T> Iterator for Values<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.find_map(|entry| match entry {
            Entry::Occupied(value) => Some(value),
            Entry::Vacant(_) => None,
        })
    }
}

impl<T> Index<usize> for Slab<T> {
    type Output = T;

    #[inline]
    #[track_caller]
    fn index(&self, place: usize) -> &T {
        self.get(place).expect("something is at that place")
    }
}

impl<T> IndexMut<usize> for Slab<T> {
    #[inline]
    #[track_caller]
    fn index_mut(&mut self, place: usize) -> &mut T {
        self.get_mut(place).expect("something is at that place")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_stay_and_are_used_again() {
        let mut slab = Slab::default();
        let places: Vec<usize> = (10..15).map(|value| slab.insert(value).unwrap()).collect();
        assert_eq!(places, [0, 1, 2, 3, 4]);
        assert_eq!((slab.remove(1), slab.remove(3)), (11, 13));
        assert_eq!((slab.get(1), slab.get(2), slab.len()), (None, Some(&12), 3));
        assert_eq!((slab.insert(20), slab.insert(21), slab.insert(22)), (Ok(3), Ok(1), Ok(5)));
        let all: Vec<(usize, i32)> = slab.iter().map(|(place, &value)| (place, value)).collect();
        assert_eq!(all, [(0, 10), (1, 21), (2, 12), (3, 20), (4, 14), (5, 22)]);
        assert_eq!(slab.into_iter().count(), 6);
    }

    #[test]
    #[should_panic]
    fn nothing_is_taken_twice() {
        let mut slab = Slab::default();
        let place = slab.insert(1).unwrap();
        slab.remove(place);
        slab.remove(place);
    }
}

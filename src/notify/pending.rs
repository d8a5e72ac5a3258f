// SPDX-License-Identifier: MIT
//! Changes that were not fetched yet: one entry a name.
//!
//! Entries come out in the order of their last changes. What came with an earlier step comes out before what came
//! with a later one, and keeps its place when more happens to it: no name waits for ever.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// See the module.
#[derive(Default)]
pub struct Pending {
    names: HashMap<Rc<[u8]>, Entry>,
    order: BTreeMap<u64, Rc<[u8]>>,
    next: u64,
    /// The first place of this step.
    begun: u64,
}

#[derive(Clone, Copy)]
struct Entry {
    place: u64,
    changes: u32,
}

impl Pending {
    /// Begins a step: what is noted from now on belongs to it.
    pub fn begin(&mut self) {
        self.begun = self.next;
    }

    /// Notes changes of a name.
    pub fn note(&mut self, name: &[u8], changes: u32) {
        let place = self.next;
        self.next += 1;
        match self.names.get_mut(name) {
            None => {
                let name: Rc<[u8]> = name.into();
                self.order.insert(place, Rc::clone(&name));
                self.names.insert(name, Entry { place, changes });
            }
            Some(entry) => {
                entry.changes |= changes;
                if entry.place >= self.begun {
                    let before = std::mem::replace(&mut entry.place, place);
                    if let Some(name) = self.order.remove(&before) {
                        self.order.insert(place, name);
                    }
                }
            }
        }
    }

    /// Takes the first entry.
    pub fn take(&mut self) -> Option<(Rc<[u8]>, u32)> {
        let (_, name) = self.order.pop_first()?;
        let entry = self.names.remove(&name)?;
        Some((name, entry.changes))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

// SPDX-License-Identifier: MIT
//! Who owns a descriptor, and in which controllers it is registered. The owner takes it out of them through these
//! links before it closes it, whichever thread that happens in: nobody searches for descriptors by their numbers.

use super::inbox::Message;
use super::Controller;
use crate::errno::{Errno, Result};
use crate::poller::Token;
use crate::sys::describe::Words;
#[cfg(test)]
use crate::sys::memory::Counted;
use crate::sys::memory::{boxed, AtomicWeak, Shared};
use crate::thread_id::this_thread;
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Stands for one descriptor of the library's own. Clones are the same owner.
#[derive(Clone)]
pub struct Owner(Shared<Places>);

struct Places {
    /// Tells this owner from all others that there ever were: numbers of descriptors are used again, this one is not.
    id: u64,
    /// Empty while `Owner::with_list` has it.
    list: Cell<List>,
}

/// Nearly always one, which needs no memory of its own.
#[derive(Default)]
struct List {
    /// Its controller is gone if there is none.
    first: Place,
    rest: Option<Box<Rest>>,
}

/// What only few descriptors have.
#[derive(Default)]
struct Rest {
    places: Vec<Place>,
    /// What waits for the descriptor are for.
    words: Words,
}

/// A registration.
#[derive(Default)]
struct Place {
    controller: AtomicWeak<Controller>,
    token: Token,
}

impl Owner {
    /// How much memory one takes.
    #[cfg(test)]
    pub const SIZE: usize = std::mem::size_of::<Counted<Places, Cell<u32>>>();

    /// The owner of a descriptor that is registered nowhere. ENOMEM.
    pub fn new() -> Result<Owner> {
        static OWNERS: AtomicU64 = AtomicU64::new(FOREIGN + 1);
        let id = OWNERS.fetch_add(1, Ordering::Relaxed);
        Ok(Owner(Shared::new(Places { id, list: Cell::default() })?))
    }

    /// Its number; not `FOREIGN`.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Says what waits for the descriptor are for. Controllers that other threads step learn it when the descriptor is
    /// registered there the next time.
    pub fn describe(&self, words: Words) {
        if words.is_none() && self.words().is_none() {
            return; // as a rule
        }
        self.with_list(|list| {
            for Place { controller, token } in list.iter() {
                let Some(controller) = controller.upgrade() else { continue };
                if controller.thread() == this_thread() {
                    controller.describe(*token, words.clone());
                }
            }
            list.set_words(words);
        });
    }

    /// What that was.
    pub fn words(&self) -> Words {
        self.with_list(|list| list.rest.as_ref().and_then(|rest| rest.words.clone()))
    }

    /// Looks at the list or changes it. Nothing that `act` calls comes back to this owner.
    #[inline]
    fn with_list<T>(&self, act: impl FnOnce(&mut List) -> T) -> T {
        let mut list = self.0.list.take();
        let result = act(&mut list);
        let came_back = self.0.list.replace(list);
        debug_assert!(came_back.first.controller.is_gone() && came_back.rest.is_none());
        result
    }

    /// Makes room for one more registration. ENOMEM.
    pub(super) fn reserve(&self) -> Result<()> {
        self.with_list(List::reserve)
    }

    /// Notes a registration, for which there is room.
    pub(super) fn enter(&self, controller: AtomicWeak<Controller>, token: Token) {
        self.with_list(|list| {
            list.forget_gone();
            list.push(Place { controller, token });
        });
    }

    /// Takes the descriptor out of every controller and wakes the tasks that wait for it there. `last`: it is the
    /// last reference to its open file, and is closed next.
    ///
    /// A controller that belongs to another thread gets a message and does this in its next `wait`.
    pub fn leave(&self, last: bool) {
        let list = self.with_list(List::take);
        for Place { controller, token } in list {
            let Some(controller) = controller.upgrade() else { continue };
            match controller.thread() == this_thread() {
                true => controller.forget(token, last),
                false => controller.tell(Message::Forget(token)),
            }
        }
    }

    /// Makes every controller register the descriptor anew, level-triggered: its number stands for another open file now, or
    /// an option has changed how it receives.
    pub fn renew(&self) {
        self.with_list(|list| {
            for Place { controller, token } in list.iter() {
                let Some(controller) = controller.upgrade() else { continue };
                match controller.thread() == this_thread() {
                    true => controller.renew(*token),
                    false => controller.tell(Message::Renew(*token)),
                }
            }
        });
    }
}

impl List {
    fn iter(&self) -> impl Iterator<Item = &Place> {
        std::iter::once(&self.first).chain(self.rest.iter().flat_map(|rest| &rest.places))
    }

    /// Takes all places out; what waits are for stays.
    fn take(&mut self) -> impl Iterator<Item = Place> {
        let rest = self.rest.as_mut().map(|rest| std::mem::take(&mut rest.places));
        std::iter::once(std::mem::take(&mut self.first)).chain(rest.into_iter().flatten())
    }

    fn forget_gone(&mut self) {
        if self.first.controller.is_gone() {
            self.first = Place::default();
        }
        if let Some(rest) = &mut self.rest {
            rest.places.retain(|place| !place.controller.is_gone());
        }
    }

    fn rest(&mut self) -> Result<&mut Rest> {
        if self.rest.is_none() {
            self.rest = Some(boxed(Rest::default())?);
        }
        self.rest.as_deref_mut().ok_or(Errno::NOMEM)
    }

    /// ENOMEM.
    fn reserve(&mut self) -> Result<()> {
        match self.first.controller.is_gone() {
            true => Ok(()),
            false => self.rest()?.places.try_reserve(1).map_err(|_| Errno::NOMEM),
        }
    }

    /// Adds a place, for which there is room.
    fn push(&mut self, place: Place) {
        match &mut self.rest {
            Some(rest) if !self.first.controller.is_gone() => rest.places.push(place),
            _ => self.first = place,
        }
    }

    /// Sets what waits are for, if there is memory for it.
    fn set_words(&mut self, words: Words) {
        match (words, &mut self.rest) {
            (None, Some(rest)) if rest.places.is_empty() => self.rest = None,
            (None, None) => {}
            (words, _) => {
                if let Ok(rest) = self.rest() {
                    rest.words = words;
                }
            }
        }
    }
}

/// The owner number of foreign descriptors, those that have no [`Owner`].
pub const FOREIGN: u64 = 0;

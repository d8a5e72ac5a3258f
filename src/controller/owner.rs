// SPDX-License-Identifier: MIT
//! Who owns a descriptor, and in which controllers it is registered. The owner takes it out of them through these
//! links before it closes it, whichever thread that happens in: nobody searches for descriptors by their numbers.

use super::inbox::Message;
use super::Controller;
use crate::errno::{Errno, Result};
use crate::poller::Token;
use crate::sys::describe::Words;
use crate::sys::memory::{AtomicWeak, Shared};
use crate::thread_id::this_thread;
use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

/// Stands for one descriptor of the library's own. Clones are the same owner.
#[derive(Clone)]
pub struct Owner(Shared<Places>);

struct Places {
    /// Tells this owner from all others that there ever were: numbers of descriptors are used again, this one is not.
    id: u64,
    list: RefCell<Vec<Place>>,
    /// What waits for the descriptor are for.
    words: RefCell<Words>,
}

/// A registration.
struct Place {
    controller: AtomicWeak<Controller>,
    token: Token,
}

impl Owner {
    /// The owner of a descriptor that is registered nowhere. ENOMEM.
    pub fn new() -> Result<Owner> {
        static OWNERS: AtomicU64 = AtomicU64::new(FOREIGN + 1);
        let id = OWNERS.fetch_add(1, Ordering::Relaxed);
        Ok(Owner(Shared::new(Places { id, list: RefCell::default(), words: RefCell::default() })?))
    }

    /// Its number; not `FOREIGN`.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// Says what waits for the descriptor are for. Controllers that other threads step learn it when the descriptor is
    /// registered there the next time.
    pub fn describe(&self, words: Words) {
        if words.is_none() && self.0.words.borrow().is_none() {
            return; // as a rule
        }
        for Place { controller, token } in &*self.0.list.borrow() {
            if let Some(controller) = controller.upgrade() {
                if controller.thread() == this_thread() {
                    controller.describe(*token, words.clone());
                }
            }
        }
        self.0.words.replace(words);
    }

    /// What that was.
    pub fn words(&self) -> Words {
        self.0.words.borrow().clone()
    }

    /// Makes room for one more registration. ENOMEM.
    pub(super) fn reserve(&self) -> Result<()> {
        self.0.list.borrow_mut().try_reserve(1).map_err(|_| Errno::NOMEM)
    }

    /// Notes a registration, for which there is room.
    pub(super) fn enter(&self, controller: AtomicWeak<Controller>, token: Token) {
        let mut list = self.0.list.borrow_mut();
        list.retain(|place| !place.controller.is_gone());
        list.push(Place { controller, token });
    }

    /// Takes the descriptor out of every controller and wakes the tasks that wait for it there. `last`: it is the
    /// last reference to its open file, and is closed next.
    ///
    /// A controller that belongs to another thread gets a message and does this in its next `wait`.
    pub fn leave(&self, last: bool) {
        let list = std::mem::take(&mut *self.0.list.borrow_mut());
        for Place { controller, token } in list {
            let Some(controller) = controller.upgrade() else { continue };
            match controller.thread() == this_thread() {
                true => controller.forget(token, last),
                false => controller.tell(Message::Forget(token)),
            }
        }
    }

    /// Makes every controller register the descriptor anew, since its number stands for another open file now.
    pub(super) fn renew(&self) {
        for Place { controller, token } in &*self.0.list.borrow() {
            let Some(controller) = controller.upgrade() else { continue };
            match controller.thread() == this_thread() {
                true => controller.renew(*token),
                false => controller.tell(Message::Renew(*token)),
            }
        }
    }
}

/// The owner number of foreign descriptors, those that have no [`Owner`].
pub const FOREIGN: u64 = 0;

// SPDX-License-Identifier: MIT
//! Pools of resolvers: at most so many at once, used again and again. Whoever finds none free waits for one.

use super::config::Config;
use super::hints::Hints;
use super::hosts::Hosts;
use super::resolver::Resolver;
use crate::condition::Condition;
use crate::controller::Member;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// How many resolvers a pool has at most, unless it is told otherwise.
pub const LIMIT: usize = 32;

/// A pool.
pub struct Resolvers {
    config: Rc<Config>,
    hosts: Option<Rc<Hosts>>,
    hints: Option<Rc<Hints>>,
    idle: RefCell<Vec<Rc<Resolver>>>,
    /// How many are out.
    busy: Cell<usize>,
    limit: Cell<usize>,
    freed: Arc<Condition>,
}

impl Resolvers {
    /// As for [`Resolver::new`].
    pub fn new(
        config: Rc<Config>,
        hosts: Option<Rc<Hosts>>,
        hints: Option<Rc<Hints>>,
    ) -> Resolvers {
        Resolvers {
            config,
            hosts,
            hints,
            idle: RefCell::default(),
            busy: Cell::new(0),
            limit: Cell::new(LIMIT),
            freed: Condition::new(false),
        }
    }

    /// Sets how many resolvers there are at most.
    pub fn set_limit(&self, limit: usize) {
        self.limit.set(limit.max(1));
        self.freed.signal(usize::MAX);
    }

    /// Takes a resolver out, if one is free or can be made.
    pub fn get(&self) -> Option<Rc<Resolver>> {
        if self.busy.get() >= self.limit.get() {
            return None;
        }
        self.busy.set(self.busy.get() + 1);
        let idle = self.idle.borrow_mut().pop();
        Some(idle.unwrap_or_else(|| {
            let (hosts, hints) = (self.hosts.clone(), self.hints.clone());
            Rc::new(Resolver::new(Rc::clone(&self.config), hosts, hints))
        }))
    }

    /// Gives one back. A closed one is not used again.
    pub fn put(&self, resolver: Rc<Resolver>) {
        resolver.cancel();
        self.busy.set(self.busy.get().saturating_sub(1));
        if !resolver.is_closed() {
            self.idle.borrow_mut().push(resolver);
        }
        self.freed.signal(1);
    }

    /// What to wait for before the next `get`.
    pub fn interest(&self) -> Member {
        let condition = Some(Arc::clone(&self.freed));
        Member { owned: true, condition, ..Member::NOTHING }
    }
}

#[cfg(test)]
mod tests;

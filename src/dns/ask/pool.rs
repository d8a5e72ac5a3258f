// SPDX-License-Identifier: MIT
//! Pools of resolvers: a bounded number of resolvers, used again and again. Whoever finds none free waits for one.

use super::resolver::Resolver;
use super::sources::Sources;
use crate::clock::Instant;
use crate::controller::Condition;
use crate::controller::Member;
use crate::dns::resolve::setup::Setup;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::dns::system::hosts::Hosts;
use crate::errno::Result;
use crate::sys::memory::AtomicShared;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::sync::Arc;

/// How many resolvers a pool has at most, unless it is told otherwise.
pub const LIMIT: usize = 32;

/// A pool of resolvers: it answers any number of questions at a time, each by a resolver that is idle or new.
pub struct Resolvers {
    config: Arc<Config>,
    hosts: Option<Arc<Hosts>>,
    hints: Option<Arc<Hints>>,
    idle: RefCell<Vec<Rc<Resolver>>>,
    /// How many resolvers are taken out.
    busy: Cell<usize>,
    limit: Cell<usize>,
    /// Those who wait for one, in the order in which they came.
    waiting: RefCell<VecDeque<Weak<Ticket>>>,
    /// Where hosts are looked for without a resolver.
    sources: RefCell<Option<Sources>>,
}

/// The place of somebody who waits for a resolver. A ticket that was called, and is dropped before it has taken a
/// resolver, calls the next one.
pub struct Ticket {
    pool: Rc<Resolvers>,
    condition: AtomicShared<Condition>,
    /// Whether it was called: a resolver was free then.
    called: Cell<bool>,
    queued: Cell<bool>,
}

impl Ticket {
    /// A ticket that is not in the queue yet. `condition` is signalled when it is called.
    pub fn new(pool: Rc<Resolvers>, condition: AtomicShared<Condition>) -> Rc<Ticket> {
        Rc::new(Ticket { pool, condition, called: Cell::new(false), queued: Cell::new(false) })
    }

    /// Takes a resolver out. If none is free, the ticket enters the queue. ENOMEM.
    pub fn get(self: &Rc<Ticket>) -> Result<Option<Rc<Resolver>>> {
        let found = self.pool.get()?;
        let called = self.called.replace(false);
        if found.is_none() && !self.queued.replace(true) {
            let mut waiting = self.pool.waiting.borrow_mut();
            match called {
                // It was called, but somebody else has taken the resolver: it waits at the front.
                true => waiting.push_front(Rc::downgrade(self)),
                false => waiting.push_back(Rc::downgrade(self)),
            }
        }
        Ok(found)
    }

    /// What to wait for before the next `get`.
    pub fn interest(&self) -> Member {
        Member::condition(&self.condition)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.called.get() {
            self.pool.call();
        }
    }
}

impl Resolvers {
    /// A pool whose resolvers are made by [`Resolver::new`] with these arguments.
    pub fn new(
        config: Arc<Config>,
        hosts: Option<Arc<Hosts>>,
        hints: Option<Arc<Hints>>,
    ) -> Resolvers {
        Resolvers {
            config,
            hosts,
            hints,
            idle: RefCell::default(),
            busy: Cell::new(0),
            limit: Cell::new(LIMIT),
            waiting: RefCell::default(),
            sources: RefCell::default(),
        }
    }

    /// Sets how many resolvers there are at most.
    pub fn set_limit(&self, limit: usize) {
        self.limit.set(limit.max(1));
        let waiting = self.waiting.borrow().len();
        let free = self.limit.get().saturating_sub(self.busy.get());
        (0..free.min(waiting)).for_each(|_| self.call());
    }

    /// Takes a resolver out, if one is free or may be made. ENOMEM.
    pub fn get(&self) -> Result<Option<Rc<Resolver>>> {
        if self.busy.get() >= self.limit.get() {
            return Ok(None);
        }
        let idle = self.idle.borrow_mut().pop();
        let resolver = idle.map_or_else(|| self.make(), Ok)?;
        self.busy.set(self.busy.get() + 1);
        Ok(Some(resolver))
    }

    fn make(&self) -> Result<Rc<Resolver>> {
        let (hosts, hints) = (self.hosts.clone(), self.hints.clone());
        Ok(Rc::new(Resolver::new(Arc::clone(&self.config), hosts, hints)?))
    }

    /// Gives one back. A closed one is not used again.
    pub fn put(&self, resolver: Rc<Resolver>) {
        resolver.cancel();
        self.busy.set(self.busy.get().saturating_sub(1));
        if !resolver.is_closed() {
            self.idle.borrow_mut().push(resolver);
        }
        self.call();
    }

    /// Calls the first ticket in the queue, if a resolver is free.
    fn call(&self) {
        if self.busy.get() >= self.limit.get() {
            return;
        }
        let mut next = std::iter::from_fn(|| self.waiting.borrow_mut().pop_front());
        if let Some(ticket) = next.find_map(|ticket| ticket.upgrade()) {
            ticket.queued.set(false);
            ticket.called.set(true);
            ticket.condition.signal(usize::MAX);
        }
    }

    /// The setup that resolvers made now would have.
    pub fn setup(&self) -> Rc<Setup> {
        let now = Instant::now();
        let mut sources = self.sources.borrow_mut();
        let sources = sources.get_or_insert_with(|| {
            let (hosts, hints) = (self.hosts.clone(), self.hints.clone());
            Sources::new(Arc::clone(&self.config), hosts, hints, now)
        });
        sources.refresh(now);
        Rc::clone(sources.setup())
    }
}

#[cfg(test)]
mod tests;

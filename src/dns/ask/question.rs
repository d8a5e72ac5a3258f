// SPDX-License-Identifier: MIT
//! One question to a pool, without waiting: a resolver is taken out, asked, and given back.

use super::pool::{Resolvers, Ticket};
use super::resolver::Resolver;
use crate::controller::{Condition, Member};
use crate::dns::message::packet::Packet;
use crate::dns::message::types::IN;
use crate::errno::{Errno, Result};
use crate::sys::memory::AtomicShared;
use std::rc::Rc;

/// A question. It is given up when it is dropped.
pub struct Question {
    pool: Rc<Resolvers>,
    name: String,
    rtype: u16,
    /// What wakes the task that waits for it.
    condition: AtomicShared<Condition>,
    /// Its place among those who wait for a resolver, once it had to.
    ticket: Option<Rc<Ticket>>,
    /// The resolver, while it is asked.
    resolver: Option<Rc<Resolver>>,
    /// In words, why the answer is not what was wanted. Empty if it is.
    reason: String,
}

impl Question {
    /// A question for records of a type. `condition` is signalled when it can go on.
    pub fn new(
        pool: Rc<Resolvers>,
        name: String,
        rtype: u16,
        condition: AtomicShared<Condition>,
    ) -> Question {
        let reason = String::new();
        Question { pool, name, rtype, condition, ticket: None, resolver: None, reason }
    }

    /// Goes on without waiting. EAGAIN until there is an answer or a failure, after which it is not called again.
    pub fn step(&mut self) -> Result<Packet> {
        if self.resolver.is_none() {
            let Some(resolver) = self.take_resolver()? else { return Err(Errno::AGAIN) };
            let asked = resolver.submit_for(&self.name, self.rtype, IN, Some(&self.condition));
            self.resolver = Some(resolver);
            asked.inspect_err(|_| self.give_back())?;
        }
        let Some(resolver) = &self.resolver else { return Err(Errno::NOQUERY) };
        let answer = resolver.fetch();
        if !matches!(answer, Err(Errno::AGAIN)) {
            self.reason = resolver.reason();
            self.give_back();
        }
        answer
    }

    /// A resolver, or a place among those who wait for one. ENOMEM.
    fn take_resolver(&mut self) -> Result<Option<Rc<Resolver>>> {
        if self.ticket.is_none() {
            if let Some(resolver) = self.pool.get()? {
                return Ok(Some(resolver));
            }
        }
        let made = || Ticket::new(Rc::clone(&self.pool), self.condition.clone());
        self.ticket.get_or_insert_with(made).get()
    }

    fn give_back(&mut self) {
        if let Some(resolver) = self.resolver.take() {
            resolver.rest(); // in the pool it keeps no descriptor open
            self.pool.put(resolver);
        }
    }

    /// What to wait for before the next `step`.
    pub fn interest(&self) -> Option<Member> {
        match (&self.resolver, &self.ticket) {
            (Some(resolver), _) => Some(resolver.interest()),
            (None, ticket) => ticket.as_ref().map(|ticket| ticket.interest()),
        }
    }

    /// In words, why the answer is not what was wanted. Empty if it is.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// What it waits for, in words.
    pub fn progress(&self) -> String {
        match &self.resolver {
            Some(resolver) => resolver.progress(),
            None => format!("{}: waiting for a resolver", self.name),
        }
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        self.give_back();
    }
}

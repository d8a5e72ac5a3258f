// SPDX-License-Identifier: MIT
//! The connections of a thread: which one takes a query, and how long one without queries is kept, RFC 7766 §6.2.
//!
//! A connection belongs to the resolvers that keep it and to the queries that wait on it, and is closed with the last
//! of them. The thread's list keeps none open.

use super::route::Route;
use super::stream::Stream;
use crate::clock::{Instant, Span};
use std::cell::RefCell;
use std::sync::{Arc, Weak};

/// How long a connection without queries is kept. Chosen: servers keep theirs for about 10 s (RFC 7766 §6.2.3 asks for
/// "a few seconds"). With less, more queries wait for a new connection; with more, servers hold connections for nothing.
pub const IDLE: Span = Span(8_000_000_000);

/// How many connections without queries a thread keeps. Chosen: more than the name servers of a few configurations.
/// With fewer, recursive resolvers connect more often; with more, a program has fewer descriptors left.
const IDLE_MOST: usize = 16;

/// How many connections a resolver keeps. Chosen: one for each name server of a configuration, and one more.
const KEPT: usize = 4;

/// How many queries wait on a connection before the next one gets another. Chosen: a server that answers one query
/// after the other delays the last of them by all others. With fewer, more connections are made.
const CROWD: usize = 64;

/// How many queries wait on a connection at most. Their ids must differ. Chosen: a sixteenth of the 65,536 ids, so that a
/// random one is free at the first attempt nearly always.
const FULL: usize = 4096;

/// How many connections to a server may take queries at a time. Chosen: RFC 7766 §6.2.2 asks for few. With fewer, the
/// crowd on each grows.
const MOST: usize = 4;

thread_local! {
    static STREAMS: RefCell<Vec<Weak<Stream>>> = const { RefCell::new(Vec::new()) };
}

/// Adds a connection to the thread's list.
pub fn note(stream: &Arc<Stream>) {
    STREAMS.with(|streams| streams.borrow_mut().push(Arc::downgrade(stream)));
}

/// The connection for a query: that with the fewest queries, if there is one that takes it.
pub fn choose(route: &Route, now: Instant) -> Option<Arc<Stream>> {
    tend(now);
    loop {
        let fitting = STREAMS.with(|streams| {
            let streams = streams.borrow();
            let alive = streams.iter().filter_map(Weak::upgrade);
            alive.filter(|stream| stream.takes(route)).collect::<Vec<_>>()
        });
        let least = fitting.iter().min_by_key(|stream| stream.waiting.borrow().len())?;
        let crowd = least.waiting.borrow().len();
        if crowd >= CROWD && fitting.len() < MOST || crowd >= FULL {
            return None;
        }
        if crowd > 0 || least.is_quiet() {
            return Some(Arc::clone(least));
        }
    }
}

/// Closes connections that have been without queries for too long, or are too many.
pub fn tend(now: Instant) {
    let idle = STREAMS.with(|streams| {
        let mut streams = streams.borrow_mut();
        streams.retain(|stream| stream.strong_count() > 0);
        let alive = streams.iter().filter_map(Weak::upgrade);
        let mut idle: Vec<_> = alive.filter(|stream| stream.is_idle()).collect();
        idle.sort_by_key(|stream| stream.idle_since.get());
        idle
    });
    let excess = idle.len().saturating_sub(IDLE_MOST);
    for (index, stream) in idle.iter().enumerate() {
        if index < excess || !stream.is_fresh(now) {
            stream.close();
        }
    }
}

/// The connections that a resolver keeps.
#[derive(Default)]
pub struct Kept(Vec<Arc<Stream>>);

impl Kept {
    /// Keeps a connection for the next query.
    pub fn keep(&mut self, stream: Arc<Stream>, now: Instant) {
        self.0.retain(|kept| kept.serves_here());
        if self.0.iter().any(|kept| Arc::ptr_eq(kept, &stream)) {
            return;
        }
        if self.0.len() >= KEPT {
            self.0.remove(0);
        }
        self.0.push(stream);
        tend(now);
    }

    /// Gives those up that were not used for long.
    pub fn tend(&mut self, now: Instant) {
        if !self.0.is_empty() {
            tend(now);
            self.0.retain(|kept| kept.serves_here());
        }
    }
}

#[cfg(test)]
mod tests;

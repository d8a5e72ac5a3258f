// SPDX-License-Identifier: MIT
//! `cq_dns_resolvers_*`, `cq_dns_configure`: pools of resolvers, the thread's own among them.

use super::boundary::{borrow, call, deadline, text, value};
use super::dns_config::DnsConfig;
use super::dns_hints::DnsHints;
use super::dns_hosts::DnsHosts;
use super::dns_packet::{hand_out_packet, Message};
use super::dns_resolver::{hand_out_counted, parts, wait};
use super::task::{give_back, lend};
use crate::clock::Instant;
use crate::controller::Condition;
use crate::dns::ask::lookup::{set_usual, usual};
use crate::dns::ask::pool::{Resolvers, Ticket};
use crate::dns::ask::resolver::Resolver;
use crate::dns::message::packet::Packet;
use crate::errno::{Errno, Result};
use crate::fiber;
use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_uint};
use std::rc::Rc;
use std::sync::Arc;

/// Makes a pool of at most 32 resolvers (`cq_dns_resolvers_set_limit`), which are made as by `cq_dns_resolver_new`.
/// Free it with `cq_dns_resolvers_free`.
///
/// Errors: EINVAL for NULL `pool`.
///
/// Safety: the others are NULL or live.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolvers_new(
    config: *const DnsConfig,
    hosts: *const DnsHosts,
    hints: *const DnsHints,
    pool: *mut *mut Resolvers,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (config, hosts, hints) = unsafe { parts(config, hosts, hints) };
        unsafe { hand_out_counted(pool, Resolvers::new(config, hosts, hints)) }
    })
}

/// Frees a pool, which no fiber may be waiting in. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolvers_free(pool: *mut Resolvers) {
    value((), || {
        if !pool.is_null() {
            // SAFETY: the handle came from Rc::into_raw; the caller gives it up.
            drop(unsafe { Rc::from_raw(pool) });
        }
        Ok(())
    });
}

/// Sets how many resolvers a pool has at most; 0 counts as 1.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolvers_set_limit(pool: *const Resolvers, limit: usize) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(pool) }?.set_limit(limit);
        Ok(())
    })
}

/// Turns a handle of a pool into a counted reference; NULL: the thread's pool.
pub(super) unsafe fn share(pool: *const Resolvers) -> Rc<Resolvers> {
    if pool.is_null() {
        return usual();
    }
    // SAFETY: the handle came from Rc::into_raw and still holds its count.
    unsafe {
        Rc::increment_strong_count(pool);
        Rc::from_raw(pool)
    }
}

/// Asks a question through a pool and waits for the answer, at most `timeout` seconds, in which waiting for a free
/// resolver counts. `pool` is NULL for the thread's own, see `cq_dns_configure`.
///
/// Errors: as for `cq_dns_resolver_query`.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolvers_query(
    pool: *const Resolvers,
    name: *const c_char,
    rtype: c_uint,
    rclass: c_uint,
    timeout: f64,
    packet: *mut *mut Message,
) -> c_int {
    call(|| {
        if packet.is_null() {
            return Err(Errno::BADARG);
        }
        let deadline = deadline(timeout);
        // SAFETY: as documented, here and below.
        let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
        let number = |value| u16::try_from(value).map_err(|_| Errno::BADARG);
        let kind = (number(rtype)?, number(rclass)?);
        let answer = ask_pool(unsafe { share(pool) }, name.to_owned(), kind, deadline)?;
        unsafe { hand_out_packet(packet, answer) }
    })
}

/// Asks for records of a type and class through a pool, and waits for the answer.
pub(super) fn ask_pool(
    pool: Rc<Resolvers>,
    name: String,
    kind: (u16, u16),
    deadline: Option<Instant>,
) -> Result<Packet> {
    let ticket = Ticket::new(Rc::clone(&pool), Condition::new(false)?);
    let loan = lend(Loan { pool, ticket, name, kind, resolver: RefCell::new(None) })?;
    // SAFETY: the loan lives until it is given back.
    let answer = unsafe { query_through(loan, deadline) };
    // SAFETY: lent above.
    unsafe { give_back(loan) };
    answer
}

/// What a query has taken out of a pool. It goes back when the query ends, also when its fiber is abandoned.
struct Loan {
    pool: Rc<Resolvers>,
    ticket: Rc<Ticket>,
    name: String,
    kind: (u16, u16),
    resolver: RefCell<Option<Rc<Resolver>>>,
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(resolver) = self.resolver.take() {
            self.pool.put(resolver);
        }
    }
}

/// Takes a resolver out of a pool and asks.
unsafe fn query_through(loan: *const Loan, deadline: Option<Instant>) -> Result<Packet> {
    let resolver = loop {
        // SAFETY: lent by the caller until it is done, here and below; no reference is held while waiting.
        let loan = unsafe { borrow(loan) }?;
        if let Some(resolver) = loan.ticket.get()? {
            let place = Rc::as_ptr(&resolver);
            loan.resolver.replace(Some(Rc::clone(&resolver)));
            resolver.submit(&loan.name, loan.kind.0, loan.kind.1)?;
            break place;
        }
        fiber::poll_until(loan.ticket.interest(), deadline)?;
    };
    // SAFETY: the loan holds it.
    unsafe { wait(resolver, deadline) }
}

/// Sets the configuration, hosts and hints with which this thread's sockets, and the functions here that are given no
/// pool, resolve names. NULL for all three: the system's files. The option "ports" is left out: each question has a
/// port of its own.
///
/// Errors: ENOMEM.
///
/// Safety: all are NULL or live.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_configure(
    config: *const DnsConfig,
    hosts: *const DnsHosts,
    hints: *const DnsHints,
) -> c_int {
    call(|| {
        let any = !config.is_null() || !hosts.is_null() || !hints.is_null();
        set_usual(any.then(|| {
            // SAFETY: as documented.
            let (mut config, hosts, hints) = unsafe { parts(config, hosts, hints) };
            // A socket waits for its two questions behind one descriptor, in which conditions have no place.
            Arc::make_mut(&mut config).ports = 0;
            Rc::new(Resolvers::new(config, hosts, hints))
        }));
        Ok(())
    })
}

// SPDX-License-Identifier: MIT
//! `cq_dns_addresses`: from the name of a host to its addresses.

use super::boundary::{borrow, call, limit, text};
use super::dns_resolver::write;
use super::dns_resolvers::share;
use super::task::{give_back, lend};
use crate::clock::{Instant, Span};
use crate::controller::Member;
use crate::dns::ask::lookup::Lookup;
use crate::dns::ask::pool::Resolvers;
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::socket::Address;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::net::SocketAddr;

/// Finds the addresses of a host and waits for them, at most `timeout` seconds. `pool` is NULL for the thread's own.
/// Aliases are followed; the search list and the hosts file count; an address in text stands for itself. `family` is
/// AF_INET, AF_INET6, or AF_UNSPEC for both, IPv6 first. `count` is how many addresses there is room for, and
/// receives how many were written; more are dropped. Ports are 0.
///
/// Errors: EINVAL for NULL; `CQ_ENONAME`: there is no such host, or it has no such address; `CQ_EFAIL`: no
/// server could tell; as for `cq_dns_resolver_query`.
///
/// Safety: `name` is a string; `addresses` is writable for `count` of them.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_addresses(
    pool: *const Resolvers,
    name: *const c_char,
    family: c_int,
    timeout: f64,
    addresses: *mut Address,
    count: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let room = unsafe { *borrow(count)? };
        if addresses.is_null() && room > 0 {
            return Err(Errno::BADARG);
        }
        let deadline = limit(timeout).map(|span| Instant::now().after(span));
        let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
        let lookup = lend(RefCell::new(Lookup::new(unsafe { share(pool) }, name, family)?))?;
        let found = unsafe { finish(lookup, deadline) };
        // SAFETY: lent above.
        unsafe { give_back(lookup) };
        let found = found?;
        unsafe { write(&found, addresses, count) }
    })
}

unsafe fn finish(
    lookup: *const RefCell<Lookup>,
    deadline: Option<Instant>,
) -> Result<Vec<SocketAddr>> {
    loop {
        // SAFETY: lent by the caller until it is done; it is not borrowed while waiting.
        let lookup = unsafe { borrow(lookup) }?;
        let step = lookup.borrow_mut().step();
        match step {
            Err(Errno::AGAIN) => {}
            Err(error) => return Err(error),
            Ok(()) => {
                let found = lookup.borrow_mut().take();
                return match found.is_empty() {
                    true => Err(lookup.borrow().error()),
                    false => Ok(found),
                };
            }
        }
        let left = deadline.map(|deadline| deadline.since(Instant::now()));
        if left == Some(Span::ZERO) {
            return Err(Errno::TIMEDOUT);
        }
        wait_for_both(lookup, left)?;
    }
}

/// Waits for what a lookup waits for. Its members are at most two, so that none is held in memory meanwhile.
fn wait_for_both(lookup: &RefCell<Lookup>, left: Option<Span>) -> Result<()> {
    let timer = Member { timeout: left, ..Member::NOTHING };
    let mut members = [Member::NOTHING, Member::NOTHING, timer];
    for (place, member) in members.iter_mut().zip(lookup.borrow().interests()) {
        *place = member;
    }
    fiber::poll(members, &mut |_| {})
}

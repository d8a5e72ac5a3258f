// SPDX-License-Identifier: MIT
//! `cq_dns_addresses`: from the name of a host to its addresses.

use super::boundary::{borrow, call, deadline, text};
use super::dns_resolver::{room, write};
use super::dns_resolvers::share;
use super::task::{give_back, lend};
use crate::clock::{Instant, Span};
use crate::controller::Member;
use crate::dns::ask::lookup::Lookup;
use crate::dns::ask::order::order;
use crate::dns::ask::pool::Resolvers;
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::socket::Address;
use nix::sys::socket::SockaddrStorage;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::net::SocketAddr;

/// Finds the addresses of a host and waits for them, at most `timeout` seconds. `pool` is NULL for the thread's own.
/// Aliases are followed; the search list and the hosts file count; an address in text stands for itself. `family` is
/// AF_INET, AF_INET6, or AF_UNSPEC for both. The addresses come in the order of `cq_dns_sort`. `count` is how many
/// addresses there is room for, and receives how many were written; more are dropped. Ports are 0.
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
        unsafe { room(addresses, count) }?;
        let deadline = deadline(timeout);
        let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
        let lookup = lend(RefCell::new(Lookup::new(unsafe { share(pool) }, name, family)?))?;
        let found = unsafe { finish(lookup, deadline) };
        // SAFETY: lent above.
        unsafe { give_back(lookup) };
        let found = found?;
        unsafe { write(&found, addresses, count) }
    })
}

/// Sorts `count` addresses in the order in which to connect to them, RFC 6724, with the table of policies of its §2.1;
/// gai.conf(5) is not read. The source address for each is found out by connecting a datagram socket, for which nothing is
/// sent. Addresses to which there is no way come last. What is behind the first 256 stays where it is. Ports are kept.
///
/// Errors: EINVAL for NULL; EAFNOSUPPORT if there is an address of another family than IPv4 and IPv6, and nothing is
/// sorted.
///
/// Safety: `addresses` is writable for `count` of them.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_sort(addresses: *mut Address, count: usize) -> c_int {
    call(|| {
        if count == 0 {
            return Ok(());
        }
        if addresses.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented.
        let list = unsafe { std::slice::from_raw_parts_mut(addresses, count) };
        let known: Option<Vec<SocketAddr>> = list.iter().map(Address::internet).collect();
        let mut known = known.ok_or(Errno(libc::EAFNOSUPPORT))?;
        order(&mut known);
        list.iter_mut()
            .zip(known)
            .for_each(|(place, to)| *place = Address::new(&SockaddrStorage::from(to)));
        Ok(())
    })
}

pub(super) unsafe fn finish(
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
                let mut found = lookup.borrow_mut().take();
                order(&mut found);
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

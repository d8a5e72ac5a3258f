// SPDX-License-Identifier: MIT
//! `cq_dns_reverse*`, `cq_dns_services`: from an address to its names, and from a service to its addresses.

use super::boundary::{borrow, call, deadline, fill, text};
use super::dns_addresses::finish;
use super::dns_packet::{hand_out_packet, Message};
use super::dns_resolver::{room, write};
use super::dns_resolvers::{ask_pool, share};
use super::task::{give_back, lend};
use crate::clock::Instant;
use crate::dns::ask::lookup::Lookup;
use crate::dns::ask::pool::Resolvers;
use crate::dns::message::packet::{rcode, Packet, ANSWER};
use crate::dns::message::types::{IN, PTR, SRV};
use crate::dns::resolve::services::{servers, Server};
use crate::dns::system::hosts::reverse;
use crate::errno::{Errno, Result};
use crate::random;
use crate::socket::Address;
use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::net::SocketAddr;
use std::rc::Rc;

/// Writes the name under which the names of an address stand, "1.2.0.192.in-addr.arpa." (RFC 1035 §3.5, RFC 3596 §2.5),
/// and a NUL. 80 bytes are enough.
///
/// Errors: EINVAL for NULL; EAFNOSUPPORT for an address of another family than IPv4 and IPv6; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_reverse_name(
    address: *const Address,
    buffer: *mut c_char,
    size: usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let name = unsafe { reversed(address) }?;
        unsafe { fill(name.as_bytes(), buffer, size, std::ptr::null_mut()) }
    })
}

unsafe fn reversed(address: *const Address) -> Result<String> {
    // SAFETY: as the functions here document.
    let address = unsafe { borrow(address) }?.internet().ok_or(Errno(libc::EAFNOSUPPORT))?;
    Ok(reverse(address.ip()))
}

/// Finds the names of an address and waits for them, at most `timeout` seconds. `pool` is NULL for the thread's own. The
/// PTR records in the answer section of `packet` have the names; free it with `cq_dns_packet_free`. The hosts file counts.
/// A name is a claim of whoever holds the address: `cq_dns_addresses` tells whether the name has the address.
///
/// Errors: EINVAL for NULL; EAFNOSUPPORT for an address of another family than IPv4 and IPv6; `CQ_ENONAME`: it has no
/// name; `CQ_EFAIL`: no server could tell; as for `cq_dns_resolver_query`.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_reverse(
    pool: *const Resolvers,
    address: *const Address,
    timeout: f64,
    packet: *mut *mut Message,
) -> c_int {
    call(|| {
        if packet.is_null() {
            return Err(Errno::BADARG);
        }
        let deadline = deadline(timeout);
        // SAFETY: as documented, here and below.
        let name = unsafe { reversed(address) }?;
        let answer = ask_pool(unsafe { share(pool) }, name, (PTR, IN), deadline)?;
        check(&answer, PTR)?;
        unsafe { hand_out_packet(packet, answer) }
    })
}

/// What an answer without records of a type means.
fn check(answer: &Packet, rtype: u16) -> Result<()> {
    match answer.records(ANSWER).any(|record| record.rtype == rtype) {
        true => Ok(()),
        false if matches!(answer.code(), rcode::NOERROR | rcode::NXDOMAIN) => Err(Errno::NONAME),
        false => Err(Errno::FAIL),
    }
}

/// Finds the addresses of a service, "_xmpp-client._tcp.example.com", and waits for them, at most `timeout` seconds: its
/// SRV records, and the addresses of the hosts that they name, with their ports. They come in the order in which to try
/// them: by priority, and by chance according to weight (RFC 2782); those of one host in the order of `cq_dns_sort`. `pool`
/// is NULL for the thread's own. Of a service with more, 16 hosts are looked up. `count` is how many addresses there is
/// room for, and receives how many were written; more are dropped.
///
/// Errors: EINVAL for NULL; `CQ_ENONAME`: there is no such service, or its hosts have no address; `CQ_EFAIL`: no server
/// could tell; as for `cq_dns_resolver_query`.
///
/// Safety: `name` is a string; `addresses` is writable for `count` of them.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_services(
    pool: *const Resolvers,
    name: *const c_char,
    timeout: f64,
    addresses: *mut Address,
    count: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        unsafe { room(addresses, count) }?;
        let deadline = deadline(timeout);
        let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
        let answer = ask_pool(unsafe { share(pool) }, name.to_owned(), (SRV, IN), deadline)?;
        check(&answer, SRV)?;
        let mut list = servers(&answer, &mut random::below);
        drop(answer);
        list.reverse();
        let (pool, list) = (unsafe { share(pool) }, RefCell::new(list));
        let search = lend(Search { pool, list, found: RefCell::default() })?;
        let result = unsafe { find(search, deadline) };
        // SAFETY: lent above.
        let result = result
            .and_then(|()| unsafe { write(&borrow(search)?.found.borrow(), addresses, count) });
        unsafe { give_back(search) };
        result
    })
}

/// The addresses of several hosts, one after the other.
struct Search {
    pool: Rc<Resolvers>,
    /// The hosts that are left, the next one last.
    list: RefCell<Vec<Server>>,
    found: RefCell<Vec<SocketAddr>>,
}

/// Looks up one host after the other. That one has no address does not matter if another has.
unsafe fn find(search: *const Search, deadline: Option<Instant>) -> Result<()> {
    let mut failure = Errno::NONAME;
    loop {
        // SAFETY: lent by the caller until it is done, here and below; nothing is borrowed while waiting.
        let next = unsafe { borrow(search) }?.list.borrow_mut().pop();
        let Some(server) = next else { break };
        let (host, port) = (server.host.to_string(), server.port);
        let pool = Rc::clone(&unsafe { borrow(search) }?.pool);
        let lookup = lend(RefCell::new(Lookup::new(pool, &host, libc::AF_UNSPEC)?))?;
        drop((server, host));
        let found = unsafe { finish(lookup, deadline) };
        // SAFETY: lent above.
        unsafe { give_back(lookup) };
        match found {
            Ok(mut list) => {
                list.iter_mut().for_each(|address| address.set_port(port));
                unsafe { borrow(search) }?.found.borrow_mut().extend(list);
            }
            Err(error @ (Errno::NONAME | Errno::FAIL | Errno::ILLEGAL)) => {
                failure = if failure == Errno::NONAME { error } else { failure };
            }
            Err(error) => return Err(error),
        }
    }
    // SAFETY: as above.
    match unsafe { borrow(search) }?.found.borrow().is_empty() {
        true => Err(failure),
        false => Ok(()),
    }
}

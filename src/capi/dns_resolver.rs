// SPDX-License-Identifier: MIT
//! `cq_dns_resolver_*`: questions and answers.

use super::boundary::{borrow, call, deadline, fill, put, seconds, text, value};
use super::dns_config::DnsConfig;
use super::dns_hints::DnsHints;
use super::dns_hosts::DnsHosts;
use super::dns_packet::{hand_out_packet, Message};
use crate::clock::Instant;
use crate::dns::ask::resolver::{clear_cache, Resolver};
use crate::dns::ask::sources::{is_of, system_config};
use crate::dns::ask::stat::Stat;
use crate::dns::message::packet::Packet;
use crate::dns::system::config::Config;
use crate::dns::system::hints::Hints;
use crate::dns::system::hosts::Hosts;
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::socket::Address;
use nix::sys::socket::SockaddrStorage;
use std::ffi::{c_char, c_int, c_uint};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

pub(super) type Parts = (Arc<Config>, Option<Arc<Hosts>>, Option<Arc<Hints>>);

/// The parts of which a resolver is made. Without a configuration, the system's is taken.
pub(super) unsafe fn parts(
    config: *const DnsConfig,
    hosts: *const DnsHosts,
    hints: *const DnsHints,
) -> Parts {
    // SAFETY: NULL or live handles, as the functions below document; here and below.
    let config = match unsafe { config.as_ref() } {
        Some(config) => Arc::clone(&config.0.borrow()),
        None => system_config(),
    };
    let hosts = unsafe { hosts.as_ref() }.map(|hosts| Arc::clone(&hosts.0.borrow()));
    let hints = unsafe { hints.as_ref() }.map(|hints| Arc::clone(&hints.0.borrow()));
    (config, hosts, hints)
}

/// Hands out an object whose references are counted, as others may share it. EINVAL for NULL.
pub(super) unsafe fn hand_out_counted<T>(place: *mut *mut T, object: T) -> Result<()> {
    let made = Rc::into_raw(Rc::new(object)).cast_mut();
    // SAFETY: the caller's place; on failure nobody else has the pointer that was made here.
    unsafe { put(place, made).inspect_err(|_| drop(Rc::from_raw(made))) }
}

/// Makes a resolver, which answers one question at a time. NULL for `config` stands for the system's configuration;
/// NULL for `hosts` for the system's hosts (a stub) or none (a recursive resolver); NULL for `hints` for the
/// configuration's name servers (a stub) or the root servers (a recursive resolver). Free it with
/// `cq_dns_resolver_free`.
///
/// Errors: EINVAL for NULL `resolver`; ENOMEM.
///
/// Safety: the others are NULL or live.
///
/// Source: cqueues User Guide §3.2.12.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_new(
    config: *const DnsConfig,
    hosts: *const DnsHosts,
    hints: *const DnsHints,
    resolver: *mut *mut Resolver,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let (config, hosts, hints) = unsafe { parts(config, hosts, hints) };
        unsafe { hand_out_counted(resolver, Resolver::new(config, hosts, hints)?) }
    })
}

/// Closes and frees a resolver, which no fiber may be waiting in. NULL is ignored.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_free(resolver: *mut Resolver) {
    value((), || {
        if !resolver.is_null() {
            // SAFETY: the handle came from Rc::into_raw; the caller gives it up.
            let resolver = unsafe { Rc::from_raw(resolver) };
            resolver.close();
        }
        Ok(())
    });
}

/// Closes a resolver: its question is given up, its descriptors are cancelled and closed. The handle stays
/// valid and must still be freed. Closing twice is safe.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_close(resolver: *const Resolver) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(resolver) }?.close();
        Ok(())
    })
}

/// Tells whether a resolver is closed. True for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_is_closed(resolver: *const Resolver) -> bool {
    // SAFETY: as documented.
    value(true, || Ok(unsafe { borrow(resolver) }?.is_closed()))
}

/// Asks a question. A question that is not answered yet is given up for it. Types and classes are IANA's numbers:
/// type 1 is A, class 1 is IN.
///
/// Errors: EINVAL for NULL or numbers beyond 65535; `CQ_EILLEGAL` for what is no name; EBADF after close.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_submit(
    resolver: *const Resolver,
    name: *const c_char,
    rtype: c_uint,
    rclass: c_uint,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { ask(borrow(resolver)?, name, rtype, rclass) })
}

pub(super) unsafe fn ask(
    resolver: &Resolver,
    name: *const c_char,
    rtype: c_uint,
    rclass: c_uint,
) -> Result<()> {
    // SAFETY: as the functions here document.
    let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
    let number = |value| u16::try_from(value).map_err(|_| Errno::BADARG);
    resolver.submit(name, number(rtype)?, number(rclass)?)
}

/// Goes on without waiting, and takes the answer, to be freed with `cq_dns_packet_free`. A message is an answer
/// whatever its rcode; one of SERVFAIL without records stands for servers that did not answer, and
/// `cq_dns_resolver_reason` tells more.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the resolver (struct member `cq_interest.resolver`) and repeat;
/// `CQ_ENOQUERY` without a question, `CQ_EFETCHED` if the answer was taken; EBADF after close; ENOMEM, and the question
/// is given up; what the system says of the only server: ECONNREFUSED, ENETUNREACH.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_try_fetch(
    resolver: *const Resolver,
    packet: *mut *mut Message,
) -> c_int {
    call(|| {
        if packet.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let answer = unsafe { borrow(resolver) }?.fetch()?;
        unsafe { hand_out_packet(packet, answer) }
    })
}

/// Asks a question and waits for the answer, at most `timeout` seconds (NaN or negative: as long as the
/// configuration's attempts last).
///
/// Errors: as for `cq_dns_resolver_submit` and `cq_dns_resolver_try_fetch`, ETIMEDOUT instead of EAGAIN; ECANCELED if
/// another question was asked in its place, `CQ_ENOQUERY` if it was given up; EDEADLK in a callback.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_query(
    resolver: *const Resolver,
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
        // SAFETY: as documented, here and below.
        let deadline = deadline(timeout);
        unsafe { ask(borrow(resolver)?, name, rtype, rclass) }?;
        let answer = unsafe { wait(resolver, deadline) }?;
        unsafe { hand_out_packet(packet, answer) }
    })
}

/// Waits for the answer. No reference is held meanwhile.
pub(super) unsafe fn wait(resolver: *const Resolver, deadline: Option<Instant>) -> Result<Packet> {
    // SAFETY: the caller's handle lives until it is done, here and below.
    let serial = unsafe { borrow(resolver) }?.serial();
    loop {
        if unsafe { borrow(resolver) }?.serial() != serial {
            return Err(Errno::CANCELED);
        }
        match unsafe { borrow(resolver) }?.fetch() {
            Err(Errno::AGAIN) => {}
            result => return result,
        }
        if let Err(error) = fiber::poll_until(unsafe { borrow(resolver) }?.interest(), deadline) {
            if unsafe { borrow(resolver) }?.serial() == serial {
                unsafe { borrow(resolver) }?.cancel();
            }
            return Err(error);
        }
    }
}

/// Finds the addresses of a host without asking a name server: an address in text stands for itself, with its zone
/// ("fe80::1%eth0"); the hosts file counts where it comes before the name servers; local names ("localhost") count.
/// `family` is AF_INET, AF_INET6, or AF_UNSPEC for both, IPv6 first. `count` is how many addresses there is room for,
/// and receives how many were written; more are dropped. Ports are 0. The resolver's question is left alone.
///
/// Errors: EINVAL for NULL; EAGAIN: name servers have to be asked; `CQ_ENONAME`: the host is known, and has no address
/// of that family; `CQ_EILLEGAL` for what is no name.
///
/// Safety: `name` is a string; `addresses` is writable for `count` of them.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_known(
    resolver: *const Resolver,
    name: *const c_char,
    family: c_int,
    addresses: *mut Address,
    count: *mut usize,
) -> c_int {
    call(|| {
        // SAFETY: as documented, here and below.
        let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
        let mut found = unsafe { borrow(resolver) }?.addresses(name)?.ok_or(Errno::AGAIN)?;
        found.retain(|address| is_of(address, family));
        match found.is_empty() {
            true => Err(Errno::NONAME),
            false => unsafe { write(&found, addresses, count) },
        }
    })
}

/// For how many addresses there is room. EINVAL for NULL.
pub(super) unsafe fn room(addresses: *const Address, count: *const usize) -> Result<usize> {
    // SAFETY: as the functions that take both document.
    let room = unsafe { *borrow(count)? };
    match addresses.is_null() && room > 0 {
        true => Err(Errno::BADARG),
        false => Ok(room),
    }
}

/// Writes as many addresses as there is room for, and their number to `count`.
pub(super) unsafe fn write(
    found: &[SocketAddr],
    addresses: *mut Address,
    count: *mut usize,
) -> Result<()> {
    // SAFETY: as the functions here document, here and below.
    let room = unsafe { room(addresses, count) }?;
    for (index, &found) in found.iter().take(room).enumerate() {
        let address = Address::new(&SockaddrStorage::from(found));
        unsafe { addresses.add(index).write(address) };
    }
    unsafe { put(count, found.len().min(room)) }
}

/// Gives the question up. A task that waits for the answer in `cq_dns_resolver_query` gets `CQ_ENOQUERY`.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_cancel(resolver: *const Resolver) -> c_int {
    call(|| {
        // SAFETY: as documented.
        unsafe { borrow(resolver) }?.cancel();
        Ok(())
    })
}

/// Tells the descriptor to wait for before the next `cq_dns_resolver_try_fetch`; -1 if there is none, which is also so
/// while another resolver receives for this one (option "ports"). It may change with each fetch. -1 for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_pollfd(resolver: *const Resolver) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(resolver) }?.descriptor()))
}

/// Tells the events to wait for on the descriptor of `cq_dns_resolver_pollfd`: POLLIN or POLLOUT; 0 for none, and 0
/// for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_events(resolver: *const Resolver) -> c_uint {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(resolver) }?.interest().events as c_uint))
}

/// Tells the seconds after which to fetch even if nothing came; NaN for never, and NaN for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_timeout(resolver: *const Resolver) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(resolver) }?.interest().timeout)))
}

/// Tells how many exchanges a resolver has begun, and how much it has sent and received.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_stat(resolver: *const Resolver, stat: *mut Stat) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(stat, borrow(resolver)?.stat()) })
}

/// Writes in words why the last answer is not what was wanted, with the name and the server that it concerns, and a
/// NUL: "www.example.com.: no answer from 192.0.2.1:53"; an empty text if there is nothing to say. `length` (may be
/// NULL) receives its length, also when it does not fit.
///
/// Errors: EINVAL for NULL; `CQ_ENOBUFS`.
///
/// Safety: `buffer` is writable for `size` bytes.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_reason(
    resolver: *const Resolver,
    buffer: *mut c_char,
    size: usize,
    length: *mut usize,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { fill(borrow(resolver)?.reason().as_bytes(), buffer, size, length) })
}

/// Empties the cache of answers that this thread's resolvers share.
#[no_mangle]
pub extern "C" fn cq_dns_clear_cache() {
    value((), || {
        clear_cache();
        Ok(())
    });
}

// SPDX-License-Identifier: MIT
//! `cq_dns_resolver_*`, `cq_dns_resolvers_*`, `cq_dns_addresses`: questions and answers.

use super::boundary::{borrow, call, fill, limit, put, seconds, text, value};
use super::dns_config::{DnsConfig, DnsHints, DnsHosts};
use super::dns_packet::{hand_out_packet, Message};
use crate::clock::{Instant, Span};
use crate::controller::Member;
use crate::dns::config::Config;
use crate::dns::flight::Stat;
use crate::dns::hints::Hints;
use crate::dns::hosts::Hosts;
use crate::dns::lookup::{set_usual, usual, Lookup};
use crate::dns::packet::Packet;
use crate::dns::pool::Resolvers;
use crate::dns::resolver::{clear_cache, Resolver};
use crate::errno::{Errno, Result};
use crate::fiber;
use crate::socket::Address;
use nix::sys::socket::SockaddrStorage;
use std::ffi::{c_char, c_int, c_uint};
use std::net::SocketAddr;
use std::rc::Rc;

type Parts = (Rc<Config>, Option<Rc<Hosts>>, Option<Rc<Hints>>);

/// What a resolver is made of. Without a configuration, the system's.
unsafe fn parts(config: *const DnsConfig, hosts: *const DnsHosts, hints: *const DnsHints) -> Parts {
    // SAFETY: NULL or live handles, as the functions below document; here and below.
    let config = match unsafe { config.as_ref() } {
        Some(config) => Rc::clone(&config.0.borrow()),
        None => Rc::new(Config::stub()),
    };
    let hosts = unsafe { hosts.as_ref() }.map(|hosts| Rc::clone(&hosts.0.borrow()));
    let hints = unsafe { hints.as_ref() }.map(|hints| Rc::clone(&hints.0.borrow()));
    (config, hosts, hints)
}

/// Hands an object out that is counted, as others may share it. EINVAL for NULL.
unsafe fn hand_out_counted<T>(place: *mut *mut T, object: T) -> Result<()> {
    let made = Rc::into_raw(Rc::new(object)).cast_mut();
    // SAFETY: the caller's place; on failure nobody else has the pointer that was made here.
    unsafe { put(place, made).inspect_err(|_| drop(Rc::from_raw(made))) }
}

/// Makes a resolver, which answers one question at a time. NULL stands for the system's configuration, for the
/// system's hosts (a stub) or none (a recursive resolver), for the configuration's name servers (a stub) or
/// the root servers. Free it with `cq_dns_resolver_free`.
///
/// Errors: EINVAL for NULL `resolver`.
///
/// Safety: the others are NULL or live.
///
/// Source: guide §3.2.12.
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
        unsafe { hand_out_counted(resolver, Resolver::new(config, hosts, hints)) }
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

/// Asks a question, in place of one that is not answered yet. Types and classes are IANA's numbers: 1 is
/// A, and IN.
///
/// Errors: EINVAL for NULL or numbers beyond 65535; `CQ_EILLEGAL` for what is no name; EBADF after close.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_submit(
    resolver: *const Resolver,
    name: *const c_char,
    type_: c_uint,
    class_: c_uint,
) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { ask(borrow(resolver)?, name, type_, class_) })
}

unsafe fn ask(
    resolver: &Resolver,
    name: *const c_char,
    type_: c_uint,
    class_: c_uint,
) -> Result<()> {
    // SAFETY: as the functions here document.
    let name = unsafe { text(name) }?.to_str().map_err(|_| Errno::ILLEGAL)?;
    let number = |value| u16::try_from(value).map_err(|_| Errno::BADARG);
    resolver.submit(name, number(type_)?, number(class_)?)
}

/// Goes on without waiting, and takes the answer, to be freed with `cq_dns_packet_free`. An answer is an
/// answer whatever its rcode; one of SERVFAIL without records stands for servers that did not answer, and
/// `cq_dns_resolver_reason` tells more.
///
/// Errors: EINVAL for NULL; EAGAIN: wait for the resolver (struct member `cq_interest.resolver`) and repeat;
/// `CQ_ENOQUERY` without a question, `CQ_EFETCHED` if the answer was taken; EBADF after close; what the
/// system says of the only server: ECONNREFUSED, ENETUNREACH.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_fetch(
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
/// Errors: as for `cq_dns_resolver_submit` and `cq_dns_resolver_fetch`, ETIMEDOUT instead of EAGAIN; EDEADLK in a
/// callback.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_query(
    resolver: *const Resolver,
    name: *const c_char,
    type_: c_uint,
    class_: c_uint,
    timeout: f64,
    packet: *mut *mut Message,
) -> c_int {
    call(|| {
        if packet.is_null() {
            return Err(Errno::BADARG);
        }
        // SAFETY: as documented, here and below.
        let deadline = limit(timeout).map(|span| Instant::now().after(span));
        unsafe { ask(borrow(resolver)?, name, type_, class_) }?;
        let answer = unsafe { wait(resolver, deadline) }?;
        unsafe { hand_out_packet(packet, answer) }
    })
}

/// Waits for the answer. Nothing is held meanwhile.
unsafe fn wait(resolver: *const Resolver, deadline: Option<Instant>) -> Result<Packet> {
    loop {
        // SAFETY: the caller's handle lives until it is done, here and below.
        match unsafe { borrow(resolver) }?.fetch() {
            Err(Errno::AGAIN) => {}
            result => return result,
        }
        if let Err(error) = fiber::poll_until(unsafe { borrow(resolver) }?.interest(), deadline) {
            unsafe { borrow(resolver) }?.cancel();
            return Err(error);
        }
    }
}

/// Gives the question up.
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

/// Tells the descriptor to wait for before the next `cq_dns_resolver_fetch`; -1 if there is none, which is
/// also so while another resolver receives for this one (option "ports"). It changes from fetch to fetch.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_pollfd(resolver: *const Resolver) -> c_int {
    // SAFETY: as documented.
    value(-1, || Ok(unsafe { borrow(resolver) }?.interest().fd))
}

/// Tells the events to wait for on it, POLLIN or POLLOUT; 0 for none.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_events(resolver: *const Resolver) -> c_uint {
    // SAFETY: as documented.
    value(0, || Ok(unsafe { borrow(resolver) }?.interest().events as c_uint))
}

/// Tells the seconds after which to fetch even if nothing came; NaN for never.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_timeout(resolver: *const Resolver) -> f64 {
    // SAFETY: as documented.
    value(f64::NAN, || Ok(seconds(unsafe { borrow(resolver) }?.interest().timeout)))
}

/// Tells what went over the network.
///
/// Errors: EINVAL for NULL.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolver_stat(resolver: *const Resolver, stat: *mut Stat) -> c_int {
    // SAFETY: as documented.
    call(|| unsafe { put(stat, borrow(resolver)?.stat()) })
}

/// Writes why the last answer is not what was wanted, in words, with the name and the server that it concerns,
/// and a NUL: "www.example.com.: no answer from 192.0.2.1:53"; an empty text if there is nothing to say.
/// `length` (may be NULL) receives its length, also when it does not fit.
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

/// Forgets the answers that this thread's resolvers keep.
#[no_mangle]
pub extern "C" fn cq_dns_clear_cache() {
    value((), || {
        clear_cache();
        Ok(())
    });
}

/// Makes a pool of resolvers, at most 32 of them, which are made as by `cq_dns_resolver_new`. Free it with
/// `cq_dns_resolvers_free`.
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

/// Sets how many resolvers a pool has at most, at least 1.
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

/// A pool as a counted reference of its own; NULL: the thread's.
unsafe fn share(pool: *const Resolvers) -> Rc<Resolvers> {
    if pool.is_null() {
        return usual();
    }
    // SAFETY: the handle came from Rc::into_raw and still holds its count.
    unsafe {
        Rc::increment_strong_count(pool);
        Rc::from_raw(pool)
    }
}

/// Asks a question through a pool (NULL: the thread's own, of the system's files) and waits for the answer,
/// at most `timeout` seconds, in which waiting for a free resolver counts.
///
/// Errors: as for `cq_dns_resolver_query`.
///
/// Safety: `name` is a string.
#[no_mangle]
pub unsafe extern "C" fn cq_dns_resolvers_query(
    pool: *const Resolvers,
    name: *const c_char,
    type_: c_uint,
    class_: c_uint,
    timeout: f64,
    packet: *mut *mut Message,
) -> c_int {
    call(|| {
        if packet.is_null() {
            return Err(Errno::BADARG);
        }
        let deadline = limit(timeout).map(|span| Instant::now().after(span));
        // A count of its own: the thread's pool may be replaced meanwhile. A fiber that is abandoned while it
        // waits leaves pool and resolver behind, but nothing that dangles.
        // SAFETY: as documented, here and below; the count is given back when nobody waits any more.
        let pool = Rc::into_raw(unsafe { share(pool) });
        let answer = unsafe { query_through(pool, name, type_, class_, deadline) };
        drop(unsafe { Rc::from_raw(pool) });
        unsafe { hand_out_packet(packet, answer?) }
    })
}

/// Takes a resolver out of a pool, asks, and puts it back.
unsafe fn query_through(
    pool: *const Resolvers,
    name: *const c_char,
    type_: c_uint,
    class_: c_uint,
    deadline: Option<Instant>,
) -> Result<Packet> {
    let resolver = loop {
        // SAFETY: counted by the caller until it is done, here and below.
        match unsafe { borrow(pool) }?.get() {
            Some(resolver) => break Rc::into_raw(resolver),
            None => fiber::poll_until(unsafe { borrow(pool) }?.interest(), deadline)?,
        }
    };
    // SAFETY: counted by the pointer itself, which is turned back below.
    let asked = unsafe { ask(borrow(resolver)?, name, type_, class_) };
    let answer = asked.and_then(|()| unsafe { wait(resolver, deadline) });
    unsafe { borrow(pool) }?.put(unsafe { Rc::from_raw(resolver) });
    answer
}

/// Sets what this thread's sockets, and the functions here that are given no pool, resolve names with. NULL
/// everywhere: the system's files. The option "ports" is left out: each question has a port of its own.
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
            Rc::make_mut(&mut config).ports = 0;
            Rc::new(Resolvers::new(config, hosts, hints))
        }));
        Ok(())
    })
}

/// Finds the addresses of a host and waits for them, at most `timeout` seconds. Aliases are followed, the search list
/// and the hosts file count, an address in text stands for itself. `family` is AF_INET, AF_INET6, or AF_UNSPEC
/// for both, IPv6 first. `count` is how many there is room for, and receives how many were written; more are
/// dropped. Ports are 0.
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
        let lookup = Box::into_raw(Box::new(Lookup::new(unsafe { share(pool) }, name, family)));
        let outcome = unsafe { finish(lookup, deadline) };
        // SAFETY: made above, and nobody else has it.
        let mut lookup = unsafe { Box::from_raw(lookup) };
        outcome?;
        let found = lookup.take();
        if found.is_empty() {
            return Err(lookup.error());
        }
        for (index, &ip) in found.iter().take(room).enumerate() {
            let address = Address::new(&SockaddrStorage::from(SocketAddr::new(ip, 0)));
            unsafe { addresses.add(index).write(address) };
        }
        unsafe { put(count, found.len().min(room)) }
    })
}

unsafe fn finish(lookup: *mut Lookup, deadline: Option<Instant>) -> Result<()> {
    loop {
        // SAFETY: the caller's alone, here and below; no reference is held while waiting.
        match unsafe { &mut *lookup }.step() {
            Err(Errno::AGAIN) => {}
            result => return result,
        }
        let left = deadline.map(|deadline| deadline.since(Instant::now()));
        if left == Some(Span::ZERO) {
            return Err(Errno::TIMEDOUT);
        }
        let timer = Member { timeout: left, ..Member::NOTHING };
        let members = unsafe { &*lookup }.interests().chain(left.map(|_| timer));
        fiber::poll(members, &mut |_| {})?;
    }
}

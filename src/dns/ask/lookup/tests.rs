// SPDX-License-Identifier: MIT
//! Names of hosts to addresses, without a network.

use super::*;
use crate::dns::ask::pool::Ticket;
use crate::dns::system::config::Config;
use crate::dns::system::hosts::Hosts;
use std::sync::Arc;

/// Resolvers that know a hosts file and nobody else.
fn pool(hosts: &str) -> Rc<Resolvers> {
    let mut config = Config::default();
    config.lookup = vec![crate::dns::system::config::Source::File];
    let mut table = Hosts::default();
    table.load(hosts.as_bytes(), "hosts");
    Rc::new(Resolvers::new(Arc::new(config), Some(Arc::new(table)), None))
}

fn found(hosts: &str, name: &str, family: i32) -> Result<Vec<String>> {
    let mut lookup = Lookup::new(pool(hosts), name, family).unwrap();
    lookup.step()?;
    let list = lookup.take();
    match list.is_empty() {
        true => Err(lookup.error()),
        false => Ok(list.iter().map(|address| address.ip().to_string()).collect()),
    }
}

const HOSTS: &str = "192.0.2.1 both v4\n2001:db8::1 both v6\n192.0.2.2 both\n";

fn list(addresses: &[&str]) -> Result<Vec<String>> {
    Ok(addresses.iter().map(|&address| address.to_owned()).collect())
}

#[test]
fn both_kinds_are_found_ipv6_first() {
    assert_eq!(
        found(HOSTS, "both", libc::AF_UNSPEC),
        list(&["2001:db8::1", "192.0.2.1", "192.0.2.2"])
    );
    assert_eq!(found(HOSTS, "both", libc::AF_INET), list(&["192.0.2.1", "192.0.2.2"]));
    assert_eq!(found(HOSTS, "both", libc::AF_INET6), list(&["2001:db8::1"]));
    assert_eq!(found(HOSTS, "v4", libc::AF_UNSPEC), list(&["192.0.2.1"]));
}

#[test]
fn an_address_in_text_stands_for_itself() {
    assert_eq!(found("", "192.0.2.9", libc::AF_UNSPEC), list(&["192.0.2.9"]));
    assert_eq!(found("", "::1", libc::AF_INET6), list(&["::1"]));
    assert_eq!(found("", "::1", libc::AF_INET), Err(Errno::NONAME));
    assert_eq!(found("", "192.0.2.9", libc::AF_INET6), Err(Errno::NONAME));
}

#[test]
fn a_name_that_nobody_can_tell_of_is_a_failure_and_not_no_name() {
    assert_eq!(found(HOSTS, "unknown", libc::AF_UNSPEC), Err(Errno::FAIL));
    assert_eq!(found(HOSTS, "a..b", libc::AF_UNSPEC), Err(Errno::ILLEGAL));
    let mut lookup = Lookup::new(pool(HOSTS), "unknown", libc::AF_INET).unwrap();
    lookup.step().expect("nobody is asked");
    assert_eq!(lookup.reason(), "unknown.: no server is known");
}

#[test]
fn localhost_is_this_machine_without_any_file() {
    assert_eq!(found("", "localhost", libc::AF_UNSPEC), list(&["::1", "127.0.0.1"]));
}

#[test]
fn what_the_files_know_needs_no_resolver() {
    let pool = pool(HOSTS);
    pool.set_limit(1);
    let _taken = pool.get().unwrap().expect("the only one");
    for name in ["both", "localhost", "a.localhost.", "192.0.2.1", "::1"] {
        let mut lookup = Lookup::new(Rc::clone(&pool), name, libc::AF_UNSPEC).unwrap();
        assert_eq!(lookup.step(), Ok(()), "{name}");
        assert!(!lookup.take().is_empty(), "{name}");
    }
}

#[test]
fn a_name_in_one_family_is_none_of_the_other() {
    assert_eq!(found("192.0.2.1 four\n", "four", libc::AF_INET6), Err(Errno::NONAME));
    assert_eq!(found("::2 six\n", "six", libc::AF_INET), Err(Errno::NONAME));
    assert_eq!(found("::2 six\n", "six", libc::AF_UNSPEC), list(&["::2"]));
}

#[test]
fn an_address_may_have_a_zone() {
    for (hosts, name) in [("", "fe80::53%7"), ("fe80::53%7 near\n", "near")] {
        let mut lookup = Lookup::new(pool(hosts), name, libc::AF_UNSPEC).unwrap();
        lookup.step().expect("nobody is asked");
        let found = lookup.take();
        assert_eq!(found.len(), 1, "{name}");
        assert!(matches!(found[0], SocketAddr::V6(v6) if v6.scope_id() == 7), "{name}");
    }
}

#[test]
fn one_who_goes_when_it_is_his_turn_passes_it_on() {
    let pool = pool(HOSTS);
    pool.set_limit(1);
    let taken = pool.get().unwrap().expect("the only one");
    let tickets: Vec<_> =
        (0..3).map(|_| Ticket::new(Rc::clone(&pool), Condition::new(false).unwrap())).collect();
    assert!(tickets.iter().all(|ticket| ticket.get().unwrap().is_none()));
    let [first, second, third] = <[_; 3]>::try_from(tickets).ok().expect("three");
    pool.put(taken);
    drop(first);
    let taken = second.get().unwrap().expect("it is its turn");
    drop(second);
    assert!(third.get().unwrap().is_none(), "the only one is out");
    pool.put(taken);
    assert!(third.get().unwrap().is_some());
}

#[test]
fn whoever_finds_no_resolver_free_waits_and_gives_all_back() {
    let pool = pool(HOSTS);
    pool.set_limit(1);
    let taken = pool.get().unwrap().expect("the only one");
    let mut lookup = Lookup::new(Rc::clone(&pool), "unknown", libc::AF_UNSPEC).unwrap();
    assert_eq!(lookup.step(), Err(Errno::AGAIN));
    assert_eq!(lookup.interests().count(), 2);
    assert_eq!(lookup.progress(), "unknown: waiting for a resolver");
    pool.put(taken);
    // One resolver answers both questions, one after the other.
    assert_eq!(lookup.step(), Ok(()));
    assert_eq!(lookup.error(), Errno::FAIL);
    drop(lookup);
    assert!(pool.get().unwrap().is_some());
}

// SPDX-License-Identifier: MIT
//! Names of hosts to addresses, without a network.

use super::super::hosts::Hosts;
use super::*;

/// Resolvers that know a hosts file and nobody else.
fn pool(hosts: &str) -> Rc<Resolvers> {
    let mut config = Config::default();
    config.lookup = vec![super::super::config::Source::File];
    let mut table = Hosts::default();
    table.load(hosts.as_bytes(), "hosts");
    Rc::new(Resolvers::new(Rc::new(config), Some(Rc::new(table)), None))
}

fn found(hosts: &str, name: &str, family: i32) -> Result<Vec<String>> {
    let mut lookup = Lookup::new(pool(hosts), name, family);
    lookup.step()?;
    let list = lookup.take();
    match list.is_empty() {
        true => Err(lookup.error()),
        false => Ok(list.iter().map(IpAddr::to_string).collect()),
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
    let mut lookup = Lookup::new(pool(HOSTS), "unknown", libc::AF_INET);
    lookup.step().expect("nobody is asked");
    assert_eq!(lookup.reason(), "unknown.: no server is known");
}

#[test]
fn localhost_is_this_machine_without_any_file() {
    assert_eq!(found("", "localhost", libc::AF_UNSPEC), list(&["::1", "127.0.0.1"]));
}

#[test]
fn whoever_finds_no_resolver_free_waits_and_gives_all_back() {
    let pool = pool(HOSTS);
    pool.set_limit(1);
    let taken = pool.get().expect("the only one");
    let mut lookup = Lookup::new(Rc::clone(&pool), "both", libc::AF_UNSPEC);
    assert_eq!(lookup.step(), Err(Errno::AGAIN));
    assert_eq!(lookup.interests().count(), 2);
    assert_eq!(lookup.progress(), "both: waiting for a resolver");
    pool.put(taken);
    // One resolver answers both questions, one after the other.
    assert_eq!(lookup.step(), Ok(()));
    assert_eq!(lookup.take().len(), 3);
    drop(lookup);
    assert!(pool.get().is_some());
}

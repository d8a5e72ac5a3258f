// SPDX-License-Identifier: MIT
//! Races: whose turn it is. The connections are made up; the tests in C make real ones.

use super::*;
use crate::dns::ask::lookup::set_usual;
use crate::dns::ask::pool::Resolvers;
use crate::dns::system::config::{Config, Source};
use crate::dns::system::hosts::Hosts;
use std::os::fd::IntoRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;

/// This thread's sockets know these hosts and no others.
fn know(hosts: &str) {
    let config = Config { lookup: vec![Source::File], ..Config::default() };
    let mut table = Hosts::default();
    table.load(hosts.as_bytes(), "hosts");
    set_usual(Some(Rc::new(Resolvers::new(
        std::sync::Arc::new(config),
        Some(std::sync::Arc::new(table)),
        None,
    ))));
}

const REFUSED: Errno = Errno(libc::ECONNREFUSED);

/// Four addresses of a name, of both kinds.
const HOSTS: &str =
    "192.0.2.1 name\n192.0.2.2 name\n2001:db8::1 name\n2001:db8::2 name\n2001:db8::3 name\n";

fn race(family: i32) -> Race {
    know(HOSTS);
    // What this host can reach is not asked.
    let mut race = Race::new("name", 80, family).unwrap();
    race.sort = |_| {};
    race
}

#[test]
fn the_address_that_is_sorted_first_is_tried_first_and_the_kinds_take_turns() {
    let mut race = race(libc::AF_UNSPEC);
    race.sort = |list| list.sort_by_key(|address| !address.is_ipv4());
    let mut tried = Vec::new();
    let result = race.step(&mut |address: &SocketAddr| {
        tried.push(address.is_ipv4());
        Err(Errno(libc::ECONNREFUSED))
    });
    assert_eq!(result.err(), Some(Errno(libc::ECONNREFUSED)));
    assert_eq!(tried[..3], [true, false, true]);
}

/// The order in which addresses are tried that all refuse.
fn order(family: i32) -> Vec<String> {
    let mut tried = Vec::new();
    let mut race = race(family);
    let result = race.step(&mut |address| {
        tried.push(address.to_string());
        Err(REFUSED)
    });
    assert_eq!(result.err(), Some(REFUSED));
    assert_eq!(race.story(), format!("name: {}: {REFUSED}", tried.last().expect("some")));
    tried
}

#[test]
fn the_kinds_take_turns_and_ipv6_begins() {
    let wanted = [
        "[2001:db8::1]:80",
        "192.0.2.1:80",
        "[2001:db8::2]:80",
        "192.0.2.2:80",
        "[2001:db8::3]:80",
    ];
    assert_eq!(order(libc::AF_UNSPEC), wanted);
}

#[test]
fn a_family_has_its_own_addresses_alone() {
    assert_eq!(order(libc::AF_INET), ["192.0.2.1:80", "192.0.2.2:80"]);
    assert_eq!(order(libc::AF_INET6).len(), 3);
}

#[test]
fn the_first_that_connects_wins_and_the_rest_is_not_tried() {
    let mut tried = 0;
    let mut race = race(libc::AF_UNSPEC);
    let (one, _other) = UnixStream::pair().expect("a socket pair");
    let mut one = Some(Descriptor::new(one.into_raw_fd()).unwrap());
    let (_, winner) = race
        .step(&mut |address| {
            tried += 1;
            match address.is_ipv4() {
                true => one.take().map(|one| (one, true)).ok_or(REFUSED),
                false => Err(REFUSED),
            }
        })
        .expect("a connection");
    assert_eq!((winner.to_string().as_str(), tried), ("192.0.2.1:80", 2));
}

#[test]
fn an_attempt_that_takes_long_has_a_quarter_of_a_second_for_itself() {
    let mut race = race(libc::AF_INET);
    let fd = sock::open(libc::AF_INET, libc::SOCK_STREAM).expect("a socket");
    let (begun, address) = (Instant::now(), SocketAddr::from(([192, 0, 2, 1], 80)));
    race.attempts.push((Descriptor::new(fd).unwrap(), address));
    race.next = Some(begun.after(STAGGER));
    assert!(!race.may_start(begun));
    assert!(!race.may_start(begun.after(Span(249_000_000))));
    assert!(race.may_start(begun.after(STAGGER)));
    // One that has failed makes way at once.
    race.failed(&address, REFUSED);
    assert!(race.may_start(begun));
}

#[test]
fn a_name_without_addresses_fails_with_what_the_resolver_said() {
    know("");
    let mut race = Race::new("unknown", 80, libc::AF_UNSPEC).unwrap();
    let result = race.step(&mut |_| panic!("nothing is tried"));
    assert_eq!(result.err(), Some(Errno::FAIL));
    assert_eq!(race.story(), "unknown.: no server is known");
    assert_eq!(race.addresses().err(), Some(Errno::FAIL));
}

#[test]
fn for_those_who_take_the_first_one_ipv4_comes_first() {
    let list = race(libc::AF_UNSPEC).addresses().expect("addresses");
    let list: Vec<String> = list.iter().map(SocketAddr::to_string).collect();
    assert_eq!(list[..3], ["192.0.2.1:80", "192.0.2.2:80", "[2001:db8::1]:80"]);
}

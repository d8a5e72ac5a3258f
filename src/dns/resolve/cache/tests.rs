// SPDX-License-Identifier: MIT
//! What is kept, for how long, and what goes when there is no room.

use super::*;
use crate::dns::message::packet::{ADDITIONAL, ALL, LARGEST, QUESTION};
use crate::dns::message::types::{A, AAAA, CNAME, IN, MX, NS, OPT};

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn at(seconds: u64) -> Instant {
    Instant(seconds * 1_000_000_000)
}

fn server(text: &str) -> SocketAddr {
    text.parse().expect("an address")
}

/// An answer: addresses of a name with this lifetime.
fn addresses(owner: &str, ttl: u32) -> Packet {
    let mut packet = Packet::query(1, flag::QR, &name(owner), A, IN);
    packet.push(ANSWER, &name(owner), A, IN, ttl, &[192, 0, 2, 1]).expect("an address");
    packet
}

/// A denial: `code`, with the SOA of a zone, unless that is empty.
fn denial(owner: &str, code: u16, zone: &str, ttl: u32, minimum: u32) -> Packet {
    let mut packet = Packet::query(1, flag::QR | code, &name(owner), A, IN);
    if !zone.is_empty() {
        let numbers = [1, 2, 3, 4, minimum].map(u32::to_be_bytes).concat();
        let data = [b"\0\0", &numbers[..]].concat();
        packet.push(AUTHORITY, &name(zone), SOA, IN, ttl, &data).expect("an SOA");
    }
    packet
}

fn ttls(packet: &Packet) -> Vec<u32> {
    packet.records(ALL & !QUESTION).map(|record| record.ttl).collect()
}

/// Whether a name's addresses are known.
fn knows(cache: &mut Cache, owner: &str, rtype: u16, seconds: u64) -> bool {
    cache.answer(1, &name(owner), rtype, IN, at(seconds)).is_some()
}

fn put(cache: &mut Cache, owner: &str, packet: &Packet, seconds: u64) {
    cache.put_answer(1, (&name(owner), A, IN), packet, at(seconds));
}

#[test]
fn an_answer_is_kept_for_its_lifetime_which_shrinks() {
    let mut cache = Cache::default();
    put(&mut cache, "www.test", &addresses("www.test", 10), 100);
    let told = |cache: &mut Cache, seconds| {
        cache.answer(1, &name("WWW.test"), A, IN, at(seconds)).map(|packet| ttls(&packet))
    };
    assert_eq!(told(&mut cache, 100), Some(vec![10]));
    assert_eq!(told(&mut cache, 103), Some(vec![7]));
    assert_eq!(told(&mut cache, 109), Some(vec![1]));
    assert_eq!(told(&mut cache, 110), None);
}

#[test]
fn an_answer_is_one_to_its_question_alone() {
    let mut cache = Cache::default();
    put(&mut cache, "www.test", &addresses("www.test", 10), 0);
    assert!(knows(&mut cache, "www.test", A, 1));
    assert!(!knows(&mut cache, "www.test", AAAA, 1));
    assert!(!knows(&mut cache, "test", A, 1));
    assert!(cache.answer(1, &name("www.test"), A, 3, at(1)).is_none(), "of another class");
    assert!(cache.answer(2, &name("www.test"), A, IN, at(1)).is_none(), "of other servers");
}

#[test]
fn the_shortest_lifetime_of_the_answer_counts() {
    let mut packet = addresses("www.test", 100);
    packet.push(ANSWER, &name("www.test"), A, IN, 3, &[192, 0, 2, 2]).expect("an address");
    assert_eq!(lifetime(&packet, &name("www.test"), A), Some(3));
    // What stands beside it does not.
    packet.push(AUTHORITY, &name("test"), NS, IN, 1, b"\0").expect("a server");
    assert_eq!(lifetime(&packet, &name("www.test"), A), Some(3));
}

#[test]
fn all_records_but_the_pseudo_one_grow_older() {
    let mut cache = Cache::default();
    let mut packet = addresses("www.test", 100);
    packet.push(AUTHORITY, &name("test"), NS, IN, 50, b"\0").expect("a server");
    packet.push(ADDITIONAL, &name("x.test"), A, IN, 5, &[1, 2, 3, 4]).expect("glue");
    packet.push(ADDITIONAL, &Name::root(), OPT, 1232, 0x8000, &[]).expect("an OPT");
    put(&mut cache, "www.test", &packet, 0);
    let aged = cache.answer(1, &name("www.test"), A, IN, at(20)).expect("it is kept");
    assert_eq!(ttls(&aged), [80, 30, 0, 0x8000]);
}

#[test]
fn a_lifetime_of_none_or_beyond_31_bits_is_not_kept_and_a_long_one_for_a_day() {
    for ttl in [0, 1 << 31, u32::MAX] {
        let mut cache = Cache::default();
        put(&mut cache, "www.test", &addresses("www.test", ttl), 0);
        let now = Instant::now();
        assert!(cache.answer(1, &name("www.test"), A, IN, now).is_none(), "{ttl}");
        assert!(cache.size() < OVERHEAD + 100, "{ttl}: no more than that there is something");
    }
    assert_eq!(lifetime(&addresses("a", i32::MAX as u32), &name("a"), A), Some(86_400));
}

#[test]
fn failures_and_cut_answers_are_not_kept() {
    for flags in [rcode::SERVFAIL, rcode::REFUSED, rcode::FORMERR, flag::TC] {
        let mut packet = addresses("www.test", 10);
        packet.set_flags(flag::QR | flags);
        assert_eq!(lifetime(&packet, &name("www.test"), A), None, "{flags}");
    }
}

#[test]
fn a_denial_is_kept_as_long_as_the_zone_says() {
    let ttl = |packet: &Packet| lifetime(packet, &name("www.test"), A);
    for code in [rcode::NOERROR, rcode::NXDOMAIN] {
        assert_eq!(ttl(&denial("www.test", code, "test", 60, 30)), Some(30));
        assert_eq!(ttl(&denial("www.test", code, "test", 20, 30)), Some(20));
        assert_eq!(ttl(&denial("www.test", code, "test", 90_000, 90_000)), Some(10_800));
        assert_eq!(ttl(&denial("www.test", code, "", 0, 0)), None, "nobody said for how long");
        assert_eq!(ttl(&denial("www.test", code, "other", 60, 30)), None, "not of that zone");
    }
}

#[test]
fn a_denial_behind_aliases_is_of_what_they_lead_to() {
    let mut packet = Packet::query(1, flag::QR, &name("www.test"), A, IN);
    packet
        .push(ANSWER, &name("www.test"), CNAME, IN, 7, name("host.zone").wire())
        .expect("an alias");
    let data = [&b"\0\0"[..], &[0; 19], &[9]].concat();
    let mut denied = packet.clone();
    denied.push(AUTHORITY, &name("zone"), SOA, IN, 60, &data).expect("an SOA");
    assert_eq!(lifetime(&denied, &name("www.test"), A), Some(7));
    let mut elsewhere = packet.clone();
    elsewhere.push(AUTHORITY, &name("test"), SOA, IN, 60, &data).expect("an SOA");
    assert_eq!(lifetime(&elsewhere, &name("www.test"), A), None);
    assert_eq!(lifetime(&packet, &name("www.test"), A), None, "an alias alone is no answer");
    assert_eq!(lifetime(&packet, &name("www.test"), CNAME), Some(7));
}

#[test]
fn a_name_that_does_not_exist_has_nothing_of_any_type() {
    let mut cache = Cache::default();
    put(&mut cache, "no.test", &denial("no.test", rcode::NXDOMAIN, "test", 60, 60), 0);
    let packet = cache.answer(1, &name("no.test"), MX, IN, at(1)).expect("it is known");
    assert_eq!(packet.question(), Some((name("no.test"), MX, IN)), "it answers what was asked");
    assert_eq!(packet.code(), rcode::NXDOMAIN);
    assert!(!knows(&mut cache, "below.no.test", A, 1));
    assert!(!knows(&mut cache, "no.test", A, 60));
    // That a name has no address says nothing about other types.
    put(&mut cache, "v6.test", &denial("v6.test", rcode::NOERROR, "test", 60, 60), 0);
    assert!(knows(&mut cache, "v6.test", A, 1) && !knows(&mut cache, "v6.test", AAAA, 1));
}

#[test]
fn the_latest_answer_takes_the_place_of_the_one_before() {
    let mut cache = Cache::default();
    put(&mut cache, "www.test", &addresses("www.test", 10), 0);
    let size = cache.size();
    put(&mut cache, "www.test", &addresses("www.test", 99), 1);
    assert_eq!(cache.size(), size);
    assert!(knows(&mut cache, "www.test", A, 90));
}

#[test]
fn what_is_reckoned_for_an_entry_is_what_it_takes() {
    let word = size_of::<usize>();
    let node = size_of::<(Key, Kept)>() + 2 * word;
    let place = 2 * word + 1; // two pointers and a byte of control; the table is from 7/16 to 7/8 full
    let takes = node + place * 16 / 7 + 2 * word + 3 * 16;
    assert!(takes <= OVERHEAD, "{takes} bytes");
    assert!(word < 8 || takes + 16 > OVERHEAD, "{takes} bytes");
}

#[test]
fn it_never_holds_more_bytes_than_its_limit() {
    let mut cache = Cache::with_limit(10_000);
    for index in 0..1000 {
        let owner = format!("host{index}.test");
        put(&mut cache, &owner, &addresses(&owner, 1000), 0);
        assert!(cache.size() <= 10_000);
        assert!(knows(&mut cache, &owner, A, 1), "the latest is there");
    }
    assert!(cache.size() > 8_000, "and not much fewer");
    cache.clear();
    assert_eq!(cache.size(), 0);
    assert!(!knows(&mut cache, "host999.test", A, 1));
}

#[test]
fn what_was_not_used_for_the_longest_time_goes_first() {
    let mut cache = Cache::with_limit(1200);
    let all = ["a.test", "b.test", "c.test", "d.test"];
    for owner in &all {
        put(&mut cache, owner, &addresses(owner, 1000), 0);
    }
    assert!(knows(&mut cache, "a.test", A, 1), "all four fit, and the first is used");
    put(&mut cache, "e.test", &addresses("e.test", 1000), 0);
    let left: Vec<bool> = all.iter().map(|owner| knows(&mut cache, owner, A, 1)).collect();
    assert_eq!(left, [true, false, true, true]);
}

#[test]
fn an_answer_larger_than_all_room_is_left_out_and_takes_nobody_s_place() {
    let mut cache = Cache::with_limit(1200);
    put(&mut cache, "a.test", &addresses("a.test", 1000), 0);
    let mut large = Packet::new(LARGEST);
    large.push(ANSWER, &name("b.test"), A, IN, 1000, &[0; 4]).expect("a record");
    large.push(ANSWER, &name("b.test"), 16, IN, 1000, &[0; 2000]).expect("a record");
    put(&mut cache, "b.test", &large, 0);
    assert!(knows(&mut cache, "a.test", A, 1) && !knows(&mut cache, "b.test", A, 1));
}

fn zone(of: &str) -> Rc<Delegation> {
    let servers = vec![(name("ns.test"), vec![server("192.0.2.1:53")])];
    Rc::new(Delegation { zone: name(of), servers })
}

fn nearest(cache: &mut Cache, to: &str, seconds: u64) -> Option<String> {
    cache.zone(1, &name(to), at(seconds)).map(|found| found.zone.to_string())
}

#[test]
fn the_nearest_zone_that_is_known_counts() {
    let mut cache = Cache::default();
    cache.put_zone(1, zone("test"), 100, at(0));
    cache.put_zone(1, zone("a.test"), 50, at(0));
    assert_eq!(nearest(&mut cache, "www.A.test", 1).as_deref(), Some("a.test."));
    assert_eq!(nearest(&mut cache, "a.test", 1).as_deref(), Some("a.test."));
    assert_eq!(nearest(&mut cache, "ba.test", 1).as_deref(), Some("test."));
    assert_eq!(nearest(&mut cache, "www.a.test", 50).as_deref(), Some("test."));
    assert_eq!(nearest(&mut cache, "org", 1), None);
    assert!(cache.zone(2, &name("test"), at(1)).is_none());
    cache.forget_zone(1, &name("a.test"));
    assert_eq!(nearest(&mut cache, "www.a.test", 1).as_deref(), Some("test."));
    cache.put_zone(1, zone("."), 0, at(0));
    assert_eq!(nearest(&mut cache, "org", 0), None, "no lifetime, no place");
}

#[test]
fn who_serves_a_zone_is_no_answer_about_it() {
    let mut cache = Cache::default();
    cache.put_zone(1, zone("test"), 100, at(0));
    assert!(!knows(&mut cache, "test", NS, 1) && !knows(&mut cache, "ns.test", A, 1));
}

#[test]
fn what_is_noted_of_a_server_is_forgotten_after_a_while() {
    let mut cache = Cache::default();
    let (one, other) = (server("192.0.2.1:53"), server("192.0.2.1:54"));
    assert!(!cache.is(1, one, Trait::Silent, at(0)));
    // Lesson: a recursive resolver that is led to a stub's server must not spoil what the stub knows of it.
    cache.mark(2, one, Trait::Silent, true, at(0));
    assert!(!cache.is(1, one, Trait::Silent, at(0)), "another view");
    cache.mark(1, one, Trait::Silent, true, at(0));
    assert!(cache.is(1, one, Trait::Silent, at(59)) && !cache.is(1, one, Trait::Silent, at(60)));
    assert!(!cache.is(1, one, Trait::Plain, at(1)) && !cache.is(1, other, Trait::Silent, at(1)));
    cache.mark(1, one, Trait::Silent, false, at(1));
    assert!(!cache.is(1, one, Trait::Silent, at(2)));
    cache.mark(1, one, Trait::Plain, true, at(0));
    assert!(cache.is(1, one, Trait::Plain, at(3599)) && !cache.is(1, one, Trait::Plain, at(3600)));
    cache.clear();
    assert!(!cache.is(1, one, Trait::Plain, at(1)));
}

#[test]
fn only_so_many_servers_are_remembered() {
    let mut cache = Cache::default();
    let servers: Vec<SocketAddr> =
        (1..=1025).map(|port| SocketAddr::from(([192, 0, 2, 1], port))).collect();
    servers.iter().for_each(|&server| cache.mark(1, server, Trait::Silent, true, at(0)));
    let known = servers.iter().filter(|&&server| cache.is(1, server, Trait::Silent, at(1))).count();
    assert_eq!(known, 1024);
}

#[test]
fn views_differ_where_what_they_are_of_differs() {
    let cache = Cache::default();
    assert_eq!(cache.view(&("a", 1)), cache.view(&("a", 1)));
    assert_ne!(cache.view(&("a", 1)), cache.view(&("a", 2)));
}

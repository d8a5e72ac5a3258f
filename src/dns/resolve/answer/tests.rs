// SPDX-License-Identifier: MIT
//! What an answer means: chains of aliases, denials, referrals, and what a server may not say.

use super::*;
use crate::dns::message::packet::QUESTION;
use crate::dns::message::types::{A, AAAA, IN, MX};

fn name(text: &str) -> Name {
    Name::scan(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A message of lines "SECTION OWNER TYPE DATA", its flags first.
fn message(flags: u16, lines: &[&str]) -> Packet {
    let mut packet = Packet::new(65535);
    packet.set_flags(flag::QR | flags);
    packet.push(QUESTION, &name("www.example.com"), A, IN, 0, &[]).expect("a question");
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let [section, owner, rtype, data] = words[..] else { panic!("{line}") };
        let section = [("an", ANSWER), ("au", AUTHORITY), ("ad", ADDITIONAL)]
            .iter()
            .find(|entry| entry.0 == section)
            .map_or(0, |entry| entry.1);
        let (rtype, data) = match rtype {
            "A" => (A, data.parse::<std::net::Ipv4Addr>().expect("an address").octets().to_vec()),
            "AAAA" => {
                (AAAA, data.parse::<std::net::Ipv6Addr>().expect("an address").octets().to_vec())
            }
            "CNAME" => (CNAME, name(data).wire().to_vec()),
            "NS" => (NS, name(data).wire().to_vec()),
            "SOA" => (SOA, [b"\0\0", &[0; 20][..]].concat()),
            _ => panic!("{line}"),
        };
        packet.push(section, &name(owner), rtype, IN, 300, &data).expect("a record");
    }
    packet
}

/// Where `www.example.com` leads: the owners on the way, the end, and whether there is data.
fn way(packet: &Packet, zone: &str) -> (Vec<String>, String, bool) {
    let way = follow(packet, &name("www.example.com"), A, IN, &name(zone));
    let all = packet.records(ANSWER).filter(|_| way.plain);
    let owners = all.chain(way.records).map(|record| record.name().expect("a name").to_string());
    (owners.collect(), way.end.to_string(), way.complete)
}

/// What a message means to one who asked for that name and type.
fn asked(packet: &Packet, question: (&str, u16), zone: &str, recursive: bool) -> String {
    let (owner, rtype) = question;
    let way = follow(packet, &name(owner), rtype, IN, &name(zone));
    match meaning(packet, &way, &name(zone), recursive) {
        Meaning::Final => "final".to_owned(),
        Meaning::Alias(target) => format!("alias {target}"),
        Meaning::Lame => "lame".to_owned(),
        Meaning::Referral(delegation, ttl) => {
            let servers = delegation.servers.iter().map(|(host, addresses)| {
                let list: Vec<String> = addresses.iter().map(|a| a.ip().to_string()).collect();
                format!(" {host}({})", list.join(","))
            });
            format!("referral {} {ttl}{}", delegation.zone, servers.collect::<String>())
        }
    }
}

fn stub(packet: &Packet) -> String {
    asked(packet, ("www.example.com", A), ".", true)
}

fn recursive(packet: &Packet, zone: &str) -> String {
    asked(packet, ("www.example.com", A), zone, false)
}

#[test]
fn only_what_lies_on_the_way_counts() {
    let packet = message(
        0,
        &[
            "an other.example.com A 192.0.2.66",
            "an www.example.com CNAME a.example.com",
            "an stray.example.com CNAME b.example.com",
            "an a.example.com A 192.0.2.1",
            "an WWW.example.COM AAAA ::1",
            "an a.example.com A 192.0.2.2",
        ],
    );
    let (owners, end, complete) = way(&packet, ".");
    assert_eq!(owners, ["www.example.com.", "a.example.com.", "a.example.com."]);
    assert_eq!((end.as_str(), complete), ("a.example.com.", true));
}

#[test]
fn the_order_of_the_records_does_not_matter() {
    let packet = message(
        0,
        &[
            "an b.example.com A 192.0.2.1",
            "an a.example.com CNAME b.example.com",
            "an www.example.com CNAME a.example.com",
        ],
    );
    assert_eq!(way(&packet, ".").0, ["www.example.com.", "a.example.com.", "b.example.com."]);
}

#[test]
fn a_ring_of_aliases_ends() {
    let packet = message(
        0,
        &["an www.example.com CNAME a.example.com", "an a.example.com CNAME www.example.com"],
    );
    let way = follow(&packet, &name("www.example.com"), A, IN, &Name::root());
    assert!(!way.complete);
    assert!(way.circular);
    let itself = message(0, &["an www.example.com CNAME www.example.com"]);
    let way = follow(&itself, &name("www.example.com"), A, IN, &Name::root());
    assert!(way.circular && !way.complete);
}

#[test]
fn a_name_with_two_aliases_leads_both_ways() {
    let lines = [
        "an www.example.com CNAME a.example.com",
        "an www.example.com CNAME b.example.com",
        "an b.example.com A 192.0.2.1",
    ];
    let packet = message(0, &lines);
    let found = follow(&packet, &name("www.example.com"), A, IN, &Name::root());
    assert_eq!((found.records.len(), found.complete, found.circular), (3, true, false));
    assert_eq!(stub(&packet), "final");
    // One of them in a circle.
    let packet = message(
        0,
        &[
            "an b.example.com CNAME www.example.com",
            lines[0],
            lines[1],
            "an a.example.com A 192.0.2.1",
        ],
    );
    let found = follow(&packet, &name("www.example.com"), A, IN, &Name::root());
    assert!(found.complete && !found.circular);
}

#[test]
fn what_moves_a_name_stays_with_its_alias() {
    let mut packet = message(0, &["an www.example.com CNAME www.example.org"]);
    let wire = name("example.org");
    for owner in ["example.com", "example.net", "www.example.com"] {
        packet.push(ANSWER, &name(owner), DNAME, IN, 300, wire.wire()).expect("a record");
    }
    packet.push(ANSWER, &name("www.example.org"), A, IN, 300, &[192, 0, 2, 1]).expect("a record");
    let (owners, _, complete) = way(&packet, ".");
    assert_eq!(owners, ["example.com.", "www.example.com.", "www.example.org."]);
    assert!(complete);
    // A server of the zone below says nothing of the zone above.
    assert_eq!(way(&packet, "www.example.com").0, ["www.example.com."]);
}

#[test]
fn a_message_of_any_size_is_followed_in_bounded_time() {
    let mut packet = Packet::new(65535);
    packet.set_flags(flag::QR);
    packet.push(QUESTION, &name("www.example.com"), A, IN, 0, &[]).expect("a question");
    // A chain that stands there backwards, as long as fits.
    let mut count = 0;
    while packet
        .push(
            ANSWER,
            &name(&format!("n{}", 5000 - count)),
            CNAME,
            IN,
            1,
            name(&format!("n{}", 5001 - count)).wire(),
        )
        .is_ok()
    {
        count += 1;
    }
    assert!(count > 2000);
    let begin = std::time::Instant::now();
    let first = name(&format!("n{}", 5001 - count));
    assert!(!follow(&packet, &first, A, IN, &Name::root()).complete);
    assert!(begin.elapsed() < std::time::Duration::from_secs(2));
}

#[test]
fn services_of_this_host_are_no_zone_s_business() {
    for address in
        ["0.0.0.0", "0.1.2.3", "224.0.0.1", "255.255.255.255", "::", "ff02::1", "::ffff:0.0.0.0"]
    {
        assert!(!may_ask(address.parse().expect("an address"), true), "{address}");
    }
    for address in ["127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"] {
        let address = address.parse().expect("an address");
        assert!(!may_ask(address, false) && may_ask(address, true), "{address}");
    }
    for address in ["192.0.2.1", "2001:db8::1", "10.0.0.1"] {
        assert!(may_ask(address.parse().expect("an address"), false), "{address}");
    }
}

#[test]
fn a_chain_is_followed_as_far_as_the_message_goes() {
    for (count, complete) in [(11, true), (12, true), (30, true), (300, true)] {
        let mut lines = vec!["an www.example.com CNAME n1".to_owned()];
        lines.extend((1..count).map(|i| format!("an n{i} CNAME n{}", i + 1)));
        lines.push(format!("an n{count} A 192.0.2.1"));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(way(&message(0, &lines), ".").2, complete, "{count}");
    }
}

#[test]
fn what_lies_outside_its_zone_a_server_does_not_decide() {
    let packet = message(
        flag::AA,
        &["an www.example.com CNAME www.example.org", "an www.example.org A 192.0.2.66"],
    );
    let (owners, end, complete) = way(&packet, "example.com");
    assert_eq!(owners, ["www.example.com."]);
    assert_eq!((end.as_str(), complete), ("www.example.org.", false));
    assert_eq!(recursive(&packet, "example.com"), "alias www.example.org.");
    assert_eq!(stub(&packet), "final", "a stub's server speaks for all");
    // Nor that it does not exist.
    let denied = message(
        flag::AA | rcode::NXDOMAIN,
        &["an www.example.com CNAME www.example.org", "au org SOA .", "au example.com SOA ."],
    );
    assert_eq!(recursive(&denied, "example.com"), "alias www.example.org.");
}

#[test]
fn an_alias_asked_for_itself_is_data() {
    let packet = message(0, &["an www.example.com CNAME a.example.com"]);
    for rtype in [CNAME, ALL] {
        assert_eq!(asked(&packet, ("www.example.com", rtype), ".", true), "final", "{rtype}");
    }
    assert_eq!(asked(&packet, ("www.example.com", A), ".", true), "alias a.example.com.");
}

#[test]
fn records_of_another_class_do_not_answer() {
    let packet = message(0, &["an www.example.com A 192.0.2.1"]);
    assert!(!follow(&packet, &name("www.example.com"), A, 3, &Name::root()).complete);
    assert!(follow(&packet, &name("www.example.com"), A, ANY, &Name::root()).complete);
}

#[test]
fn no_data_and_no_such_name_are_answers() {
    assert_eq!(stub(&message(flag::RA, &[])), "final", "a stub's server has asked everybody");
    assert_eq!(stub(&message(flag::AA, &[])), "final", "or knows it");
    assert_eq!(stub(&message(0, &[])), "lame", "or asks nobody");
    assert_eq!(stub(&message(rcode::NXDOMAIN, &[])), "final");
    assert_eq!(recursive(&message(flag::AA, &[]), "example.com"), "final");
    assert_eq!(recursive(&message(0, &["au example.com SOA ."]), "example.com"), "final");
    assert_eq!(recursive(&message(rcode::NXDOMAIN, &["au example.com SOA ."]), "com"), "final");
}

#[test]
fn a_server_that_knows_nothing_of_the_zone_is_lame() {
    assert_eq!(recursive(&message(0, &[]), "example.com"), "lame");
    assert_eq!(recursive(&message(rcode::NXDOMAIN, &[]), "example.com"), "lame");
    // An SOA beside the name, or above the server's zone, is no proof.
    for owner in ["other.example.com", "com", "org"] {
        let packet = message(0, &[&format!("au {owner} SOA .")]);
        assert_eq!(recursive(&packet, "example.com"), "lame", "{owner}");
    }
}

#[test]
fn failures_are_lame_whatever_stands_in_them() {
    for code in [rcode::SERVFAIL, rcode::REFUSED, rcode::FORMERR, rcode::NOTIMP, 6, 15] {
        let packet = message(flag::AA | code, &["an www.example.com A 192.0.2.1"]);
        assert_eq!((stub(&packet), recursive(&packet, "com")), ("lame".into(), "lame".into()));
    }
}

#[test]
fn a_referral_leads_down_with_the_addresses_of_its_servers() {
    let packet = message(
        0,
        &[
            "au example.com NS ns1.example.com",
            "au example.com NS ns2.example.org",
            "ad ns1.example.com A 192.0.2.1",
            "ad NS1.example.com AAAA 2001:db8::1",
            "ad ns2.example.org A 192.0.2.66",
            "ad ns3.example.com A 192.0.2.67",
        ],
    );
    assert_eq!(
        recursive(&packet, "com"),
        "referral example.com. 300 ns1.example.com.(192.0.2.1,2001:db8::1) ns2.example.org.()"
    );
    // The root's servers may tell of all.
    assert_eq!(
        recursive(&packet, "."),
        "referral example.com. 300 ns1.example.com.(192.0.2.1,2001:db8::1) ns2.example.org.(192.0.2.66)"
    );
}

#[test]
fn a_referral_never_leads_up_sideways_or_round() {
    for owner in
        [".", "com", "example.com", "other.example.com", "www.example.com.org", "a.www.example.com"]
    {
        let packet = message(
            0,
            &[&format!("au {owner} NS ns.example.com"), "ad ns.example.com A 192.0.2.1"],
        );
        assert_eq!(recursive(&packet, "example.com"), "lame", "{owner}");
    }
}

#[test]
fn a_referral_to_the_name_itself_leads_down() {
    let packet = message(0, &["au www.example.com NS ns.www.example.com"]);
    assert_eq!(
        recursive(&packet, "example.com"),
        "referral www.example.com. 300 ns.www.example.com.()"
    );
}

#[test]
fn of_two_referrals_the_first_that_fits_counts() {
    let packet = message(
        0,
        &[
            "au org NS ns.org",
            "au example.com NS ns.example.com",
            "au www.example.com NS ns.evil.org",
        ],
    );
    assert_eq!(recursive(&packet, "com"), "referral example.com. 300 ns.example.com.()");
}

#[test]
fn a_stub_s_server_never_refers() {
    let packet = message(0, &["au example.com NS ns.example.com", "ad ns.example.com A 192.0.2.1"]);
    assert_eq!(stub(&packet), "lame", "a server that asks nobody");
    let packet = message(flag::RA, &["au example.com NS ns.example.com"]);
    assert_eq!(stub(&packet), "final");
}

#[test]
fn twenty_servers_of_a_zone_are_enough() {
    let mut lines: Vec<String> =
        (0..30).map(|i| format!("au example.com NS ns{i}.example.com")).collect();
    lines.extend((0..30).map(|i| format!("ad ns0.example.com A 192.0.2.{i}")));
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let packet = message(0, &lines);
    let way = follow(&packet, &name("www.example.com"), A, IN, &name("com"));
    let Meaning::Referral(delegation, _) = meaning(&packet, &way, &name("com"), false) else {
        panic!("no referral")
    };
    assert_eq!(delegation.servers.len(), SERVERS);
    assert_eq!(delegation.servers[0].1.len(), SERVERS);
}

#[test]
fn data_of_another_type_is_no_data() {
    let packet = message(flag::AA, &["an www.example.com A 192.0.2.1"]);
    assert_eq!(asked(&packet, ("www.example.com", MX), "example.com", false), "final");
    assert!(!follow(&packet, &name("www.example.com"), MX, IN, &Name::root()).complete);
}

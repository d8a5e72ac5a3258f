// SPDX-License-Identifier: MIT
//! The rules of RFC 6724, by the examples of its §10.2.

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or_else(|_| panic!("{text}"))
}

/// Destinations with their sources, as "TO FROM", "TO -" or "TO FROM deprecated".
fn sorted(list: &[&str]) -> Vec<String> {
    let mut list: Vec<Destination> = list
        .iter()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            let source = (words[1] != "-").then(|| Source {
                address: ip(words[1].split('/').next().expect("an address")),
                deprecated: words.contains(&"deprecated"),
                prefix: words[1].split_once('/').map_or(0, |(_, bits)| bits.parse().expect("bits")),
            });
            Destination { address: SocketAddr::new(ip(words[0]), 0), source }
        })
        .collect();
    sort(&mut list);
    list.iter().map(|destination| destination.ip().to_string()).collect()
}

#[test]
fn the_examples_of_the_rfc_are_sorted_as_it_says() {
    for (list, wanted) in [
        (
            ["198.51.100.121 169.254.13.78", "2001:db8:1::1 2001:db8:1::2"],
            ["2001:db8:1::1", "198.51.100.121"],
        ),
        (
            ["2001:db8:1::1 fe80::1", "198.51.100.121 198.51.100.117"],
            ["198.51.100.121", "2001:db8:1::1"],
        ),
        (["10.1.2.3 10.1.2.4", "2001:db8:1::1 2001:db8:1::2"], ["2001:db8:1::1", "10.1.2.3"]),
        (["fe80::1 fe80::2", "2001:db8:1::1 2001:db8:1::2"], ["fe80::1", "2001:db8:1::1"]),
        (
            ["fe80::1 fe80::2 deprecated", "2001:db8:1::1 2001:db8:1::2"],
            ["2001:db8:1::1", "fe80::1"],
        ),
        (
            ["2001:db8:3ffe::1 2001:db8:3f44::2", "2001:db8:1::1 2001:db8:1::2"],
            ["2001:db8:1::1", "2001:db8:3ffe::1"],
        ),
        (
            ["2001:db8:1::1 2002:c633:6401::2", "2002:c633:6401::1 2002:c633:6401::2"],
            ["2002:c633:6401::1", "2001:db8:1::1"],
        ),
        (
            ["2002:c633:6401::1 2002:c633:6401::2", "2001:db8:1::1 2001:db8:1::2"],
            ["2001:db8:1::1", "2002:c633:6401::1"],
        ),
    ] {
        let turned = [list[1], list[0]];
        assert_eq!(sorted(&list), wanted);
        assert_eq!(sorted(&turned), wanted);
    }
}

#[test]
fn a_destination_without_a_way_to_it_comes_last() {
    let wanted = ["192.0.2.1", "2001:db8::1"];
    assert_eq!(sorted(&["2001:db8::1 -", "192.0.2.1 192.0.2.9"]), wanted);
    assert_eq!(sorted(&["192.0.2.1 -", "2001:db8::1 -"]), ["2001:db8::1", "192.0.2.1"]);
}

#[test]
fn addresses_of_the_own_network_come_first_and_others_stay_in_their_order() {
    let same = ["198.51.100.1 192.0.2.9/24", "203.0.113.1 192.0.2.9/24", "192.0.2.1 192.0.2.9/24"];
    assert_eq!(sorted(&same), ["192.0.2.1", "198.51.100.1", "203.0.113.1"]);
    let unknown = ["198.51.100.1 192.0.2.9", "192.0.2.1 192.0.2.9"];
    assert_eq!(sorted(&unknown), ["198.51.100.1", "192.0.2.1"]);
}

#[test]
fn unique_local_addresses_come_after_those_of_ipv4_and_the_own_host_first() {
    let list = [
        "fd00::1 fd00::2",
        "198.51.100.1 192.0.2.9",
        "2001:db8::1 2001:db8::2",
        "2001::1 2001::2",
        "::1 ::1",
    ];
    assert_eq!(sorted(&list), ["::1", "2001:db8::1", "198.51.100.1", "2001::1", "fd00::1"]);
}

#[test]
fn scopes_are_those_of_the_rfc() {
    for (address, wanted) in [
        ("127.0.0.1", 2),
        ("169.254.1.1", 2),
        ("10.0.0.1", 14),
        ("192.0.2.1", 14),
        ("::1", 2),
        ("fe80::1", 2),
        ("febf::1", 2),
        ("fec0::1", 5),
        ("feff::1", 5),
        ("fc00::1", 14),
        ("ff05::1", 5),
        ("ff0e::1", 14),
        ("::ffff:127.0.0.1", 2),
        ("2001:db8::1", 14),
    ] {
        assert_eq!(scope(&ip(address)), wanted, "{address}");
    }
}
